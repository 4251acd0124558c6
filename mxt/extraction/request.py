"""What is asked of ``mxt extract``, the command that asks for it, and the request that made a saved table."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mxt.core.commands import typed
from mxt.core.engines import AUTO, THREADS
from mxt.core.errors import InputError, MxtError, UsageError
from mxt.core.params import setting
from mxt.core.pipeline import Pipeline
from mxt.core.specs import Kind
from mxt.registry import (
    PipelineRequest,
    Registry,
    given_params,
    make_pipeline,
    plugin_files,
    split_settings,
    stages_taking_part,
)
from mxt.registry.choices import OWN_FILE

if TYPE_CHECKING:
    from mxt.store.features import FeatureTable

CONTENT = "sha256:"
# Of each kind, the name and parameters of the stage as a table stores them.
Stages = Mapping[Kind, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class ExtractRequest:
    """What is asked of an extraction, as plain values: the options of ``mxt extract``.

    Parameters
    ----------
    backbone, normalizer, resampler : str
        Their names.
    layers : str, optional
        Of the view; by default those the backbone names.
    settings : tuple of str
        Parameters of stages, ``NAME=VALUE`` or ``STAGE.NAME=VALUE``.
    weights : str, optional
        Weight set; by default the first one.
    weights_file : Path, optional
        A file of the user's own.
    model : str, optional
        The network of a backbone that takes one: a file, a folder, or a name. ``sha256:`` and a hash where a
        table was made with a file that the store knows by its content only.
    label : str, optional
        Of the table (``--as``); by default it is made from the pipeline.
    dataset : str, optional
        By default the one last ingested.
    device : str
        ``"auto"``, ``"cpu"`` or ``"cuda"``.
    jobs : int, optional
        Number of workers; by default one per core.
    engine : str
        What the workers are, as in `EngineChoice`.
    scheduler : str, optional
        Address of the scheduler of that cluster; by default, a cluster is started on this machine.
    part : str, optional
        ``K/N``: only the K-th of N shares of the clips, into a table of its own. Without it, the tables of
        shares are joined first.
    limit : int, optional
        Clips of a trial.
    dry_run, retry_failed : bool
        Whether to stop before any work, and whether to compute clips again that failed.
    plugins : tuple of Path
        Plugins that were named to make the registry: workers in other processes load them as well.
    weights_sha256 : str
        Hash of the weights that are needed, where a table was made with a file of the user's own: the store
        knows what was in it, not where it lies.

    Examples
    --------
    >>> ExtractRequest("convnet", layers="135", label="mine").command()
    'mxt extract --backbone convnet --layers 135 --as mine'
    """

    backbone: str
    layers: str | None = None
    settings: tuple[str, ...] = ()
    normalizer: str = "none"
    resampler: str = "soxr"
    weights: str | None = None
    weights_file: Path | None = None
    model: str | None = None
    label: str | None = None
    dataset: str | None = None
    device: str = "auto"
    jobs: int | None = None
    engine: str = THREADS.name
    scheduler: str | None = None
    part: str | None = None
    limit: int | None = None
    dry_run: bool = False
    retry_failed: bool = False
    plugins: tuple[Path, ...] = ()
    weights_sha256: str = ""

    def command(self) -> str:
        """The command line that makes this request."""
        needed = f"sha256:{self.weights_sha256}" if self.weights_sha256 else None
        return typed(
            "extract",
            options=[
                ("--dataset", self.dataset),
                ("--backbone", self.backbone),
                ("--model", self.model),
                ("--layers", self.layers),
                ("--weights", self.weights),
                ("--weights-file", self.weights_file or needed),
                ("--normalizer", None if self.normalizer == "none" else self.normalizer),
                *(("--set", setting) for setting in self.settings),
                *(("--plugin", file) for file in self.plugins),
                ("--resampler", None if self.resampler == "soxr" else self.resampler),
                ("--as", self.label),
                ("--device", None if self.device == "auto" else self.device),
                ("--jobs", self.jobs),
                ("--engine", None if self.scheduler or self.engine in (AUTO, THREADS.name) else self.engine),
                ("--scheduler", self.scheduler),
                ("--part", self.part),
                ("--limit", self.limit),
                ("--dry-run", self.dry_run),
                ("--retry-failed", self.retry_failed),
            ],
        )

    @classmethod
    def from_table(
        cls, table: FeatureTable, registry: Registry, *, dataset: str | None = None
    ) -> ExtractRequest:
        """The request that computes a feature table again.

        Parameters
        ----------
        table : FeatureTable
            One that mxt computed.
        registry : Registry
            Where the defaults of its stages are found; of a stage that is not installed, every parameter is
            given.
        dataset : str, optional
            The data set to compute it for.

        Raises
        ------
        InputError
            The table was imported, or came with a data set: nothing computes it.
        """
        return cls.from_pipeline(table.attributes.get("pipeline"), table.label, registry, dataset=dataset)

    @classmethod
    def from_pipeline(
        cls, pipeline: Any, label: str, registry: Registry, *, dataset: str | None = None
    ) -> ExtractRequest:
        """The request of the pipeline with this identity, for the table called `label`; see `from_table`."""
        if not isinstance(pipeline, Mapping) or not isinstance(pipeline.get("backbone"), Mapping):
            raise InputError(f"{label} was not computed by mxt, so there is no command that computes it")
        stages: dict[Kind, Mapping[str, Any]] = {
            "backbone": pipeline["backbone"],
            "renderer": pipeline.get("renderer") or {},
            "normalizer": pipeline.get("normalizer") or {"name": "none", "params": {}},
        }
        stages = {kind: _with_added(registry, kind, stage) for kind, stage in stages.items()}
        names = [(kind, stage["name"]) for kind, stage in stages.items() if stage]
        backbone, weights = stages["backbone"], pipeline.get("weights") or {}
        weight_set, needed = _weights(registry, backbone["name"], weights)
        request = cls(
            backbone=backbone["name"],
            settings=_settings(registry, stages, weight_set),
            normalizer=stages["normalizer"]["name"],
            resampler=pipeline.get("resampler", "soxr"),
            weights=weight_set,
            model=_model(backbone),
            dataset=dataset,
            plugins=plugin_files(registry, *names),
            weights_sha256=needed,
        )
        default = request._is_default_label(label, registry, weights)
        return request if default else replace(request, label=label)

    def pipeline(self, registry: Registry) -> Pipeline:
        """The pipeline that is asked for; in a batch mode, without the data set that it belongs to.

        Raises
        ------
        UsageError
            A stage, parameter or weight set that does not exist or does not fit.
        InputError
            The weights file does not exist, or one is needed and none is given.
        """
        if self.weights_sha256 and self.weights_file is None:
            raise InputError(f"--weights-file is needed: weights with the sha256 {self.weights_sha256}")
        if self.model and self.model.startswith(CONTENT):
            raise InputError(f"--model is needed: the network whose file has the {self.model}")
        return self._pipeline(registry)

    def _pipeline(self, registry: Registry) -> Pipeline:
        given = (*self.settings, *self._model_setting(registry))
        stages = stages_taking_part(
            registry,
            backbone=self.backbone,
            normalizer=self.normalizer,
            settings=given,
            weights=self.weights,
        )
        settings = split_settings(given, stages)
        chosen = PipelineRequest(
            backbone=self.backbone,
            params=settings[self.backbone],
            normalizer=self.normalizer,
            normalizer_params=settings[self.normalizer],
            renderer_params=settings[stages[2].name] if len(stages) > 2 else {},
            resampler=self.resampler,
            weights=self.weights,
            weights_file=self.weights_file,
        )
        return make_pipeline(registry, chosen)

    def _model_setting(self, registry: Registry) -> tuple[str, ...]:
        """What ``--model`` says, as the setting of the backbone; a file or folder by its full path."""
        if self.model is None:
            return ()
        name = registry.find("backbone", self.backbone).spec.model_param
        if not name:
            raise UsageError(f"backbone {self.backbone} brings its network, so --model does not apply")
        full = os.path.abspath(self.model) if os.path.exists(self.model) else self.model
        return (f"{self.backbone}.{name}={full}",)

    def _is_default_label(self, label: str, registry: Registry, weights: Mapping[str, Any]) -> bool:
        """Whether a table of this request is called `label` without ``--as``."""
        try:
            pipeline = self._pipeline(registry)
        except MxtError:  # a stage is not installed, or is not what it was: as far as can be known
            return label.startswith(self.backbone)
        if self.weights_sha256:
            pipeline = replace(pipeline, weights_name=weights["name"])
        if pipeline.backbone.spec.rows_together:  # the name of the data set follows
            return label.startswith(pipeline.label)
        return label == pipeline.label


def _model(backbone: Mapping[str, Any]) -> str | None:
    """What ``--model`` has to name, as far as a table knows: the content of the first of its files."""
    return next((f"{CONTENT}{sha256}" for sha256 in backbone.get("files", {}).values()), None)


def _with_added(registry: Registry, kind: Kind, stage: Mapping[str, Any]) -> Mapping[str, Any]:
    """A stage as a table stores it, and the parameters that are not stored: added later, changing nothing."""
    try:
        params = registry.find(kind, stage["name"]).spec.params if stage else ()
    except MxtError:  # not installed
        return stage
    added = {param.name: param.earlier for param in params if param.added}
    return {**stage, "params": {**added, **stage["params"]}} if added else stage


def _settings(registry: Registry, stages: Stages, weights: str | None) -> tuple[str, ...]:
    """What ``--set`` has to give, with the name of the stage where several have the parameter."""
    backbone = stages["backbone"]
    try:
        brought = registry.choose("backbone", backbone["name"], backbone["params"], weights).spec.input.params
    except MxtError:  # what the backbone gives its renderer is not known, so neither is what was changed
        stages, brought = {**stages, "renderer": {}}, {}
    parameters = [name for stage in stages.values() for name in stage.get("params", ())]
    settings = []
    for kind, stage in stages.items():
        if not stage:
            continue
        defaults = brought if kind == "renderer" else None
        for name, value in given_params(registry, kind, stage["name"], stage["params"], defaults).items():
            own = kind != "renderer" and parameters.count(name) == 1
            settings.append(setting(name if own else f"{stage['name']}.{name}", value))
    return tuple(settings)


def _weights(registry: Registry, backbone: str, weights: Mapping[str, Any]) -> tuple[str | None, str]:
    """The name of the weight set, ``None`` for the default one, and the hash of a file of the user's own."""
    if not weights:
        return None, ""
    try:
        sets = registry.find("backbone", backbone).spec.weights
    except MxtError:
        sets = ()
    for number, known in enumerate(sets):
        if (known.name, known.digest) == (weights["name"], weights["sha256"]):
            return known.name if number else None, ""
    own_files = (known.name for known in sets if weights["name"] == f"{known.name}-{OWN_FILE}")
    return next(own_files, None), weights["sha256"]
