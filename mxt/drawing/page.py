"""The page every picture is drawn on: its size, its files, its legend and its text."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mxt.core.errors import InputError, UsageError
from mxt.core.files import atomic_write, translate_os_errors

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DOTS_PER_INCH = 160
LONGEST_NAME = 40  # characters of a name beside a row
LONGEST_STEM = 150  # characters of the name of a file
DARK, PALE_LINE = "#404040", "#D9D9D9"
# The colours of Okabe and Ito, which people with any colour vision tell apart; a pale blue for the many.
BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, GREY, PALE = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
    "#8C8C8C",
    "#9DB8CC",
)
SERIES = (BLUE, ORANGE, GREEN, VERMILION, SKY, PURPLE)
CHANCE, QUOTED = (0, (1, 1.5)), (0, (4, 2))  # styles of lines: dotted, dashed
_UNDATED = {"png": {"Software": None}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}


def check_picture(path: Path) -> None:
    """Check that a picture can be written to `path`, before the work whose result it would show.

    Raises
    ------
    UsageError
        Its suffix is not that of a picture.
    InputError
        Its folder does not exist.
    """
    from matplotlib.backend_bases import FigureCanvasBase

    formats = FigureCanvasBase.get_supported_filetypes()
    if path.suffix.lower().lstrip(".") not in formats:
        raise UsageError(f"{path}: the name of a picture ends in .png, .svg or .pdf")
    if not path.absolute().parent.is_dir():
        raise InputError(f"{path}: the folder {path.absolute().parent} does not exist")


def files_of(stem: Path, *, pdf: bool = False) -> tuple[Path, ...]:
    """The files of a figure: PNG, SVG and, where asked for, PDF; the last one is for its numbers, as CSV."""
    suffixes = ("png", "svg", *(("pdf",) if pdf else ()), "csv")
    return tuple(stem.with_name(f"{stem.name}.{suffix}") for suffix in suffixes)


def safe_name(*parts: str) -> str:
    """A file name made of parts, where ``_`` replaces what some file systems refuse.

    Examples
    --------
    >>> safe_name("genres", "convnet:1,3", "", "nested")
    'genres-convnet_1_3-nested'
    """
    names = (re.sub(r"[^A-Za-z0-9._+-]+", "_", part).strip("_") for part in parts if part)
    return "-".join(names)[:LONGEST_STEM]


@contextmanager
def page(
    *paths: Path,
    width: float,
    height: float,
    columns: int = 1,
    heights: Sequence[float] = (1.0,),
    dpi: int = DOTS_PER_INCH,
) -> Iterator[tuple[Figure, tuple[Axes, ...]]]:
    """Draw on a new page, which is written to `paths` in the end, each in the format of its suffix.

    Equal pages give equal files.

    Parameters
    ----------
    *paths : Path
    width, height : float
        Inches.
    columns : int
        Axes side by side.
    heights : sequence of float
        Of the rows of axes, relative to each other.
    dpi : int
        Pixels per inch.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=dpi, layout="constrained")
    grid = figure.add_gridspec(len(heights), columns, height_ratios=heights)
    axes = tuple(
        figure.add_subplot(grid[row, column]) for row in range(len(heights)) for column in range(columns)
    )
    for axis in axes:
        axis.spines[["top", "right"]].set_visible(False)
        axis.set_axisbelow(True)
        axis.tick_params(labelsize=7)
        axis.xaxis.label.set_fontsize(8)
        axis.yaxis.label.set_fontsize(8)
    yield figure, axes
    for path in paths:
        suffix = path.suffix.lower().lstrip(".")
        with (
            mpl.rc_context({"svg.hashsalt": "mxt"}),
            translate_os_errors("writing", path),
            atomic_write(path) as file,
        ):
            figure.savefig(file, format=suffix, metadata=_UNDATED.get(suffix))


def headline(axis: Axes, title: str, text: str, *, characters: int, above: float = 8.0) -> None:
    """Write a bold title and, below it, lines of at most `characters`, `above` points over the axes."""
    lines = textwrap.wrap(shown(text), characters)
    where: Any = {"xy": (0, 1), "xycoords": "axes fraction", "textcoords": "offset points", "va": "bottom"}
    axis.annotate("\n".join(lines), xytext=(0, above), fontsize=7, color=DARK, linespacing=1.25, **where)
    title_above = above + 4 + 10.5 * len(lines)
    axis.annotate(shown(title), xytext=(0, title_above), fontsize=10, fontweight="bold", **where)


def legend(figure: Figure, dots: Mapping[str, str], *, chance: str = "", quoted: str = "") -> None:
    """Explain the colours of dots (words to colour) and, where they have words, the lines, below the axes."""
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], linestyle="none", marker="o", markersize=5, color=colour, label=shown(words))
        for words, colour in dots.items()
    ]
    for words, style in ((chance, CHANCE), (quoted, QUOTED)):
        if words:
            handles.append(Line2D([], [], color="black", linestyle=style, linewidth=1.2, label=shown(words)))
    figure.legend(
        handles=handles, loc="outside lower left", ncols=3, fontsize=7, frameon=False, handlelength=1.6
    )


def shown(text: str) -> str:
    """Text as matplotlib shows it unchanged: no formulas, no characters that cannot be written."""
    return text.encode("utf-8", "backslashreplace").decode().replace("$", r"\$")


def short(name: str) -> str:
    """A name that fits beside a row."""
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"
