"""Weights that lie at an address: downloads that continue where the connection was cut."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mxt.core.progress import Progress, Step
from mxt.core.specs import WeightsFile

ATTEMPTS = 3  # how often a download is continued before giving up
TIMEOUT_SECONDS = 30


class DownloadError(Exception):
    """The file could not be fetched; the message says why in one line."""


def download(file: WeightsFile, folder: Path, progress: Progress) -> Path:
    """Download `file` into `folder`: pooch verifies it and renames it; a partial file lies beside it.

    Raises
    ------
    DownloadError
        No connection, or another file came than expected.
    """
    import pooch
    import requests

    logger = pooch.get_logger()
    level = logger.level
    logger.setLevel("ERROR")  # what pooch announces is known already
    part = folder / f".{file.filename}.{file.sha256[:12]}.part"
    continued = part.is_file()
    try:
        with progress.step(file.filename, file.size or None, unit="B") as step:
            known_hash = f"sha256:{file.sha256}" if file.sha256 else None
            options = {"fname": file.filename, "path": folder, "downloader": Resuming(part, step)}
            return Path(pooch.retrieve(file.source, known_hash, **options))
    except requests.RequestException as error:
        kept = ""
        if part.is_file():
            kept = f" ({part.stat().st_size / 1e6:.1f} MB are kept; fetching again continues)"
        raise DownloadError(f"{_reason(error)}{kept}") from error
    except ValueError as error:  # pooch: the hash does not match
        if continued:  # what an earlier download left may be what is wrong
            return download(file, folder, progress)
        raise DownloadError("its address now holds another file") from error
    finally:
        logger.setLevel(level)


def _reason(error: Exception) -> str:
    import requests

    if isinstance(error, requests.HTTPError) and error.response is not None:
        return f"the server answered {error.response.status_code} {error.response.reason}"
    if isinstance(error, requests.Timeout):
        return f"no answer for {TIMEOUT_SECONDS} s"
    if isinstance(error, requests.ConnectionError):
        return "no connection"
    return f"the connection was cut ({type(error).__name__})"


class Resuming:
    """A downloader for pooch that continues a partial file: pooch's own, asked for the rest by an HTTP range.

    Parameters
    ----------
    part : Path
        The partial file; it is kept when the connection is cut.
    step : Step
        Counts the bytes.
    """

    def __init__(self, part: Path, step: Step) -> None:
        self.part, self.step = part, step

    def __call__(self, url: str, output_file: str, _pooch: object = None) -> None:
        """Download `url` into `output_file`."""
        import requests

        for attempt in range(1, ATTEMPTS + 1):
            before = self._have()
            try:
                self._continue(url)
                break
            except requests.HTTPError as error:
                # 416: there is nothing beyond what is there; if that is not the whole file, begin again
                if error.response is None or error.response.status_code != 416:
                    raise
                if self._is_whole(error.response):
                    break
                self.part.unlink(missing_ok=True)
            except requests.RequestException:
                if attempt == ATTEMPTS or self._have() == before:
                    raise
        self.part.replace(output_file)

    def _have(self) -> int:
        return self.part.stat().st_size if self.part.is_file() else 0

    def _is_whole(self, response: Any) -> bool:
        return str(response.headers.get("Content-Range", "")).rpartition("/")[2] == str(self._have())

    def _continue(self, url: str) -> None:
        import pooch

        have = self._have()
        with self.part.open("ab") as file:

            def from_the_start_where_ranges_are_unknown(response: Any, *_: object, **__: object) -> None:
                if response.status_code == 200:
                    file.truncate(0)

            headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
            download = pooch.HTTPDownloader(
                progressbar=_Bytes(self.step, self.part),
                chunk_size=1 << 16,
                headers=headers,
                timeout=TIMEOUT_SECONDS,
                hooks={"response": from_the_start_where_ranges_are_unknown},
            )
            download(url, file, None)


class _Bytes:
    """A progress bar for pooch: reports to a step how much the partial file has grown."""

    def __init__(self, step: Step, part: Path) -> None:
        self.step, self.part, self.total, self._reported = step, part, 0, 0

    def update(self, _n: int) -> None:
        """Report the bytes of the partial file (pooch itself counts whole chunks)."""
        have = self.part.stat().st_size
        if have > self._reported:
            self.step.advance(have - self._reported)
            self._reported = have

    def reset(self) -> None:
        """Do nothing: pooch resets the bar at the end, when all bytes are reported."""

    def close(self) -> None:
        """Do nothing: there is nothing to close."""
