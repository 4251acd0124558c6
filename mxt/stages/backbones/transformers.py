"""Any audio network of the library transformers as a backbone; every hidden layer is a layer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar

from mxt.core.errors import InputError, WeightsError
from mxt.core.requirements import imported
from mxt.core.specs import StageSpec, Window
from mxt.core.stages import Features
from mxt.core.text import first_line
from mxt.stages.backbones.models import needed_model, stacked
from mxt.stages.backbones.specs import TRANSFORMERS
from mxt.stages.backbones.transformers_folder import ModelFolder, located, read_folder
from mxt.stages.backbones.transformers_layers import layers_of, shortest, valid_frames, window_of

NOT_NEEDED = ("masked_spec_embed", "pooler")  # for hidden layers
EXAMPLE = "FOLDER | ORG/NAME@REVISION"


@dataclass(frozen=True, slots=True)
class Transformers:
    """The backbone; its fields are the parameters of its spec.

    Parameters
    ----------
    model : str
        A folder, or the name of a model on the Hugging Face Hub that is on this machine.
    pool : {"mean", "mean_std"}
        What becomes of the frames of a layer: their mean, or mean and standard deviation.
    window_seconds : float, optional
        Longer clips are cut into windows of this length; by default what the network takes, or 30 s.
    """

    model: str = ""
    pool: str = "mean"
    window_seconds: float | None = None

    reads_pieces: ClassVar[bool] = True

    def prepare(self, weights: Path | None, device: str) -> Callable[[Iterable[Any]], Features]:
        """Load the network; give a function from clips, float32 [N, samples], to layers.

        A clip is cut into windows one after the other, the last as long as it happens to be; each goes
        through the network alone, unpadded unless the network's own feature extractor pads to a fixed length.
        Means and deviations are over the frames of all windows that hold some of the clip.

        Raises
        ------
        InputError
            The folder is refused, or is not one of an audio network.
        WeightsError
            Weights are missing in it.
        """
        import torch

        with _quiet():
            network = Network.of(read_folder(located(self.model)), self.window_seconds)
            network.module.to(device)

        def features(clips: Iterable[Any]) -> Features:
            names = [layer.name for layer in layers_of(network.config, self.pool)]
            with torch.inference_mode(), _full_precision():
                rows = (pooled(network.frames(clip, device), self.pool) for clip in clips)
                return stacked(dict(zip(names, row, strict=True)) for row in rows)

        return features


@dataclass(frozen=True, slots=True)
class Network:
    """A network with its feature extractor, in memory.

    Parameters
    ----------
    config, extractor, module
        As transformers has them.
    window : int
        Samples that go through it at once.
    """

    config: Any
    extractor: Any
    module: Any
    window: int

    @classmethod
    def of(cls, folder: ModelFolder, window_seconds: float | None) -> Network:
        """Read a folder, of which nothing is run."""
        library = imported("transformers", TRANSFORMERS)
        config, extractor = _config(folder), _extractor(folder)
        kind = {"clap_audio_model": "ClapAudioModel"}.get(config.model_type, "AutoModel")
        try:
            module, loading = getattr(library, kind).from_pretrained(
                str(folder.path),
                config=config,
                attn_implementation=None if config.model_type == "encodec" else "eager",
                use_safetensors=True,
                dtype="float32",
                output_loading_info=True,
                **_LOCAL,
            )
        except Exception as error:  # whatever the library raises for files that do not fit
            raise InputError(f"{folder.path}: transformers does not read it: {first_line(error)}") from error
        part = _PARTS.get(config.model_type, lambda whole: whole)(module)
        place = next((f"{name}." for name, inner in module.named_modules() if name and inner is part), "")
        missing = [
            key
            for key in loading["missing_keys"]
            if key.startswith(place) and not any(word in key for word in NOT_NEEDED)
        ]
        if missing or loading["mismatched_keys"]:
            names = ", ".join(sorted(missing)[:3]) or "some have other shapes"
            raise WeightsError(f"{folder.path}: its weights are not those of its config.json: {names}")
        seconds = window_of(config, extractor, window_seconds)
        return cls(config, extractor, part.eval(), int(seconds * extractor.sampling_rate + 1e-6))

    def frames(self, clip: Any, device: str) -> Iterator[list[Any]]:
        """For each window of a clip [samples]: the frames of every layer, float32 [frames, dimension]."""
        read = getattr(clip, "read", None)
        for start in range(0, len(clip), self.window):
            stop = min(start + self.window, len(clip))
            if start and stop - start < shortest(self.config):
                return
            y = read(start, stop) if read else clip[start:stop].cpu().numpy()
            given = self.extractor(y, sampling_rate=self.extractor.sampling_rate, return_tensors="pt")
            given = {key: value.to(device) for key, value in given.items() if key in _INPUTS}
            yield [
                valid_frames(hidden[0], len(y), self.config, self.extractor).cpu()
                for hidden in hidden_layers(self.module, self.config, given)
            ]


_LOCAL: Mapping[str, Any] = {"local_files_only": True, "trust_remote_code": False}
_INPUTS = ("input_values", "input_features", "is_longer")
_PARTS: Mapping[str, Callable[[Any], Any]] = {
    "whisper": lambda model: model.encoder,
    "clap": lambda model: model.audio_model,
    "encodec": lambda model: model.encoder,
}


def hidden_layers(module: Any, config: Any, given: Mapping[str, Any]) -> list[Any]:
    """Hidden layers of one window, in the order of `layers_of`, each with a batch axis of length 1."""
    if config.model_type == "encodec":
        x, outputs = given["input_values"], []
        for layer in module.layers:
            x = layer(x)
            if type(layer).__name__ in ("EncodecConv1d", "EncodecLSTM"):
                outputs.append(x)
    else:
        outputs = list(module(**given, output_hidden_states=True).hidden_states)
    return [*outputs[1:], outputs[0]]


def pooled(windows: Iterator[list[Any]], pool: str) -> list[Any]:
    """Mean, or mean and deviation, of the frames of all windows, float32 [dimension] for each layer."""
    import torch

    totals = [[_totals(frames.double(), pool) for frames in layers] for layers in windows]
    rows = []
    for parts in zip(*totals, strict=True):
        count = sum(part[0] for part in parts)
        mean = sum(part[1] for part in parts) / count
        row = mean
        if pool == "mean_std":
            square = sum(part[2] for part in parts) / count
            row = torch.cat([mean, (square - mean.square()).clamp(min=0).sqrt()])
        rows.append(row.float().numpy())
    return rows


def _totals(frames: Any, pool: str) -> tuple[int, Any, Any]:
    """Number, sum and sum of squares of frames [frames, dimension]."""
    return len(frames), frames.sum(0), frames.square().sum(0) if pool == "mean_std" else None


def resolve(spec: StageSpec, params: Mapping[str, Any], weights: str | None) -> StageSpec:  # noqa: ARG001
    """The spec of a folder, as its configuration says."""
    folder = read_folder(located(needed_model(params["model"], backbone=TRANSFORMERS.name, example=EXAMPLE)))
    with _quiet():
        config, extractor = _config(folder), _extractor(folder)
    window_of(config, extractor, params["window_seconds"])
    return replace(
        spec,
        summary=f"{config.model_type} of {Path(params['model']).name}, run by transformers",
        licence=folder.licence or "not stated",
        sample_rate=int(extractor.sampling_rate),
        window=Window.whole(min_samples=shortest(config)),
        layers=layers_of(config, params["pool"]),
        files=folder.files,
    )


def _config(folder: ModelFolder) -> Any:
    library = imported("transformers", TRANSFORMERS)
    try:
        return library.AutoConfig.from_pretrained(str(folder.path), **_LOCAL)
    except Exception as error:  # an unknown architecture, or values that it does not take
        raise InputError(
            f"{folder.path}: transformers does not know this network: {first_line(error)}"
        ) from error


def _extractor(folder: ModelFolder) -> Any:
    library = imported("transformers", TRANSFORMERS)
    try:
        extractor = library.AutoFeatureExtractor.from_pretrained(str(folder.path), **_LOCAL)
    except Exception as error:
        raise InputError(f"{folder.path}: it has no feature extractor: {first_line(error)}") from error
    if not isinstance(getattr(extractor, "sampling_rate", None), int):
        raise InputError(f"{folder.path}: its feature extractor takes no audio")
    if getattr(extractor, "feature_size", 1) == 2:
        raise InputError(f"{folder.path}: it takes stereo, and mxt gives one channel")
    return extractor


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the library's bars and warnings, which are about training."""
    logging = imported("transformers.utils.logging", TRANSFORMERS)
    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()


def _full_precision() -> AbstractContextManager[None]:
    """Convolutions on CUDA without the rounding of TF32, by algorithms that repeat their results."""
    import torch

    flags: AbstractContextManager[None] = torch.backends.cudnn.flags(
        enabled=True, benchmark=False, deterministic=True, allow_tf32=False
    )
    return flags
