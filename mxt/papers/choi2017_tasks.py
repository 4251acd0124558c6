"""The targets of Choi et al. 2017, where they are in a store, and what was published of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
    loader : str
        Of the data set's audio.
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


@dataclass(frozen=True, slots=True)
class Quoted:
    """A score of others, as a paper quotes it: its value, what it is, and who quotes it."""

    value: float
    metric: str
    source: str


@cache
def published() -> Mapping[str, Any]:
    """What was published: the authors' scores, and the best of the paper's text."""
    found: Mapping[str, Any] = json.loads(
        (Path(__file__).parent / "choi2017_published.json").read_text(encoding="utf-8")
    )
    return found


def find_task(record: DatasetRecord, target: str, clips: int) -> Task | None:
    """The paper's task that a data set is, from published features or from audio; ``None`` for others and for parts of one.

    Parameters
    ----------
    record : DatasetRecord
    target : str
        The column that was learnt.
    clips : int
        In the catalogue.
    """
    for task in TASKS:
        same = record.name == task.dataset if record.loader == "choi2017" else record.loader == task.loader
        regression = task.dataset == "emoMusic"
        if same and (target == task.target or not regression) and clips >= WHOLE * task.clips:
            return task
    return None


def state_of_the_art(task: Task) -> Quoted | None:
    """What the paper quotes as the best of others; ``None`` where it quotes nothing."""
    found = published()["paper"]["state_of_the_art"].get(task.name)
    return None if found is None else Quoted(float(found[0]), str(found[1]), f"quoted in {PAPER}")
