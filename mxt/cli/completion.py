"""Shell completion: names of stages, and of what is in the store. It never fails and never prints."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from mxt.cli.terminal import visible

if TYPE_CHECKING:
    from mxt.core.records import DatasetRecord
    from mxt.core.specs import Kind
    from mxt.registry import Registry
    from mxt.store.layout import Store


def _offered(
    names: Callable[..., Iterable[str | tuple[str, str]]],
) -> Callable[..., list[str | tuple[str, str]]]:
    """`names` as a shell may offer them: those that can be typed, or none where asking for them fails."""

    @wraps(names)
    def offered(**context: typer.Context) -> list[str | tuple[str, str]]:
        with suppress(Exception, SystemExit):  # the command itself will say what is wrong
            pairs = [(item, "") if isinstance(item, str) else item for item in names(**context)]
            return [(name, visible(help)) if help else name for name, help in pairs if name.isprintable()]
        return []

    return offered


def _registry(ctx: typer.Context) -> Registry:
    from mxt.cli.plugin_files import plugin_files
    from mxt.registry import build_registry

    files = [*(ctx.find_root().params.get("plugin") or ()), *(ctx.params.get("plugin") or ())]
    return build_registry(plugin_files(map(Path, files), os.environ.get("MXT_PLUGIN", "")))


def _store(ctx: typer.Context) -> Store:
    from mxt.store.layout import Store

    path = ctx.params.get("store") or os.environ.get("MXT_STORE") or "mxt-store"
    return Store.open(Path(path), read_only=True)


def devices() -> list[str]:
    """Devices of ``--device``."""
    return ["auto", "cpu", "cuda"]


def candidates() -> list[str]:
    """Kinds of candidates of a search."""
    from mxt.evaluation.candidates import KINDS

    return list(KINDS)


def kinds() -> list[str]:
    """Kinds of stages, in the plural."""
    from mxt.core.specs import KINDS

    return [f"{kind}s" for kind in KINDS]


@_offered
def stages(ctx: typer.Context) -> list[tuple[str, str]]:
    """Names of the stages of the kind typed before, with their summaries."""
    from mxt.registry import kind_named

    return _stages_of(ctx, kind_named(str(ctx.params.get("kind"))))


def _stages_of(ctx: typer.Context, kind: Kind) -> list[tuple[str, str]]:
    return [
        (entry.spec.name, entry.spec.summary) for entry in _registry(ctx).stages if entry.spec.kind == kind
    ]


@_offered
def loaders(ctx: typer.Context) -> list[tuple[str, str]]:
    """Names of data set loaders with their summaries."""
    return _stages_of(ctx, "dataset")


@_offered
def normalizers(ctx: typer.Context) -> list[tuple[str, str]]:
    """Names of normalizers with their summaries."""
    return _stages_of(ctx, "normalizer")


@_offered
def renderers(ctx: typer.Context) -> list[tuple[str, str]]:
    """Names of renderers with their summaries."""
    return _stages_of(ctx, "renderer")


@_offered
def backbones(ctx: typer.Context) -> list[tuple[str, str]]:
    """Names of backbones with their summaries."""
    return _stages_of(ctx, "backbone")


@_offered
def heads(ctx: typer.Context) -> list[tuple[str, str]]:
    """Names of heads with their summaries."""
    return _stages_of(ctx, "head")


@_offered
def protocols(ctx: typer.Context) -> list[tuple[str, str]]:
    """Names of protocols with their summaries."""
    return _stages_of(ctx, "protocol")


@_offered
def weight_sets(ctx: typer.Context) -> list[str]:
    """Weight sets as ``stage:set``, or the names of those of the backbone typed before."""
    registry, backbone = _registry(ctx), ctx.params.get("backbone")
    if backbone:
        return [file.name for file in registry.find("backbone", str(backbone)).spec.weights]
    return [f"{entry.spec.name}:{file.name}" for entry in registry.stages for file in entry.spec.weights]


@_offered
def plugins(ctx: typer.Context) -> list[str]:
    """Names of packages and of the stages they bring."""
    stages = _registry(ctx).stages
    return sorted({entry.distribution for entry in stages} | {entry.spec.name for entry in stages})


@_offered
def layers(ctx: typer.Context) -> list[str]:
    """Layers of the backbone typed before."""
    spec = _registry(ctx).find("backbone", str(ctx.params.get("backbone"))).spec
    return ["all", *(layer.name for layer in spec.layers)]


@_offered
def datasets(ctx: typer.Context) -> list[str]:
    """Names of the data sets in the store."""
    return _datasets(ctx)


@_offered
def views(ctx: typer.Context) -> list[str]:
    """Labels of the feature tables, and each of their layers."""
    tables = _store(ctx).features.tables()
    of_layers = [f"{table.label}:{layer.name}" for table in tables for layer in table.layers]
    return sorted([*(table.label for table in tables), *of_layers])


@_offered
def views_and_results(ctx: typer.Context) -> list[str | tuple[str, str]]:
    """What can be exported."""
    return [*views(ctx=ctx), *results(ctx=ctx)]


@_offered
def tables(ctx: typer.Context) -> list[str]:
    """Labels of the feature tables in the store."""
    return _tables(ctx)


@_offered
def names(ctx: typer.Context) -> list[str]:
    """Data sets, feature tables and results."""
    return [*_datasets(ctx), *_tables(ctx), *_store(ctx).results.list()]


@_offered
def results(ctx: typer.Context) -> list[str]:
    """Results, the newest first."""
    return _store(ctx).results.list()[::-1]


@_offered
def targets(ctx: typer.Context) -> list[str]:
    """Targets of the data set typed before (default: the one last ingested)."""
    return list(_dataset(ctx).targets)


@_offered
def groupings(ctx: typer.Context) -> list[str]:
    """What ``--group-by`` knows of the data set typed before: folder, file, none, and its columns."""
    catalogue, record = _store(ctx).catalogue, _dataset(ctx)
    return ["folder", "file", "none", *catalogue.column_names(record.name)]


def _datasets(ctx: typer.Context) -> list[str]:
    return [record.name for record in _store(ctx).catalogue.datasets()]


def _tables(ctx: typer.Context) -> list[str]:
    return sorted(table.label for table in _store(ctx).features.tables())


def _dataset(ctx: typer.Context) -> DatasetRecord:
    typed = ctx.params.get("dataset")
    name = typed[-1] if isinstance(typed, (list, tuple)) and typed else typed or None
    return _store(ctx).catalogue.dataset(str(name) if name else None)
