"""The catalogues and features that Choi et al. 2017 published: six tasks, no audio needed."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mxt.core.errors import InputError, TableError, UnknownName, listed
from mxt.core.made import Made
from mxt.core.records import Clip, Detection, Listing, Remark, Target
from mxt.core.reprs import short_repr
from mxt.core.specs import Layer
from mxt.core.stages import FeatureBlock, FeatureSet
from mxt.stages.citations import CHOI_2017
from mxt.stages.datasets.expected import count_remarks
from mxt.stages.datasets.gtzan_index import gtzan_index
from mxt.stages.datasets.table_reading import read_table
from mxt.stages.datasets.table_rows import Rows
from mxt.stages.datasets.targets import split_name
from mxt.stages.datasets.urbansound8k import CLASSES as SOUNDS

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

CONVNET, MFCC = "choi2017_convnet", "choi2017_mfcc"
BLOCKS = tuple(Layer(k, f"block{k}", 32) for k in range(1, 6))
COEFFICIENTS = (Layer(1, "mfcc", 120),)
CLIPS: Mapping[str, int] = {
    "ballroom_extended": 4180,
    "gtzan_genre": 1000,
    "gtzan_speechmusic": 128,
    "emoMusic": 744,
    "jamendo_vd": 4086,
    "urbansound": 8732,
}
"""The tasks in the order of the paper, and their clips."""
_CSV_FOLDERS, _FEATURE_FOLDERS = ("csv", "data_csv"), ("features", "data_feats")
_ABOUT = {
    "citation": CHOI_2017,
    "licence": "none stated",
    "source": "repository keunwoochoi/transfer_learning_music",
}
_ABOUT_CONVNET = {
    "summary": "published features; each was computed with 255 others of the catalogue's order "
    "and depends on them"
}
_ABOUT_MFCC = {
    "summary": "published means and deviations of 20 MFCCs and of their first and second differences"
}


@dataclass(frozen=True)
class Task:
    """The files of one task: paths below the root, empty or missing where they are not there."""

    name: str
    table: str
    layers: tuple[str, ...]
    mfcc: str

    @property
    def files(self) -> tuple[str, ...]:
        """All of them."""
        return (self.table, *self.layers, *filter(None, (self.mfcc,)))


@dataclass(frozen=True)
class Choi2017:
    """Loader of ``csv/<task>.csv``, ``features/<task>_layer_<0 to 4>.npy`` and ``<task>_mfcc.npy``."""

    tasks: tuple[str, ...] = ()

    def detect(self, listing: Listing) -> Detection:
        """Sure where the tables of tasks lie beside their features."""
        found = [task.name for task in _tasks(listing)]
        if not found:
            return Detection(0.0, "no csv/<task>.csv beside features/<task>_layer_0.npy")
        return Detection(0.98, f"published features of {', '.join(found)}")

    def clips(self, listing: Listing) -> Iterator[Clip | Remark]:
        """Nothing: `feature_sets` gives the data sets."""
        raise InputError(
            f"{listing.root} holds features and no audio: mxt ingest makes one data set per task"
        )

    def sources(self, listing: Listing) -> Mapping[str, tuple[str, ...]]:
        """The table and the features of each task."""
        tasks = [task for task in _tasks(listing) if not self.tasks or task.name in self.tasks]
        return {task.name: task.files for task in tasks}

    def feature_sets(self, listing: Listing) -> Iterator[FeatureSet]:
        """One data set a task that is there.

        Raises
        ------
        InputError
            There is no task; a table and its features do not have the same number of rows.
        """
        tasks = _tasks(listing)
        names = {task.name for task in tasks}
        for name in self.tasks:
            if name not in names:
                raise UnknownName("task", name, names or CLIPS)
        if not tasks:
            raise InputError(
                f"{listing.root}: no csv/<task>.csv beside features/<task>_layer_0.npy; "
                f"tasks are {', '.join(CLIPS)}"
            )
        for task in tasks:
            if not self.tasks or task.name in self.tasks:
                yield _feature_set(Path(listing.root), task)


def _tasks(listing: Listing) -> list[Task]:
    """Tasks with a table and features, in the order of the paper."""
    files = set(listing.files)
    found = []
    for name in CLIPS:
        tables = (path for path in listing.files if posixpath.basename(path) == f"{name}.csv")
        for table in tables:
            root, _, folder = posixpath.dirname(table).rpartition("/")
            if folder not in _CSV_FOLDERS:
                continue
            for features in _FEATURE_FOLDERS:
                stem = posixpath.join(root, features, name)
                layers = tuple(path for k in range(5) if (path := f"{stem}_layer_{k}.npy") in files)
                mfcc = f"{stem}_mfcc.npy" if f"{stem}_mfcc.npy" in files else ""
                if layers or mfcc:
                    found.append(Task(name, table, layers, mfcc))
    return found


def _feature_set(root: Path, task: Task) -> FeatureSet:
    rows = read_table(root / task.table, task.table)
    clips = _clips(task, rows)
    blocks, remarks = [], list(rows.remarks)
    if task.layers:
        if len(task.layers) < len(BLOCKS):
            raise InputError(
                f"{task.name}: only {len(task.layers)} of 5 layers exist; "
                f"{task.name}_layer_0.npy to _layer_4.npy are needed"
            )
        arrays = {
            layer.name: _array(root, path, len(clips), layer)
            for layer, path in zip(BLOCKS, task.layers, strict=True)
        }
        blocks.append(FeatureBlock(CONVNET, BLOCKS, arrays, _ABOUT | _ABOUT_CONVNET))
    else:
        remarks.append(Remark("missing features", f"{task.name}_layer_0.npy to {task.name}_layer_4.npy"))
    if task.mfcc:
        arrays = {"mfcc": _array(root, task.mfcc, len(clips), COEFFICIENTS[0])}
        blocks.append(FeatureBlock(MFCC, COEFFICIENTS, arrays, _ABOUT | _ABOUT_MFCC))
    else:
        remarks.append(Remark("missing features", f"{task.name}_mfcc.npy"))
    remarks += count_remarks(len(clips), CLIPS[task.name])
    return FeatureSet(task.name, clips, task.files, tuple(blocks), tuple(remarks))


def _array(root: Path, path: str, rows: int, layer: Layer) -> npt.NDArray[np.floating[Any]]:
    """The features of one file, [rows, dimension]."""
    import numpy as np

    try:
        array = np.load(root / path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise InputError(f"{path} is not an array of numbers: {error}") from error
    if array.dtype.kind != "f" or array.shape != (rows, layer.dimension):
        expected = f"{rows} rows of {layer.dimension} numbers, as many as in the table"
        raise InputError(f"{path}: expected {expected}, got {array.dtype} {array.shape}")
    return array  # type: ignore[no-any-return]


def _clips(task: Task, rows: Rows) -> TaskClips:
    """The clips of a table, in its order: a published feature belongs to the row of its number."""
    labels = [name for name in rows.headings if name == "label" or name.startswith("label_")]
    if not labels or "filepath" not in rows.headings:
        raise TableError(
            f"{rows.path}: columns filepath and label are needed; there are {listed(rows.headings)}"
        )
    paths = [str(row["filepath"]).strip() for row in rows.rows]
    if "" in paths or len(set(paths)) < len(paths):
        raise TableError(
            f"{rows.path}: each row needs its own filepath; {len(paths) - len(set(paths) - {''})} have none"
        )
    if labels == ["label"]:
        names = _class_names(task.name, paths, (str(row["label"]).strip() for row in rows.rows))
        return TaskClips(task.name, rows, paths, names=names)
    for row, line in zip(rows.rows, rows.lines, strict=True):
        for name in labels:
            _number(row[name], rows.path, line)
    return TaskClips(task.name, rows, paths, numbers=tuple(labels))


@dataclass(frozen=True, eq=False)
class TaskClips(Made[Clip]):
    """The clips of one task; one is made when it is asked for.

    Parameters
    ----------
    task : str
    rows : Rows
        The table.
    paths : sequence of str
        Of the clips.
    names : mapping
        Class names by number, where there is a column ``label``.
    numbers : tuple of str
        Columns of numbers, where there is none.
    """

    task: str
    rows: Rows
    paths: Sequence[str]
    names: Mapping[str, str] = field(default_factory=dict)
    numbers: tuple[str, ...] = ()
    __repr__ = short_repr

    def __len__(self) -> int:
        return len(self.paths)

    def make(self, row: int) -> Clip:
        """The clip of a row."""
        return self._clip(self.rows.rows[row], self.paths[row], self.rows.lines[row])

    def __iter__(self) -> Iterator[Clip]:
        return map(self._clip, self.rows.rows, self.paths, self.rows.lines)

    def _clip(self, row: Mapping[str, Any], path: str, line: int) -> Clip:
        targets: dict[str, Target]
        if self.numbers:
            values = {name: _number(row[name], self.rows.path, line) for name in self.numbers}
            targets, known = {name.removeprefix("label_"): value for name, value in values.items()}, {}
        else:
            number = str(row["label"]).strip()
            targets, known = {"label": self.names.get(number, number)}, {"label_number": number}
        category, fold = str(row.get("category") or "").strip(), str(row.get("fold") or "").strip()
        return Clip(
            path,
            targets=targets,
            split=(split_name(category) or category) if category else None,
            fold=fold or None,
            group=_GROUPS[self.task](path) if self.task in _GROUPS else None,
            fields={"id": str(row.get("id") or ""), **known, **_more(self.task, path)},
        )


def _class_names(task: str, paths: Sequence[str], numbers: Iterable[str]) -> dict[str, str]:
    """Label number to the name of its class, from the folders of the paths; empty if ambiguous."""
    if task == "urbansound":
        return {str(number): name for number, name in enumerate(SOUNDS)}
    pairs = {
        (number, posixpath.basename(posixpath.dirname(path)).removesuffix("_wav"))
        for path, number in zip(paths, numbers, strict=True)
    }
    names = dict(pairs)
    return names if len(pairs) == len(names) == len(set(names.values()) - {""}) else {}


def _number(value: object, table: str, line: int) -> float:
    try:
        return float(str(value))
    except ValueError:
        raise TableError(f"{table}, line {line}: a number is expected, got {str(value)!r}") from None


def _more(task: str, path: str) -> dict[str, str]:
    """GTZAN's filtered split; empty for clips it leaves out as faulty."""
    if task != "gtzan_genre":
        return {}
    known = gtzan_index().get(posixpath.splitext(posixpath.basename(path))[0])
    return {"filtered_split": known.filtered_split if known else ""}


_GROUPS: Mapping[str, Callable[[str], str]] = {
    "jamendo_vd": lambda path: re.sub(
        r"_\d+$", "", posixpath.splitext(posixpath.basename(path))[0]
    ),  # the track a segment was cut from
    "urbansound": lambda path: posixpath.basename(path).partition("-")[
        0
    ],  # the recording a slice was cut from
}
