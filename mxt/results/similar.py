"""What `mxt similar` answers: the clips most like another, or those that should be labelled next."""

from __future__ import annotations

from dataclasses import dataclass

from mxt.core.records import Task


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A clip that is like another one.

    Parameters
    ----------
    dataset, clip : str
    similarity : float
        Cosine of the angle between standardised features, -1 to 1.
    label, group : str
        Its value of the target, and its recording; empty where it has none.
    copy : bool
        Whether it is the same audio.
    """

    dataset: str
    clip: str
    similarity: float
    label: str
    group: str
    copy: bool


@dataclass(frozen=True, slots=True)
class Similar:
    """The clips most like another.

    Parameters
    ----------
    query : str
        Id of the clip, or path of the file.
    dataset : str
        The query's; empty for a file that is no clip.
    label, group : str
        The query's.
    view : str
    datasets : tuple of str
        Where was searched.
    clips : int
        That were compared.
    left_out : int
        Clips of the same recording, which were not compared.
    grouping : str
        What a recording is, in words; empty where nothing tells, or nothing was left out.
    target : str
    neighbours : tuple of Neighbour
        The most similar first.
    """

    query: str
    dataset: str
    label: str
    group: str
    view: str
    datasets: tuple[str, ...]
    clips: int
    left_out: int
    grouping: str
    target: str
    neighbours: tuple[Neighbour, ...]


@dataclass(frozen=True, slots=True)
class Unsure:
    """A clip without a label that a head is unsure of.

    Parameters
    ----------
    clip : str
    margin : float
        Between the probabilities of the two likeliest classes, 0 to 1; of several labels, twice the smallest
        distance of a probability from one half.
    likely : tuple of (str, float)
        The two likeliest classes, or the least certain label, with their probabilities.
    """

    clip: str
    margin: float
    likely: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class LabelNext:
    """Clips worth labelling next.

    Parameters
    ----------
    dataset, view, target : str
    task : {"classification", "multilabel"}
    labelled, unlabelled : int
    classes : int
    clips : tuple of Unsure
        The least certain first.
    """

    dataset: str
    view: str
    target: str
    task: Task
    labelled: int
    unlabelled: int
    classes: int
    clips: tuple[Unsure, ...]
