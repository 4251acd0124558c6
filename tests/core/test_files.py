from __future__ import annotations

import errno
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from mxt.core.errors import StoreBusy, StoreError, StoreFull, StoreReadOnly
from mxt.core.files import OwnedLock, atomic_write, read_whole, translate_os_errors


def test_file_is_written_whole(tmp_path):
    with atomic_write(tmp_path / "f", "w") as file:
        file.write("Vögel")
    assert (tmp_path / "f").read_text(encoding="utf-8") == "Vögel"
    assert os.listdir(tmp_path) == ["f"]


def test_failure_while_writing_leaves_what_was_there(tmp_path):
    (tmp_path / "f").write_bytes(b"before")

    def fail():
        with atomic_write(tmp_path / "f") as file:
            file.write(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert (tmp_path / "f").read_bytes() == b"before"
    assert os.listdir(tmp_path) == ["f"]


def test_file_has_the_permissions_of_any_new_file(tmp_path):
    with atomic_write(tmp_path / "atomic") as file:
        file.write(b"")
    (tmp_path / "plain").write_bytes(b"")
    assert (tmp_path / "atomic").stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.parametrize(
    ("number", "kind", "message"),
    [
        (errno.ENOSPC, StoreFull, "no space left while writing here; what is finished is kept"),
        (errno.EACCES, StoreReadOnly, "no permission while writing here"),
        (errno.EROFS, StoreReadOnly, "use another --store"),
        (errno.EIO, StoreError, "writing here failed"),
    ],
)
def test_errors_of_the_operating_system_become_one_line(number, kind, message):
    def fail():
        with translate_os_errors("writing", "here"):
            raise OSError(number, os.strerror(number))

    with pytest.raises(kind, match=message):
        fail()


def test_second_holder_is_refused_and_told_who_holds_the_lock(tmp_path):
    with (
        OwnedLock(tmp_path / "lock", "table convnet"),
        pytest.raises(StoreBusy, match=f"table convnet .* process {os.getpid()} on"),
    ):
        OwnedLock(tmp_path / "lock", "table convnet").__enter__()
    with OwnedLock(tmp_path / "lock", "table convnet"):
        pass  # given back


def test_lock_of_a_killed_holder_is_free(tmp_path):
    code = f"""
        import os, signal
        from pathlib import Path
        from mxt.core.files import OwnedLock
        with OwnedLock(Path({str(tmp_path / "lock")!r}), "it"):
            os.kill(os.getpid(), signal.SIGKILL)
    """
    assert subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=False).returncode == -9
    with OwnedLock(tmp_path / "lock", "it"):
        assert (tmp_path / "lock").exists()


@pytest.mark.parametrize("text", ["[1]", '"x"', "[" * 100_000, '{"pid": 1}', "\udcff"])
def test_a_holder_that_does_not_say_who_it_is_is_another_process(tmp_path, text):
    (tmp_path / "lock.holder").write_bytes(text.encode("utf-8", "surrogateescape"))
    with OwnedLock(tmp_path / "lock", "the table"):
        (tmp_path / "lock.holder").write_bytes(text.encode("utf-8", "surrogateescape"))
        with (
            pytest.raises(StoreBusy, match="is being written by another process"),
            OwnedLock(tmp_path / "lock", "the table"),
        ):
            pass


def test_a_device_that_never_ends_is_not_read():
    with pytest.raises(OSError, match="a device, not a file"):
        read_whole(Path("/dev/zero"))
