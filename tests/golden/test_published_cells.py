"""Scores published by the convnet's authors, recomputed by `mxt search` from their published features."""

from __future__ import annotations

from pathlib import Path

import pytest

from mxt.ingestion.requests import IngestRequest
from mxt.papers.choi2017.tasks import published
from mxt.registry import build_registry
from mxt.results.request import SearchRequest
from mxt.results.search_record import SearchResult
from mxt.workflows.ingest import ingest
from mxt.workflows.search import search

pytestmark = pytest.mark.realdata
REGISTRY = build_registry()
MFCC = "choi2017_mfcc"


@pytest.fixture(scope="module")
def store(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("published") / "mxt-store"
    ingest(folder, IngestRequest(data / "choi2017", loader="choi2017"), REGISTRY)
    return folder


def found(store: Path, dataset: str, target: str, *only: str, settings: tuple[str, ...] = ()) -> SearchResult:
    layers, together = ("choi2017_convnet",), (MFCC,)
    request = SearchRequest(
        (dataset,), layers, target, protocols=("choi2017",), settings=settings, beside=together, only=only
    )
    return search(store, request, REGISTRY, jobs=2).results[0]


def test_speech_and_music_are_told_apart_as_published_to_the_last_digit(store: Path) -> None:
    result = found(store, "gtzan_speechmusic", "label", "1", "5", "135", "12345", MFCC, f"12345+{MFCC}")
    expected = published()["scores"]["gtzan_speechmusic"]
    assert {row.name.replace(MFCC, "mfcc"): round(row.score.value, 6) for row in result.rows} == {
        name: expected[name] for name in ("1", "5", "135", "12345", "mfcc", "12345+mfcc")
    }


def test_genres_over_the_whole_grid_are_as_published_to_the_last_digit(store: Path) -> None:
    (row,) = found(store, "gtzan_genre", "label", "35").rows
    assert round(row.score.value, 6) == published()["scores"]["gtzan_genre"]["35"] == 0.849


def test_all_layers_tell_genres_with_the_winning_penalty_as_published_to_the_last_digit(store: Path) -> None:
    (row,) = found(store, "gtzan_genre", "label", "12345", settings=("svm_choi2017.C=32",)).rows
    assert round(row.score.value, 6) == published()["scores"]["gtzan_genre"]["12345"] == 0.898


@pytest.mark.parametrize(("target", "name", "C"), [("arousal", "4", "8"), ("valence", "3", "2")])
def test_arousal_and_valence_where_an_rbf_kernel_wins_are_within_0_002(
    store: Path, target: str, name: str, C: str
) -> None:
    (row,) = found(store, "emoMusic", target, name, settings=(f"svm_choi2017.C={C}",)).rows
    assert row.params["kernel"] == "rbf"
    assert row.score.value == pytest.approx(published()["scores"][f"emoMusic_{target[0]}"][name], abs=0.002)
