"""mxt's backbones by the HEAR interface, for what takes its modules, such as hear-validator and heareval.

In place of a file of weights, `load_model` takes the name of a backbone, and its layers where those that it
names itself are not meant: ``hear-validator mxt.hear --model convnet:135``.

References
----------
https://hearbenchmark.com/hear-api.html

Examples
--------
>>> model = load_model("mfcc")
>>> get_scene_embeddings(torch.zeros(2, model.sample_rate), model).shape
torch.Size([2, 120])
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain

import numpy as np
import numpy.typing as npt
import torch

from mxt.audio.window import samples_in
from mxt.core.cores import cores
from mxt.core.errors import InputError, UsageError
from mxt.core.specs import Window
from mxt.core.views import choose_layers
from mxt.core.weights import locate
from mxt.extraction.direct import direct_prepared
from mxt.extraction.loading import Stretch
from mxt.extraction.recipe import Prepared, Recipe, prepare
from mxt.extraction.request import ExtractRequest
from mxt.registry import Registry, build_registry

SAMPLE_RATES = (16_000, 22_050, 32_000, 44_100, 48_000)  # Hz, which the interface allows
EXCERPT_SECONDS = 1.0  # around a timestamp, where a backbone reads clips of any length as a whole


class Model(torch.nn.Module):
    """A backbone and the layers that are its embedding.

    Parameters
    ----------
    request : ExtractRequest
        Names the backbone, its layers and its parameters.
    registry : Registry
        Where it is found.
    hop_ms : float
        Milliseconds between two timestamps.

    Attributes
    ----------
    sample_rate : int
        Hz of the audio that it is given: the backbone's own rate, or else the next one of `SAMPLE_RATES`.
    scene_embedding_size, timestamp_embedding_size : int
        Columns of the layers.
    """

    def __init__(self, request: ExtractRequest, registry: Registry, hop_ms: float) -> None:
        super().__init__()
        self.pipeline = request.pipeline(registry)
        spec = self.pipeline.backbone.spec
        assert spec.sample_rate is not None
        if spec.rows_together:
            raise UsageError(f"{spec.name} computes whole data sets at once here: no embeddings of clips")
        higher = (rate for rate in SAMPLE_RATES if rate >= (spec.sample_rate or 0))
        self.sample_rate = next(higher, SAMPLE_RATES[-1])
        self.layers = choose_layers(request.layers or spec.default_layers, spec.layers, of=spec.name)
        self.scene_embedding_size = sum(layer.dimension for layer in self.layers)
        self.timestamp_embedding_size = self.scene_embedding_size
        self.hop_ms = hop_ms
        self._prepared: dict[str, Prepared] = {}

    def forward(self, audio: torch.Tensor) -> torch.Tensor:
        """Scene embeddings, as `get_scene_embeddings`."""
        return self.embed(_signals(audio), audio.device)

    def embed(self, signals: Iterable[npt.NDArray[np.float32]], device: torch.device) -> torch.Tensor:
        """Embeddings of signals [samples], each as ``mxt extract`` computes those of such a clip.

        Raises
        ------
        InputError
            The backbone refuses a signal.
        """
        rate = self.sample_rate
        jobs = (Stretch("", 0.0, len(y) / rate, y, rate) for y in signals)
        rows = []
        with direct_prepared([self._on(device.type)], cores()) as computing:
            for outcome in chain.from_iterable(parts[0].outcomes for _, parts in computing.compute(jobs)):
                if outcome.features is None:
                    raise InputError(f"{self.pipeline.label}: {outcome.reason.words}, {outcome.detail}")
                rows.append(np.concatenate([outcome.features[layer.name] for layer in self.layers]))
        return torch.from_numpy(np.stack(rows)).to(device)

    def excerpts(
        self, y: npt.NDArray[np.float32], times: Iterable[float]
    ) -> Iterable[npt.NDArray[np.float32]]:
        """What lies around each time (ms) of a signal: as long as the backbone's window, less at its ends."""
        window = self.pipeline.backbone.spec.window
        length = samples_in(_excerpt_seconds(window), self.sample_rate)
        for time in times:
            start = round(time / 1000 * self.sample_rate - length / 2)
            yield y[max(0, start) : start + length]

    def _on(self, device: str) -> Prepared:
        if device not in self._prepared:
            file = self.pipeline.weights
            name = self.pipeline.backbone.spec.name
            weights = locate(file, called=f"{name}:{file.name}") if file else None
            self._prepared[device] = prepare(Recipe(self.pipeline, device, weights))
        return self._prepared[device]


def load_model(
    model_file_path: str = "",
    *,
    weights: str | None = None,
    model: str | None = None,
    settings: Sequence[str] = (),
    hop_ms: float = 50.0,
) -> Model:
    """A backbone by the HEAR interface.

    Parameters
    ----------
    model_file_path : str
        Its name, and its layers: ``"convnet:135"``, ``"musicnn"``; empty: ``"mfcc"``.
    weights, model, settings
        As ``--weights``, ``--model`` and ``--set`` of ``mxt extract``.
    hop_ms : float
        Milliseconds between two timestamps.

    Raises
    ------
    UsageError
        No such backbone, layer or parameter.
    InputError, WeightsError
        A network that is a parameter cannot be read, or weights are not there: nothing is fetched.
    """
    name, _, layers = (model_file_path or "mfcc").partition(":")
    if not hop_ms > 0:
        raise UsageError(f"hop_ms is {hop_ms}, expected milliseconds above 0")
    request = ExtractRequest(
        name, layers=layers or None, weights=weights, model=model, settings=tuple(settings)
    )
    return Model(request, build_registry(), hop_ms)


def get_scene_embeddings(audio: torch.Tensor, model: Model) -> torch.Tensor:
    """One embedding per clip.

    Parameters
    ----------
    audio : float32 [clips, samples]
        Between -1 and 1, at ``model.sample_rate``.
    model : Model

    Returns
    -------
    float32 [clips, model.scene_embedding_size]
        What ``mxt extract`` stores of a file with these samples.
    """
    embeddings: torch.Tensor = model(audio)
    return embeddings


def get_timestamp_embeddings(audio: torch.Tensor, model: Model) -> tuple[torch.Tensor, torch.Tensor]:
    """Embeddings along clips: what `get_scene_embeddings` gives for the excerpt around each timestamp.

    Parameters
    ----------
    audio : float32 [clips, samples]
        Between -1 and 1, at ``model.sample_rate``.
    model : Model

    Returns
    -------
    embeddings : float32 [clips, timestamps, model.timestamp_embedding_size]
    timestamps : float32 [clips, timestamps]
        Milliseconds from the beginning, the centres of the excerpts, from 0 on.
    """
    signals = _signals(audio)
    number = 1 + int(1000 * audio.shape[1] / model.sample_rate / model.hop_ms)
    times = [model.hop_ms * k for k in range(number)]
    embeddings = model.embed((excerpt for y in signals for excerpt in model.excerpts(y, times)), audio.device)
    return (
        embeddings.reshape(len(signals), number, -1),
        torch.tensor(times, dtype=torch.float32, device=audio.device).repeat(len(signals), 1),
    )


def _signals(audio: torch.Tensor) -> npt.NDArray[np.float32]:
    if audio.ndim != 2 or 0 in audio.shape:
        raise UsageError(f"audio has the shape {list(audio.shape)}, expected [clips, samples]")
    signals: npt.NDArray[np.float32] = audio.detach().to("cpu", torch.float32).numpy()
    return signals


def _excerpt_seconds(window: Window) -> float:
    """How much of a clip one window of a backbone sees."""
    if window.kind == "whole" or window.seconds is None:
        return min(window.seconds or EXCERPT_SECONDS, EXCERPT_SECONDS)
    return window.seconds - 2 * window.margin_seconds
