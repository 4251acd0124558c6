"""Arrow columns of numbers, and of lists of numbers, as arrays."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from mxt.core.errors import InputError

if TYPE_CHECKING:
    import numpy.typing as npt
    import pyarrow as pa


def floats(column: Any) -> npt.NDArray[np.float64]:
    """A column of numbers, float64 [n]; a missing number is NaN."""
    import pyarrow as pa

    values = column.cast(pa.float64()).fill_null(float("nan"))
    return np.asarray(values.to_numpy(), np.float64)


def is_number(kind: Any) -> bool:
    """Whether an Arrow type is one of numbers."""
    import pyarrow as pa

    return bool(pa.types.is_floating(kind) or pa.types.is_integer(kind))


def holds_numbers(kind: Any) -> bool:
    """Whether an Arrow type is one of lists of numbers."""
    import pyarrow as pa

    lists = pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    return bool(lists and is_number(kind.value_type))


def stacked(path: Path, name: str, column: pa.ChunkedArray) -> npt.NDArray[Any]:
    """Lists of one length as an array [n, d]; a row that is missing is NaN."""
    import pyarrow as pa
    import pyarrow.compute as pc

    lengths = sorted(pc.unique(pc.list_value_length(column).drop_null()).to_pylist())
    if len(lengths) != 1:
        shown = ", ".join(map(str, lengths[:5]))
        raise InputError(f"{path}: the lists of {name} have different lengths: {shown}")
    there = np.asarray(column.is_valid())
    stacked = np.full((len(there), lengths[0]), np.nan, np.float32 if _is_single(column.type) else np.float64)
    kind = pa.float32() if _is_single(column.type) else pa.float64()
    flat = pc.list_flatten(column).cast(kind).fill_null(pa.scalar(float("nan"), kind))
    stacked[there] = flat.to_numpy().reshape(-1, lengths[0])
    return stacked


def _is_single(kind: Any) -> bool:
    import pyarrow as pa

    return bool(kind.value_type == pa.float32())
