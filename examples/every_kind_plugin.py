"""A plugin in one file with a loader, a normalizer, a renderer, a head and a protocol. Copy what you need.

::

    mxt plugins check every_kind_plugin.py
    mxt --plugin every_kind_plugin.py ingest FOLDER --loader first_word
    mxt --plugin every_kind_plugin.py extract --backbone mfcc --normalizer compress
    mxt --plugin every_kind_plugin.py eval --protocol linear_probe
    mxt --plugin every_kind_plugin.py eval --head nearest --set neighbours=5

A backbone is in `one_file_plugin.py`. What each method takes and returns is described in `mxt.plugin`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from mxt.plugin import Clip, Detection, Evaluation, Levels, Listing, Param, StageSpec, Task, hookimpl

SOUNDS = (".wav", ".flac", ".mp3", ".ogg")


@dataclass(frozen=True)
class FirstWord:
    """A loader: the label is what stands before the first ``_`` of a file's name. It opens no audio."""

    def detect(self, listing: Listing) -> Detection:
        """How sure it is that a folder is its own, 0 to 1, and why."""
        found = _sounds(listing)
        named = sum("_" in PurePosixPath(path).name for path in found)
        return Detection(0.5 * named / max(1, len(found)), f"{named} of {len(found)} names have a first word")

    def clips(self, listing: Listing) -> Iterable[Clip]:
        """One clip a file; what has no first word has no label."""
        for path in _sounds(listing):
            word, underscore, _ = PurePosixPath(path).name.partition("_")
            yield Clip(path, targets={"word": word if underscore else None})


def _sounds(listing: Listing) -> list[str]:
    return [path for path in listing.files if PurePosixPath(path).suffix.lower() in SOUNDS]


@dataclass(frozen=True)
class Compress:
    """A normalizer that raises quiet samples. It uses the peak of the clip, of which `y` may be a part."""

    exponent: float = 0.5

    def __call__(self, y: Any, *, sample_rate: int, levels: Levels) -> Any:
        """`y` float32 [samples] and the result alike; silence stays silence."""
        import numpy as np

        if levels.peak <= 0:
            return y
        return (levels.peak * np.sign(y) * np.abs(y / levels.peak) ** self.exponent).astype(np.float32)


@dataclass(frozen=True)
class PowerDb:
    """A renderer: spectra in decibels, for backbones that name it as their input, and for `mxt render`."""

    n_fft: int = 512

    def prepare(self, sample_rate: int, device: str) -> Callable[[Any], Any]:
        """A function from float32 [N, samples] to float32 [N, bands, frames]."""
        import torch

        window = torch.hann_window(self.n_fft, device=device)

        def render(y: Any) -> Any:
            spectra = torch.stft(y, self.n_fft, window=window, return_complex=True, pad_mode="constant")
            return 10 * spectra.abs().square().clamp_min(1e-10).log10()

        return render


@dataclass(frozen=True)
class Nearest:
    """A head: nearest neighbours, as an unfitted scikit-learn estimator; mxt scales, fits and chooses."""

    neighbours: tuple[float, ...] = (1.0, 5.0, 15.0)

    def estimator(self, task: Task, *, seed: int) -> Any:
        """A fresh estimator; a head that does not take a task raises `UsageError` here."""
        from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor

        return KNeighborsRegressor() if task == "regression" else KNeighborsClassifier()

    def grid(self, task: Task, *, n_features: int) -> Mapping[str, list[Any]]:
        """What is tried inside each learning part, by the estimator's names."""
        return {"n_neighbors": [int(number) for number in self.neighbours]}


@dataclass(frozen=True)
class LinearProbe:
    """A protocol: five folds and a linear head. It only states its choices, and mxt carries them out."""

    def choices(self, task: Task) -> Evaluation:
        """The same for every task."""
        return Evaluation(outer="given", folds=5, head="linear")


@hookimpl
def mxt_stages() -> list[StageSpec]:
    """The stages of this file; ``":Class"`` means a class of this file."""
    return [
        StageSpec(
            kind="dataset",
            name="first_word",
            summary="the label is the first word of the file's name",
            target=":FirstWord",
        ),
        StageSpec(
            kind="normalizer",
            name="compress",
            summary="raises what is quiet, by a power of the level",
            target=":Compress",
            params=(
                Param("exponent", "float", 0.5, "power; 1 leaves the clip as it is", minimum=0.05, maximum=1),
            ),
            needs=("peak",),
        ),
        StageSpec(
            kind="renderer",
            name="power_db",
            summary="power spectra in decibels",
            target=":PowerDb",
            params=(Param("n_fft", "int", 512, "samples of a transform", minimum=16, maximum=16_384),),
        ),
        StageSpec(
            kind="head",
            name="nearest",
            summary="nearest neighbours on standardised columns",
            target=":Nearest",
            params=(Param("neighbours", "list", (1.0, 5.0, 15.0), "numbers of neighbours tried", minimum=1),),
        ),
        StageSpec(
            kind="protocol", name="linear_probe", summary="five folds, a linear head", target=":LinearProbe"
        ),
    ]
