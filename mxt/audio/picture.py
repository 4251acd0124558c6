"""Pictures: levels as brightness, and bilinear resizing of one piece of time after another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from math import ceil, floor

import torch
import torch.nn.functional as F
from torch import Tensor

from mxt.audio.streamed import Streamed

Slabs = Iterable[Tensor]  # float32 [..., rows, columns] each: a picture from left to right
Signal = Tensor | Streamed  # float32 [samples]
Draw = Callable[[Signal], Tensor]  # a picture of one clip

LONG_COLUMNS = 1 << 14  # a picture of more columns is narrowed piece by piece and never held in full
PIECE_COLUMNS = 512  # columns narrowed at once: their weights are a matrix of so many rows


def brightness(level_db: Tensor, *, reference_db: float, floor_db: float) -> Tensor:
    """Decibels as brightness: `floor_db` and less is 0, `reference_db` and more is 1. Works in place.

    Parameters
    ----------
    level_db : torch.Tensor
        Any shape.
    reference_db, floor_db : float
        dBFS of white and of black.
    """
    return level_db.sub_(floor_db).mul_(1 / (reference_db - floor_db)).clamp_(0, 1)


def resized(slabs: Slabs, *, columns: int, height: int = 0, width: int = 0) -> Tensor:
    """Join the slabs of a picture and resize it bilinearly, without ever holding a long one in full.

    Each new pixel is the mean of the old ones under a triangle around it, which is as wide as the reduction
    wants (never narrower than two old pixels): `torch.nn.functional.interpolate` with ``mode="bilinear"`` and
    ``antialias=True``.

    Parameters
    ----------
    slabs : iterable of torch.Tensor
        float32 [..., rows, columns of this slab] each.
    columns : int
        Of all slabs together.
    height, width : int
        Pixels wanted; 0: as many as there are.

    Returns
    -------
    torch.Tensor
        float32 [..., height, width].

    Examples
    --------
    >>> resized(iter([torch.zeros(1, 4), torch.ones(1, 4)]), columns=8, width=2)
    tensor([[0.1429, 0.8571]])
    """
    narrow = 0 < width < columns and (columns > LONG_COLUMNS or width == 1)
    picture = _narrowed(slabs, columns, width) if narrow else torch.cat(list(slabs), dim=-1)
    size = height or picture.shape[-2], width or columns
    if picture.shape[-2:] == size:
        return picture
    if (
        picture.shape[-1] == 1
    ):  # two equal columns: of a single one torch (2.11) takes the first row for all of them
        picture = picture.expand(*picture.shape[:-1], 2)
    planes = picture.reshape(1, -1, *picture.shape[-2:])
    output = F.interpolate(
        planes, (size[0], max(2, size[1])), mode="bilinear", antialias=True, align_corners=False
    )
    return output[..., : size[1]].reshape(*picture.shape[:-2], *size)


def _narrowed(slabs: Slabs, columns: int, width: int) -> Tensor:
    output: Tensor | None = None
    at = 0
    for slab in _pieces(slabs):
        if output is None:
            output = slab.new_zeros(*slab.shape[:-1], width)
        count = slab.shape[-1]
        weights, first = triangle_weights(columns, width, at, at + count)
        output[..., first : first + weights.shape[1]] += slab @ weights.to(slab)
        at += count
    assert output is not None, "a picture has at least one slab"
    assert at == columns, "as many columns as announced"
    return output


def _pieces(slabs: Slabs) -> Iterator[Tensor]:
    for slab in slabs:
        yield from torch.split(slab, PIECE_COLUMNS, dim=-1)


def triangle_weights(old: int, new: int, first: int, last: int) -> tuple[Tensor, int]:
    """Weights of the old pixels `first` to `last` in the new ones.

    Parameters
    ----------
    old, new : int
        Pixels along this axis.
    first, last : int
        A range of old pixels.

    Returns
    -------
    weights : torch.Tensor
        float32 [last - first, new pixels touched].
    begin : int
        The first new pixel touched.
    """
    scale = old / new
    reach = max(scale, 1.0)
    # the centre of new pixel i lies at (i + 1/2) old / new; it sees old pixels whose centres are less than
    # `reach` away
    begin = max(0, floor((first + 0.5 - reach) / scale - 0.5))
    end = min(new, ceil((last - 0.5 + reach) / scale - 0.5) + 1)
    centres = (torch.arange(begin, end, dtype=torch.float64) + 0.5) * scale
    edge = floor(reach) + 2
    places = torch.arange(max(0, first - 2 * edge), min(old, last + 2 * edge), dtype=torch.float64)
    weights = (1 - (places[:, None] + 0.5 - centres).abs() / reach).clamp_(min=0)
    weights /= weights.sum(0).clamp_(
        min=1e-12
    )  # a triangle that reaches over the edge of the picture is cut off there
    here = weights[first - int(places[0]) : last - int(places[0])]
    return here.float(), begin


def clip_by_clip(draw: Draw) -> Callable[[Iterable[Signal]], Tensor]:
    """A function that draws a batch clip by clip: float32 [N, samples], or signals one by one."""

    def render(y: Iterable[Signal]) -> Tensor:
        with torch.inference_mode():
            return torch.stack([draw(clip) for clip in y])

    return render
