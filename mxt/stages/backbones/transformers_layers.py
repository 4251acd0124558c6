"""What is particular to architectures of the library transformers: their layers, windows and padding."""

from __future__ import annotations

from typing import Any

from mxt.core.errors import InputError
from mxt.core.specs import Layer

LONGEST_WINDOW = 30.0  # seconds, where the network itself sets no limit
MOST_LAYERS = 1000
FRAME = 400  # samples: fewer make no frame of a spectrogram


def layers_of(config: Any, pool: str) -> tuple[Layer, ...]:
    """Layers by their numbers, then what the first of them reads.

    Raises
    ------
    InputError
        The configuration is not one of a network for audio.
    """
    part = getattr(config, "audio_config", config)
    if config.model_type == "encodec":
        doubled = [part.num_filters * 2**k for k in range(len(part.upsampling_ratios) + 1)]
        widths = [*doubled, doubled[-1], part.hidden_size]
    elif hasattr(part, "patch_embeds_hidden_size"):  # CLAP: every stage but the last halves the picture
        stages = len(part.depths)
        widths = [part.patch_embeds_hidden_size * 2 ** min(k, stages - 1) for k in range(stages + 1)]
    else:
        number = int(getattr(part, "encoder_layers", 0) or getattr(part, "num_hidden_layers", 0))
        widths = [getattr(part, "hidden_size", 0)] * min(number + 1, MOST_LAYERS + 1)
    if not 2 <= len(widths) <= MOST_LAYERS or not widths[0]:
        raise InputError(
            f"{config.model_type}: its config.json does not say how many hidden layers it has "
            f"(at most {MOST_LAYERS:,})"
        )
    columns = 2 if pool == "mean_std" else 1
    named = [*((f"layer{k}", width) for k, width in enumerate(widths[1:], start=1)), ("input", widths[0])]
    return tuple(Layer(k, name, columns * width) for k, (name, width) in enumerate(named, start=1))


def window_of(config: Any, extractor: Any, asked: float | None) -> float:
    """Seconds that go through the network at once: what it takes, and no more than is asked for.

    Raises
    ------
    InputError
        Windows would be shorter than the network's shortest.
    """
    longest = LONGEST_WINDOW if asked is None else asked
    if config.model_type == "whisper":
        longest = min(longest, extractor.chunk_length)
    elif config.model_type == "audio-spectrogram-transformer":
        longest = min(longest, config.max_length / 100)
    elif config.model_type.startswith("clap"):
        longest = min(longest, extractor.max_length_s)
    if longest * extractor.sampling_rate < shortest(config):
        raise InputError(
            f"window_seconds is {longest:g}: {config.model_type} needs {shortest(config)} samples"
        )
    return float(longest)


def shortest(config: Any) -> int:
    """Samples of the shortest clip that gives a frame."""
    samples = getattr(config, "squeeze_factor", 1)
    for kernel, stride in zip(
        reversed(getattr(config, "conv_kernel", ())),
        reversed(getattr(config, "conv_stride", ())),
        strict=True,
    ):
        samples = (samples - 1) * stride + kernel
    return max(int(samples), FRAME)


def valid_frames(hidden: Any, samples: int, config: Any, extractor: Any) -> Any:
    """The frames [frames, dimension] of a hidden layer that hold some of a window's own samples.

    Parameters
    ----------
    hidden : torch.Tensor
        The layer of one window, without a batch axis.
    samples : int
        Of the window, before its feature extractor padded it.
    config, extractor
        Of the network.
    """
    if config.model_type == "whisper":
        return hidden[: -(-len(hidden) * samples // extractor.n_samples)]
    if config.model_type == "audio-spectrogram-transformer":
        patches = hidden[2:]  # after the class and the distillation token
        bands = (config.num_mel_bins - config.patch_size) // config.frequency_stride + 1
        spectra = 1 + max(0, samples - FRAME) // (extractor.sampling_rate // 100)
        grid = patches.reshape(bands, -1, patches.shape[-1])
        return grid[:, : max(1, -(-spectra // config.time_stride))].flatten(0, 1)
    if hidden.ndim == 3:  # [dimension, height, width]
        return hidden.flatten(1).T
    return hidden.T if config.model_type == "encodec" else hidden
