"""The targets of the paper, which data sets of a store they are, and what was published about them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mxt.drawing.panels import Published, Quoted

if TYPE_CHECKING:
    from mxt.core.records import DatasetRecord

WHOLE = 0.9  # share of its clips from which a data set is compared with what was published for all of it
PAPER = "Choi et al. 2017, arXiv:1703.09179"


@dataclass(frozen=True, slots=True)
class Task:
    """One target of the paper.

    Parameters
    ----------
    name : str
        In the published scores.
    dataset, target : str
        Data set and target column of the published features.
    words : str
        What it is called in print.
    loader : str
        The loader of the data set's audio.
    clips : int
        Of the whole data set.
    """

    name: str
    dataset: str
    target: str
    words: str
    loader: str
    clips: int


TASKS = (
    Task("ballroom_extended", "ballroom_extended", "label", "Extended Ballroom", "extended_ballroom", 4180),
    Task("gtzan_genre", "gtzan_genre", "label", "GTZAN genre", "gtzan", 1000),
    Task("gtzan_speechmusic", "gtzan_speechmusic", "label", "GTZAN speech/music", "gtzan_speechmusic", 128),
    Task("emoMusic_a", "emoMusic", "arousal", "emoMusic arousal", "emomusic", 744),
    Task("emoMusic_v", "emoMusic", "valence", "emoMusic valence", "emomusic", 744),
    Task("jamendo_vd", "jamendo_vd", "label", "Jamendo vocal detection", "jamendo", 4086),
    Task("urbansound", "urbansound", "label", "UrbanSound8K", "urbansound8k", 8732),
)


@cache
def published() -> Mapping[str, Any]:
    """The published numbers: the authors' table of scores, and what the paper's text states."""
    path = Path(__file__).parent / "published.json"
    numbers: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return numbers


def find_task(record: DatasetRecord, target: str, clips: int) -> Task | None:
    """The paper's task that a data set is; ``None`` for other data sets and for small parts of one.

    Parameters
    ----------
    record : DatasetRecord
    target : str
        The column that was predicted.
    clips : int
        In the catalogue.
    """
    for task in TASKS:
        same = record.name == task.dataset if record.loader == "choi2017" else record.loader == task.loader
        regression = task.dataset == "emoMusic"
        if same and (target == task.target or not regression) and clips >= WHOLE * task.clips:
            return task
    return None


def about_task(task: Task, combinations: Iterable[str]) -> Published:
    """What was published about a task: scores of these combinations, and the state of the art."""
    table, quoted = published()["scores"].get(task.name, {}), published()["paper"]["state_of_the_art"]
    names = {name: published_name(name) for name in combinations}
    scores = {name: float(table[known]) for name, known in names.items() if known in table}
    if task.name not in quoted:
        return Published(task.words, scores)
    value, metric = quoted[task.name]
    return Published(task.words, scores, Quoted(float(value), str(metric), f"quoted in {PAPER}"))


def published_name(combination: str) -> str:
    """A combination as the published table names it.

    Examples
    --------
    >>> published_name("135"), published_name("choi2017_mfcc"), published_name("12345+choi2017_mfcc")
    ('135', 'mfcc', '12345+mfcc')
    """
    layers, _, added = combination.partition("+")
    if not layers.isdigit():
        return "mfcc"
    return f"{layers}+mfcc" if added else layers
