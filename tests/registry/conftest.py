"""Distributions as pip would leave them, made in a temporary folder."""

from __future__ import annotations

import itertools
import json
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

_numbers = itertools.count()

HEAD = "from dataclasses import dataclass\nfrom mxt.plugin import *\n"


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """A function that installs a distribution of one module; returns the module's path.

    The module is called like the distribution, with a number behind it, so that no test meets another's.
    """
    site = tmp_path / "site"
    site.mkdir()
    monkeypatch.syspath_prepend(str(site))

    def make(
        name: str, source: str, *, editable: bool = False, record: bool = True, attribute: str = ""
    ) -> Path:
        module = f"{name.replace('-', '_')}_{next(_numbers)}"
        path = site / f"{module}.py"
        path.write_text(HEAD + textwrap.dedent(source).replace("MODULE", module), encoding="utf-8")
        info = site / f"{module}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[mxt]\n{name} = {module}{attribute}\n")
        if record:
            (info / "RECORD").write_text(f"{module}.py,,\n")
        if editable:
            (info / "direct_url.json").write_text(
                json.dumps({"url": "file:///somewhere", "dir_info": {"editable": True}})
            )
        monkeypatch.delitem(sys.modules, module, raising=False)
        return path

    return make


BACKBONE = """
def specs(name="tiny", **changes):
    return [StageSpec(**(dict(
        kind="backbone", name=name, summary="a backbone", target="MODULE:Tiny", sample_rate=16000,
        layers=(Layer(1, "only", 2),), params=(Param("gain", "float", 1.0, "factor"),)) | changes))]

@dataclass(frozen=True)
class Tiny:
    gain: float = 1.0

@hookimpl
def mxt_stages():
    return specs()
"""


@pytest.fixture
def backbone_source() -> str:
    """The source of a plugin that brings one backbone, `tiny`."""
    return BACKBONE
