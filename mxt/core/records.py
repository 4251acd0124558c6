"""The records that cross the layers: plain, frozen, picklable values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

from mxt.core.errors import Reason

Target = str | float | tuple[str, ...] | None
Task = Literal["classification", "multilabel", "regression"]


@dataclass(frozen=True, slots=True)
class Listing:
    """What lies below a folder, before any file is opened: what a loader recognises a layout by.

    Parameters
    ----------
    root : str
        Absolute path of the folder (or of the table, when PATH is a file: then its folder).
    files : tuple of str
        Paths of regular files below the root, ``/``-separated, sorted; hidden ones left out.
    table : str, optional
        Relative path of the table when PATH names one.
    """

    root: str
    files: tuple[str, ...]
    table: str | None = None


@dataclass(frozen=True, slots=True)
class Detection:
    """How sure a loader is that a listing has its layout (0 to 1), and why."""

    score: float
    reason: str


@dataclass(frozen=True, slots=True)
class Clip:
    """A labelled piece of audio as a loader names it.

    Parameters
    ----------
    path : str
        Below the data set's root, ``/``-separated.
    start, end : float, optional
        Seconds; both ``None`` for the whole file, `end` ``None`` up to its end.
    targets : mapping
        Column to target: a class, a number, several labels, or ``None`` (unlabelled). The first
        column is the default target.
    split, fold, group : str, optional
        Learning or testing part, number of the fold, and what belongs together.
    fields : mapping
        Every other column, as text.
    """

    path: str
    start: float | None = None
    end: float | None = None
    targets: Mapping[str, Target] = field(default_factory=dict)
    split: str | None = None
    fold: str | None = None
    group: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Packed:
    """A recording that lies inside another file, such as an Arrow table or a tar archive.

    Parameters
    ----------
    name : str
        Its file name, as far as it has one.
    content : bytes or str or None
        Its bytes, or the path of the file they are in; ``None`` where it has neither.
    part : str
        What it belongs to, such as a split; may be empty.
    columns : mapping
        What is known of it: any values that JSON has.
    """

    name: str
    content: bytes | str | None
    part: str = ""
    columns: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Annotation:
    """A labelled stretch of a recording.

    Parameters
    ----------
    file : str
        The recording, as it is called where the annotation comes from.
    start, end : float
        Seconds from the beginning of the recording.
    label : str
        Empty where it has none.
    low_hz, high_hz : float, optional
        The band it is bounded to, where it is.
    fields : mapping
        Every other column, as text.
    """

    file: str
    start: float
    end: float
    label: str = ""
    low_hz: float | None = None
    high_hz: float | None = None
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Remark:
    """Something a loader noticed that a person should read: an ambiguous row, a missing part.

    Parameters
    ----------
    kind : str
        Two or three words it is counted under, e.g. ``"row without a file"``.
    text : str
        The case itself.
    """

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Measurement:
    """What one look at a file's samples gave.

    Parameters
    ----------
    sha256 : str
        Of the file's bytes.
    duration : float
        Seconds, of what can be decoded.
    sample_rate, channels, frames : int
        As decoded; Hz, count, samples per channel.
    peak : float
        Largest absolute sample of any channel (1.0 is full scale).
    mono_peak : float
        Largest absolute sample of the mean of the channels.
    rms : float
        Root mean square of the mean of the channels.
    sampled : bool
        True where a very long file was measured in parts: the levels are then estimates.
    notes : tuple of str
        ``silent``, ``clipped``, ``dc``, ``truncated``, …: noted, not refused.
    decoder : str
        Library and version that read it.
    """

    sha256: str
    duration: float
    sample_rate: int
    channels: int
    frames: int
    peak: float
    mono_peak: float
    rms: float
    sampled: bool = False
    notes: tuple[str, ...] = ()
    decoder: str = ""


class FileKind(StrEnum):
    """What a file is to its data set."""

    CLIP = "clip"  # it holds clips, or might have been meant to
    OTHER = "other"  # a table, a picture, …: counted, not opened
    HIDDEN = "hidden"  # its name begins with a dot: counted, not opened


@dataclass(frozen=True, slots=True)
class FileRecord:
    """A file as catalogued: its path, how it looked on disk, and what was measured or why it was left out."""

    path: str
    size: int
    mtime_ns: int
    inode: int
    measurement: Measurement | None = None
    reason: Reason = Reason.NONE
    detail: str = ""
    kind: FileKind = FileKind.CLIP


@dataclass(frozen=True, slots=True)
class ClipRecord:
    """A clip as catalogued. `key` is its audio key (32 bytes), ``None`` where it cannot be used."""

    id: str
    file: FileRecord
    key: bytes | None
    reason: Reason = Reason.NONE
    detail: str = ""
    start_us: int | None = None
    end_us: int | None = None
    targets: Mapping[str, Target] = field(default_factory=dict)
    split: str | None = None
    fold: str | None = None
    group: str | None = None
    fields: Mapping[str, str] = field(default_factory=dict)

    @property
    def usable(self) -> bool:
        """True where features can be computed."""
        return self.key is not None

    @property
    def whole(self) -> bool:
        """True for a clip that is a whole file, not a segment of one."""
        return self.start_us is None and self.end_us is None

    @property
    def is_clip(self) -> bool:
        """False for a file that merely lies beside the clips: a hidden one, a table, a picture."""
        return self.file.kind is FileKind.CLIP

    @property
    def has_audio(self) -> bool:
        """False for a clip of a data set that came as features: nothing can be computed from it."""
        return self.file.measurement is not None

    @property
    def duration(self) -> float:
        """Seconds of the clip; 0 where it cannot be used or has no audio."""
        if self.file.measurement is None:
            return 0.0
        whole = self.file.measurement.duration
        start = (self.start_us or 0) / 1e6
        end = whole if self.end_us is None else min(self.end_us / 1e6, whole)
        return max(0.0, end - start)


@dataclass(frozen=True, slots=True)
class DatasetRecord:
    """A data set as catalogued: its root, how it was loaded, the order of its target columns."""

    name: str
    root: str
    loader: str
    params: Mapping[str, object]
    targets: tuple[str, ...]
    created: str
    updated: str
