"""The published numbers, and the words of findings."""

from __future__ import annotations

import inspect

import pytest

from mxt.cli.findings import says
from mxt.evaluation.interval import Interval
from mxt.papers.choi2017 import findings
from mxt.papers.choi2017.findings import BestScore, Finding, LayersThatMatter, SameFolds
from mxt.papers.choi2017.records import Cell, ReproduceRequest
from mxt.papers.choi2017.tasks import TASKS, published, published_name

KINDS = [
    kind
    for _, kind in inspect.getmembers(findings, inspect.isclass)
    if issubclass(kind, Finding) and kind is not Finding
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_finding_has_a_name_a_source_and_words_of_its_own(kind: type[Finding]) -> None:
    assert kind.name
    assert kind.source
    assert kind in says.registry


def test_a_finding_without_words_is_a_mistake_that_is_noticed() -> None:
    with pytest.raises(NotImplementedError, match="Finding"):
        says(Finding())


def test_layers_that_matter_are_those_that_nearly_all_of_the_best_use() -> None:
    top = ("5", "15", "25", "35", "45", "125", "12")
    counts = {layer: sum(layer in name for name in top) for layer in "12345"}
    finding = LayersThatMatter("emoMusic arousal", "5", top, counts)
    assert finding.holds
    assert "layer 5 matters most, the paper says" in says(finding)
    assert says(finding).endswith("layers 1 to 5 occur 3 3 1 1 6 times, 5 most often")
    assert not LayersThatMatter("emoMusic arousal", "3", top, counts).holds


def test_the_best_score_is_told_with_the_table_only_where_it_is_in_the_table() -> None:
    finding = BestScore("UrbanSound8K", 0.7, "135", 0.714, "12345+mfcc", None, "")
    assert not finding.holds
    assert (
        says(finding) == "UrbanSound8K: the best is 0.700 (135) here, 0.714 (12345+mfcc) in the paper's text"
    )
    table = BestScore("GTZAN genre", 0.898, "12345", 0.898, "12345", 0.898, "12345")
    assert table.holds
    assert says(table).endswith("0.898 (12345) in the paper's text, 0.898 (12345) in the published table")


def test_what_tuning_on_the_same_folds_adds_is_measured_and_not_judged() -> None:
    finding = SameFolds("GTZAN genre", 32, "12345", 0.898, Interval(0.87, 0.85, 0.89), ("12345",) * 10)
    assert finding.holds is None
    assert "chosen inside" in says(finding)
    assert "0.870 (95 %: 0.850 to 0.890)" in says(finding)


def test_a_request_knows_its_command() -> None:
    assert ReproduceRequest().command() == "mxt reproduce choi2017"
    request = ReproduceRequest(tasks=("emoMusic", "gtzan_genre"), features="mine", quick=True)
    words = "mxt reproduce choi2017 --task emoMusic --task gtzan_genre --features mine --quick"
    assert request.command() == words


def test_what_the_paper_states_belongs_to_its_tasks() -> None:
    names = {task.name for task in TASKS}
    assert set(published()["scores"]) <= names
    assert all(set(published()["paper"][key]) <= names for key in ("best", "state_of_the_art", "layers"))


def test_combinations_go_by_the_names_of_the_published_table() -> None:
    names = ("135", "choi2017_mfcc", "12345+choi2017_mfcc")
    assert [published_name(name) for name in names] == ["135", "mfcc", "12345+mfcc"]


def test_the_published_table_that_is_shipped_has_120_cells() -> None:
    assert {name: len(cells) for name, cells in published()["scores"].items()} == dict.fromkeys(
        ("emoMusic_a", "emoMusic_v", "gtzan_genre", "gtzan_speechmusic"), 30
    )


@pytest.mark.parametrize(("difference", "met"), [(0.0019, True), (-0.0019, True), (0.0021, False)])
def test_a_cell_is_met_within_0_002(difference: float, met: bool) -> None:
    assert Cell("1", 0.5 + difference, 0.5).met is met


def test_a_cell_that_was_not_published_has_no_difference_and_is_not_met() -> None:
    cell = Cell("1", 0.5, None)
    assert (cell.difference, cell.met) == (None, False)
