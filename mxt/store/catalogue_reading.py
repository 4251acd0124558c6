"""Reading the catalogue: whatever is used is checked against its hash first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mxt.core.errors import InputError, Reason, UnknownName
from mxt.core.identity import KEY_BYTES
from mxt.core.records import ClipRecord, DatasetRecord, FileRecord, Remark
from mxt.core.text import written
from mxt.store.catalogue_checks import CatalogueChecks
from mxt.store.catalogue_figures import Figures, counted, read_figures
from mxt.store.catalogue_hashes import KEYS, are_keys, keys_of
from mxt.store.catalogue_rows import (
    DATASET,
    FILES,
    LEFT_OUT,
    OF_DATASET,
    REMARKS,
    VIEWS,
    clip_records,
    clips_where,
    dataset_record,
    file_record,
    stored,
    text_of,
)
from mxt.store.packed_files import PackedFiles

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from mxt.core.clips import Clips


@dataclass(frozen=True, slots=True)
class Unusable:
    """A clip that cannot be used: its id, and why."""

    id: str
    reason: Reason
    detail: str


class CatalogueReader(CatalogueChecks):
    """What can be read of a catalogue; `mxt.store.catalogue.Catalogue` also writes."""

    def datasets(self) -> list[DatasetRecord]:
        """All data sets, by name, not checked against their hashes."""
        rows = self._file.rows(f"SELECT {DATASET} FROM datasets WHERE ready ORDER BY name")
        return list(self._file.records(map(dataset_record, rows)))

    def last(self) -> str:
        """Name of the data set last ingested, the default of commands; empty where there is none."""
        rows = self._file.rows("SELECT name FROM datasets WHERE ready ORDER BY turn DESC LIMIT 1")
        return str(rows[0][0]) if rows else ""

    def dataset(self, name: str | None = None) -> DatasetRecord:
        """The data set called `name`; ``None``: the one last ingested.

        Raises
        ------
        UnknownName
            There is no data set of this name.
        InputError
            Nothing was ingested yet.
        StoreDamaged
            What is catalogued is not what was written.
        """
        self._check_datasets()
        if name is None:
            rows = self._file.rows(f"SELECT {DATASET} FROM datasets WHERE ready ORDER BY turn DESC LIMIT 1")
            if not rows:
                raise InputError(f"no data set in {self.path.parent} yet; begin with: mxt ingest FOLDER")
        else:
            rows = self._file.rows(
                f"SELECT {DATASET} FROM datasets WHERE ready AND name = ?", (stored(name),)
            )
            if not rows:
                raise UnknownName("data set", name, [d.name for d in self.datasets()])
        return next(self._file.records(map(dataset_record, rows)))

    def files(self, name: str) -> Mapping[str, FileRecord]:
        """Files of `name` by path, also those of an ingest that was cut short; empty if there are none."""
        with self._file.reading() as db:
            return PackedFiles(self._file.records(map(file_record, db.execute(FILES, (name,)))))

    def clips(self, name: str) -> list[ClipRecord]:
        """The clips of `name` in catalogue order: those a loader named, then other files that were left out.

        Raises
        ------
        UnknownName, StoreDamaged
            No such data set; what is catalogued is not what was written.
        """
        return list(self.each_clip(name))

    def each_clip(self, name: str, *, id_: str | None = None) -> Iterator[ClipRecord]:
        """The same as `clips`, one at a time, or only those called `id_`; nothing is written meanwhile."""
        self.dataset(name)
        condition, values = ("TRUE", ()) if id_ is None else ("clips.id = ?", (stored(id_),))
        with self._file.reading() as db:
            self._check(db, name, ("clips", "files"))
            yield from self._file.records(clip_records(db.execute(clips_where(condition), (name, *values))))

    def columns(self, name: str) -> Clips:
        """The same clips as columns, a record of each made when it is asked for.

        Raises
        ------
        UnknownName, StoreDamaged
            As for `clips`.
        """
        from mxt.store.catalogue_columns import read_clips

        self.dataset(name)
        with self._file.reading() as db:
            self._check(db, name, ("clips", "files"))
            return read_clips(db, name, self._file)

    def clips_called(self, name: str, text: str, *, also_files: bool) -> list[tuple[str, str]]:
        """Id and path of clips of `name` whose id is `text` or, if asked for, whose path holds it.

        Those with names that are not UTF-8 are always among them.
        """
        path = "OR instr(path, :text) OR typeof(path) = 'blob'" if also_files else ""
        query = (
            "SELECT id, path FROM clips WHERE dataset = (SELECT id FROM datasets WHERE name = :name) "
            f"AND (id = :text OR typeof(id) = 'blob' {path}) ORDER BY position"
        )
        with self._file.reading() as db:
            rows = db.execute(query, {"name": name, "text": written(text)})
            return [(text_of(id_), text_of(path)) for id_, path in rows]

    def check(self, name: str) -> None:
        """Raise where the clips of `name` are not those that were written.

        Raises
        ------
        UnknownName, StoreDamaged
            No such data set; what is catalogued is not what was written.
        """
        self.dataset(name)
        with self._file.reading() as db:
            self._check(db, name, ("clips",))

    def clip(self, name: str, id_: str) -> ClipRecord | None:
        """The clip called `id_` as `written` writes it; ``None`` where there is none."""
        ids = [known for known, _ in self.clips_called(name, id_, also_files=False) if written(known) == id_]
        return next(self.each_clip(name, id_=ids[-1]), None) if ids else None

    def paths(self, name: str) -> Iterator[tuple[str, str]]:
        """Id and path of the clips of `name`, in catalogue order."""
        self.dataset(name)
        with self._file.reading() as db:
            self._check(db, name, ("clips",))
            query = f"SELECT id, path FROM clips {OF_DATASET} ORDER BY position"
            yield from ((text_of(id_), text_of(path)) for id_, path in db.execute(query, (name,)))

    def sample_rates(self, name: str) -> dict[int, int]:
        """How many clips of `name` that can be used have which sample rate in Hz, by first appearance."""
        query = (
            "SELECT files.sample_rate, COUNT(*) FROM clips JOIN files USING (dataset, path) "
            f"{OF_DATASET} AND key IS NOT NULL AND sample_rate IS NOT NULL "
            "GROUP BY sample_rate ORDER BY MIN(position)"
        )
        return dict(self._file.rows(query, (name,)))

    def column_names(self, name: str) -> list[str]:
        """Names of the targets and fields that clips of `name` have, sorted."""
        query = "SELECT item.key FROM clips, json_each({part}) AS item " + OF_DATASET + " AND {part} <> ''"
        both = f"{query.format(part='clips.targets')} UNION {query.format(part='clips.fields')}"
        return sorted(column for (column,) in self._file.rows(both, (name, name)))

    def ids(self, name: str, *, usable: bool = False) -> Iterator[str]:
        """Ids of the clips of `name`, or of those that can be used, in catalogue order, as they are there."""
        with self._file.reading() as db:
            condition = "AND key IS NOT NULL" if usable else ""
            query = f"SELECT id FROM clips {OF_DATASET} {condition} ORDER BY position"
            yield from (text_of(id_) for (id_,) in db.execute(query, (name,)))

    def keys(self, name: str) -> npt.NDArray[np.uint8]:
        """Audio keys of the clips of `name` that can be used, in catalogue order: uint8 [used, 32].

        Raises
        ------
        StoreDamaged
            They are not what was written.
        """
        import numpy as np

        with self._file.reading() as db:
            keys, as_written = keys_of(db, name)
        if not as_written:
            raise self._changed(name, KEYS)
        return np.frombuffer(keys, np.uint8).reshape(-1, KEY_BYTES)

    def has_just(self, name: str, keys: npt.NDArray[np.uint8]) -> bool:
        """Whether these keys, uint8 [n, 32], are those of `name` in catalogue order; no clip is read."""
        with self._file.reading() as db:
            return are_keys(db, name, keys.tobytes())

    def unusable(self, name: str) -> list[Unusable]:
        """The clips of `name` that cannot be used, in catalogue order, and why.

        Raises
        ------
        StoreDamaged
            They are not what was written.
        """
        with self._file.reading() as db:
            self._check(db, name, ("clips left out",))
            rows = db.execute(LEFT_OUT, (name,))
            clips = (Unusable(text_of(id_), Reason(reason), text_of(why)) for id_, reason, why in rows)
            return list(self._file.records(clips))

    def figures(self, name: str) -> Figures:
        """How many clips `name` has, their seconds, and what was noted when it was written.

        Raises
        ------
        StoreDamaged
            They are not what was written.
        """
        with self._file.reading() as db:
            self._check(db, name, ("figures",))
            figures = read_figures(db, name)
        return counted(self.each_clip(name)) if figures is None else figures

    def remarks(self, name: str) -> list[Remark]:
        """What the loader of `name` and its ingest noticed."""
        return [Remark(kind, text_of(text)) for kind, text in self._file.rows(REMARKS, (name,))]

    def views(self, name: str) -> list[str]:
        """The views extracted for `name`, in the order they were added.

        Raises
        ------
        StoreDamaged
            They are not what was written.
        """
        with self._file.reading() as db:
            self._check(db, name, ("views",))
            return [view for (view,) in db.execute(VIEWS, (name,))]
