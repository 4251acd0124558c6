"""What all figures of a set share: colours, a page that is written as PNG and SVG, numbers beside it as CSV."""

from __future__ import annotations

import csv
import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from mxt.core.files import atomic_write, translate_os_errors

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DOTS_PER_INCH = 160
FORMATS = ("png", "svg")
LONGEST_NAME = 26  # characters of what stands beside a bar
LONGEST_STEM = 150  # of the name of a file
# Okabe and Ito's colours, which people with any colour vision tell apart, with a pale one between the
# extremes
BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, GREY, PALE = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
    "#8C8C8C",
    "#B9CFE0",
)


@contextmanager
def page(stem: Path, *, width: float, height: float) -> Iterator[tuple[Figure, Axes]]:
    """A figure of so many inches with one pair of axes, written as ``stem.png`` and ``stem.svg`` in the end.

    Equal figures are equal files. Nothing global is changed for longer than the writing.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=DOTS_PER_INCH, layout="constrained")
    axis = figure.subplots()
    for side in ("top", "right"):
        axis.spines[side].set_visible(False)
    axis.set_axisbelow(True)
    yield figure, axis
    for suffix in FORMATS:
        path = stem.with_name(f"{stem.name}.{suffix}")
        undated = {"Date": None} if suffix == "svg" else {"Software": None}
        with (
            mpl.rc_context({"svg.hashsalt": "mxt"}),
            translate_os_errors("writing", path),
            atomic_write(path) as file,
        ):
            figure.savefig(file, format=suffix, metadata=undated)


def write_numbers(stem: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """The numbers of a figure as ``stem.csv``; what is not there is an empty cell."""
    path = stem.with_name(f"{stem.name}.csv")
    with translate_os_errors("writing", path), atomic_write(path, "w") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([_cell(value) for value in row] for row in rows)


def _cell(value: object) -> object:
    if value is None or value != value:  # NaN
        return ""
    return f"{value:.6f}" if isinstance(value, float) else value


def headline(axis: Axes, title: str, text: str, *, characters: int, above: float = 8.0) -> None:
    """A bold title and what stands below it in lines of so many characters, so many points above the axes and at their left."""
    lines = textwrap.wrap(shown(text), characters)
    axis.annotate(
        "\n".join(lines),
        (0, 1),
        xycoords="axes fraction",
        xytext=(0, above),
        textcoords="offset points",
        va="bottom",
        fontsize=7,
        color="#404040",
        linespacing=1.25,
    )
    axis.annotate(
        shown(title),
        (0, 1),
        xycoords="axes fraction",
        xytext=(0, above + 4 + 10.5 * len(lines)),
        textcoords="offset points",
        va="bottom",
        fontsize=10,
        fontweight="bold",
    )


def interval_line(
    axis: Axes, y: float, low: float, high: float, *, colour: str = "black", width: float = 1.0
) -> None:
    """A horizontal 95 % interval."""
    axis.hlines(y, low, high, color=colour, linewidth=width, zorder=4)
    axis.plot(
        [low, high],
        [y, y],
        linestyle="none",
        marker="|",
        markersize=3.5,
        markeredgewidth=width,
        color=colour,
        zorder=4,
    )


def at_right(axis: Axes, y: float, text: str, *, column: int = 0, colour: str = "black") -> None:
    """A number in a column at the right of the axes, where no bar or line is in its way."""
    axis.annotate(
        text,
        (1, y),
        xycoords=axis.get_yaxis_transform(),
        xytext=(6 + 30 * column, 0),
        textcoords="offset points",
        va="center",
        fontsize=6.5,
        color=colour,
        annotation_clip=False,
    )


def above_right(axis: Axes, text: str, *, column: int = 0) -> None:
    """The heading of a column of `at_right`."""
    axis.annotate(
        text,
        (1, 1),
        xycoords="axes fraction",
        xytext=(6 + 30 * column, 2),
        textcoords="offset points",
        va="bottom",
        fontsize=6.5,
        color="#404040",
    )


def safe_name(*parts: str) -> str:
    """A file name made of parts; what some file systems refuse becomes ``_``.

    Examples
    --------
    >>> safe_name("genres", "convnet:1,3", "", "nested")
    'genres-convnet_1_3-nested'
    """
    return "-".join(re.sub(r"[^A-Za-z0-9._+-]+", "_", part).strip("_") for part in parts if part)[
        :LONGEST_STEM
    ]


def shown(text: str) -> str:
    """Text as matplotlib shows it as it stands: no formulas."""
    return text.replace("$", r"\$")


def short(name: str) -> str:
    """A name that fits beside a bar."""
    return shown(name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…")


def signed(value: float, digits: int = 2) -> str:
    """A difference with its sign; what rounds to nothing has none.

    Examples
    --------
    >>> signed(0.123), signed(-0.001)
    ('+0.12', '0.00')
    """
    text = f"{value:+.{digits}f}"
    return text if float(text) else text[1:]
