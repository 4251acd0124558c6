"""Any module of the HEAR interface as a backbone: its embeddings of a clip, and of moments along it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from mxt.core.specs import Layer, StageSpec, Window
from mxt.core.stages import Features
from mxt.stages.backbones.hear_module import HearModule, loaded

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array = npt.NDArray[np.float32]

SCENE, TIMESTAMP = "scene", "timestamp"


@dataclass(frozen=True, slots=True)
class Hear:
    """The backbone; its fields are the parameters of its spec.

    Parameters
    ----------
    model : str
        ``MODULE`` or ``MODULE@WEIGHTS``: a module as it is imported, and the file for its ``load_model``.
    pool : {"mean", "mean_std", "none"}
        What becomes of the embeddings along a clip; ``"none"``: they are not computed.
    window_seconds : float, optional
        Longer clips are cut into equal windows of at most this length; by default none are.
    """

    model: str = ""
    pool: str = "mean"
    window_seconds: float | None = None

    reads_pieces: ClassVar[bool] = True

    def prepare(self, weights: Path | None, device: str) -> Callable[[Iterable[Any]], Features]:
        """Load the model; give a function from clips, float32 [N, samples], to layers.

        Every clip goes through the module alone and unpadded.

        Raises
        ------
        InputError
            The module cannot be loaded.
        """
        import numpy as np

        module = loaded(self.model)
        module.move(device)

        def features(clips: Iterable[Any]) -> Features:
            rows = [row(clip) for clip in clips]
            return {name: np.stack([values[name] for values in rows]) for name in rows[0]}

        def row(clip: Any) -> Mapping[str, Array]:
            scene, timestamp = Pool(), Pool()
            for y in windows(clip, self._window(module)):
                scene.add(module.scene(y, device)[None])
                if self.pool != "none" and module.timestamp_size:
                    timestamp.add(module.timestamps(y, device))
            layers = {SCENE: scene.pooled("mean")}
            return layers | {TIMESTAMP: timestamp.pooled(self.pool)} if timestamp.number else layers

        return features

    def _window(self, module: HearModule) -> int | None:
        return None if self.window_seconds is None else round(self.window_seconds * module.sample_rate)


def windows(clip: Any, longest: int | None) -> Iterator[Array]:
    """A clip [samples] in as few windows of at most `longest` samples as it takes, about equally long."""
    number = 1 if longest is None else -(-len(clip) // longest)
    edges = [len(clip) * k // number for k in range(number + 1)]
    for start, stop in pairwise(edges):
        read = getattr(clip, "read", None)
        yield read(start, stop) if read else clip[start:stop].cpu().numpy()


class Pool:
    """Mean and deviation of rows that come in parts."""

    def __init__(self) -> None:
        self.number = 0
        self._sum: Any = 0.0
        self._squares: Any = 0.0

    def add(self, rows: Array) -> None:
        """Rows float32 [n, dimension]."""
        wide = rows.astype("float64")
        self.number += len(wide)
        self._sum = self._sum + wide.sum(0)
        self._squares = self._squares + (wide * wide).sum(0)

    def pooled(self, pool: str) -> Array:
        """Their mean, or mean and standard deviation one after the other, float32."""
        import numpy as np

        mean = self._sum / self.number
        if pool == "mean_std":
            variance = np.maximum(self._squares / self.number - mean * mean, 0)
            return np.concatenate([mean, np.sqrt(variance)]).astype(np.float32)
        return np.asarray(mean, np.float32)


def resolve(spec: StageSpec, params: Mapping[str, Any], weights: str | None) -> StageSpec:  # noqa: ARG001
    """The spec of a module, as its model says; the module is imported and its model loaded for that."""
    module = loaded(params["model"])
    layers = [Layer(1, SCENE, module.scene_size)]
    if params["pool"] != "none" and module.timestamp_size:
        columns = 2 if params["pool"] == "mean_std" else 1
        layers.append(Layer(2, TIMESTAMP, columns * module.timestamp_size))
    brought_by = module.distribution()
    return replace(
        spec,
        summary=f"{module.name}{f' of {brought_by}' if brought_by else ''}, by the HEAR interface",
        sample_rate=module.sample_rate,
        window=Window.whole(),
        layers=tuple(layers),
        files=module.files,
    )
