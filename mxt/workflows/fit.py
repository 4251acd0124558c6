"""`mxt fit`: a head learnt from all clips of a data set, kept as a bundle to carry away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mxt.core.commands import typed
from mxt.core.cores import cores
from mxt.core.errors import InputError, Refused, UsageError, listed
from mxt.core.progress import SILENT, Progress
from mxt.core.records import Task
from mxt.evaluation.crossval import cross_validate
from mxt.evaluation.left_out import LeftOut
from mxt.models.bundle import SUFFIX, is_bundle, write_bundle
from mxt.models.fit import fit_model
from mxt.models.model import Model, Part
from mxt.registry import Registry
from mxt.results.records import DatasetResult
from mxt.results.request import EvaluateRequest
from mxt.results.saving import saved_evaluations
from mxt.results.study import Catalogued, Study, begin, open_store
from mxt.results.views import load_view, resolve_view
from mxt.store.layout import Store

if TYPE_CHECKING:
    from mxt.core.specs import Layer
    from mxt.store.features import FeatureTable

PROTOCOL = "nested"


@dataclass(frozen=True, slots=True)
class FitRequest:
    """What is asked of `fit`; each field is an option of ``mxt fit``.

    Parameters
    ----------
    out : Path
        The bundle to write.
    yes : bool
        Replace a file of this name.

    Examples
    --------
    >>> FitRequest(Path("genres.mxt"), features="convnet:135").command()
    'mxt fit --features convnet:135 --out genres.mxt'
    """

    out: Path
    dataset: str | None = None
    features: str | None = None
    target: str | None = None
    task: Task | None = None
    group_by: str | None = None
    folds: Path | None = None
    head: str | None = None
    settings: tuple[str, ...] = ()
    seed: int = 0
    yes: bool = False

    def command(self) -> str:
        """The command that asks the same."""
        return typed(
            "fit",
            options=[
                ("--dataset", self.dataset),
                ("--features", self.features),
                ("--target", self.target),
                ("--task", self.task),
                ("--group-by", self.group_by),
                ("--folds", self.folds),
                ("--head", self.head),
                *(("--set", setting) for setting in self.settings),
                ("--seed", self.seed or None),
                ("--out", self.out),
            ],
        )

    def evaluation(self, dataset: str, view: str) -> EvaluateRequest:
        """The nested evaluation that says what to expect of the model."""
        return EvaluateRequest(
            datasets=(dataset,),
            features=(view,),
            target=self.target,
            task=self.task,
            group_by=self.group_by,
            folds=self.folds,
            head=self.head,
            settings=self.settings,
            seed=self.seed,
        )


@dataclass(frozen=True, slots=True)
class Fitted:
    """A model that was fitted and written.

    Parameters
    ----------
    path : str
        The bundle.
    nbytes : int
        Its size.
    model : Model
    chosen : {"", "only", "best"}
        How the view was chosen, where none was asked for: it is the only one, or the best of those evaluated.
    left_out : tuple of LeftOut
        Clips and classes that took no part.
    """

    path: str
    nbytes: int
    model: Model
    chosen: str
    left_out: tuple[LeftOut, ...]


def fit(
    store_path: Path,
    request: FitRequest,
    registry: Registry,
    *,
    jobs: int | None = None,
    progress: Progress = SILENT,
) -> Fitted:
    """Fit a head to all labelled clips of a data set, and write it as a bundle.

    Parameters
    ----------
    store_path : Path
        The store's folder.
    request : FitRequest
        What is wanted.
    registry : Registry
        Where heads are found.
    jobs : int, optional
        Folds computed at a time (default: one per core). Results do not depend on it.
    progress : Progress
        Told fit by fit.

    Raises
    ------
    EvaluationError, InputError, UsageError
        Nothing can be learnt, or features cannot be computed for new recordings; the message says what to do.
    Refused
        There is a file of this name.
    """
    _check_out(request)
    store = open_store(store_path)
    dataset = Catalogued.read(store, request.dataset)
    name = dataset.record.name
    view, chosen = (request.features, "") if request.features else _chosen(store, name, request.target)
    parts = [_part(table, layers) for table, layers in resolve_view(store, view)]
    matrix = load_view(store, name, view, clips=dataset.clips)
    study = begin(store, registry, request.evaluation(name, matrix.view), dataset, [matrix], PROTOCOL)
    model = _fitted(study, parts, request, jobs or cores(), progress)
    return Fitted(str(request.out), write_bundle(request.out, model), model, chosen, study.left_out)


def _fitted(study: Study, parts: Sequence[Part], request: FitRequest, jobs: int, progress: Progress) -> Model:
    prepared, matrix = study.prepared, study.matrices[0]
    X = prepared.rows(matrix)
    with study.scratch(prepared.key(X)) as scratch:
        predicted = cross_validate(
            prepared.learner(X.shape[1]),
            X,
            study.selection.sample.targets.y,
            study.selection.plan,
            jobs=jobs,
            nested=True,
            scratch=scratch,
            progress=progress,
            what=f"expect {matrix.view}",
        )
        model = fit_model(study, matrix, predicted, parts, command=request.command(), progress=progress)
        scratch.clear()
    return model


def _check_out(request: FitRequest) -> None:
    """Refuse what could not be written, before the work."""
    if not is_bundle(request.out):
        raise UsageError(f"--out {request.out}: the name of a bundle ends in {SUFFIX}")
    if request.out.exists() and not request.yes:
        raise Refused(f"{request.out} already exists; add --yes to replace it")
    if not request.out.absolute().parent.is_dir():
        raise InputError(f"--out {request.out}: there is no folder {request.out.absolute().parent}")


def _chosen(store: Store, dataset: str, target: str | None) -> tuple[str, str]:
    """The only view of a data set, or the best of those evaluated; and which of the two it is."""
    views = store.catalogue.views(dataset)
    if len(views) == 1:
        return views[0], "only"
    if not views:
        raise InputError(f"no features of {dataset} yet; mxt extract --dataset {dataset} lists the backbones")
    newest: dict[str, DatasetResult] = {}
    for result in saved_evaluations(store, []):
        usual = result.dataset == dataset and result.protocol == PROTOCOL and target in (None, result.target)
        if usual and result.view in views:
            newest.setdefault(result.view, result)
    if not newest:
        raise UsageError(
            f"{dataset} has several views: {listed(views)}; name one with --features, or run mxt eval first: "
            "then the best of those evaluated is fitted"
        )
    return max(newest, key=lambda view: newest[view].first.interval.value), "best"


def _part(table: FeatureTable, layers: Sequence[Layer]) -> Part:
    """What a bundle says of a feature table; the table can be computed for other recordings, too."""
    pipeline = table.attributes.get("pipeline")
    if table.attributes.get("kind") != "extracted" or not isinstance(pipeline, dict):
        raise InputError(
            f"the features of {table.label} were not computed by mxt, so they cannot be computed for new "
            "recordings: fit a view of a backbone (mxt extract)"
        )
    if pipeline.get("rows_together"):
        raise InputError(
            f"the features of {table.label} depend on the clips computed together with them (a paper's batch "
            "mode), so that new recordings have none: extract them without it"
        )
    dimensions = tuple((layer.name, layer.dimension) for layer in layers)
    return Part(table.label, dimensions, pipeline, table.fingerprint)
