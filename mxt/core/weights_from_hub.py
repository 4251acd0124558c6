"""Weights that lie in a repository of the Hugging Face Hub: fetched through `huggingface_hub`, where it is installed.

So its mirrors, tokens and proxies work as the user has set them up. It is no requirement of mxt.
"""

from __future__ import annotations

import importlib
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from mxt.core.errors import WeightsError

SCHEME = "hf:"
INSTALL = "pip install huggingface_hub"
_SOURCE = re.compile(r"hf:([\w.-]+(?:/[\w.-]+)?)@([\w.-]+)/([^\s/\\]+(?:/[^\s/\\]+)*)", re.ASCII)


class HubError(Exception):
    """The file could not be had; the message says why in one line."""


class Place(NamedTuple):
    """A file in a repository, at a revision: a commit, a tag or a branch."""

    repository: str
    revision: str
    file: str

    @property
    def address(self) -> str:
        """Where a browser finds it."""
        return f"https://huggingface.co/{self.repository}/resolve/{self.revision}/{self.file}"


def place_on_hub(source: str) -> Place:
    """Repository, revision and file of a source.

    Raises
    ------
    WeightsError
        `source` is not of the form ``hf:REPO@REVISION/FILE``.

    Examples
    --------
    >>> place_on_hub("hf:someone/net@v1.0/model/net.safetensors")
    Place(repository='someone/net', revision='v1.0', file='model/net.safetensors')
    """
    found = _SOURCE.fullmatch(source)
    if not found or {".", ".."} & {*PurePosixPath(found[3]).parts, *found[1].split("/"), found[2]}:
        raise WeightsError(
            f"the source of weights {source!r} is not of the form hf:REPO@REVISION/FILE; tell the author of their plugin"
        )
    return Place(*found.groups())


@contextmanager
def downloaded(source: str, *, beside: Path) -> Iterator[Path]:
    """A file of the Hub, in a folder of its own that is removed afterwards.

    Parameters
    ----------
    source : str
        ``"hf:REPO@REVISION/FILE"``.
    beside : Path
        Where the folder is made, so that the file can be renamed into it.

    Yields
    ------
    Path
        The file as it came; its hash is still to be checked.

    Raises
    ------
    HubError
        `huggingface_hub` is not installed, or did not get the file.
    """
    place = place_on_hub(source)
    if find_spec("huggingface_hub") is None:
        raise HubError(
            f"it lies on the Hugging Face Hub, for which this Python has no huggingface_hub ({INSTALL})"
        )
    hub = importlib.import_module("huggingface_hub")
    with tempfile.TemporaryDirectory(dir=beside, prefix=".hf-") as folder, _without_its_bars():
        try:
            path = Path(
                hub.hf_hub_download(place.repository, place.file, revision=place.revision, local_dir=folder)
            )
        except Exception as error:  # whatever the library and those below it raise
            lines = [line.strip() for line in str(error).splitlines() if line.strip()]
            name = f"{place.file} of {place.repository} at {place.revision}"
            raise HubError(
                f"huggingface_hub could not get {name}: {lines[0].rstrip('.') if lines else type(error).__name__}"
            ) from error
        yield path


@contextmanager
def _without_its_bars() -> Iterator[None]:
    """Bars of its own would be drawn over mxt's."""
    utils = importlib.import_module("huggingface_hub.utils")
    drawn = not utils.are_progress_bars_disabled()
    if drawn:
        utils.disable_progress_bars()
    try:
        yield
    finally:
        if drawn:
            utils.enable_progress_bars()
