"""What lies below a folder, without opening it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from mxt.core.errors import Reason
from mxt.core.records import FileRecord
from mxt.ingestion.walk import BATCH, walk
from mxt.ingestion.walked_files import NamedFiles


@pytest.fixture
def root(tmp_path):
    found = tmp_path / "root"
    (found / "a").mkdir(parents=True)
    (found / "a" / "x.wav").write_bytes(b"x")
    return found


def left_out(found):
    return {file.path: file.reason for file in found.left_out}


def test_files_are_listed_sorted_with_size_and_time(root):
    (root / "B.wav").write_bytes(b"12")
    found = walk(root)
    assert found.listing.files == ("B.wav", "a/x.wav")
    assert found.files["B.wav"].size == 2
    assert found.files["B.wav"].mtime_ns == (root / "B.wav").stat().st_mtime_ns


@pytest.mark.parametrize("number", [BATCH - 1, BATCH, BATCH + 1, 2 * BATCH + 3])
def test_many_files_of_a_folder_stand_beside_those_of_folders(root, number):
    for i in range(number):
        (root / "a" / f"{i:05}.wav").write_bytes(b"1" * (i % 7))
    (root / "a" / "00500.d").mkdir()
    (root / "a" / "00500.d" / "y.wav").write_bytes(b"12345678")
    (root / "a" / "zzz.wav").symlink_to("nothing")  # the last of its folder is left out
    found = walk(root)
    there = sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())
    assert list(found.files) == list(found.listing.files) == there
    assert all(file.size == (root / path).stat().st_size for path, file in found.files.items())
    assert all(file.inode == (root / path).stat().st_ino for path, file in found.files.items())
    assert [file.detail for file in found.left_out] == ["a link to nothing, which is not there"]


def test_a_link_to_a_file_is_the_file(root, tmp_path):
    (tmp_path / "far.wav").write_bytes(b"123")
    (root / "near.wav").symlink_to(tmp_path / "far.wav")
    assert walk(root).files["near.wav"].size == 3


def test_links_to_folders_are_followed_once_and_never_in_circles(root, tmp_path):
    outside = tmp_path / "outside"
    (outside / "deep").mkdir(parents=True)
    (outside / "deep" / "y.wav").write_bytes(b"y")
    (root / "b_first").symlink_to(outside)
    (root / "c_second").symlink_to(outside)
    (root / "d_within").symlink_to(outside / "deep")
    (root / "e_up").symlink_to(tmp_path)
    (root / "a" / "f_here").symlink_to(root)
    (outside / "deep" / "g_back").symlink_to(outside)
    found = walk(root)
    assert found.listing.files == ("a/x.wav", "b_first/deep/y.wav")
    assert left_out(found) == dict.fromkeys(
        ["c_second", "d_within", "e_up", "a/f_here", "b_first/deep/g_back"], Reason.NOT_A_FILE
    )


def test_what_is_no_file_is_never_opened_but_listed(root):
    os.mkfifo(root / "pipe.wav")
    (root / "folder.wav").mkdir()
    (root / "dangling.wav").symlink_to("nowhere.wav")
    (root / "circular.wav").symlink_to("circular.wav")
    (root / ".hidden.wav").write_bytes(b"")
    (root / ".folder").mkdir()
    (root / ".folder" / "z.wav").write_bytes(b"")
    with socket.socket(socket.AF_UNIX) as made:
        here = Path.cwd()
        os.chdir(root)  # a socket's path is short
        try:
            made.bind("socket.wav")
        finally:
            os.chdir(here)
        found = walk(root)
    assert found.listing.files == ("a/x.wav",)
    assert left_out(found) == {
        "pipe.wav": Reason.NOT_A_FILE,
        "folder.wav": Reason.NOT_A_FILE,
        "dangling.wav": Reason.MISSING,
        "circular.wav": Reason.NOT_A_FILE,
        "socket.wav": Reason.NOT_A_FILE,
        ".hidden.wav": Reason.HIDDEN,
        ".folder": Reason.HIDDEN,
    }


WALK = """
import os, sys
from pathlib import Path
from mxt.core.errors import MxtError
from mxt.core.records import FileRecord
from mxt.ingestion.walk import BATCH, walk
from mxt.ingestion.walked_files import NamedFiles
os.setgid(65534); os.setuid(65534)
try:
    found = walk(Path(sys.argv[1]))
    print(found.listing.files, [(file.path, file.reason.words) for file in found.left_out])
except MxtError as error:
    print(error)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become somebody who may not read")
def test_folders_that_may_not_be_read_are_listed():
    root = Path("/tmp", f"mxt-walk-{os.getpid()}")
    (root / "closed").mkdir(parents=True)
    (root / "open").mkdir()
    (root / "open" / "x.wav").write_bytes(b"")
    (root / "closed").chmod(0o700)
    try:
        say = [
            subprocess.run(
                [sys.executable, "-c", WALK, str(root)], capture_output=True, text=True, check=False
            ).stdout
        ]
        root.chmod(0o700)
        say.append(
            subprocess.run(
                [sys.executable, "-c", WALK, str(root)], capture_output=True, text=True, check=False
            ).stdout
        )
    finally:
        (root / "open" / "x.wav").unlink()
        (root / "open").rmdir()
        (root / "closed").rmdir()
        root.rmdir()
    assert say[0].strip() == "('open/x.wav',) [('closed', 'unreadable')]"
    assert "cannot be read: Permission denied" in say[1]


def test_difficult_names_are_listed_as_they_are(root):
    names = [
        "new\nline.wav",
        "semi;colon.wav",
        "-dash.wav",
        " space .wav",
        "100%.wav",
        os.fsdecode(b"caf\xe9.wav"),
    ]
    for name in names:
        (root / name).write_bytes(b"")
    assert set(names) < set(walk(root).listing.files)


def test_a_linked_table_is_read_where_it_is_linked(root, tmp_path):
    (tmp_path / "far.csv").write_text("file\nx.wav\n")
    (root / "labels.csv").symlink_to(tmp_path / "far.csv")
    found = walk(root / "labels.csv")
    assert (found.listing.root, found.listing.table) == (str(root), "labels.csv")


def test_named_files_are_those_of_the_first_that_knows_them():
    before, now = FileRecord("a", 1, 1, 1), FileRecord("a", 2, 2, 2)
    other = FileRecord("b", 3, 3, 3)
    files = NamedFiles(["b", "a", "c"], {"a": now}, {"a": before, "b": other, "d": other})
    assert (list(files), files["a"], files["b"], "d" in files, files.get("c")) == (
        ["b", "a", "c"],
        now,
        other,
        False,
        None,
    )
