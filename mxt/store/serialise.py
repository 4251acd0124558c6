"""How results and folds become files: JSON, archives of arrays without pickles, portable names."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mxt.core.text import written

Arrays = Mapping[str, npt.NDArray[Any]]


def load_arrays(path: Path) -> dict[str, npt.NDArray[Any]]:
    """All arrays of an ``.npz`` archive; raises whatever damaged bytes make NumPy raise."""
    with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
        return {name: file[name] for name in file.files}


def dump_json(value: Any) -> str:
    """JSON of plain values and NumPy numbers, sorted; NaN is ``null``."""
    return json.dumps(_plain(value), sort_keys=True, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {written(str(name)): _plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return written(value) if isinstance(value, str) else value


def no_objects(arrays: Arrays) -> dict[str, Any]:
    """`arrays` as NumPy saves them; Python objects would need a pickle and are a `TypeError`."""
    plain = {name: np.asarray(array) for name, array in arrays.items()}
    for name, array in plain.items():
        if array.dtype.hasobject:
            raise TypeError(
                f"{name} holds Python objects, which are not saved; numbers or text (dtype str) are"
            )
    return plain


def safe_name(text: str) -> str:
    """`text` as a part of a file's name, on any file system."""
    return re.sub(r"[^A-Za-z0-9_-]+", "_", text) or "_"
