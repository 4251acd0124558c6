"""What an extraction has to do: the pipeline that was asked for, and the clips that it is wanted for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mxt.core.errors import InputError, UnknownName, UsageError
from mxt.core.identity import canonical_json, sha256_text
from mxt.core.pipeline import Pipeline
from mxt.core.progress import Progress
from mxt.core.records import ClipRecord, DatasetRecord
from mxt.core.specs import Layer
from mxt.core.views import Part, choose_layers, layers_text
from mxt.extraction.contents import UsableClips, by_content
from mxt.extraction.parts import KIND as PART
from mxt.extraction.parts import Share
from mxt.extraction.recipe import Recipe, make_recipe
from mxt.extraction.request import ExtractRequest
from mxt.registry import Registry
from mxt.store.features import FAILED, OPEN, FeatureTable
from mxt.store.layout import Store

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

NO_ROW = -1


@dataclass(frozen=True, slots=True)
class ExtractionPlan:
    """A data set, the pipeline its features are wanted under, and the table they are in, if there is one yet.

    Parameters
    ----------
    clips : sequence of ClipRecord
        The usable ones in catalogue order.
    contents : mapping
        Audio key to the first clip with that content.
    chosen : tuple of Layer
        Layers of the view.
    table : FeatureTable, optional
        The table that the features go to: that of the share where one was asked for.
    share : Share, optional
        Of the clips; `clips` and `contents` are those of the share that the whole table does not have yet.
    parts : tuple of FeatureTable
        Tables of shares that are to be joined into it: what they hold counts as there.
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
    share: Share | None = None
    parts: tuple[FeatureTable, ...] = ()

    def states(self) -> npt.NDArray[np.int64]:
        """State of each of `contents`, `NO_ROW` where it has no row yet."""
        import numpy as np

        all_states, contents = np.full(len(self.contents), NO_ROW, dtype=np.int64), list(self.contents)
        for table in filter(None, (self.table, *self.parts)):
            rows, states, _ = table.states_of(contents)
            known = (rows >= 0) & (all_states <= OPEN)
            all_states[known] = states[known]
        return all_states

    def anything_to_do(self, states: npt.NDArray[np.int64]) -> bool:
        """Whether a row is not settled; where all are, no lock is needed and torch is not imported."""
        retry = self.request.retry_failed and bool((states == FAILED).any())
        return bool((states == OPEN).any() or (states == NO_ROW).any() or retry)

    @property
    def label(self) -> str:
        """Label of the table; of one that is to be made, the one asked for or made from the pipeline."""
        if self.table is not None:
            return self.table.label
        if self.share is not None:
            return self.share.label(self.request.label or self.pipeline.label)
        return self.request.label or self.store.features.free_label(self.pipeline.label)

    @property
    def fingerprint(self) -> str:
        """Fingerprint of the table."""
        whole = self.pipeline.fingerprint
        return whole if self.share is None else self.share.fingerprint(whole)

    @property
    def view(self) -> str:
        """The view that was asked for."""
        return str(Part(self.label, layers_text(self.chosen, self.pipeline.backbone.spec.layers)))

    def missing(self) -> list[ClipRecord]:
        """Clips whose content is not settled."""
        return [
            clip for clip, state in zip(self.contents.values(), self.states(), strict=True) if state <= OPEN
        ]

    def recipe(self, device: str, progress: Progress) -> Recipe:
        """The recipe of the pipeline, with its weights; the errors are those of `make_recipe`."""
        return make_recipe(self.pipeline, device, self.registry, progress, plugins=self.request.plugins)

    def create_table(self) -> FeatureTable:
        """The table of the pipeline, empty."""
        fetched = self.request.pipeline(self.registry)  # with labels that lie in weights fetched since
        kind = (
            {"kind": "extracted"} if self.share is None else self.share.attributes(self.pipeline.fingerprint)
        )
        return self.store.features.create(
            self.fingerprint,
            self.label,
            {
                **kind,
                "pipeline": self.pipeline.identity(),
                "specification": _specification(fetched),
            },
            self.pipeline.backbone.spec.layers,
            rows=len(self.contents),
            exact_label=self.request.label is not None,
        )

    def earlier(self) -> str:
        """Label of a table that differs in stage versions only; empty where there is none."""
        wanted = _without_versions(self.pipeline.identity())
        for table in self.store.features.tables():
            if (
                table.fingerprint != self.pipeline.fingerprint
                and table.attributes.get("kind") != PART
                and _without_versions(table.attributes.get("pipeline")) == wanted
            ):
                return table.label
        return ""

    def namesake(self) -> ExtractRequest | None:
        """The request of the table that has the usual label of this pipeline, where it is another one."""
        usual = self.pipeline.label
        if self.request.label or not self.label.startswith(f"{usual}."):
            return None
        try:
            return ExtractRequest.from_table(self.store.features.find(usual), self.registry)
        except (UnknownName, InputError):  # it was removed since, or imported
            return None


def make_plan(store_path: Path, request: ExtractRequest, registry: Registry) -> ExtractionPlan:
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
    figures = store.catalogue.figures(dataset.name)
    if not figures.used:
        raise InputError(f"{dataset.name} has no usable clip; mxt info {dataset.name} --failures says why")
    if not figures.audio:
        raise InputError(
            f"{dataset.name} came as features, without audio: nothing can be computed from it; "
            f"mxt info {dataset.name} lists the features"
        )
    return plan_for(store, request, registry, dataset, UsableClips(store.catalogue, dataset.name))


def plan_for(
    store: Store,
    request: ExtractRequest,
    registry: Registry,
    dataset: DatasetRecord,
    clips: Sequence[ClipRecord],
) -> ExtractionPlan:
    """What a request asks for, for these clips, whether they are catalogued or not.

    Raises
    ------
    UsageError, StoreError
        A stage, parameter, weight set, layer or label that is not there or does not fit.
    """
    pipeline = _pipeline(registry, request, dataset, clips)
    spec = pipeline.backbone.spec
    chosen = choose_layers(request.layers or spec.default_layers, spec.layers, of=spec.name)
    table = store.features.by_fingerprint(pipeline.fingerprint)
    if table is not None and request.label not in (None, table.label):
        raise UsageError(
            f"these features are already in the table {table.label}; "
            f"leave out --as, or remove that table: mxt rm {table.label}"
        )
    if table is None and request.label is not None:
        store.features.check_free(request.label)  # now, not after the weights were fetched
    plan = ExtractionPlan(
        registry, store, request, dataset, clips, by_content(clips), pipeline, chosen, table
    )
    return plan if request.part is None else _of_share(plan, Share.parsed(request.part))


def _of_share(plan: ExtractionPlan, share: Share) -> ExtractionPlan:
    """The plan of one of several shares of its clips."""
    if plan.pipeline.backbone.spec.rows_together:
        raise UsageError("--part is for features that depend on one clip alone; leave it out")
    states = zip(plan.contents.items(), plan.states(), strict=True)
    contents = dict(item for item, state in share.taken(states) if state <= OPEN)
    table = plan.store.features.by_fingerprint(share.fingerprint(plan.pipeline.fingerprint))
    clips = [clip for clip in plan.clips if clip.key in contents]
    return replace(plan, clips=clips, contents=contents, table=table, share=share)


def _pipeline(
    registry: Registry, request: ExtractRequest, dataset: DatasetRecord, clips: Sequence[ClipRecord]
) -> Pipeline:
    """The pipeline a request asks for; a batch mode belongs to one ordered data set."""
    pipeline = request.pipeline(registry)
    if not pipeline.backbone.spec.rows_together:
        return pipeline
    order = sha256_text(canonical_json([clip.key.hex() for clip in clips if clip.key]))
    return replace(pipeline, batch_of=order, dataset=dataset.name)


def _specification(pipeline: Pipeline) -> dict[str, Any]:
    """What a reader of the store should know of the pipeline beyond what identifies it."""
    spec, weights = pipeline.backbone.spec, pipeline.weights
    public = None
    if weights is not None:  # where a file of the user's own lies is nobody else's business
        own = {"source": ""} if weights.source.startswith("file:") else {}
        public = {name: value for name, value in (asdict(weights) | own).items() if name != "parts"}
        if weights.parts:
            public["sha256"] = weights.digest
    return {
        "summary": spec.summary,
        "citation": spec.citation,
        "licence": spec.licence,
        "weights": public,
        "layers": [asdict(layer) for layer in spec.layers],
    }


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
    """The identity of a pipeline but for the versions of its stages and of decoding."""
    if isinstance(identity, Mapping):
        kept = {key: value for key, value in identity.items() if key not in ("version", "decoding")}
        return {key: _without_versions(value) for key, value in kept.items()}
    return (
        [_without_versions(value) for value in identity] if isinstance(identity, (list, tuple)) else identity
    )
