"""Downloads that are taken up again where they were cut."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mxt.core.progress import Step

ATTEMPTS = 3  # a connection that is cut is taken up again this often before giving up
TIMEOUT_SECONDS = 30


class Resuming:
    """A downloader for pooch that continues a partial file: pooch's own, asked for the rest by an HTTP range.

    Parameters
    ----------
    part : Path
        The partial file; it is left there when the connection is cut.
    step : Step
        Told the bytes.
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
                # 416: nothing lies beyond what is there; where that is not the file, begin again
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
    """What pooch calls a progress bar: tells a step how much the partial file has grown."""

    def __init__(self, step: Step, part: Path) -> None:
        self.step, self.part, self.total, self.told = step, part, 0, 0

    def update(self, _n: int) -> None:
        """More bytes lie in the partial file (pooch's own count is of whole chunks)."""
        have = self.part.stat().st_size
        if have > self.told:
            self.step.advance(have - self.told)
            self.told = have

    def reset(self) -> None:
        """Pooch resets the bar at the end; what lies there has been told."""

    def close(self) -> None:
        """Nothing to close."""
