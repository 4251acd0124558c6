"""What the paper, its code and its published numbers state, as records of what a store says about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mxt.evaluation.batch_steps import StepTest
from mxt.evaluation.interval import Interval
from mxt.papers.finding import Finding

PAPER = "paper, arXiv:1703.09179"
CODE = "released code, keunwoochoi/transfer_learning_music (main_svm.py)"
SCORES = "published_scores.csv of the repository"
FEATURES = "published features of the repository"
DISAGREEING = f"{PAPER} (states it); {SCORES} (says otherwise)"
TOP = 7  # best combinations that the paper looks at
CLOSE = 0.002  # a published score is met within this


@dataclass(frozen=True, slots=True)
class PublishedCells(Finding):
    """How many published scores are met, some to the last digit, and the differences of the others."""

    name = "published cells"
    source = SCORES
    met: int
    exact: int
    cells: int
    off: Mapping[str, float]

    @property
    def holds(self) -> bool:
        """Whether all are met."""
        return self.met == self.cells


@dataclass(frozen=True, slots=True)
class CellsOfLayer(Finding):
    """How many published scores of a task are met by combinations with one layer, and without it."""

    name = "published scores of another layer than the released one"
    source = f"{SCORES}; {FEATURES}"
    task: str
    layer: str
    met: int
    cells: int
    largest: float
    met_without: int
    cells_without: int
    largest_without: float

    @property
    def holds(self) -> bool | None:
        """Whether only scores with the layer are missed; undecided where either kind was not computed."""
        if not self.cells or not self.cells_without:
            return None
        return self.met < self.cells and self.met_without == self.cells_without


@dataclass(frozen=True, slots=True)
class Standardisation(Finding):
    """How many published scores are met on raw columns, and how many on standardised ones."""

    name = "standardisation"
    source = f"{CODE}: its scaler reads `on` in the constructor only; {SCORES}"
    raw: int
    standardised: int
    cells: int

    @property
    def holds(self) -> bool:
        """Whether raw columns explain more of them."""
        return self.raw > self.standardised


@dataclass(frozen=True, slots=True)
class SameFolds(Finding):
    """The best combination, tuned and reported on the same folds, and the score of choosing inside."""

    name = "tuning and reporting on the same folds"
    source = CODE
    task: str
    strategies: int
    best: str
    released: float
    nested: Interval
    chosen: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LayersThatMatter(Finding):
    """How often each layer is in the best combinations, beside the layers that matter most in the paper."""

    name = "layers that matter"
    source = PAPER
    task: str
    claim: str
    top: tuple[str, ...]
    counts: Mapping[str, int]

    @property
    def holds(self) -> bool:
        """Whether the claimed layers are in nearly all of them; where all are claimed, each in some."""
        fewest = min(self.counts[layer] for layer in self.claim)
        return fewest >= (3 if self.claim == "12345" else TOP - 2)


@dataclass(frozen=True, slots=True)
class ThirdLayer(Finding):
    """The six best combinations for valence."""

    name = "layer 3 in valence's best six"
    source = DISAGREEING
    top: tuple[str, ...]

    @property
    def count(self) -> int:
        """How many use layer 3."""
        return sum("3" in name for name in self.top)

    @property
    def holds(self) -> bool:
        """Whether all do."""
        return self.count == len(self.top)


@dataclass(frozen=True, slots=True)
class ManyLayers(Finding):
    """The seven best combinations for genre."""

    name = "genre's best seven use more than three layers"
    source = DISAGREEING
    top: tuple[str, ...]

    @property
    def count(self) -> int:
        """How many use more than three layers."""
        return sum(len(name) > 3 for name in self.top)

    @property
    def holds(self) -> bool:
        """Whether all do."""
        return self.count == len(self.top)


@dataclass(frozen=True, slots=True)
class JoinedMfccs(Finding):
    """The score of all layers, and what joining MFCCs to them adds."""

    name = "joining MFCCs helps UrbanSound8K only"
    source = f"{PAPER}; {SCORES}"
    task: str
    score: float
    gain: float

    @property
    def holds(self) -> bool:
        """Whether they help where they should, or do not where they should not."""
        return (self.gain > 0) == (self.task == "UrbanSound8K")


@dataclass(frozen=True, slots=True)
class BestScore(Finding):
    """The best score and its combination: here, in the paper's text and, if it is there, in its table."""

    name = "best score"
    source = f"{PAPER}; {SCORES}, where it has the task"
    task: str
    here: float
    strategy: str
    paper: float
    paper_strategy: str
    table: float | None
    table_strategy: str

    @property
    def holds(self) -> bool:
        """Whether it is the paper's."""
        return abs(self.here - self.paper) <= CLOSE


@dataclass(frozen=True, slots=True)
class BatchSteps(Finding):
    """Steps at every 256th row of layer 1, and in the MFCCs of the same clips where there are some."""

    name = "features know their batch of 256"
    source = f"{FEATURES}; {CODE}: batch normalisation mode 2"
    dataset: str
    steps: StepTest
    control: StepTest | None
    beside_mfcc: bool

    @property
    def holds(self) -> bool:
        """Whether they are larger than elsewhere."""
        return self.steps.p < 0.05


@dataclass(frozen=True, slots=True)
class Copies:
    """Two clips, the distance of their MFCCs, and whether they lie in a run of copies."""

    first: str
    second: str
    distance: float
    in_run: bool


@dataclass(frozen=True, slots=True)
class CopiesSeen(Finding):
    """Clips with (nearly) the same MFCCs, those with different labels, and the next nearest pairs."""

    name = "duplicates seen in the MFCCs"
    source = FEATURES
    limit: float
    identical: tuple[Copies, ...]
    near: tuple[Copies, ...]
    conflicts: tuple[Copies, ...]
    beyond: tuple[Copies, ...]

    @property
    def holds(self) -> bool:
        """Whether there are any."""
        return bool(self.identical or self.near)


@dataclass(frozen=True, slots=True)
class WithoutCopies(Finding):
    """The score with all clips, and without the copies."""

    name = "what removing copies does"
    source = FEATURES
    protocol: str
    with_all: float
    without: float
    copies: int

    @property
    def holds(self) -> bool:
        """Whether copies flatter it."""
        return self.without <= self.with_all


@dataclass(frozen=True, slots=True)
class FilteredSplit(Finding):
    """The score on the artist- and fault-filtered split, and the clips of its parts."""

    name = "what the filtered split does"
    source = "Kereliuk, Sturm, Larsen 2015 (the split)"
    sizes: tuple[int, int, int]
    score: float


@dataclass(frozen=True, slots=True)
class OwnBatches(Finding):
    """Scores of the same clips with the statistics of their own batches and with frozen ones."""

    name = "own batches against frozen statistics"
    source = CODE
    dataset: str
    clips: int
    batch_view: str
    batch: float
    frozen_view: str
    frozen: float


@dataclass(frozen=True, slots=True)
class RandomNetwork(Finding):
    """Scores of the same clips by a network with random weights and by MFCCs."""

    name = "a random network is at or above MFCCs"
    source = PAPER
    dataset: str
    clips: int
    random_view: str
    random: float
    mfcc_view: str
    mfcc: float

    @property
    def holds(self) -> bool:
        """Whether it is."""
        return self.random >= self.mfcc
