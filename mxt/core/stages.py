"""The kinds of stages as Protocols: what goes in and comes out, with shapes.

Every stage is a frozen dataclass whose fields are the parameters of its spec; making one imports what it
needs, using it changes nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol, runtime_checkable

from mxt.core.records import Clip, Detection, Listing, Packed, Remark, Task
from mxt.core.reprs import short_repr
from mxt.core.specs import Layer

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import torch

    Signal = npt.NDArray[np.float32]

Features = Mapping[str, Any]  # layer name -> float32 [N, dimension]


@dataclass(frozen=True, slots=True)
class Levels:
    """Levels of the whole clip, of the mean of its channels; linear, 1.0 is full scale.

    Parameters
    ----------
    peak, rms : float
        Largest absolute sample, root mean square.
    lufs : float
        Integrated loudness (ITU-R BS.1770), LUFS; minus infinity for silence, NaN if it was not asked for.
    """

    peak: float
    rms: float
    lufs: float = math.nan


class DatasetLoader(Protocol):
    """Names the clips of a folder or table. Opens no audio."""

    def detect(self, listing: Listing) -> Detection:
        """How sure this loader is that it can read the listing, and why (``score`` 0: it cannot)."""

    def clips(self, listing: Listing) -> Iterable[Clip | Remark]:
        """The clips in catalogue order, and remarks about them."""


@runtime_checkable
class PublishesHashes(Protocol):
    """A loader that knows the hashes of its files: ingest compares them and names files that differ."""

    def published_md5(self, listing: Listing) -> Mapping[str, str]:
        """MD5 of each file as distributed, 32 hexadecimal digits, by path; files without one are left out."""


@dataclass(frozen=True, eq=False)
class FeatureBlock:
    """Features that are distributed with a data set.

    Parameters
    ----------
    label : str
        The feature table they belong to; several data sets may share one.
    layers : tuple of Layer
        All layers of that table.
    arrays : mapping
        Layer name to float [n, dimension], one row per clip.
    about : mapping
        Shown by `mxt info`: ``summary``, ``citation``, ``licence``.
    """

    label: str
    layers: tuple[Layer, ...]
    arrays: Mapping[str, Any]
    about: Mapping[str, str]
    __repr__ = short_repr


@dataclass(frozen=True, eq=False)
class FeatureSet:
    """A data set without audio: clips, and features computed elsewhere.

    Parameters
    ----------
    name : str
        Name of the data set.
    clips : sequence of Clip
        In catalogue order, as many as the rows of the features. They are iterated over several times, so that
        a sequence may make each clip when it is asked for.
    sources : tuple of str
        Paths of all files it was read from; their content is part of the clips' keys.
    blocks : tuple of FeatureBlock
        Its features.
    remarks : tuple of Remark
        Remarks about it.
    """

    name: str
    clips: Sequence[Clip]
    sources: tuple[str, ...]
    blocks: tuple[FeatureBlock, ...]
    remarks: tuple[Remark, ...] = ()
    __repr__ = short_repr


@runtime_checkable
class FeatureSetLoader(Protocol):
    """Reads data sets that come as features, without audio; one folder may hold several."""

    def detect(self, listing: Listing) -> Detection:
        """How sure this loader is that it can read the listing, and why (``score`` 0: it cannot)."""

    def feature_sets(self, listing: Listing) -> Iterable[FeatureSet]:
        """The data sets in the listing, with their features."""


@runtime_checkable
class PackedLoader(Protocol):
    """Reads recordings that lie inside other files; ``mxt ingest PATH --unpack FOLDER`` writes them out."""

    def detect(self, listing: Listing) -> Detection:
        """How sure this loader is that it can read the listing, and why (``score`` 0: it cannot)."""

    def clips(self, listing: Listing) -> Iterable[Clip | Remark]:
        """Refuse with an `InputError` that says what has to be unpacked."""

    def packed(self, listing: Listing) -> Iterable[Packed | Remark]:
        """The recordings one after the other, and remarks about what is left out."""


@runtime_checkable
class NamesSources(Protocol):
    """A loader of features that says what they are read from: where that is as before, nothing is read."""

    def sources(self, listing: Listing) -> Mapping[str, Sequence[str]]:
        """The files of each data set that `feature_sets` would give, by its name: its `sources`."""


class Normalizer(Protocol):
    """Changes the level of a clip."""

    def __call__(self, y: Signal, *, sample_rate: int, levels: Levels) -> Signal:
        """`y` float32 [samples] changed by the levels of the whole clip; `y` may be a part of it.

        Where the spec says `whole_clip`, `y` is all of it, and what is returned may be longer or shorter.
        """


@runtime_checkable
class MakesPieces(Protocol):
    """A normalizer of whole clips that makes them longer, and can return the result piece by piece."""

    @property
    def copies(self) -> int:
        """How many times longer the result is."""

    def pieces(self, y: Signal, *, sample_rate: int, levels: Levels) -> Iterator[Signal]:
        """The result of a call, from beginning to end, in pieces of some seconds."""


class Renderer(Protocol):
    """Turns waveforms into pictures."""

    def prepare(self, sample_rate: int, device: str) -> Callable[[torch.Tensor], torch.Tensor]:
        """A function from float32 [N, samples] to float32 [N, bands, frames], thread-safe.

        Pictures in colour are [N, 3, bands, frames]: red, green, blue. Where they are meant for a network
        that has seen photographs, values lie between 0 and 1, and the first row is the top of the picture.
        """


@runtime_checkable
class ReadsPieces(Protocol):
    """A renderer or backbone whose function also accepts waveforms that are made while they are read.

    Instead of a tensor [N, samples] it is then given a list of N such signals
    (`mxt.audio.streamed.Streamed`).
    """

    reads_pieces: ClassVar[bool]


@dataclass(frozen=True, eq=False)
class RowAxis:
    """What the rows of a picture stand for.

    Parameters
    ----------
    quantity : str
        With its unit, e.g. ``"frequency, Hz"``.
    values : numpy.ndarray
        float [rows], from the first row to the last.
    """

    quantity: str
    values: npt.NDArray[np.floating[Any]]
    __repr__ = short_repr


@runtime_checkable
class LabelsRows(Protocol):
    """A renderer that knows what its rows stand for; `mxt render` draws the axis."""

    def row_axis(self, sample_rate: int, rows: int) -> RowAxis:
        """The axis of a picture of `rows` rows, made at `sample_rate` Hz."""


class Backbone(Protocol):
    """Turns a batch of equal windows into features."""

    def prepare(self, weights: Path | None, device: str) -> Callable[[torch.Tensor], Features]:
        """A thread-safe function from a batch to ``{layer name: float32 [N, dimension]}`` (NumPy arrays).

        The batch is float32 [N, samples], or [N, bands, frames] where the spec names a renderer.
        Called once per worker pool; `weights` is the verified file of the chosen set.
        """


class Head(Protocol):
    """Makes estimators."""

    def estimator(self, task: Task, *, seed: int) -> Any:
        """A fresh, unfitted scikit-learn estimator for `task`."""

    def grid(
        self, task: Task, *, n_features: int
    ) -> Mapping[str, list[Any]] | Sequence[Mapping[str, list[Any]]]:
        """Parameters to try, one grid or several in scikit-learn's form; empty: nothing to choose."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What a protocol decides: a record of choices that `mxt.evaluation` carries out.

    Parameters
    ----------
    outer : {"given", "kfold", "split", "hash"}
        Where the test parts come from: the data set's folds, stratified and grouped folds, the data set's
        split, or a split by the hash of the file names.
    folds, inner_folds : int
        Their number; `inner_folds` choose parameters inside each learning part.
    shuffle : bool
        Whether folds are drawn (with the seed) rather than cut in catalogue order.
    nested : bool
        True: parameters are chosen inside; False: on the reported folds themselves (papers do).
    standardise : bool or None
        Whether columns are standardised on the learning part; ``None``: both are tried.
    keep_together : bool
        Whether groups and copies of one recording share a fold. Where False, folds are cut in catalogue order
        as scikit-learn 0.18 cut them: class by class, and numbers without regard to their values.
    score : {"pooled", "fold_mean"}
        What parameters are chosen by and what is reported: the score of all predictions together, or the mean
        of the folds' accuracies (r² for numbers), weighted by their sizes.
    head : str
        The head the protocol brings, used unless another is asked for; empty: mxt's default.
    head_params : tuple of (name, value)
        Its parameters where they differ from its own defaults.
    hash_of : {"name", "path"}
        What is hashed: the file's own name, or its path below the root (`outer` ``"hash"``).
    hash_percent : (float, float)
        Percent of the files that validate and that test (`outer` ``"hash"``).
    runs : int
        How often a head is trained on every fold, with another seed each time; scores are means of all runs.
    noise : float
        Differences of the score that the authors of the protocol attribute to chance; 0: none.
    """

    outer: Literal["given", "kfold", "split", "hash"] = "given"
    folds: int = 10
    inner_folds: int = 3
    shuffle: bool = True
    nested: bool = True
    standardise: bool | None = True
    keep_together: bool = True
    score: Literal["pooled", "fold_mean"] = "pooled"
    head: str = ""
    head_params: tuple[tuple[str, Any], ...] = ()
    hash_of: Literal["name", "path"] = "name"
    hash_percent: tuple[float, float] = (10.0, 10.0)
    runs: int = 1
    noise: float = 0.0


class EvaluationProtocol(Protocol):
    """How a view is evaluated."""

    def choices(self, task: Task) -> Evaluation:
        """The choices for `task`."""
