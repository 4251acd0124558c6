"""Weights that lie in a repository of the Hugging Face Hub, fetched through `huggingface_hub`.

Its mirrors, tokens and proxies work as the user has set them up. mxt does not require it.
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
from mxt.core.weights_download import DownloadError

SCHEME = "hf:"
INSTALL = "pip install huggingface_hub"
_SOURCE = re.compile(r"hf:([\w.-]+(?:/[\w.-]+)?)@([\w.-]+)/([^\s/\\]+(?:/[^\s/\\]+)*)", re.ASCII)


class HubFile(NamedTuple):
    """A file in a repository, at a revision: a commit, a tag or a branch."""

    repository: str
    revision: str
    file: str

    @property
    def address(self) -> str:
        """Where a browser finds it."""
        return f"https://huggingface.co/{self.repository}/resolve/{self.revision}/{self.file}"


def hub_file(source: str) -> HubFile:
    """Repository, revision and file of a source.

    Raises
    ------
    WeightsError
        `source` is not of the form ``hf:REPO@REVISION/FILE``.

    Examples
    --------
    >>> hub_file("hf:someone/net@v1.0/model/net.safetensors")
    HubFile(repository='someone/net', revision='v1.0', file='model/net.safetensors')
    """
    match = _SOURCE.fullmatch(source)
    if not match or {".", ".."} & {*PurePosixPath(match[3]).parts, *match[1].split("/"), match[2]}:
        raise WeightsError(
            f"the source of weights {source!r} is not of the form hf:REPO@REVISION/FILE; "
            "tell the author of their plugin"
        )
    return HubFile(*match.groups())


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
    DownloadError
        `huggingface_hub` is not installed, or could not get the file.
    """
    wanted = hub_file(source)
    if find_spec("huggingface_hub") is None:
        raise DownloadError(
            f"it lies on the Hugging Face Hub, for which this Python has no huggingface_hub ({INSTALL})"
        )
    hub = importlib.import_module("huggingface_hub")
    with tempfile.TemporaryDirectory(dir=beside, prefix=".hf-") as folder, _without_its_bars():
        try:
            path = Path(
                hub.hf_hub_download(
                    wanted.repository, wanted.file, revision=wanted.revision, local_dir=folder
                )
            )
        except Exception as error:  # whatever the library and those below it raise
            lines = [line.strip() for line in str(error).splitlines() if line.strip()]
            name = f"{wanted.file} of {wanted.repository} at {wanted.revision}"
            why = lines[0].rstrip(".") if lines else type(error).__name__
            raise DownloadError(f"huggingface_hub could not get {name}: {why}") from error
        yield path


@contextmanager
def _without_its_bars() -> Iterator[None]:
    """Switch its progress bars off: they would be drawn over mxt's."""
    utils = importlib.import_module("huggingface_hub.utils")
    drawn = not utils.are_progress_bars_disabled()
    if drawn:
        utils.disable_progress_bars()
    try:
        yield
    finally:
        if drawn:
            utils.enable_progress_bars()
