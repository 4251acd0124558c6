"""What the shell completes: names of stages, data sets, feature tables and layers. Never fails, never prints."""

from __future__ import annotations

import os
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from mxt.core.specs import Kind
    from mxt.registry import Registry
    from mxt.store.layout import Store


# a completion that cannot be computed completes nothing: the command itself will say why
_quietly = partial(suppress, Exception)


def _registry(ctx: typer.Context) -> Registry:
    from mxt.cli.plugin_files import plugin_files
    from mxt.registry import build_registry

    given = [*(ctx.find_root().params.get("plugin") or ()), *(ctx.params.get("plugin") or ())]
    return build_registry(plugin_files([Path(file) for file in given], os.environ.get("MXT_PLUGIN", "")))


def _store(ctx: typer.Context) -> Store:
    from mxt.store.layout import Store

    return Store.open(Path(ctx.params.get("store") or os.environ.get("MXT_STORE") or "mxt-store"), read_only=True)


def devices() -> list[str]:
    """Devices of ``--device``."""
    return ["auto", "cpu", "cuda"]


def kinds() -> list[str]:
    """Kinds of stages, in the plural."""
    from mxt.core.specs import KINDS

    return [f"{kind}s" for kind in KINDS]


def stages(ctx: typer.Context) -> list[tuple[str, str]]:
    """Names of the stages of the kind typed before, with their summaries."""
    with _quietly():
        from mxt.registry import kind_named

        return _stages_of(ctx, kind_named(str(ctx.params.get("kind"))))
    return []


def _stages_of(ctx: typer.Context, kind: Kind) -> list[tuple[str, str]]:
    with _quietly():
        return [(entry.spec.name, entry.spec.summary) for entry in _registry(ctx).stages if entry.spec.kind == kind]
    return []


def loaders(ctx: typer.Context) -> list[tuple[str, str]]:
    """Names of data set loaders with their summaries."""
    return _stages_of(ctx, "dataset")


def normalizers(ctx: typer.Context) -> list[tuple[str, str]]:
    """Names of normalizers with their summaries."""
    return _stages_of(ctx, "normalizer")


def renderers(ctx: typer.Context) -> list[tuple[str, str]]:
    """Names of renderers with their summaries."""
    return _stages_of(ctx, "renderer")


def backbones(ctx: typer.Context) -> list[tuple[str, str]]:
    """Names of backbones with their summaries."""
    return _stages_of(ctx, "backbone")


def heads(ctx: typer.Context) -> list[tuple[str, str]]:
    """Names of heads with their summaries."""
    return _stages_of(ctx, "head")


def protocols(ctx: typer.Context) -> list[tuple[str, str]]:
    """Names of protocols with their summaries."""
    return _stages_of(ctx, "protocol")


def weight_sets(ctx: typer.Context) -> list[str]:
    """Weight sets, as ``stage:set``; of the backbone typed before, just the sets."""
    with _quietly():
        registry, backbone = _registry(ctx), ctx.params.get("backbone")
        if backbone:
            return [file.name for file in registry.find("backbone", str(backbone)).spec.weights]
        return [f"{entry.spec.name}:{file.name}" for entry in registry.stages for file in entry.spec.weights]
    return []


def plugins(ctx: typer.Context) -> list[str]:
    """Distributions, and the stages they bring."""
    with _quietly():
        stages = _registry(ctx).stages
        return sorted({entry.distribution for entry in stages} | {entry.spec.name for entry in stages})
    return []


def layers(ctx: typer.Context) -> list[str]:
    """Layers of the backbone typed before."""
    with _quietly():
        spec = _registry(ctx).find("backbone", str(ctx.params.get("backbone"))).spec
        return ["all", *(layer.name for layer in spec.layers)]
    return []


def datasets(ctx: typer.Context) -> list[str]:
    """Names of the data sets in the store."""
    with _quietly():
        return [record.name for record in _store(ctx).catalogue.datasets()]
    return []


def tables(ctx: typer.Context) -> list[str]:
    """Labels of the feature tables in the store."""
    with _quietly():
        return sorted(table.label for table in _store(ctx).features.tables())
    return []


def views(ctx: typer.Context) -> list[str]:
    """Labels of the feature tables, and each of their layers."""
    with _quietly():
        tables = _store(ctx).features.tables()
        return sorted([*(table.label for table in tables), *(f"{table.label}:{layer.name}" for table in tables for layer in table.layers)])
    return []


def names(ctx: typer.Context) -> list[str]:
    """Data sets and feature tables."""
    return [*datasets(ctx), *tables(ctx)]
