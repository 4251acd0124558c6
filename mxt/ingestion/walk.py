"""What lies below a folder, before anything is opened: regular files, and why others are not used."""

from __future__ import annotations

import difflib
import errno
import os
from collections.abc import Set
from dataclasses import dataclass, field
from operator import attrgetter
from pathlib import Path
from stat import S_ISDIR, S_ISFIFO, S_ISREG, S_ISSOCK

from mxt.core.errors import InputError, Reason
from mxt.core.records import FileKind, FileRecord, Listing
from mxt.core.text import shortened
from mxt.ingestion.walked_files import WalkedFiles
from mxt.stages.datasets.suffixes import ANNOTATIONS, SOUND, may_be_sound, suffix

STORE_FILES = {"mxt.json", "catalogue.sqlite"}  # a store inside the collection is not part of it
_BY_NAME = attrgetter("name")
BATCH = 1000  # files whose status is held before it is noted


@dataclass
class Walk:
    """A listing, with what the file system tells of the files.

    Parameters
    ----------
    listing : Listing
        For the loaders.
    files : WalkedFiles
        Path to record, of the regular files; nothing measured yet.
    left_out : list of FileRecord
        Hidden files, pipes, devices, broken links, unreadable folders: never opened.
    """

    listing: Listing
    files: WalkedFiles
    left_out: list[FileRecord]


def walk(path: Path) -> Walk:
    """List the folder `path`, or the folder of the table `path`.

    Raises
    ------
    InputError
        There is nothing of this name, or it is neither a folder nor a table.
    """
    if os.path.isdir(path):
        return _listing(path, None)
    if not os.path.exists(path):
        raise InputError(f"{shortened(str(path))}: no such folder or table{_nearest(path)}")
    if not path.is_file() or suffix(path.name) not in ANNOTATIONS:
        if suffix(path.name) in SOUND:
            raise InputError(f"{path} is one audio file; name the folder it is in: mxt ingest {path.parent}")
        raise InputError(f"{path} is neither a folder nor a table (.csv, .tsv, .jsonl, .txt)")
    walked = _listing(path.parent, path)
    if (
        not any(suffix(name) in SOUND for name in walked.files)
        and path.absolute().parent != path.absolute().parent.parent
    ):
        return _listing(path.absolute().parent.parent, path)  # metadata/labels.csv beside audio/
    return walked


def _nearest(path: Path) -> str:
    """What a name may have been meant to be, for a message."""
    try:
        there = [entry.name for entry in os.scandir(path.parent)]
    except OSError:
        return f", nor the folder {path.parent} it would be in"
    near = difflib.get_close_matches(path.name, there, n=3)
    return f"; did you mean {' or '.join(str(path.parent / name) for name in near)}?" if near else ""


def _listing(folder: Path, table: Path | None) -> Walk:
    root = Path(os.path.realpath(folder))
    walker = _Walker(str(root))
    walker.folder(str(root))
    walker.files.sort()
    name = (
        None
        if table is None
        else Path(os.path.realpath(table.parent), table.name).relative_to(root).as_posix()
    )
    if name is not None and name not in walker.files:
        raise InputError(f"{table} is hidden; a table's name does not begin with a dot")
    left_out = sorted(walker.left_out, key=attrgetter("path"))
    return Walk(Listing(str(root), tuple(walker.files), name), walker.files, left_out)


@dataclass
class _Walker:
    root: str
    files: WalkedFiles = field(default_factory=WalkedFiles)
    left_out: list[FileRecord] = field(default_factory=list)
    linked: set[str] = field(default_factory=set)

    def folder(self, name: str, below: str = "", parent: int | None = None) -> None:
        """List a folder, opened by its name in its parent: no path is looked up for each file."""
        try:
            folder = os.open(name, os.O_RDONLY | os.O_DIRECTORY, dir_fd=parent)
        except OSError as error:
            if parent is None:
                raise InputError(f"{self.root} cannot be read: {error.strerror}") from error
            self.leave_out(below, Reason.UNREADABLE, f"folder: {error.strerror}")
            return
        try:
            with os.scandir(folder) as entries:
                inside = sorted(entries, key=_BY_NAME, reverse=True)
            if parent is None or not STORE_FILES.issubset(map(_BY_NAME, inside)):
                self.entries(inside, f"{below}/" if below else "", folder)
        finally:
            os.close(folder)

    def entries(self, inside: list[os.DirEntry[str]], begin: str, folder: int) -> None:
        """Note the files of an open folder, taken from the end of `inside`; list the folders among them."""
        files: dict[str, os.stat_result] = {}
        while inside:
            entry = inside.pop()  # with what it knows of the file: a folder may hold a million
            name = entry.name
            try:
                status = entry.stat()
            except OSError as error:
                hidden = name.startswith(".")
                why = (
                    (Reason.HIDDEN, "its name begins with a dot") if hidden else _broken(entry, folder, error)
                )
                self.leave_out(begin + name, *why)
                continue
            if S_ISREG(status.st_mode) and name[0] != ".":
                files[begin + name] = status
                if len(files) == BATCH:
                    self.files.add(files)
                    files.clear()
            else:
                self.files.add(files)
                files.clear()
                self.other(entry, begin + name, status, folder)
        self.files.add(files)

    def other(self, entry: os.DirEntry[str], path: str, status: os.stat_result, folder: int) -> None:
        """What is hidden, a folder, or no file."""
        if entry.name.startswith("."):
            what = "a folder whose" if S_ISDIR(status.st_mode) else "its"
            self.leave_out(path, Reason.HIDDEN, f"{what} name begins with a dot", status)
        elif S_ISDIR(status.st_mode):
            if suffix(path) in SOUND:
                self.leave_out(path, Reason.NOT_A_FILE, "a folder", status)
            if not entry.is_symlink() or self.first_link(path):
                self.folder(entry.name, path, folder)
        else:
            self.leave_out(path, Reason.NOT_A_FILE, _kind(status.st_mode), status)

    def first_link(self, path: str) -> bool:
        """Whether a link to a folder leads out of the collection, to a folder no other link led to."""
        to = os.path.realpath(os.path.join(self.root, path))
        seen = [self.root, *self.linked]
        if any(_inside(to, folder) or _inside(folder, to) for folder in seen):
            self.leave_out(
                path, Reason.NOT_A_FILE, "a link to a folder that is listed already, or to one around it"
            )
            return False
        self.linked.add(to)
        return True

    def leave_out(self, path: str, reason: Reason, detail: str, status: os.stat_result | None = None) -> None:
        seen = (0, 0, 0) if status is None else (status.st_size, status.st_mtime_ns, status.st_ino)
        kind = FileKind.HIDDEN if reason is Reason.HIDDEN else FileKind.CLIP
        self.left_out.append(FileRecord(path, *seen, reason=reason, detail=detail, kind=kind))


def _inside(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)


def _broken(entry: os.DirEntry[str], folder: int, error: OSError) -> tuple[Reason, str]:
    if error.errno == errno.ELOOP:
        return Reason.NOT_A_FILE, "a link that leads to itself"
    if entry.is_symlink() and error.errno == errno.ENOENT:
        return Reason.MISSING, f"a link to {os.readlink(entry.name, dir_fd=folder)}, which is not there"
    return Reason.UNREADABLE, error.strerror or str(error)


def _kind(mode: int) -> str:
    if S_ISFIFO(mode):
        return "a named pipe"
    return "a socket" if S_ISSOCK(mode) else "a device"


def other_file(file: FileRecord) -> FileRecord:
    """The record of a file that is not audio by its suffix: it is not opened."""
    return FileRecord(
        file.path,
        file.size,
        file.mtime_ns,
        file.inode,
        reason=Reason.NOT_AUDIO,
        detail=f"not opened: another kind of file (.{suffix(file.path)})",
        kind=FileKind.OTHER,
    )


def other_files(walked: Walk, named: Set[str]) -> list[FileRecord]:
    """Files that no clip names and whose suffix says that they are no audio."""
    return [
        other_file(walked.files[path])
        for path in walked.files
        if path not in named and not may_be_sound(path)
    ]


def place_of(listing: Listing) -> str:
    """The folder or table that was listed, for messages."""
    return f"{listing.root}/{listing.table}" if listing.table else listing.root
