"""A rendering as a PNG with axes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mxt.core.files import atomic_write, translate_os_errors
from mxt.core.reprs import short_repr

if TYPE_CHECKING:
    import numpy.typing as npt

    from mxt.core.stages import RowAxis

DOTS_PER_INCH = 110
INCHES_WIDE, INCHES_HIGH = 12.0, 5.5
BENT = 0.8  # the middle of an axis is so far below the mean of its ends: steps are not equal
MOST_TICKS = 12  # and no two closer together than this share of the picture


@dataclass(frozen=True, eq=False)
class Picture:
    """A rendering and what its axes say.

    Parameters
    ----------
    values : numpy.ndarray
        float32 [rows, columns], or [3, rows, columns] in colour.
    axis : RowAxis, optional
        What the rows stand for, where the renderer says.
    seconds : float
        From the first column to the last.
    title : str
        One line.
    """

    values: npt.NDArray[np.float32]
    axis: RowAxis | None
    seconds: float
    title: str
    __repr__ = short_repr


def write_picture(picture: Picture, path: Path) -> None:
    """Draw `picture` with seconds below and what its rows stand for beside it; the lowest frequency is at the bottom."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    values = picture.values
    rows = values.shape[-2]
    upside_down = picture.axis is not None and picture.axis.values[0] < picture.axis.values[-1]
    figure = Figure(figsize=(INCHES_WIDE, INCHES_HIGH), dpi=DOTS_PER_INCH, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    bright = bool(
        values.min() >= 0 and values.max() <= 1
    )  # else a rendering in decibels: from its least to its most
    axes.imshow(
        values.transpose(1, 2, 0) if values.ndim == 3 else values,
        cmap="gray",
        aspect="auto",
        interpolation="nearest",
        vmin=0 if bright else None,
        vmax=1 if bright else None,
        extent=(0, picture.seconds, rows - 0.5, -0.5),
    )
    if upside_down:
        axes.invert_yaxis()
    axes.set_title(_shown(picture.title), fontsize=10)
    axes.set_xlabel("time, s")
    axes.set_ylabel(picture.axis.quantity if picture.axis else "band, from the top")
    if picture.axis is not None:
        places, labels = row_ticks(picture.axis)
        axes.set_yticks(places, labels)
    with translate_os_errors("writing", path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(path) as file:
            figure.savefig(file, format="png", metadata={"Software": None})


def row_ticks(axis: RowAxis) -> tuple[list[float], list[str]]:
    """Places of round values among the rows, and the values as text.

    Parameters
    ----------
    axis : RowAxis
        Rising or falling values.
    """
    values = np.asarray(axis.values, np.float64)
    rising = values if values[0] < values[-1] else values[::-1]
    candidates = _round_values(rising)
    places = np.interp(candidates, rising, np.arange(len(rising), dtype=np.float64))
    kept: list[int] = []
    for number in range(len(places))[::-1]:  # from the highest, where the axis is the least crowded
        if not kept or places[kept[-1]] - places[number] >= len(rising) / MOST_TICKS:
            kept.append(number)
    kept.reverse()
    if rising is not values:
        places = len(rising) - 1 - places
    return [float(places[number]) for number in kept], [f"{candidates[number]:g}" for number in kept]


def _round_values(rising: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Values with one digit, 1, 2 or 5, where the axis is a logarithmic or a mel one; else in equal steps; of one row its own."""
    if len(rising) == 1:
        return rising
    low, high = rising[0], rising[-1]
    middle = rising[len(rising) // 2]
    if low > 0 and middle < BENT * (low + high) / 2:
        powers = 10.0 ** np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)) + 1)
        found = np.sort(np.outer(powers, [1, 2, 5]).ravel())
    else:
        from matplotlib.ticker import MaxNLocator

        found = np.asarray(MaxNLocator(MOST_TICKS - 2).tick_values(low, high), np.float64)
    half_a_row = np.diff(rising)[[0, -1]] / 2
    return np.asarray(found[(found >= low - half_a_row[0]) & (found <= high + half_a_row[1])])


def _shown(text: str) -> str:
    """Text as matplotlib shows it as it stands: no formulas, no characters that no font has."""
    return text.encode("utf-8", "backslashreplace").decode().replace("$", r"\$")
