"""What an extraction did, or would do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mxt.core.errors import Reason
from mxt.core.pipeline import Pipeline
from mxt.extraction.parts import Joined, Share
from mxt.extraction.request import ExtractRequest


@dataclass(frozen=True, slots=True)
class Estimate:
    """Seconds of computing, bytes to be written (before compression), and bytes free where the store lies."""

    seconds: float
    disk_bytes: int
    disk_free: int


@dataclass(frozen=True, slots=True)
class Failure:
    """A clip without features and why."""

    clip: str
    reason: Reason
    detail: str


@dataclass(frozen=True, slots=True)
class Trial:
    """What was measured where threads kept each other waiting, and whether processes did better.

    Parameters
    ----------
    speedup : float
        Rate of all threads by that of one alone.
    threads, processes : float
        Clips per second; of processes ``None`` where they could not be tried.
    won : bool
        Whether the run went on with processes.
    cause : str
        Why they could not be tried.
    """

    speedup: float
    threads: float
    processes: float | None = None
    won: bool = False
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Extraction:
    """What an extraction did, or, as a dry run, would do.

    Parameters
    ----------
    dataset, root, label, view, fingerprint : str
        What was computed, of recordings in which folder, and the view to evaluate.
    pipeline : Pipeline
        With all parameters.
    columns : int
        Of the view.
    layers : tuple of str
        Names of the view's layers.
    clips, contents : int
        Usable clips of the data set, and how many of them differ in content.
    done, failed, left_open : int
        What has become of the contents in the table.
    computed : int
        Rows computed in this run.
    seconds, cpu_seconds : float
        Of computing, without start-up, all threads; `shares` is the part of the CPU time by step, 0 to 1.
    device, workers : str, int
        Where it ran.
    by_worker : mapping
        Clips that each worker of a cluster computed, by its address; empty where threads did.
    trial : Trial, optional
        Of processes in place of threads, where threads kept each other waiting.
    share : Share, optional
        Of the clips, where one was asked for; everything else is about this share.
    joined : Joined, optional
        Tables of shares that were joined into this one; or, of a dry run, would be.
    failures : tuple of Failure
        Clips that failed or stayed open in this run.
    earlier : str
        Label of a table of the same pipeline at another stage version, if there is one.
    namesake : ExtractRequest, optional
        Where another table has the label that this one would have: the request that made that one.
    estimate : Estimate, optional
        For a dry run: what it would take.
    """

    dataset: str
    root: str
    label: str
    view: str
    fingerprint: str
    pipeline: Pipeline
    columns: int
    layers: tuple[str, ...]
    clips: int
    contents: int
    done: int
    failed: int
    left_open: int
    computed: int
    seconds: float
    cpu_seconds: float
    shares: Mapping[str, float]
    device: str
    workers: int
    by_worker: Mapping[str, int]
    trial: Trial | None
    share: Share | None
    joined: Joined | None
    failures: tuple[Failure, ...]
    earlier: str
    namesake: ExtractRequest | None
    estimate: Estimate | None
