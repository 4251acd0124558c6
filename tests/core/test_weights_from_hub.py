"""Weights on the Hugging Face Hub, fetched through a huggingface_hub of our own that has one repository."""

from __future__ import annotations

import hashlib
import os
import sys
import types
from dataclasses import replace
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from mxt.core import weights_from_hub
from mxt.core.errors import WeightsError
from mxt.core.specs import WeightsFile
from mxt.core.weights import ensure, fetch, import_file, status
from mxt.core.weights_from_hub import hub_file

CONTENT = b"tensors" * 1000
SOURCE = "hf:someone/net@4f2a/model/net.safetensors"
FILE = WeightsFile(
    "released", "net.safetensors", SOURCE, hashlib.sha256(CONTENT).hexdigest(), len(CONTENT), licence="MIT"
)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("MXT_WEIGHTS_DIR", str(tmp_path / "weights"))
    monkeypatch.delenv("MXT_OFFLINE", raising=False)
    return tmp_path / "weights"


@pytest.fixture
def hub(monkeypatch) -> types.SimpleNamespace:
    """A module huggingface_hub: its file (`content`), what it was `asked` for, whether it draws `bars`."""
    seen = types.SimpleNamespace(content=CONTENT, asked=[], bars=True)

    def hf_hub_download(repo_id: str, filename: str, *, revision: str, local_dir: str) -> str:
        seen.asked.append((repo_id, filename, revision, seen.bars))
        if (repo_id, filename, revision) != ("someone/net", "model/net.safetensors", "4f2a"):
            raise OSError("404 Client Error.\n\nEntry Not Found")
        path = Path(local_dir) / filename
        path.parent.mkdir(parents=True)
        path.write_bytes(seen.content)
        return str(path)

    module = types.ModuleType("huggingface_hub")
    module.__spec__ = ModuleSpec("huggingface_hub", None)
    module.hf_hub_download = hf_hub_download
    utils = types.ModuleType("huggingface_hub.utils")  # an attribute of the package only once it is imported
    utils.are_progress_bars_disabled = lambda: not seen.bars
    utils.disable_progress_bars = lambda: setattr(seen, "bars", False)
    utils.enable_progress_bars = lambda: setattr(seen, "bars", True)
    monkeypatch.setitem(sys.modules, "huggingface_hub", module)
    monkeypatch.setitem(sys.modules, "huggingface_hub.utils", utils)
    return seen


def kept(folder: Path) -> list[str]:
    return sorted(name for name in os.listdir(folder) if not name.endswith(".lock"))


def test_file_is_fetched_once_at_its_revision_under_its_own_name_without_the_librarys_bars(hub, folder):
    assert ensure(FILE) == ensure(FILE) == folder / "net.safetensors"
    assert (folder / "net.safetensors").read_bytes() == CONTENT
    assert hub.asked == [("someone/net", "model/net.safetensors", "4f2a", False)]
    assert hub.bars
    assert kept(folder) == ["net.safetensors"]


def test_another_file_is_refused_by_its_hash_and_not_kept(hub, folder):
    hub.content = b"other tensors"
    with pytest.raises(
        WeightsError, match=f"sha256 {FILE.sha256}, could not be fetched: {SOURCE} gave another file"
    ):
        fetch(FILE)
    assert kept(folder) == []


@pytest.mark.usefixtures("hub")
def test_what_the_hub_says_is_told_in_one_line_with_the_ways_to_get_the_file():
    with pytest.raises(
        WeightsError, match="could not get model/gone of someone/net at 4f2a: 404 Client Error"
    ) as caught:
        fetch(replace(FILE, source="hf:someone/net@4f2a/model/gone"))
    assert "Entry Not Found" not in str(caught.value)
    assert (
        "download https://huggingface.co/someone/net/resolve/4f2a/model/gone by hand, "
        "then: mxt weights import FILE" in str(caught.value)
    )


def test_python_without_huggingface_hub_says_how_to_install_it_and_imports_by_hand(
    tmp_path, folder, monkeypatch
):
    monkeypatch.setattr(weights_from_hub, "find_spec", lambda _: None)
    with pytest.raises(WeightsError, match=r"no huggingface_hub \(pip install huggingface_hub\)"):
        ensure(FILE)
    (tmp_path / "downloaded").write_bytes(CONTENT)
    assert import_file(FILE, tmp_path / "downloaded") == folder / "net.safetensors"
    assert status(FILE) == "present"


def test_offline_asks_nobody(hub, monkeypatch):
    monkeypatch.setenv("MXT_OFFLINE", "1")
    with pytest.raises(WeightsError, match="MXT_OFFLINE forbids"):
        ensure(FILE)
    assert hub.asked == []


@pytest.mark.parametrize(
    "source",
    [
        "hf:",
        "hf:net",
        "hf:net@main",
        "hf:net@main/",
        "hf:a/b/c@main/net",
        "hf:../x@main/net",
        "hf:net@main/../net",
        "hf:net@main/a//b",
        "hf:net@../net",
        "hf:net@main/a b",
        "hf:net@main/net\n",
    ],
)
def test_a_source_of_another_form_is_refused(source):
    with pytest.raises(WeightsError, match="not of the form hf:REPO@REVISION/FILE"):
        hub_file(source)


def test_a_repository_without_an_owner_is_understood():
    assert hub_file("hf:net@main/net.bin") == ("net", "main", "net.bin")
