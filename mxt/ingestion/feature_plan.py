"""The ingest of data sets that come as features: clips into the catalogue, features into tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import compress

import numpy as np
import numpy.typing as npt

from mxt.core.errors import InputError, MxtError, PluginError, stage_failures
from mxt.core.identity import KEY_BYTES, canonical_json, clip_id, feature_clip_key, sha256_text
from mxt.core.progress import Progress
from mxt.core.records import Clip, ClipRecord, DatasetRecord, FileRecord, Listing, Remark
from mxt.core.stages import FeatureBlock, FeatureSet
from mxt.ingestion.clip_plan import catalogued, catalogued_path
from mxt.ingestion.detection import Detected
from mxt.ingestion.earlier import Earlier, Replaced
from mxt.ingestion.feature_rows import KIND, fill, finite_rows
from mxt.ingestion.records import Ingested
from mxt.ingestion.requests import IngestRequest
from mxt.ingestion.summary import summarise
from mxt.ingestion.unchanged import file_hashes, files_source, noted
from mxt.store.features import FeatureTable
from mxt.store.layout import Store
from mxt.store.table_keys import Keys


@dataclass(frozen=True)
class FeaturePlan:
    """An ingest of one data set that came as features.

    Parameters
    ----------
    detected : Detected
        The loader, and why this one.
    listing : Listing
        What lies in the folder.
    features : FeatureSet
        The clips, and the features of each.
    earlier : Earlier, optional
        The data set that has the name already.
    """

    detected: Detected
    listing: Listing
    features: FeatureSet
    earlier: Earlier | None

    def _record(self, targets: Iterable[str]) -> DatasetRecord:
        """The data set as it will be catalogued, with the parameters that give just this one again."""
        chosen, name = self.detected.chosen, self.features.name
        params = dict(chosen.params)
        if "tasks" in params and not params["tasks"]:
            params["tasks"] = (name,)
        return DatasetRecord(name, self.listing.root, chosen.spec.name, params, tuple(targets), "", "")

    def check_name(self, request: IngestRequest) -> None:
        """Stop where a data set of another loader has the name.

        Raises
        ------
        Refused
            It needs ``--yes``.
        """
        if self.earlier is not None and not self._is_same():
            self.earlier.refuse(f"the data set of {self.earlier.record.root} already", request)

    def _is_same(self) -> bool:
        return self.earlier is not None and self.earlier.record.loader == self.detected.chosen.spec.name

    def dry_run(self) -> Ingested:
        """What is known before anything is stored."""
        clips = _Clips(self.features.clips, "")
        record = self._record(dict.fromkeys(name for clip in self.features.clips for name in clip.targets))
        summary = summarise(clips, record.targets, self.features.remarks)
        views = tuple(block.label for block in self.features.blocks)
        return Ingested.of(record, self.detected.why, summary, dry_run=True, views=views)

    def carry_out(self, store: Store, progress: Progress) -> Ingested:
        """Store the features, and replace the data set in the catalogue."""
        catalogue, name = store.catalogue, self.features.name
        hashes = file_hashes(self.listing.root, self.features.sources)
        source = sha256_text(
            canonical_json([*hashes.values()])
        )  # where a file changes, no row is found again
        replaced = Replaced.of(catalogue, name, same=self._is_same())
        clips, keys, record = _Clips(self.features.clips, source), *self._keys_and_record(source)
        tables: dict[str, str] = {}
        remarks = list(self.features.remarks)
        for block in self.features.blocks:
            table, bad = self._store(store, block, keys, progress)
            tables[table.label] = table.fingerprint
            ids = (clip.id for clip in compress(clips if bad.any() else (), bad))
            remarks += [Remark("not finite", f"{id_} in {table.label}") for id_ in ids]
        views = tuple(tables)
        note = noted(files_source(self.listing.root, hashes, self.detected), self.detected, tables=tables)
        summary, changes = replaced.by(catalogue, record, clips, remarks, noted=note)
        for view in catalogue.views(name):
            if view in {block.label for block in self.features.blocks} - set(views):
                catalogue.remove_view(name, view)
        for view in views:
            catalogue.add_view(name, view)
        read = len(self.features.sources)
        return Ingested.of(record, self.detected.why, summary, changes, read=read, views=views)

    def _keys_and_record(self, source: str) -> tuple[Keys, DatasetRecord]:
        """The key of each clip, uint8 [n, 32], and the data set as it will be catalogued."""
        keys, targets = bytearray(), dict[str, None]()
        for clip in self.features.clips:
            keys += _key(clip, source)
            targets.update(dict.fromkeys(clip.targets))
        return np.frombuffer(keys, np.uint8).reshape(-1, KEY_BYTES), self._record(targets)

    def _store(
        self, store: Store, block: FeatureBlock, keys: Keys, progress: Progress
    ) -> tuple[FeatureTable, npt.NDArray[np.bool_]]:
        """The table, and which clips have features that are not finite, bool [n]."""
        chosen = self.detected.chosen
        identity = {
            "kind": KIND,
            "loader": chosen.identity() | {"params": {}},
            "label": block.label,
            "layers": [[layer.name, layer.dimension] for layer in block.layers],
        }
        attributes = {"kind": KIND, "loader": chosen.spec.name, "specification": dict(block.about)}
        fingerprint = sha256_text(canonical_json(identity))
        table = store.features.create(fingerprint, block.label, attributes, block.layers, rows=len(keys))
        fill(table, keys, block.arrays, progress=progress)
        return table, ~finite_rows(block.arrays)


def feature_sets(detected: Detected, listing: Listing) -> tuple[FeatureSet, ...]:
    """The data sets that a loader finds, each with as many rows of features as clips.

    Raises
    ------
    InputError
        There are none.
    PluginError
        The loader failed, or its features do not fit its clips.
    """
    try:
        sets = tuple(detected.loader.feature_sets(listing))
        faults = [fault for features in sets for fault in _faults(features)]
    except MxtError:
        raise
    except stage_failures() as error:
        raise detected.failed(error) from error
    spec = detected.chosen.spec
    if faults:
        raise PluginError(f"dataset {spec.name!r} ({detected.chosen.distribution}): {'; '.join(faults)}")
    if not sets:
        raise InputError(f"{listing.root}: no features that {spec.name} knows")
    return sets


def _faults(features: FeatureSet) -> Iterator[str]:
    """What keeps a data set from being stored."""
    number = len(features.clips)
    if len({clip_id(clip.path) for clip in features.clips}) != number:
        yield f"{features.name}: two clips have one path"
    for block in features.blocks:
        expected = {layer.name: (number, layer.dimension) for layer in block.layers}
        shapes = {name: np.shape(values) for name, values in block.arrays.items()}
        if shapes != expected:
            yield f"{features.name}, {block.label}: layers of {shapes} instead of {expected}"


@dataclass(frozen=True)
class _Clips:
    """Clips as the catalogue holds them, each made while they are iterated over."""

    clips: Iterable[Clip]
    source: str

    def __iter__(self) -> Iterator[ClipRecord]:
        return (_clip_record(clip, self.source) for clip in self.clips)


def _key(clip: Clip, source: str) -> bytes:
    return feature_clip_key(source, clip_id(catalogued_path(clip.path)))


def _clip_record(given: Clip, source: str) -> ClipRecord:
    clip = catalogued(given)
    name = clip_id(clip.path)
    return ClipRecord(
        name,
        FileRecord(clip.path, 0, 0, 0),
        _key(given, source),
        targets=dict(clip.targets),
        split=clip.split,
        fold=clip.fold,
        group=clip.group,
        fields=dict(clip.fields),
    )
