"""Labels in text files beside the audio."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from mxt.plugin import Clip, Detection, Listing, Remark, TableError

LOOKED_AT = 200  # texts that are read to find out whether they hold labels
AUDIO = frozenset({".aif", ".aiff", ".au", ".flac", ".m4a", ".mp3", ".oga", ".ogg", ".opus", ".wav"})


@dataclass(frozen=True)
class Sidecar:
    """The loader; its field is the parameter of the spec.

    Parameters
    ----------
    suffix : str
        Ending of the text files.
    """

    suffix: str = ".txt"

    def detect(self, listing: Listing) -> Detection:
        """The share of audio files with a text file beside them that holds a label, not a table."""
        audio, texts = self._audio(listing), self._texts(listing)
        beside = [text for path in audio if (text := self._beside(path)) in texts]
        if not beside:
            return Detection(0.0, f"no audio file has a {self.suffix} file beside it")
        read = beside[:: -(-len(beside) // LOOKED_AT)]
        labels = sum(_holds_a_label(Path(listing.root) / text) for text in read)
        reason = f"{len(beside)} of {len(audio)} audio files have a {self.suffix} file beside them"
        if labels < len(read):
            reason += f", {labels} of {len(read)} of these hold a label"
        return Detection(0.9 * len(beside) / len(audio) * labels / len(read), reason)

    def clips(self, listing: Listing) -> Iterator[Clip | Remark]:
        """One clip per audio file, unlabelled without a text file, and remarks on files without partner."""
        audio, texts = self._audio(listing), self._texts(listing)
        for path in audio:
            text = self._beside(path)
            label = _first_line(Path(listing.root) / text) if text in texts else None
            if label is not None and "\t" in label:
                yield Remark("a table rather than a label", text)
                label = None
            yield Clip(path, targets={"label": label})
            if text not in texts:
                yield Remark("audio without a text", path)
        for text in sorted(texts - {self._beside(path) for path in audio}):
            yield Remark("text without audio", text)

    def _audio(self, listing: Listing) -> list[str]:
        return [path for path in listing.files if PurePosixPath(path).suffix.lower() in AUDIO]

    def _texts(self, listing: Listing) -> set[str]:
        return {path for path in listing.files if path.endswith(self.suffix)}

    def _beside(self, path: str) -> str:
        return path[: -len(PurePosixPath(path).suffix)] + self.suffix


def _holds_a_label(path: Path) -> bool:
    """Whether the first line holds words: with tabs it is a row of a table, or an Audacity label track."""
    try:
        label = _first_line(path)
    except TableError:
        return False
    return label is not None and "\t" not in label


def _first_line(path: Path) -> str | None:
    """The label, ``None`` where the file is empty.

    Raises
    ------
    TableError
        The file is not UTF-8 text.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (UnicodeDecodeError, OSError) as error:
        raise TableError(f"{path} cannot be read as UTF-8 text: {error}") from error
    return (lines[0].strip() if lines else "") or None
