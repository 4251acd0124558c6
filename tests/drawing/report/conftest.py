"""A small collection with names that would like to be markup, evaluated: what pages are made of."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

from mxt.extraction.request import ExtractRequest
from mxt.ingestion.requests import IngestRequest
from mxt.registry import Registry
from mxt.results.request import EvaluateRequest
from mxt.workflows.evaluate import evaluate
from mxt.workflows.extract import extract
from mxt.workflows.ingest import ingest
from mxt.workflows.report import ReportRequest, report
from mxt.workflows.similar import SimilarRequest, similar

SR = 16_000
SCRIPT = "<script>window.ran=1</script>"
LABELS = (
    f'"><img src=x onerror="window.ran=1">{SCRIPT}',
    "</script><!--\n\u2028\u202eאבג شعار ${window.ran=1} {{7*7}} &#60 &lt",
    "long " * 59 + "'ends'",
)
FILES = (
    "<img src=x onerror=window.ran=1>",
    "'\"&amp; {{7*7}} `${window.ran=1}`",
    "\u202eright to left אבג",
    "n" * 240,
    "javascript:window.ran=1",
    "<",
)


def write_notes(folder: Path) -> Path:
    """18 notes of three classes under hostile names, and the table that labels them."""
    rng, rows = np.random.default_rng(0), []
    for number, label in enumerate(LABELS):
        below = folder / f"script>window.ran=1<{number}"
        below.mkdir(parents=True)
        for i, name in enumerate(FILES):
            t = np.arange(5 * SR) / SR
            strength = rng.uniform(0.2, 0.6)
            y = strength * np.sin(2 * np.pi * 300 * (1 + number) * t) * np.exp(-2 * (t - 2.5) ** 2)
            y += rng.normal(scale=0.05 * (1 + i % 3), size=len(y))
            sf.write(below / f"{name}.wav", y.clip(-1, 1), SR)
            rows.append([f"{below.name}/{name}.wav", label, f"tape {i} {SCRIPT}"])
    table = folder / "notes.csv"
    with table.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["file", "kind<i>", "tape"], *rows])
    return table


@pytest.fixture(scope="session")
def evaluated(tmp_path_factory: pytest.TempPathFactory, registry: Registry) -> Path:
    """A store with the notes, and an evaluation of two views."""
    folder = tmp_path_factory.mktemp("hostile")
    table, store = write_notes(folder / "notes"), folder / "mxt-store"
    ingest(
        store,
        IngestRequest(table, params={"file_column": "file", "target": ("kind<i>",), "group_column": "tape"}),
        registry,
    )
    extract(store, ExtractRequest("tiny"), registry)
    evaluate(store, EvaluateRequest(features=("tiny:level", "tiny:both"), heads=("linear",)), registry)
    return store


@pytest.fixture(scope="session")
def page(evaluated: Path, registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its report."""
    path = tmp_path_factory.mktemp("page") / "report.html"
    report(evaluated, ReportRequest(out=path), registry)
    return path


@pytest.fixture(scope="session")
def cards(evaluated: Path, registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page of the clips that are like one of the notes, with groups that are markup."""
    path = tmp_path_factory.mktemp("cards") / "similar.html"
    similar(
        evaluated,
        SimilarRequest(f"script>window.ran=1<0/{FILES[5]}.wav", "tiny:both", count=17, out=path),
        registry,
    )
    return path
