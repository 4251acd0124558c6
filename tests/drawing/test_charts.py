from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import matplotlib as mpl
import pytest

from mxt.cli.main import main
from mxt.drawing.comparison import comparison_chart
from mxt.drawing.page import VERMILION
from mxt.evaluation.comparison import Difference
from mxt.evaluation.interval import Interval
from mxt.extraction.request import ExtractRequest
from mxt.registry import Registry
from mxt.results.records import Evaluated
from mxt.results.request import EvaluateRequest
from mxt.workflows.evaluate import evaluate
from mxt.workflows.extract import extract


def test_a_comparison_has_a_bar_a_view_with_its_score(
    store: Path, registry: Registry, tmp_path: Path
) -> None:
    for scale in ("1", "2"):
        extract(store, ExtractRequest(backbone="tiny", settings=(f"scale={scale}",)), registry)
    found = evaluate(
        store,
        EvaluateRequest(
            head="linear",
            settings=("C=1", "nested.folds=3", "choi2017.folds=3"),
            protocols=("nested", "choi2017"),
        ),
        registry,
    )
    with mpl.rc_context({"svg.fonttype": "none"}):
        comparison_chart(found, tmp_path / "a.svg")
    text = (tmp_path / "a.svg").read_text(encoding="utf-8")
    for each in found.datasets:
        assert (
            f"{each.dataset} · label · linear · {each.folds} · 72 clips · no groups known · chance 0.167<"
            in text
        )
        for view in each.views:
            assert f">{view.view}<" in text
            assert f">{view.assessment.first.value:.3f}<" in text
    assert len(re.findall(r">\d\.\d{3}<", text)) == 4


def test_metrics_that_tell_more_stand_beside_the_main_score_only_where_classes_differ_in_size(
    store: Path, registry: Registry, tmp_path: Path
) -> None:
    extract(store, ExtractRequest(backbone="tiny"), registry)
    request = EvaluateRequest(head="linear", settings=("C=1", "nested.folds=3"))
    result = evaluate(store, request, registry)
    (of_dataset,) = result.datasets
    (view,) = of_dataset.views
    first, *others = view.assessment.classes
    larger = replace(view.assessment, classes=(replace(first, clips=2 * first.clips), *others))
    unequal = replace(of_dataset, views=(replace(view, assessment=larger),))
    words = ("balanced accuracy", "macro F1", "Matthews correlation")
    for shown, answer in ((False, result), (True, replace(result, datasets=(unequal,)))):
        with mpl.rc_context({"svg.fonttype": "none"}):
            comparison_chart(answer, tmp_path / "a.svg")
        text = (tmp_path / "a.svg").read_text(encoding="utf-8")
        assert [f">{word} with 95 % interval<" in text for word in words] == [shown] * 3


def test_a_view_has_another_colour_only_where_it_is_clearly_below_the_best(
    store: Path, registry: Registry, tmp_path: Path
) -> None:
    extract(store, ExtractRequest(backbone="tiny"), registry)
    request = EvaluateRequest(
        head="linear", settings=("C=1", "nested.folds=3"), features=("tiny", "tiny:level")
    )
    (of_dataset,) = evaluate(store, request, registry).datasets
    best, other = of_dataset.views
    assert best.difference is None
    for gap, clear in ((Interval(-0.2, -0.3, -0.1), True), (Interval(-0.2, -0.4, 0.1), False)):
        views = (best, replace(other, difference=Difference(gap, 0.01)))
        with mpl.rc_context({"svg.fonttype": "none"}):
            comparison_chart(Evaluated((replace(of_dataset, views=views),)), tmp_path / "a.svg")
        text = (tmp_path / "a.svg").read_text(encoding="utf-8")
        assert (">clearly below the best<" in text) == clear
        assert (VERMILION.lower() in text.lower()) == clear


def test_eval_draws_what_it_prints(
    store: Path, plugin: Path, registry: Registry, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    extract(store, ExtractRequest(backbone="tiny"), registry)
    with pytest.raises(SystemExit, match="0"):
        main(
            [
                "eval",
                "--store",
                str(store),
                "--plugin",
                str(plugin),
                "--head",
                "forest",
                "--set",
                "trees=5",
                "-q",
                "--chart",
                str(tmp_path / "a.png"),
            ]
        )
    assert f"drawn: {tmp_path / 'a.png'}" in capsys.readouterr().out
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
