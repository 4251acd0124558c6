"""A rendering of a clip as a PNG with axes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mxt.core.files import translate_os_errors
from mxt.core.reprs import short_repr
from mxt.drawing.page import page, shown

if TYPE_CHECKING:
    import numpy.typing as npt

    from mxt.core.stages import RowAxis

DOTS_PER_INCH = 110
INCHES_WIDE, INCHES_HIGH = 12.0, 5.5
BENT = 0.8  # an axis whose middle is below this share of the mean of its ends has unequal steps
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
    """Draw `picture` over seconds, with a scale for its rows; the lowest frequency is at the bottom."""
    values = picture.values
    rows = values.shape[-2]
    bright = bool(values.min() >= 0 and values.max() <= 1)  # else decibels: from its least to its most
    with translate_os_errors("writing", path):
        path.parent.mkdir(parents=True, exist_ok=True)
    with page(path, width=INCHES_WIDE, height=INCHES_HIGH, dpi=DOTS_PER_INCH) as (_, (axes,)):
        axes.imshow(
            values.transpose(1, 2, 0) if values.ndim == 3 else values,
            cmap="gray",
            aspect="auto",
            interpolation="nearest",
            vmin=0 if bright else None,
            vmax=1 if bright else None,
            extent=(0, picture.seconds, rows - 0.5, -0.5),
        )
        axes.set_title(shown(picture.title), fontsize=10)
        axes.set_xlabel("time, s")
        axes.set_ylabel(picture.axis.quantity if picture.axis else "band, from the top")
        if picture.axis is not None:
            if picture.axis.values[0] < picture.axis.values[-1]:
                axes.invert_yaxis()
            axes.set_yticks(*row_ticks(picture.axis))


def row_ticks(axis: RowAxis) -> tuple[list[float], list[str]]:
    """Where round values lie among the rows, and the values as text.

    Parameters
    ----------
    axis : RowAxis
        Rising or falling values.
    """
    values = np.asarray(axis.values, np.float64)
    rising = values if values[0] < values[-1] else values[::-1]
    candidates = _round_values(rising)
    rows = np.interp(candidates, rising, np.arange(len(rising), dtype=np.float64))
    kept: list[int] = []
    for number in range(len(rows))[::-1]:  # from the highest, where the axis is the least crowded
        if not kept or rows[kept[-1]] - rows[number] >= len(rising) / MOST_TICKS:
            kept.append(number)
    kept.reverse()
    if rising is not values:
        rows = len(rising) - 1 - rows
    return [float(rows[number]) for number in kept], [f"{candidates[number]:g}" for number in kept]


def _round_values(rising: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Values of one digit, 1, 2 or 5, on a logarithmic or mel axis; otherwise values in equal steps."""
    if len(rising) == 1:
        return rising
    low, high = rising[0], rising[-1]
    middle = rising[len(rising) // 2]
    if low > 0 and middle < BENT * (low + high) / 2:
        powers = 10.0 ** np.arange(np.floor(np.log10(low)), np.ceil(np.log10(high)) + 1)
        values = np.sort(np.outer(powers, [1, 2, 5]).ravel())
    else:
        from matplotlib.ticker import MaxNLocator

        values = np.asarray(MaxNLocator(MOST_TICKS - 2).tick_values(low, high), np.float64)
    half_a_row = np.diff(rising)[[0, -1]] / 2
    return np.asarray(values[(values >= low - half_a_row[0]) & (values <= high + half_a_row[1])])
