"""Figures of evaluations: views beside each other, the confusion matrix, and the map of the clips."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mxt.core.errors import InputError
from mxt.drawing import map as maps
from mxt.drawing.evaluations import read_evaluations
from mxt.drawing.map import read_map
from mxt.registry import build_registry
from mxt.results.records import DatasetResult
from mxt.results.request import EvaluateRequest
from mxt.store.layout import Store
from mxt.workflows.evaluate import evaluate
from mxt.workflows.figures import FiguresRequest, figures

Make = Callable[..., Store]
REGISTRY = build_registry()
N = 90
RNG = np.random.default_rng(0)
ONE_HOT = np.eye(3)[np.arange(N) % 3]
GOOD = (ONE_HOT + 0.4 * RNG.normal(size=(N, 3))).astype(np.float32)
FAIR = (ONE_HOT + 0.9 * RNG.normal(size=(N, 3))).astype(np.float32)


@pytest.fixture
def store(make_store: Make) -> Store:
    """Three classes and two views, not yet evaluated."""
    return make_store({"fair": FAIR, "good": GOOD})


def evaluated(store: Store, *features: str, seed: int = 0) -> DatasetResult:
    settings = ("linear.C=1", "nested.folds=4")
    request = EvaluateRequest(head="linear", settings=settings, features=features, seed=seed)
    return evaluate(store.root, request, REGISTRY).datasets[0]


def numbers(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def read(store: Store) -> list[DatasetResult]:
    return read_evaluations(store, datasets=(), protocols=())[0]


def test_an_evaluation_gets_its_views_its_confusion_and_a_map(store: Store, tmp_path: Path) -> None:
    result = evaluated(store)
    drawn = figures(store.root, FiguresRequest(tmp_path / "out", pdf=True))
    assert [figure.kind for figure in drawn.figures] == ["comparison", "confusion", "map"]
    assert not drawn.remarks
    for figure in drawn.figures:
        png, svg, pdf, table = figure.files
        assert png.read_bytes().startswith(b"\x89PNG")
        assert "<svg" in svg.read_text()
        assert pdf.read_bytes().startswith(b"%PDF")
        assert numbers(table)
    comparison, confusion, points = (numbers(figure.files[-1]) for figure in drawn.figures)
    assert [row["view"] for row in comparison] == ["good", "fair"]
    good = next(view for view in result.views if view.view == "good")
    assert [
        [int(row["clips"]) for row in confusion[i : i + 3]] for i in (0, 3, 6)
    ] == good.assessment.confusion
    assert len(points) == N
    wrong = sum(row["true"] != row["predicted"] for row in points)
    assert wrong == N - sum(good.assessment.confusion[i][i] for i in range(3))


def test_pdf_is_written_only_where_it_is_asked_for(store: Store, tmp_path: Path) -> None:
    evaluated(store)
    drawn = figures(store.root, FiguresRequest(tmp_path))
    assert {path.suffix for figure in drawn.figures for path in figure.files} == {".png", ".svg", ".csv"}


def test_views_evaluated_one_after_the_other_stand_beside_each_other_as_if_together(store: Store) -> None:
    evaluated(store, "good")
    evaluated(store, "fair")
    (apart,) = read(store)
    together = evaluated(store)
    assert [view.view for view in apart.views] == ["good", "fair"]
    fair = next(view for view in together.views if view.view == "fair")
    assert apart.views[1].difference == fair.difference


def test_the_newest_result_of_each_view_is_drawn_and_other_ways_are_figures_of_their_own(
    store: Store,
) -> None:
    evaluated(store)
    newest = evaluated(store, "fair", "good")
    evaluated(store, "good", seed=1)
    first, other = sorted(read(store), key=lambda result: result.request.seed)
    assert {view.result_id for view in first.views} == {view.result_id for view in newest.views}
    assert [view.view for view in other.views] == ["good"]


def test_a_result_of_other_labels_is_named_and_not_drawn(store: Store, tmp_path: Path) -> None:
    evaluated(store, "good")
    record = store.catalogue.dataset("music")
    store.catalogue.replace_clips(record, store.catalogue.clips("music")[:-1])
    with pytest.raises(InputError, match="no evaluation or search of music to draw"):
        figures(store.root, FiguresRequest(tmp_path))
    _, (remark,) = read_evaluations(store, datasets=(), protocols=())
    assert "labels or clips changed since" in remark


def test_without_its_features_an_evaluation_has_no_map_and_that_is_said(store: Store, tmp_path: Path) -> None:
    evaluated(store, "good")
    store.features.remove(store.features.find("good").path)
    drawn = figures(store.root, FiguresRequest(tmp_path))
    assert [figure.kind for figure in drawn.figures] == ["comparison", "confusion"]
    assert any(remark.startswith("no map of ") for remark in drawn.remarks)


def test_of_very_many_clips_a_sample_is_drawn(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maps, "MOST", 40)
    points = read_map(store, evaluated(store, "good"))
    assert (len(points.clips), len(set(points.clips)), points.total) == (40, 40, N)


def test_equal_stores_give_equal_figures(store: Store, tmp_path: Path) -> None:
    evaluated(store)
    first, second = (figures(store.root, FiguresRequest(tmp_path / name)) for name in "ab")
    for one, other in zip(first.figures, second.figures, strict=True):
        assert [path.read_bytes() for path in one.files] == [path.read_bytes() for path in other.files]


def test_a_regression_has_its_views_drawn_only(make_store: Make, tmp_path: Path) -> None:
    arousal = (GOOD @ np.array([1.0, 2.0, -1.0])).tolist()
    store = make_store({"good": GOOD, "fair": FAIR}, {"arousal": arousal})
    evaluated(store)
    drawn = figures(store.root, FiguresRequest(tmp_path))
    assert [figure.kind for figure in drawn.figures] == ["comparison"]
