"""The pages of `mxt similar`: clips to hear, as a report shows them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from mxt import __version__
from mxt.core.errors import InputError, UsageError
from mxt.core.files import atomic_write, translate_os_errors
from mxt.core.progress import Progress
from mxt.core.records import ClipRecord
from mxt.drawing.report.cards import cards_html, cards_to_label, similar_cards
from mxt.drawing.report.need import Key
from mxt.drawing.report.previews import Source, make_previews
from mxt.results.similar import LabelNext, Similar


def check_page(path: Path) -> None:
    """Check that a page can be written to `path`, before the work.

    Raises
    ------
    UsageError, InputError
        Another suffix; its folder is not there.
    """
    if path.suffix.lower() not in (".html", ".htm"):
        raise UsageError(f"{path.name}: a page ends in .html")
    if not path.absolute().parent.is_dir():
        raise InputError(f"{path}: the folder {path.absolute().parent} does not exist")


def write_page(
    path: Path,
    answer: Similar | LabelNext,
    command: str,
    clips: Mapping[Key, tuple[str, ClipRecord]],
    progress: Progress,
) -> None:
    """Write the page of an answer.

    Parameters
    ----------
    path : Path
    answer : Similar or LabelNext
    command : str
        That repeats it.
    clips : mapping
        Data set and id to the folder of the data set and the clip, of those to be heard.
    progress : Progress

    Raises
    ------
    InputError
        It cannot be written.
    """
    cards = similar_cards(answer) if isinstance(answer, Similar) else cards_to_label(answer)
    sources = {key: Source(root, clip) for key, (root, clip) in clips.items() if clip.has_audio}
    previews = make_previews(sources, cards.keys, progress)
    created = datetime.now(UTC).isoformat(timespec="seconds")
    page = cards_html(cards, previews, command=command, created=created, version=__version__)
    with translate_os_errors("writing", path), atomic_write(path, "w") as file:
        file.write(page)
