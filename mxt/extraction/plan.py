"""What an extraction has to do: the pipeline that was asked for, its recipe, and the clips as tasks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mxt.core.errors import InputError, UsageError
from mxt.core.identity import canonical_json, sha256_text
from mxt.core.pipeline import Pipeline
from mxt.core.progress import Progress
from mxt.core.records import ClipRecord, DatasetRecord
from mxt.core.specs import Layer
from mxt.core.stages import Levels
from mxt.core.views import choose_layers
from mxt.core.weights import ensure, with_options
from mxt.extraction.contract import held_to_contract
from mxt.extraction.loading import is_long
from mxt.extraction.request import ExtractRequest
from mxt.extraction.tasks import Job, Prepared, Recipe, prepare
from mxt.registry import Registry, blame
from mxt.store.features import OPEN, FeatureTable
from mxt.store.layout import Store

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

NO_ROW = -1


@dataclass(frozen=True, slots=True)
class Plan:
    """A data set, the pipeline its features are wanted under, and the table they are in, if there is one yet.

    Parameters
    ----------
    clips : sequence of ClipRecord
        The usable ones in catalogue order.
    contents : mapping
        Audio key to the first clip with that content.
    chosen : tuple of Layer
        Layers of the view.
    """

    registry: Registry
    store: Store
    request: ExtractRequest
    dataset: DatasetRecord
    clips: Sequence[ClipRecord]
    contents: Mapping[bytes, ClipRecord]
    pipeline: Pipeline
    chosen: tuple[Layer, ...]
    table: FeatureTable | None

    def states(self) -> npt.NDArray[np.int64]:
        """State of each of `contents`, `NO_ROW` where it has no row yet."""
        import numpy as np

        found = np.full(len(self.contents), NO_ROW, dtype=np.int64)
        if self.table is not None:
            rows, states, _ = self.table.states_of(list(self.contents))
            found[rows >= 0] = states[rows >= 0]
        return found

    def missing(self) -> list[ClipRecord]:
        """Clips whose content is not settled."""
        return [
            clip for clip, state in zip(self.contents.values(), self.states(), strict=True) if state <= OPEN
        ]

    def prepare(self, device: str, progress: Progress) -> Prepared:
        """Fetch the weights where they are not here yet, and load the network."""
        file, backbone = self.pipeline.weights, self.pipeline.backbone
        with with_options(self.registry.find("backbone", backbone.spec.name).options):
            weights = (
                ensure(file, progress=progress, called=f"{backbone.spec.name}:{file.name}") if file else None
            )
        recipe = recipe_for(self.registry, self.pipeline, weights, device)
        with blame(f"backbone {backbone.spec.name!r} ({backbone.distribution}) cannot be prepared"):
            return held_to_contract(prepare(recipe), backbone, self.pipeline.renderer)

    def earlier(self) -> str:
        """Label of a table that differs in stage versions only; empty where there is none."""
        wanted = _without_versions(self.pipeline.identity())
        for table in self.store.features.tables():
            if (
                table.fingerprint != self.pipeline.fingerprint
                and _without_versions(table.attributes.get("pipeline")) == wanted
            ):
                return table.label
        return ""


def make_plan(store_path: Path, request: ExtractRequest, registry: Registry) -> Plan:
    """Look up what was asked for.

    Raises
    ------
    InputError
        The data set has no usable clip.
    UnknownName
        A data set, stage, parameter, weight set or layer that is not there.
    """
    store = Store.open(store_path)
    dataset = store.catalogue.dataset(request.dataset)
    clips = [clip for clip in store.catalogue.clips(dataset.name) if clip.usable]
    if not clips:
        raise InputError(f"{dataset.name} has no usable clip; mxt info {dataset.name} --failures says why")
    if not any(clip.has_audio for clip in clips):
        raise InputError(
            f"{dataset.name} has no audio: it came as features, nothing can be computed from it; mxt info {dataset.name} lists them"
        )
    pipeline = _pipeline(registry, request, dataset, clips)
    spec = pipeline.backbone.spec
    chosen = choose_layers(request.layers or spec.default_layers, spec.layers, of=spec.name)
    table = store.features.by_fingerprint(pipeline.fingerprint)
    if table is not None and request.label not in (None, table.label):
        raise UsageError(
            f"these features are in the table {table.label} already; leave out --as, or remove it: mxt rm {table.label}"
        )
    if table is None and request.label is not None:
        store.features.check_free(request.label)  # now, not after the weights were fetched
    return Plan(registry, store, request, dataset, clips, contents(clips), pipeline, chosen, table)


def _pipeline(
    registry: Registry, request: ExtractRequest, dataset: DatasetRecord, clips: Sequence[ClipRecord]
) -> Pipeline:
    """The pipeline a request asks for; a batch mode belongs to one ordered data set."""
    pipeline = request.pipeline(registry)
    if not pipeline.backbone.spec.rows_together:
        return pipeline
    order = sha256_text(canonical_json([clip.key.hex() for clip in clips if clip.key]))
    return replace(pipeline, batch_of=order, dataset=dataset.name)


def recipe_for(registry: Registry, pipeline: Pipeline, weights: Path | None, device: str) -> Recipe:
    """The stages of `pipeline`, built."""
    spec = pipeline.backbone.spec
    assert spec.sample_rate is not None
    return Recipe(
        backbone=registry.build(pipeline.backbone),
        normalizer=registry.build(pipeline.normalizer),
        renderer=registry.build(pipeline.renderer) if pipeline.renderer else None,
        resampler=pipeline.resampler,
        sample_rate=spec.sample_rate,
        window=spec.window,
        batch_windows=spec.batch_windows,
        together=bool(spec.rows_together),
        needs=pipeline.normalizer.spec.needs,
        whole_clip=pipeline.normalizer.spec.whole_clip,
        weights=weights,
        device=device,
    )


def contents(clips: Sequence[ClipRecord]) -> dict[bytes, ClipRecord]:
    """Audio key to clip, in catalogue order; of clips with one content, the first."""
    found: dict[bytes, ClipRecord] = {}
    for clip in clips:
        if clip.key is not None:
            found.setdefault(clip.key, clip)
    return found


def job_of(clip: ClipRecord, row: int, dataset: DatasetRecord) -> Job:
    """What a worker must know of a usable clip."""
    file, found = clip.file, clip.file.measurement
    assert found is not None
    whole = clip.start_us is None and clip.end_us is None
    return Job(
        row=row,
        clip_id=clip.id,
        path=str(Path(dataset.root, file.path)),
        sha256=found.sha256,
        stat=(file.size, file.mtime_ns, file.inode),
        start_us=clip.start_us,
        end_us=clip.end_us,
        levels=Levels(found.mono_peak, found.rms) if whole and not found.sampled else None,
        duration=clip.duration,
    )


def make_tasks(
    clips: Sequence[ClipRecord],
    row_of: Mapping[bytes, int],
    wanted: set[int],
    dataset: DatasetRecord,
    pipeline: Pipeline,
) -> Iterator[tuple[Job, ...]]:
    """Groups of clips to compute: a batch each, in row order.

    In a batch mode: consecutive catalogue rows, wherever one of them is wanted.
    """
    spec = pipeline.backbone.spec
    listed = list(clips) if spec.rows_together else list(contents(clips).values())
    jobs = [job_of(clip, row_of[clip.key], dataset) for clip in listed if clip.key is not None]
    if not spec.rows_together:
        jobs = sorted((job for job in jobs if job.row in wanted), key=lambda job: job.row)
        long = [job for job in jobs if is_long(job, spec.window)]
        yield from (
            (job,) for job in long
        )  # decoded while the network runs, each a task of its own; the longest work first
        jobs = [job for job in jobs if not is_long(job, spec.window)]
    size = spec.rows_together or spec.batch_windows
    for first in range(0, len(jobs), size):
        task = tuple(jobs[first : first + size])
        if any(job.row in wanted for job in task):
            yield task


def stratified(clips: Sequence[ClipRecord], number: int) -> list[ClipRecord]:
    """`number` clips taken in turn from every class of the first target, spread over each."""
    classes: dict[str, list[ClipRecord]] = {}
    for clip in clips:
        classes.setdefault(str(next(iter(clip.targets.values()), None)), []).append(clip)
    ranked = [
        (place / len(members), name, clip)
        for name, members in classes.items()
        for place, clip in enumerate(members)
    ]
    ranked.sort(key=lambda item: item[:2])
    return [clip for _, _, clip in ranked[:number]]


def choose_device(asked: str) -> str:
    """``"cpu"`` or ``"cuda"``.

    Raises
    ------
    UsageError
        CUDA is asked for and not there.
    """
    import torch

    if asked not in ("auto", "cpu", "cuda"):
        raise UsageError(f"--device is auto, cpu or cuda, not {asked!r}")
    if asked == "cuda" and not torch.cuda.is_available():
        raise UsageError("no CUDA device is available here; use --device cpu")
    return "cuda" if asked != "cpu" and torch.cuda.is_available() else "cpu"


def _without_versions(identity: Any) -> Any:
    if isinstance(identity, Mapping):
        return {
            key: _without_versions(value)
            for key, value in identity.items()
            if key not in ("version", "decoding")
        }
    return (
        [_without_versions(value) for value in identity] if isinstance(identity, (list, tuple)) else identity
    )
