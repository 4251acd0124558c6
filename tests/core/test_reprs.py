from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest

import mxt
from mxt.core.reprs import short_repr
from mxt.results.views import Matrix

RECORDS = [
    pytest.param(node, id=f"{path.stem}.{node.name}")
    for path in sorted(Path(mxt.__file__).parent.rglob("*.py"))
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    if isinstance(node, ast.ClassDef)
    and any("eq=False" in ast.unparse(decorator) for decorator in node.decorator_list)
]


def test_a_matrix_shows_its_sizes_and_not_its_numbers():
    names = tuple(f"mfcc.mfcc.{number}" for number in range(2000))
    text = repr(
        Matrix(np.ones((5000, 2000), np.float32), ("a clip",) * 5000, "mfcc", names, 3, 0, {"mfcc": "f" * 64})
    )
    assert text.startswith(
        "Matrix(X=<float32 [5000, 2000]>, clips=<5,000 str>, view='mfcc', columns=<2,000 str>, n_missing=3, "
        "n_failed=0"
    )
    assert len(text) < 300


@pytest.mark.parametrize("record", RECORDS)
def test_every_record_with_arrays_has_a_short_repr(record):
    assert any(ast.unparse(line) == f"__repr__ = {short_repr.__name__}" for line in record.body)
