"""Classes and the confusion matrix, wherever they are shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from mxt.extraction.request import ExtractRequest
from mxt.registry import Registry
from mxt.workflows.extract import extract

QUICK = ("--head", "linear", "--set", "C=1", "--set", "nested.folds=3", "-q")


@pytest.fixture
def options(store: Path, plugin: Path, registry: Registry) -> tuple[str, ...]:
    """A store with features."""
    extract(store, ExtractRequest(backbone="tiny"), registry)
    return ("--store", str(store), "--plugin", str(plugin))


def test_info_of_a_result_shows_the_classes_and_the_confusion_that_eval_shows(mxt, options) -> None:
    printed = mxt("eval", *options, *QUICK, "--details").out
    tables = printed[printed.index("class ") : printed.index("careful:")]
    assert "confusion of tiny (rows: true, columns: predicted)" in tables
    assert tables in mxt("info", "last", *options).out
