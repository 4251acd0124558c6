"""Files: written whole or not at all, locked, and errors about them as one clear line."""

from __future__ import annotations

import errno
import json
import os
import shutil
import socket
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from mxt.core.errors import MxtError, StoreBusy, StoreDamaged, StoreError, StoreFull, StoreReadOnly
from mxt.core.text import parse_json


@contextmanager
def atomic_write(path: Path, mode: str = "wb") -> Iterator[IO[Any]]:
    """Write a file under a temporary name beside `path`, then rename: readers see all of it or nothing.

    Parameters
    ----------
    path : Path
        Where it is to be; its folder must exist.
    mode : {"wb", "w"}
        Bytes, or UTF-8 text.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}.", suffix=".partial")
    partial = Path(name)
    try:
        with os.fdopen(handle, mode, encoding=None if "b" in mode else "utf-8") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        umask = os.umask(0)
        os.umask(umask)
        partial.chmod(0o666 & ~umask)
        partial.replace(path)
    finally:
        with suppress(FileNotFoundError):
            partial.unlink()


def is_damage(error: OSError) -> bool:
    """Whether a file that was written is gone; other errors of the system tell nothing about its content."""
    return error.errno in (None, errno.ENOENT, errno.EISDIR, errno.ENOTDIR, errno.ELOOP)


@contextmanager
def translate_damage(message: Callable[[Exception], str]) -> Iterator[None]:
    """Turn whatever a reader raises on damaged bytes into one clear error.

    Errors of the system that tell nothing about the content (no permission, a drive that is gone) pass
    through, for `translate_os_errors`; so do mxt's own.

    Parameters
    ----------
    message : callable
        Gives the text of the error from what was raised: what is damaged, where, and what to do.

    Raises
    ------
    StoreDamaged
        With `message`.
    """
    try:
        yield
    except MxtError:
        raise
    except Exception as error:
        if isinstance(error, OSError) and not is_damage(error):
            raise
        raise StoreDamaged(message(error)) from error


def read_whole(path: Path) -> bytes:
    """The bytes of a file that somebody named; a device such as /dev/zero, which never ends, is refused.

    Raises
    ------
    OSError
    """
    with path.open("rb") as file:
        if stat.S_ISCHR(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "it is a device, not a file", str(path))
        return file.read()


def remove_entry(path: Path) -> None:
    """Remove a file, a link or a whole folder; do nothing if there is none."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


@contextmanager
def translate_os_errors(what: str, where: Path | str) -> Iterator[None]:
    """Turn errors of the operating system into one clear line.

    Parameters
    ----------
    what : str
        What was being done (``"reading"``, ``"writing"``).
    where : Path or str
        To which file or folder.

    Raises
    ------
    StoreFull, StoreReadOnly, StoreError
        No space, no permission, anything else.
    """
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StoreFull(
                f"no space left while {what} {where}; what is finished is kept: "
                "free some space and run the same command again"
            ) from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            way = "readable" if what.startswith("reading") else "writable"
            raise StoreReadOnly(
                f"no permission while {what} {where}; make it {way} or use another --store"
            ) from error
        raise StoreError(f"{what} {where} failed: {error.strerror or error}") from error


class OwnedLock:
    """A lock file held by one process, which says who holds it.

    The operating system releases it when its holder dies.

    Parameters
    ----------
    path : Path
        The lock file; it stays there when released.
    what : str
        What is locked, for the message.
    wait : float
        Seconds to wait for another holder before giving up.
    """

    def __init__(self, path: Path, what: str, *, wait: float = 0.0) -> None:
        self.path, self.what, self.wait = path, what, wait
        self._lock: Any = None

    def __enter__(self) -> OwnedLock:
        """Take the lock.

        Raises
        ------
        StoreBusy
            Somebody else holds it: pid, host and since when are named.
        """
        from filelock import FileLock, Timeout

        holder = self.path.with_name(self.path.name + ".holder")
        lock = FileLock(self.path, timeout=self.wait)
        with translate_os_errors("locking", self.path):
            try:
                lock.acquire()
            except Timeout:
                raise StoreBusy(
                    f"{self.what} is being written by {_describe(holder)}; wait for it or stop it"
                ) from None
        self._lock = lock
        with suppress(OSError):  # it only says who; what frees space must work on a full disk
            holder.write_text(
                json.dumps(
                    {
                        "pid": os.getpid(),
                        "host": socket.gethostname(),
                        "since": datetime.now(UTC).isoformat(timespec="seconds"),
                    }
                ),
                encoding="utf-8",
            )
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self.path.with_name(self.path.name + ".holder").unlink()
        if self._lock is not None:
            self._lock.release()
            self._lock = None


def folder_bytes(folder: Path) -> int:
    """Bytes of all files below a folder; files that vanish meanwhile count nothing."""
    total = 0
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            with suppress(OSError):
                is_folder = entry.is_dir(follow_symlinks=False)
                total += folder_bytes(Path(entry)) if is_folder else entry.stat(follow_symlinks=False).st_size
    return total


def is_held(path: Path) -> bool:
    """Whether some process holds the lock of this file now."""
    from filelock import FileLock, Timeout

    if not path.exists():
        return False
    lock = FileLock(path, timeout=0)
    try:
        lock.acquire()
    except Timeout:
        return True
    except OSError:  # nobody can hold what cannot be written
        return False
    lock.release()
    return False


def _describe(holder: Path) -> str:
    try:
        owner = parse_json(holder.read_text(encoding="utf-8"))
        return f"process {owner['pid']} on {owner['host']} since {owner['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"
