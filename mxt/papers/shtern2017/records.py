"""What is asked of ``mxt reproduce shtern2017``, what has to be computed, and what came out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from mxt.core.commands import typed
from mxt.core.reprs import short_repr
from mxt.core.stages import Evaluation
from mxt.evaluation.comparison import Difference
from mxt.evaluation.interval import Interval
from mxt.papers.shtern2017.findings import NOISE, Claim
from mxt.papers.shtern2017.subjects import Subject
from mxt.papers.shtern2017.tasks import Column
from mxt.results.loudness import Spread

PAPERS_NETWORK = ("inception_v3", "tf2015")


@dataclass(frozen=True, slots=True)
class ShternRequest:
    """What is asked of ``mxt reproduce shtern2017``.

    Parameters
    ----------
    roles : tuple of (str, str)
        Which data set of the paper a labelled folder stands for, and its name in the store.
    network : str, optional
        The backbone of the network's columns (default: the best one with weights on this machine).
    weights : str, optional
        Its weight set (default: the first).
    weights_file : Path, optional
        A file of the user's own.
    settings : tuple of str
        Parameters of the network, the protocol or a head, ``NAME=VALUE`` or ``STAGE.NAME=VALUE``.
    device : str
        ``"auto"``, ``"cpu"`` or ``"cuda"``.
    dry_run : bool
        Whether to stop after the plan.
    plugins : tuple of Path
        Plugins that were named to make the registry.

    Examples
    --------
    >>> ShternRequest((("genre", "gtzan"),), settings=("runs=1",)).command()
    'mxt reproduce shtern2017 --as genre=gtzan --set runs=1'
    """

    roles: tuple[tuple[str, str], ...] = ()
    network: str | None = None
    weights: str | None = None
    weights_file: Path | None = None
    settings: tuple[str, ...] = ()
    device: str = "auto"
    dry_run: bool = False
    plugins: tuple[Path, ...] = ()

    def command(self) -> str:
        """The command line that makes this request."""
        return typed(
            "reproduce",
            "shtern2017",
            options=[
                *(("--as", f"{role}={name}") for role, name in self.roles),
                ("--network", self.network),
                ("--weights", self.weights),
                ("--weights-file", self.weights_file),
                *(("--set", setting) for setting in self.settings),
                *(("--plugin", file) for file in self.plugins),
                ("--device", None if self.device == "auto" else self.device),
                ("--dry-run", self.dry_run),
            ],
        )

    def to_plain(self) -> dict[str, Any]:
        """The request as JSON keeps it."""
        return asdict(self) | {
            "weights_file": None if self.weights_file is None else str(self.weights_file),
            "plugins": [str(file) for file in self.plugins],
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> ShternRequest:
        """The request that `to_plain` wrote."""
        file = plain["weights_file"]
        own = {
            "roles": tuple((str(role), str(name)) for role, name in plain["roles"]),
            "settings": tuple(plain["settings"]),
            "weights_file": None if file is None else Path(file),
            "plugins": tuple(map(Path, plain["plugins"])),
        }
        return cls(**{**plain, **own})


@dataclass(frozen=True, slots=True)
class Network:
    """The network of a reproduction.

    Parameters
    ----------
    backbone, weights : str
        `weights` is empty where it has none.
    settings : tuple of str
        Its parameters that were given, ``NAME=VALUE``.
    chosen : bool
        Whether mxt chose it: the best one with weights on this machine.
    """

    backbone: str
    weights: str
    settings: tuple[str, ...] = ()
    chosen: bool = False

    @property
    def label(self) -> str:
        """Its name, weights and settings.

        Examples
        --------
        >>> Network("inception_v3", "", ("random=0",)).label
        'inception_v3 random=0'
        """
        return " ".join([":".join(filter(None, (self.backbone, self.weights))), *self.settings])

    @property
    def is_papers(self) -> bool:
        """Whether it is the network of the paper."""
        return (self.backbone, self.weights) == PAPERS_NETWORK


@dataclass(frozen=True, slots=True)
class Piece:
    """Features of one data set in one column: the clips, those that are missing, and what these take.

    `disk_bytes` is before compression; `seconds` of computing are extrapolated from a few timed clips.
    """

    dataset: str
    column: Column
    clips: int
    missing: int
    seconds: float
    disk_bytes: int


@dataclass(frozen=True, slots=True)
class Plan:
    """All features that a reproduction needs, and the bytes free where the store lies."""

    pieces: tuple[Piece, ...]
    disk_free: int

    @property
    def missing(self) -> int:
        """Features to be computed."""
        return sum(piece.missing for piece in self.pieces)

    @property
    def seconds(self) -> float:
        """That computing them takes."""
        return sum(piece.seconds for piece in self.pieces)

    @property
    def disk_bytes(self) -> int:
        """That they take."""
        return sum(piece.disk_bytes for piece in self.pieces)


@dataclass(frozen=True, slots=True)
class Cell:
    """The accuracy of one column: here, with the number of clips tested, and as published."""

    column: Column
    view: str
    score: Interval
    chance: float
    clips: int
    published: float | None
    result: str

    @property
    def met(self) -> bool:
        """Whether the published accuracy is met within what the paper takes for noise."""
        return self.published is not None and abs(self.score.value - self.published) < NOISE


@dataclass(frozen=True, slots=True)
class ClassRms:
    """Table 4: the clips of a class, and mean and deviation of their root mean square (1.0 is full scale)."""

    name: str
    clips: int
    rms: Spread


@dataclass(frozen=True, eq=False)
class Row:
    """One data set.

    Parameters
    ----------
    subject : Subject
    clips, classes : int
        Usable ones; the cells say how many are tested.
    cells : mapping
    network_gain, marsyas_gain : Difference, optional
        What normalising adds to the accuracy, on the same clips.
    loudness : tuple of ClassRms
        The quietest class first.
    alone : Interval, optional
        Accuracy of loudness alone (RMS and peak), by cross-validation over all clips; `baseline` is that
        of guessing the largest class.
    """

    subject: Subject
    clips: int
    classes: int
    cells: Mapping[Column, Cell]
    network_gain: Difference | None = None
    marsyas_gain: Difference | None = None
    loudness: tuple[ClassRms, ...] = ()
    alone: Interval | None = None
    baseline: float = 0.0
    __repr__ = short_repr


@dataclass(frozen=True, eq=False)
class ShternReproduction:
    """A reproduction: the network, the plan, a row for each data set, the findings, and what is not there.

    Parameters
    ----------
    protocol : Evaluation
        How everything is evaluated, with the settings that were given.
    unscored : mapping
        Data set to why it could not be evaluated.
    absent : tuple of str
        Data sets of the paper that are not in the store.
    computed, evaluated : int
        Features and scores that had to be computed; others were in the store.
    dry_run : bool
        Whether it stopped after the plan.
    """

    network: Network
    protocol: Evaluation
    plan: Plan
    rows: tuple[Row, ...] = ()
    findings: tuple[Claim, ...] = ()
    unscored: Mapping[str, str] | None = None
    absent: tuple[str, ...] = ()
    computed: int = 0
    evaluated: int = 0
    dry_run: bool = False
    __repr__ = short_repr
