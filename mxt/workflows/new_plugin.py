"""`mxt plugins new`: the skeleton of a plugin that passes the contract checks as it is written."""

from __future__ import annotations

import keyword
import os
import re
import shutil
import tempfile
from dataclasses import dataclass
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from string import Template

from mxt.core.errors import UsageError
from mxt.core.files import translate_os_errors
from mxt.registry import Registry

NAME = re.compile(r"[A-Za-z](?:[A-Za-z0-9_]*[A-Za-z0-9])?")

# The path in the package of each text in `skeleton/package`.
PACKAGE = {
    "pyproject.toml": "pyproject.toml",
    "README.md": "README.md",
    "init.py": "$package/__init__.py",
    "plugin.py": "$package/plugin.py",
    "backbone.py": "$package/backbone.py",
    "test_contract.py": "tests/test_contract.py",
}


@dataclass(frozen=True, slots=True)
class Skeleton:
    """What ``mxt plugins new`` wrote.

    Parameters
    ----------
    path : str
        The file, or the package's folder.
    files : tuple of str
        Their paths, relative to the folder that was given.
    lines : int
        Of all files.
    commands : tuple of str
        What to type next.
    """

    path: str
    files: tuple[str, ...]
    lines: int
    commands: tuple[str, ...]


def new_plugin(registry: Registry, name: str, folder: Path = Path(), *, one_file: bool = False) -> Skeleton:
    """Write a backbone with one parameter and two layers, and a test of it, as a package or as one file.

    Parameters
    ----------
    registry : Registry
        Its backbones have names that cannot be used again.
    name : str
        Of the backbone: letters, digits and ``_``.
    folder : Path
        Folder in which the file ``NAME.py`` or the package's folder ``mxt-NAME`` is made.
    one_file : bool
        One file instead of a package.

    Raises
    ------
    UsageError
        `name` cannot be used, or the file or folder exists already.
    StoreError
        It cannot be written.
    """
    _check_name(name)
    words = _words(name)
    target = folder / (f"{name}.py" if one_file else words["distribution"])
    if os.path.lexists(target):
        raise UsageError(f"{target} already exists; choose another name or another --out")
    if name in registry.names("backbone"):
        raise UsageError(f"backbone {name} already exists (mxt stages backbones {name}); choose another name")
    if one_file and find_spec(name) is not None:
        raise UsageError(f"{name} is a Python module, which a file {name}.py would hide; choose another name")
    texts = {target.name: _text("one_file.py", words)} if one_file else _package_texts(target.name, words)
    with translate_os_errors("writing a plugin to", folder):
        _write(folder, target.name, texts)
    lines = sum(text.count("\n") for text in texts.values())
    return Skeleton(str(target), tuple(texts), lines, _commands(name, target, one_file=one_file))


def _check_name(name: str) -> None:
    if not NAME.fullmatch(name) or keyword.iskeyword(name):
        fitting = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_")
        example = f", such as {fitting}" if NAME.fullmatch(fitting) and not keyword.iskeyword(fitting) else ""
        raise UsageError(
            f"{name!r} is not a name for a stage: letters, digits and inner _, a letter first{example}"
        )


def _words(name: str) -> dict[str, str]:
    class_name = "".join(word[:1].upper() + word[1:] for word in name.split("_")) + "Backbone"
    return {
        "name": name,
        "class_name": class_name,
        "package": f"mxt_{name}",
        "distribution": f"mxt-{re.sub('_+', '-', name).lower()}",
    }


def _text(template: str, words: dict[str, str]) -> str:
    folder = files("mxt.workflows") / "skeleton"
    body = (folder / "body.py.txt").read_text(encoding="utf-8")
    return Template((folder / f"{template}.txt").read_text(encoding="utf-8")).substitute(words, body=body)


def _package_texts(folder: str, words: dict[str, str]) -> dict[str, str]:
    return {
        f"{folder}/{Template(path).substitute(words)}": _text(f"package/{template}", words).rstrip("\n")
        + "\n"
        for template, path in PACKAGE.items()
    }


def _write(folder: Path, name: str, texts: dict[str, str]) -> None:
    """Write all files, or none."""
    folder.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(dir=folder, prefix=f".{name}.", suffix=".partial"))
    try:
        for relative, text in texts.items():
            path = partial / relative
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        (partial / name).rename(folder / name)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _commands(name: str, target: Path, *, one_file: bool) -> tuple[str, ...]:
    if one_file:
        return (f"mxt plugins check {target}", f"mxt --plugin {target} extract --backbone {name}")
    folder = target if target.is_absolute() else f"./{target}"
    return (f"mxt plugins check {folder}", f"pip install -e {folder}", f"mxt extract --backbone {name}")
