from __future__ import annotations

import importlib
from importlib.machinery import ModuleSpec

import pytest

from mxt.core import requirements
from mxt.core.errors import PluginError
from mxt.core.requirements import check_installed, imported, missing
from mxt.core.specs import StageSpec
from mxt.registry import build_registry

NET = StageSpec(
    kind="backbone",
    name="net",
    summary="a net",
    target="net:Net",
    requires={"json": "pip install json", "no_such_net": "pip install 'no-such-net[all]'"},
)
MESSAGE = "backbone net needs no_such_net, which this Python does not have: pip install 'no-such-net[all]'"
NEED_LIBRARIES = {entry.spec.name: entry.spec for entry in build_registry().stages if entry.spec.requires}


def test_what_is_missing_is_named_with_the_line_that_installs_it():
    assert missing(NET) == {"no_such_net": "pip install 'no-such-net[all]'"}
    with pytest.raises(PluginError) as caught:
        check_installed(NET)
    assert str(caught.value) == MESSAGE


def test_importing_it_says_the_same():
    assert imported("json.decoder", NET) is importlib.import_module("json.decoder")
    with pytest.raises(PluginError) as caught:
        imported("no_such_net.layers", NET)
    assert str(caught.value) == MESSAGE


def test_a_library_that_is_broken_says_why(tmp_path, monkeypatch):
    (tmp_path / "no_such_net.py").write_text("import another_that_is_missing")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(PluginError, match=r"which cannot be imported \(No module named 'another_that"):
        imported("no_such_net", NET)


@pytest.mark.parametrize("name", sorted(NEED_LIBRARIES))
def test_every_stage_with_requirements_is_refused_without_them(name, monkeypatch):
    spec = NEED_LIBRARIES[name]
    library, line = next(iter(spec.requires.items()))
    monkeypatch.setattr(requirements, "find_spec", _nothing_but_mxt)
    with pytest.raises(PluginError, match=f"^{spec.kind} {name} needs {library}, .*: pip install ") as caught:
        check_installed(spec)
    assert str(caught.value).endswith(line)


def _nothing_but_mxt(name: str) -> ModuleSpec | None:
    return ModuleSpec(name, None) if name.startswith("mxt") else None
