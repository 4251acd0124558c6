"""`mxt ls --clips`: the clips of a data set, of any number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mxt.core.clips import Clips
from mxt.core.made import Mapped
from mxt.core.records import ClipRecord
from mxt.store.layout import Store


@dataclass(frozen=True, slots=True)
class ClipEntry:
    """A clip as listed: `reason` says why it was left out, else it is empty."""

    id: str
    seconds: float
    targets: Mapping[str, Any] = field(default_factory=dict)
    split: str | None = None
    fold: str | None = None
    group: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""
    detail: str = ""


class ClipEntries(Mapped[ClipEntry]):
    """Clips as listed, each made when it is asked for.

    Parameters
    ----------
    clips : Clips
    """

    def __init__(self, clips: Clips) -> None:
        super().__init__(clip_entry, clips)
        self.clips = clips

    @property
    def targets(self) -> list[str]:
        """Names of the targets, by first appearance."""
        return list(dict.fromkeys(name for targets in self.clips.targets.distinct() for name in targets))

    @property
    def parts(self) -> list[str]:
        """Which of split, fold and group any clip has."""
        columns = {"split": self.clips.splits, "fold": self.clips.folds, "group": self.clips.groups}
        return [
            name for name, column in columns.items() if any(value is not None for value in column.distinct())
        ]


def ls_clips(store: Path, dataset: str | None = None) -> ClipEntries:
    """List the clips of a data set in catalogue order, also those that were left out.

    Parameters
    ----------
    store : Path
        The store's folder.
    dataset : str, optional
        By default the one last ingested.
    """
    opened = Store.open(store, read_only=True)
    return ClipEntries(opened.catalogue.columns(opened.catalogue.dataset(dataset).name))


def clip_entry(clip: ClipRecord) -> ClipEntry:
    """A clip as listed."""
    return ClipEntry(
        clip.id,
        clip.duration,
        clip.targets,
        clip.split,
        clip.fold,
        clip.group,
        clip.fields,
        clip.reason.words,
        clip.detail,
    )
