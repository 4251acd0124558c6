"""A small model of a synthetic view, and bundles of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from mxt.extraction.request import ExtractRequest
from mxt.models.model import Model
from mxt.workflows.extract import extract
from mxt.workflows.fit import FitRequest, fit


@pytest.fixture(scope="session")
def fitted(_ingested, registry, tmp_path_factory) -> tuple[Path, Model]:
    """A bundle fitted to the six timbres, and its model."""
    import shutil

    store = Path(shutil.copytree(_ingested, tmp_path_factory.mktemp("fitted") / "mxt-store"))
    extract(store, ExtractRequest("mfcc"), registry)
    out = store.parent / "timbres.mxt"
    return out, fit(store, FitRequest(out), registry).model


@pytest.fixture
def bundle(fitted) -> Path:
    return fitted[0]


@pytest.fixture
def model(fitted) -> Model:
    return fitted[1]
