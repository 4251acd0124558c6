"""The folder of a plugin's package, used without being installed: pyproject.toml names its entry points."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from pathlib import Path

from mxt.core.errors import InputError
from mxt.core.hooks import ENTRY_POINT_GROUP


@dataclass(frozen=True, slots=True)
class PluginFolder:
    """A package's folder: its distribution, where Python finds its modules, and its entry points for mxt."""

    distribution: str
    modules: Path
    points: tuple[EntryPoint, ...]


def read_folder(path: Path) -> PluginFolder:
    """What the ``pyproject.toml`` of a plugin's folder says.

    Raises
    ------
    InputError
        There is none, it cannot be read, or it names no entry points for mxt.
    """
    file = path / "pyproject.toml"
    try:
        project = tomllib.loads(file.read_text(encoding="utf-8"))["project"]
        named = project["entry-points"][ENTRY_POINT_GROUP]
        points = tuple(EntryPoint(name, value, ENTRY_POINT_GROUP) for name, value in sorted(named.items()))
        return PluginFolder(project["name"], path / "src" if (path / "src").is_dir() else path, points)
    except FileNotFoundError:
        raise InputError(f"{path} is not a plugin's folder: it has no pyproject.toml") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{file} cannot be read: {error}") from error
    except (KeyError, TypeError, AttributeError):
        raise InputError(
            f"{file} has no name or no table [project.entry-points.{ENTRY_POINT_GROUP}]"
        ) from None


def same_distribution(name: str, other: str) -> bool:
    """Whether two names mean the same distribution: installers ignore case, and take ``-_.`` for equal."""
    return re.sub(r"[-_.]+", "-", name).lower() == re.sub(r"[-_.]+", "-", other).lower()
