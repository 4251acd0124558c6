"""Ingest of data sets that come as features, without audio: clips into the catalogue, features into tables."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from mxt.core.errors import InputError, MxtError, PluginError, Refused, listed, stage_failures
from mxt.core.identity import canonical_json, clip_id, feature_clip_key, sha256_file, sha256_text
from mxt.core.pipeline import Chosen
from mxt.core.progress import SILENT, Progress
from mxt.core.provenance import versions
from mxt.core.records import Clip, ClipRecord, DatasetRecord, FileRecord, Listing, Remark
from mxt.core.stages import FeatureBlock, FeatureSet, FeatureSetLoader
from mxt.ingestion.changes import Changes, find_changes
from mxt.ingestion.feature_rows import KIND, fill, finite_rows, single
from mxt.ingestion.plan import catalogued, checked_name
from mxt.ingestion.summary import summarise
from mxt.ingestion.walk import walk
from mxt.registry import Registry, split_settings
from mxt.store.layout import Store
from mxt.workflows.ingest import Ingested, ingest

SURE = 0.9  # from this score on a folder is read as features, whatever other loaders say


def ingest_all(
    store: Path,
    path: Path,
    registry: Registry,
    *,
    loader: str | None = None,
    name: str | None = None,
    params: Mapping[str, Any] | None = None,
    settings: Sequence[str] = (),
    dry_run: bool = False,
    yes: bool = False,
    progress: Progress = SILENT,
    **options: Any,
) -> tuple[Ingested, ...]:
    """Catalogue what lies in `path`: the clips of a folder or table, or the data sets that came as features.

    Parameters
    ----------
    store, path, registry, loader, name, params, settings, dry_run, yes, progress
        As for `mxt.workflows.ingest.ingest`.
    **options
        Further ones of `ingest`.

    Returns
    -------
    tuple of Ingested
        One a data set: several only where a folder holds features of several.
    """
    path = path.expanduser()
    found = _feature_loader(path, registry, loader, params or {}, settings)
    if found is None:
        return (
            ingest(
                store,
                path,
                registry,
                loader=loader,
                name=name,
                params=params,
                settings=settings,
                dry_run=dry_run,
                yes=yes,
                progress=progress,
                **options,
            ),
        )
    chosen, why, listing = found
    sets = _ask(registry, chosen, listing)
    if name is not None:
        if len(sets) > 1:
            raise InputError(
                f"{listing.root} holds {len(sets)} data sets ({listed(each.name for each in sets)}): leave out --name"
            )
        sets = (replace(sets[0], name=checked_name(name)),)
    works = [_Work(chosen, why, listing, each) for each in sets]
    if dry_run:
        return tuple(work.dry_run() for work in works)
    opened = Store.open(store, create=True)
    opened.check_writable()
    for work in works:
        work.refuse_another(opened, yes=yes)
    return tuple(work.carry_out(opened, progress) for work in works)


def _feature_loader(
    path: Path, registry: Registry, loader: str | None, params: Mapping[str, Any], settings: Sequence[str]
) -> tuple[Chosen, str, Listing] | None:
    """The loader of features that was asked for, or that is sure of the folder; ``None`` where audio is to be read."""
    wanted = {*params, *(setting.partition("=")[0].strip().rpartition(".")[2] for setting in settings)}
    listing: Listing | None = None
    for name in [loader] if loader is not None else registry.names("dataset"):
        spec = registry.find("dataset", name).spec
        if loader is None and wanted - {param.name for param in spec.params}:
            continue
        try:
            stage = registry.create("dataset", name, {})
            if not isinstance(stage, FeatureSetLoader):
                continue
            listing = listing or walk(path).listing
            detected = stage.detect(listing)
        except MxtError:
            raise
        except stage_failures():  # a broken loader does not keep the others from working; ingest tells of it
            continue
        if loader is not None or detected.score >= SURE:
            chosen = registry.choose("dataset", name, dict(params) | split_settings(settings, [spec])[name])
            return chosen, "chosen with --loader" if loader is not None else detected.reason, listing
    return None


def _ask(registry: Registry, chosen: Chosen, listing: Listing) -> tuple[FeatureSet, ...]:
    """The data sets of a loader, each with as many rows as clips."""
    try:
        sets = tuple(registry.build(chosen).feature_sets(listing))
        wrong = [fault for each in sets for fault in _faults(each)]
    except MxtError:
        raise
    except stage_failures() as error:
        raise PluginError(
            f"dataset {chosen.spec.name!r} ({chosen.distribution}) failed: {type(error).__name__}: {error}"
        ) from error
    if wrong:
        raise PluginError(f"dataset {chosen.spec.name!r} ({chosen.distribution}): {'; '.join(wrong)}")
    if not sets:
        raise InputError(f"{listing.root}: no features that {chosen.spec.name} knows")
    return sets


def _faults(found: FeatureSet) -> list[str]:
    """What keeps a data set from being stored."""
    clips = len(found.clips)
    faults = (
        []
        if len({clip_id(clip.path) for clip in found.clips}) == clips
        else [f"{found.name}: two clips have one path"]
    )
    for block in found.blocks:
        expected = {layer.name: (clips, layer.dimension) for layer in block.layers}
        shapes = {name: np.shape(values) for name, values in block.arrays.items()}
        if shapes != expected:
            faults.append(f"{found.name}, {block.label}: layers of {shapes} instead of {expected}")
    return faults


@dataclass(frozen=True)
class _Work:
    """One data set that came as features."""

    chosen: Chosen
    why: str
    listing: Listing
    found: FeatureSet

    @property
    def name(self) -> str:
        return self.found.name

    def refuse_another(self, store: Store, *, yes: bool) -> None:
        """Stop where another data set has this name."""
        before = _named(store, self.name)
        if before is None or before.loader == self.chosen.spec.name or yes:
            return
        hint = "choose another --name, or " if len(self.found.clips) else ""
        raise Refused(f"{self.name} is the data set of {before.root} already: {hint}replace it with --yes")

    def carry_out(self, store: Store, progress: Progress) -> Ingested:
        begun, catalogue = time.monotonic(), store.catalogue
        source = self._source()
        clips = self._records(source)
        before = _named(store, self.name)
        if before is not None and before.loader != self.chosen.spec.name:
            catalogue.remove(self.name)
            before = None
        old = catalogue.clips(self.name) if before else []
        views, remarks, written = [], list(self.found.remarks), 0
        for block in self.found.blocks:
            label, new, bad = self._store_block(store, block, clips, progress)
            views.append(label)
            written += new
            remarks += [Remark("not finite", f"{clip} in {label}") for clip in bad]
        catalogue.replace_clips(self._record(clips), clips, remarks=remarks)
        for view in catalogue.views(self.name):
            if view in {block.label for block in self.found.blocks} - set(views):
                catalogue.remove_view(self.name, view)
        for view in views:
            catalogue.add_view(self.name, view)
        changes = find_changes(before, old, clips, self.listing.root)
        result = self._result(
            clips, remarks, changes, len(self.found.sources), time.monotonic() - begun, tuple(views)
        )
        store.log_run(
            {
                "command": "ingest",
                "dataset": self.name,
                "root": result.root,
                "loader": result.loader,
                "clips": len(clips),
                "used": len(clips),
                "rows": written,
                "seconds": round(result.seconds, 3),
                "versions": versions(),
            }
        )
        return result

    def dry_run(self) -> Ingested:
        clips = self._records("")
        views = tuple(block.label for block in self.found.blocks)
        return replace(self._result(clips, self.found.remarks, Changes(), 0, 0.0, views), dry_run=True)

    def _source(self) -> str:
        """Hash of all files of this data set: where one changes, no row of before is found again."""
        return sha256_text(
            canonical_json([sha256_file(Path(self.listing.root, path)) for path in self.found.sources])
        )

    def _records(self, source: str) -> list[ClipRecord]:
        return [_clip_record(catalogued(clip), source) for clip in self.found.clips]

    def _record(self, clips: Sequence[ClipRecord]) -> DatasetRecord:
        targets = tuple(dict.fromkeys(column for clip in clips for column in clip.targets))
        return DatasetRecord(
            self.name, self.listing.root, self.chosen.spec.name, self._params(), targets, "", ""
        )

    def _params(self) -> dict[str, Any]:
        """The parameters that make just this data set again."""
        params = dict(self.chosen.params)
        return params | {"tasks": (self.name,)} if "tasks" in params and not params["tasks"] else params

    def _store_block(
        self, store: Store, block: FeatureBlock, clips: Sequence[ClipRecord], progress: Progress
    ) -> tuple[str, int, list[str]]:
        """Label of the table, rows written now, and the clips whose features are not finite."""
        identity = {
            "kind": KIND,
            "loader": self.chosen.identity() | {"params": {}},
            "label": block.label,
            "layers": [[layer.name, layer.dimension] for layer in block.layers],
        }
        attributes = {"kind": KIND, "loader": self.chosen.spec.name, "specification": dict(block.about)}
        table = store.features.create(
            sha256_text(canonical_json(identity)), block.label, attributes, block.layers
        )
        layers = {name: single(values) for name, values in block.arrays.items()}
        keys = [clip.key for clip in clips if clip.key is not None]
        written = fill(table, keys, layers, progress=progress)
        bad = np.flatnonzero(~finite_rows(layers))
        return table.label, written, [clips[row].id for row in bad.tolist()]

    def _result(
        self,
        clips: Sequence[ClipRecord],
        remarks: Sequence[Remark],
        changes: Changes,
        read: int,
        seconds: float,
        views: tuple[str, ...],
    ) -> Ingested:
        record = self._record(clips)
        summary = summarise(clips, record.targets, remarks)
        return Ingested(
            self.name,
            self.listing.root,
            self.chosen.spec.name,
            self.why,
            record.params,
            summary,
            changes,
            read,
            seconds,
            views=views,
        )


def _clip_record(clip: Clip, source: str) -> ClipRecord:
    name = clip_id(clip.path)
    return ClipRecord(
        name,
        FileRecord(clip.path, 0, 0, 0),
        feature_clip_key(source, name),
        targets=dict(clip.targets),
        split=clip.split,
        fold=clip.fold,
        group=clip.group,
        fields=dict(clip.fields),
    )


def _named(store: Store, name: str) -> DatasetRecord | None:
    return next((record for record in store.catalogue.datasets() if record.name == name), None)
