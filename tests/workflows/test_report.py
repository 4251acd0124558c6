"""Reports: which results they hold, in which format, and what they say of what is gone."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from mxt.core.errors import InputError, UnknownName
from mxt.extraction.request import ExtractRequest
from mxt.registry import Registry
from mxt.results.index import outlines
from mxt.results.request import EvaluateRequest, SearchRequest
from mxt.store.layout import Store
from mxt.workflows.evaluate import evaluate
from mxt.workflows.extract import extract
from mxt.workflows.report import ReportRequest, report
from mxt.workflows.search import search

QUICK = EvaluateRequest(features=("tiny:level", "tiny:both"), heads=("linear",))


@pytest.fixture(scope="module")
def made(_ingested: Path, registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with two evaluations of the same views and a search of layers."""
    store = Path(shutil.copytree(_ingested, tmp_path_factory.mktemp("reported") / "mxt-store"))
    extract(store, ExtractRequest("tiny"), registry)
    for seed in (0, 1):
        evaluate(store, EvaluateRequest(features=QUICK.features, heads=QUICK.heads, seed=seed), registry)
    search(store, SearchRequest(features=("tiny",), head="linear"), registry)
    return store


def json_report(store: Path, registry: Registry, path: Path, **options: object) -> dict:
    report(store, ReportRequest(out=path, format="json", **options), registry)
    return json.loads(path.read_text(encoding="utf-8"))


def test_without_a_name_the_newest_result_of_each_view_and_the_search_are_reported(made, registry, tmp_path):
    (chapter,) = json_report(made, registry, tmp_path / "r.json")["chapters"]
    assert sorted(one["result"]["best"] for one in chapter["results"]) == ["tiny:both", "tiny:level"]
    assert {one["result"]["request"]["seed"] for one in chapter["results"]} == {1}
    assert len(chapter["searches"]) == 1
    values = [one["result"]["views"][0]["scores"]["accuracy"]["value"] for one in chapter["results"]]
    assert values == sorted(values, reverse=True)


def test_json_holds_the_facts_and_no_sentence_of_the_page(made, registry, tmp_path):
    (chapter,) = json_report(made, registry, tmp_path / "r.json")["chapters"]
    first = chapter["results"][0]
    assert len(first["answers"]["clips"]) == first["answers"]["tested"] == chapter["card"]["used"] == 72
    assert len(first["answers"]["probabilities"][0]) == len(first["answers"]["classes"]) == 6
    assert len(first["map"]["points"]["tsne"]) == 72
    assert first["commands"][-1].startswith("mxt eval")
    assert chapter["comparison"]["together"]
    assert chapter["audit"]["metadata"]


def test_results_of_different_evaluations_are_compared_on_the_clips_in_common(made, registry, tmp_path):
    store = Store.open(made, read_only=True)
    named = tuple(
        name for name, one in outlines(store).items() if one.view == "tiny:both" and one.kind == "evaluation"
    )
    assert len(named) == 2
    (chapter,) = json_report(made, registry, tmp_path / "r.json", results=named)["chapters"]
    assert not chapter["comparison"]["together"]
    gaps = list(chapter["comparison"]["differences"].values())
    assert sum(gap is None for gap in gaps) == 1


def test_markdown_has_the_same_scores_as_the_page(made, registry, tmp_path):
    report(made, ReportRequest(out=tmp_path / "r.md"), registry)
    written = report(made, ReportRequest(out=tmp_path / "r.html", audio=False), registry)
    text, page = (tmp_path / "r.md").read_text(), (tmp_path / "r.html").read_text()
    scores = set(re.findall(r"\d\.\d{3} \(\d\.\d{3} to \d\.\d{3}\)", text))
    assert len(scores) > 10
    assert scores <= set(re.findall(r"\d\.\d{3} \(\d\.\d{3} to \d\.\d{3}\)", page))
    assert (written.previews, written.wanted) == (0, 0)
    assert "This page carries no recordings" in page


def test_a_page_says_how_many_recordings_it_carries(made, registry, tmp_path):
    written = report(made, ReportRequest(out=tmp_path / "r.html"), registry)
    assert written.previews == written.wanted == 72
    assert "72 of 72 recordings can be heard" in (tmp_path / "r.html").read_text()
    assert written.nbytes < 5_000_000


def test_recordings_that_are_gone_are_told_and_the_report_is_written(made, registry, tmp_path, collection):
    moved = collection.with_name("moved")
    collection.rename(moved)
    try:
        written = report(made, ReportRequest(out=tmp_path / "r.html"), registry)
    finally:
        moved.rename(collection)
    assert written.previews == 0
    assert written.silent == {"the file is gone since ingest": 72}
    assert "72 could not be read" in (tmp_path / "r.html").read_text()


def test_equal_results_give_equal_pages(made, registry, tmp_path):
    for name in ("a", "b"):
        report(made, ReportRequest(out=tmp_path / f"{name}.json", format="json"), registry)
    texts = [
        re.sub(r'"(created|command)": "[^"]*"', "", (tmp_path / f"{name}.json").read_text()) for name in "ab"
    ]
    assert texts[0] == texts[1]


def test_nothing_evaluated_an_unknown_result_and_a_missing_folder_are_told_before_any_work(
    store, registry, tmp_path
):
    with pytest.raises(InputError, match="mxt eval makes one"):
        report(store, ReportRequest(out=tmp_path / "r.html"), registry)
    with pytest.raises(UnknownName, match="nosuch"):
        report(store, ReportRequest(("nosuch",), out=tmp_path / "r.html"), registry)
    with pytest.raises(InputError, match="does not exist"):
        report(store, ReportRequest(out=tmp_path / "no" / "r.html"), registry)


@pytest.mark.parametrize(
    ("request_", "path", "chosen"),
    [
        (ReportRequest(), "report.html", "html"),
        (ReportRequest(format="md"), "report.md", "md"),
        (ReportRequest(out=Path("x.json")), "x.json", "json"),
        (ReportRequest(out=Path("x.page"), format="md"), "x.page", "md"),
        (ReportRequest(out=Path("x.markdown")), "x.markdown", "md"),
    ],
)
def test_the_format_is_that_asked_for_or_that_of_the_file(request_, path, chosen):
    assert (str(request_.path), request_.chosen_format) == (path, chosen)


def test_of_many_clips_a_report_does_not_listen_to_all_and_says_so(store, registry, tmp_path, monkeypatch):
    extract(store, ExtractRequest("tiny"), registry)
    monkeypatch.setattr("mxt.results.audit_study.CHEAP_SECONDS", 0)
    evaluate(store, QUICK, registry)
    for module in ("mxt.results.chapters", "mxt.drawing.report.words"):
        monkeypatch.setattr(f"{module}.LARGEST", 10)
    monkeypatch.setattr("mxt.results.chapters.audit", lambda *_, **__: pytest.fail("it listens"))
    report(store, ReportRequest(out=tmp_path / "r.md"), registry)
    text = (tmp_path / "r.md").read_text(encoding="utf-8")
    assert "- Of more than 10 clips mxt does not look for labels that are probably wrong" in text
    assert "- Recordings were not compared by their sound" in text
