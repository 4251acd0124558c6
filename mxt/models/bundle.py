"""Bundles: a model as a zip of JSON and safetensors. Nothing in it is code, and nothing is unpacked to disk.

Members are stored as they are, without compression: what is read is never more than the file itself.
"""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

import numpy as np

from mxt import __version__
from mxt.core.errors import InputError
from mxt.core.files import atomic_write
from mxt.core.text import parse_json
from mxt.models.model import Model
from mxt.models.plain import from_plain, to_plain

FORMAT = 1  # raised when what is written changes
MANIFEST, VALUES, ARRAYS = "mxt-bundle.json", "model.json", "arrays.safetensors"
MEMBERS = (MANIFEST, VALUES, ARRAYS)
LARGEST = 8 << 30  # bytes of a bundle
LARGEST_JSON = 64 << 20
SUFFIX = ".mxt"
_WHEN = (1980, 1, 1, 0, 0, 0)  # of members: equal models make equal bundles


class BundleError(InputError):
    """A file that cannot be used as a bundle."""


def write_bundle(path: Path, model: Model) -> int:
    """Write a model as a bundle; the size of the file in bytes.

    Raises
    ------
    InputError
        The file cannot be written.
    """
    from safetensors.numpy import save

    plain, arrays = to_plain(model)
    contents = {
        VALUES: json.dumps(plain, indent=1, ensure_ascii=False, allow_nan=False).encode(),
        ARRAYS: save({name: np.ascontiguousarray(array) for name, array in arrays.items()}),
    }
    members = {name: {"sha256": _hash(content), "bytes": len(content)} for name, content in contents.items()}
    manifest = {"format": FORMAT, "mxt": __version__, "members": members}
    contents = {MANIFEST: json.dumps(manifest, indent=1).encode(), **contents}
    try:
        with atomic_write(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
            for name, content in contents.items():
                archive.writestr(zipfile.ZipInfo(name, _WHEN), content)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror or error}") from error
    return path.stat().st_size


def is_bundle(path: Path) -> bool:
    """Whether a path names a bundle, by its suffix."""
    return path.suffix.lower() == SUFFIX


def read_bundle(path: Path) -> Model:
    """Read a model from a bundle; nothing is executed, and nothing written.

    Raises
    ------
    BundleError
        It is cut, edited, hostile, or of a newer version; the message says which.
    """
    if path.exists() and not path.is_file():  # a pipe would wait for its writer
        raise BundleError(f"{path} is not a bundle: it is not a regular file")
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            if size > LARGEST:
                raise BundleError(f"{path} is not a bundle: {size / 1e9:.1f} GB are more than mxt reads")
            contents = _members(path, file, size)
    except OSError as error:
        raise BundleError(f"{path} cannot be read: {error.strerror or error}") from error
    manifest = _json(path, MANIFEST, contents[MANIFEST])
    _check_version(path, manifest)
    _check_hashes(path, manifest, contents)
    return replace(_model(path, contents), name=path.stem)


def _members(path: Path, file: IO[bytes], size: int) -> dict[str, bytes]:
    """The members of a bundle, after their list has been looked at."""
    try:
        with zipfile.ZipFile(file) as archive:
            listing = archive.infolist()
            _check_listing(path, listing, size)
            return {entry.filename: archive.read(entry) for entry in listing}
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise BundleError(
            f"{path} is not a whole bundle ({error}): it was cut, or is another kind of file; copy it again"
        ) from error


def _check_listing(path: Path, listing: list[zipfile.ZipInfo], size: int) -> None:
    names = [entry.filename for entry in listing]
    foreign = sorted(set(names) - set(MEMBERS))
    if foreign:
        raise BundleError(f"{path}: {foreign[0]!r} is no part of a bundle; it was changed, and is not read")
    if len(names) > len(set(names)):
        raise BundleError(f"{path} has two members of one name; it was changed, and is not read")
    if missing := [name for name in MEMBERS if name not in names]:
        raise BundleError(f"{path} has no {missing[0]}: it is not a bundle that mxt wrote")
    for entry in listing:
        if entry.flag_bits & 1:
            raise BundleError(f"{path}: {entry.filename} is encrypted; mxt writes no such bundle")
        if entry.compress_type != zipfile.ZIP_STORED or entry.file_size != entry.compress_size:
            raise BundleError(
                f"{path}: {entry.filename} is compressed, which mxt's bundles never are (it may unpack to "
                "any size); it is not read"
            )
        if entry.filename != ARRAYS and entry.file_size > LARGEST_JSON:
            raise BundleError(f"{path}: {entry.filename} claims {entry.file_size:,} bytes; it is not read")
    if sum(entry.file_size for entry in listing) > size:
        raise BundleError(f"{path}: its members claim more bytes than the file has; it is not read")


def _json(path: Path, name: str, content: bytes) -> Mapping[str, Any]:
    try:
        value = parse_json(content.decode("utf-8"))
        if not isinstance(value, dict):
            raise ValueError("not an object")
    except ValueError as error:
        raise BundleError(f"{path}: {name} cannot be read ({error}); the bundle is damaged") from error
    return value


def _check_version(path: Path, manifest: Mapping[str, Any]) -> None:
    number = manifest.get("format")
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        raise BundleError(f"{path}: {MANIFEST} has no format number; the bundle is damaged")
    if number > FORMAT:
        made_by = str(manifest.get("mxt", "a newer mxt"))[:40]
        raise BundleError(
            f"{path} was written by a newer mxt ({made_by}, format {number}; this is {__version__}, "
            f"format {FORMAT}): upgrade mxt to read it"
        )


def _check_hashes(path: Path, manifest: Mapping[str, Any], contents: Mapping[str, bytes]) -> None:
    members = manifest.get("members")
    for name in (VALUES, ARRAYS):
        stated = members.get(name) if isinstance(members, dict) else None
        if not isinstance(stated, dict) or stated.get("sha256") != _hash(contents[name]):
            raise BundleError(
                f"{path}: {name} is not what was written (its SHA-256 differs): it was edited or damaged; "
                "fit it again, or get a fresh copy"
            )


def _model(path: Path, contents: Mapping[str, bytes]) -> Model:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    values = _json(path, VALUES, contents[VALUES])
    try:
        return from_plain(values, load(contents[ARRAYS]))
    except (SafetensorError, KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise BundleError(
            f"{path}: its parts do not fit together ({type(error).__name__}: {error}); fit it again"
        ) from error


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
