"""Results come back from a store as the records they were, those of earlier versions too."""

from __future__ import annotations

import importlib.metadata
import json
from dataclasses import fields, replace

import numpy as np
import pytest

from mxt.core.errors import StoreDamaged
from mxt.evaluation.left_out import LeftOut, Why
from mxt.registry import build_registry
from mxt.results.plain import FORMAT, from_plain, to_plain
from mxt.results.records import DatasetResult, stale
from mxt.results.request import EvaluateRequest, SearchRequest
from mxt.results.saving import load_result, saved_search
from mxt.results.search_record import SearchResult
from mxt.store.layout import Store
from mxt.workflows.evaluate import evaluate
from mxt.workflows.search import search

REGISTRY = build_registry()
SETTINGS = ("kernel=rbf", "svm.C=8", "gamma=1", "folds=3")
ASKED = EvaluateRequest(settings=SETTINGS, group_by="artist", seed=2)
SEARCHED = SearchRequest(features=("good",), beside=("fair",), settings=SETTINGS, group_by="artist", seed=2)


def of_kind(store: Store, kind: str) -> list[str]:
    return [name for name in store.results.list() if load_result(store, name).kind == kind]


def same_scores(one: DatasetResult, other: DatasetResult) -> bool:
    """Whether two evaluations of one view gave the same to the last digit, as far as both say it.

    Intervals and p-values were computed by another method.
    """
    (first,), (second,) = one.views, other.views
    known = {score.name: score.value for score in second.assessment.scores}
    return (
        all(known[score.name] == score.value for score in first.assessment.scores)
        and first.assessment.per_fold == second.assessment.per_fold
        and first.assessment.confusion == second.assessment.confusion
        and (first.difference and first.difference.value) == (second.difference and second.difference.value)
        and first.params == second.params
    )


def test_an_evaluation_comes_back_as_it_was(small: Store) -> None:
    (result,) = evaluate(small.root, ASKED, REGISTRY).datasets
    for view in result.views:
        saved = load_result(small, view.result_id)
        assert isinstance(saved, DatasetResult)
        for field in fields(DatasetResult):
            if field.name not in ("views", "best", "provenance"):
                assert getattr(saved, field.name) == getattr(result, field.name), field.name
        (again,) = saved.views
        for field in fields(view.assessment):
            if field.name != "samples":
                assert getattr(again.assessment, field.name) == getattr(view.assessment, field.name)
        assert (again.params, again.cautions, again.difference) == (
            view.params,
            view.cautions,
            view.difference,
        )
    assert saved.left_out == (LeftOut(Why.UNLABELLED, 1, "genre", ("00.wav",)),)


def test_a_search_comes_back_as_it_was(small: Store) -> None:
    (result,) = search(small.root, SEARCHED, REGISTRY).results
    assert load_result(small, result.result_id) == replace(result, from_store=True)
    assert saved_search(small, result.provenance.key) == replace(result, from_store=True)
    assert saved_search(small, "another key") is None


def test_what_is_saved_names_its_format_and_the_command_that_makes_it_again(small: Store) -> None:
    (result,) = evaluate(small.root, replace(ASKED, features=("good",)), REGISTRY).datasets
    saved = small.results.load(result.views[0].result_id)
    assert saved["format"] == FORMAT
    assert saved["command"] == (
        "mxt eval --dataset 'small songs' --features good --group-by artist --head svm --seed 2 "
        "--set kernel=rbf --set svm.C=8 --set gamma=1 --set folds=3"
    )
    assert saved["views"][0]["interval"] == {
        "name": "expanded percentile bootstrap",
        "level": 0.95,
        "unit": "group",
    }


def test_numbers_that_json_does_not_have_come_back(small: Store) -> None:
    (result,) = evaluate(small.root, ASKED, REGISTRY).datasets
    plain = to_plain(result)
    plain["views"][0]["per_fold"][0] = None
    again = from_plain(json.loads(json.dumps(plain)))
    assert np.isnan(again.views[0].assessment.per_fold[0])


def test_an_evaluation_saved_before_folds_could_be_repeated_is_read(small: Store) -> None:
    (result,) = evaluate(small.root, ASKED, REGISTRY).datasets
    plain = json.loads(json.dumps(to_plain(result))) | {"format": 1}
    del plain["detectable"], plain["request"]["repeats"]
    for view in plain["views"]:
        del view["per_run"]
    for one in (*plain["views"], *plain["compared"]):
        if one["difference_to_best"] is not None:
            del one["difference_to_best"]["corrected_p"]
    again = from_plain(plain)
    assert isinstance(again, DatasetResult)
    assert np.isnan(again.detectable)
    for view, before in zip(again.views, result.views, strict=True):
        assert view.assessment.per_run == (before.assessment.first.value,)
        assert (view.difference is None) == (before.difference is None)
        if view.difference is not None and before.difference is not None:
            assert view.difference.interval == before.difference.interval


@pytest.mark.parametrize("number", [0, 1])
def test_the_request_of_a_saved_evaluation_gives_the_same_again(before: Store, number: int) -> None:
    saved = load_result(before, of_kind(before, "evaluation")[number])
    request = EvaluateRequest.from_result(saved)
    assert request == EvaluateRequest(
        datasets=("small songs",),
        features=("good", "fair"),
        group_by="artist",
        heads=("svm",),
        settings=SETTINGS,
        seed=2,
    )
    (again,) = evaluate(before.root, request, REGISTRY).datasets
    assert any(same_scores(saved, replace(again, views=(view,), best=0)) for view in again.views)


def test_an_evaluation_of_an_earlier_version_is_read(before: Store) -> None:
    saved = load_result(before, of_kind(before, "evaluation")[0])
    assert isinstance(saved, DatasetResult)
    assert (saved.dataset, saved.target, saved.head, saved.protocol) == (
        "small songs",
        "genre",
        "svm",
        "nested",
    )
    assert saved.folds == "nested 3-fold, grouped, stratified"
    assert [one.name for one in saved.views[0].assessment.classes] == ["jazz", "rock"]
    assert [one.view for one in saved.compared] == ["good", "fair"]
    assert saved.left_out[0].words == "without genre"
    assert stale(saved.dataset, saved.target, saved.provenance.targets_hash, before.catalogue) == ""


def test_a_search_of_an_earlier_version_is_read_and_answers_the_same_search(
    before: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    (name,) = of_kind(before, "search")
    saved = load_result(before, name)
    assert isinstance(saved, SearchResult)
    versions = dict(saved.provenance.versions)  # with another scikit-learn it would be another search
    monkeypatch.setattr(importlib.metadata, "version", lambda package: versions[package])
    assert saved.request == replace(SEARCHED, datasets=("small songs",), candidates=("all",))
    assert saved.layers == ("1", "2")
    assert [(row.name, row.layers) for row in saved.rows if "1" in row.layers] == [
        ("1", ("1",)),
        ("12", ("1", "2")),
        ("1+fair", ("1",)),
        ("12+fair", ("1", "2")),
    ]
    (again,) = search(before.root, SEARCHED, REGISTRY).results
    assert (again.result_id, again.from_store) == (name, True)
    (fresh,) = search(before.root, replace(SEARCHED, only=("1", "2", "12", "fair")), REGISTRY).results
    row = saved.row("12")
    assert row is not None
    assert row.score == fresh.row("12").score  # type: ignore[union-attr]


def test_a_request_is_of_the_kind_of_its_result(before: Store) -> None:
    saved = load_result(before, of_kind(before, "evaluation")[0])
    with pytest.raises(TypeError, match="EvaluateRequest made this result, not a SearchRequest"):
        SearchRequest.from_result(saved)


def test_a_result_of_a_newer_version_is_said_to_be_one(small: Store) -> None:
    (result,) = evaluate(small.root, ASKED, REGISTRY).datasets
    name = small.results.publish({**to_plain(result), "format": FORMAT + 1}, {})
    with pytest.raises(StoreDamaged, match="newer mxt"):
        load_result(small, name)
