"""The published numbers, and the words of findings."""

from __future__ import annotations

import csv
import inspect
from pathlib import Path

import pytest

from mxt.cli.findings_choi2017 import says
from mxt.evaluation.interval import Interval
from mxt.papers.choi2017 import findings
from mxt.papers.choi2017.findings import BestScore, LayersThatMatter, SameFolds
from mxt.papers.choi2017.from_grid import of_layer
from mxt.papers.choi2017.records import Cell, ReproduceRequest, TaskReproduction
from mxt.papers.choi2017.tasks import TASKS, published, published_name
from mxt.papers.finding import Finding

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
    some = ReproduceRequest(strategies=("135", "12345+mfcc"))
    assert some.command() == "mxt reproduce choi2017 --strategy 135 --strategy 12345+mfcc"


def test_what_the_paper_states_belongs_to_its_tasks() -> None:
    names = {task.name for task in TASKS}
    assert set(published()["scores"]) <= names
    assert all(set(published()["paper"][key]) <= names for key in ("best", "state_of_the_art", "layers"))


def test_combinations_go_by_the_names_of_the_published_table() -> None:
    names = ("135", "choi2017_mfcc", "12345+choi2017_mfcc")
    assert [published_name(name) for name in names] == ["135", "mfcc", "12345+mfcc"]


def test_the_published_table_that_is_shipped_has_210_cells() -> None:
    assert {name: len(cells) for name, cells in published()["scores"].items()} == {
        task.name: 30 for task in TASKS
    }


@pytest.mark.realdata
def test_the_published_table_that_is_shipped_is_the_authors(data: Path) -> None:
    with (data / "choi2017" / "published_scores.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    scores: dict[str, dict[str, float]] = {row["task"]: {} for row in rows}
    for row in rows:
        scores[row["task"]][row["strategy"]] = float(row["score"])
    assert published()["scores"] == scores


def jamendo(*cells: Cell) -> TaskReproduction:
    (task,) = (task for task in TASKS if task.name == "jamendo_vd")
    return TaskReproduction(task, cells, None, None, None, task.clips)  # type: ignore[arg-type]


GOOD, OFF = Cell("4", 0.9658247, 0.965825), Cell("5", 0.950966, 0.878158)


def test_scores_missed_only_with_one_layer_were_computed_with_another_file_of_it() -> None:
    finding = of_layer(jamendo(GOOD, OFF, Cell("45", 0.9643, 0.964339), Cell("mfcc", 0.91679, 0.91679)), "5")
    assert (finding.met, finding.cells, finding.met_without, finding.cells_without) == (1, 2, 2, 2)
    assert finding.holds
    assert says(finding) == (
        "Jamendo vocal detection: without layer 5, 2 of 2 published scores met (largest difference 0.0000); "
        "with it, 1 of 2 (0.0728): this points to another file of layer 5 than the one released"
    )


def test_scores_missed_without_the_layer_too_say_nothing_of_its_file() -> None:
    assert of_layer(jamendo(Cell("4", 0.9, 0.965825), OFF), "5").holds is False


def test_without_either_kind_of_score_it_is_undecided_which_file_was_used() -> None:
    assert of_layer(jamendo(OFF), "5").holds is None
    assert "undecided" in says(of_layer(jamendo(GOOD), "5"))


def test_a_score_is_exact_where_it_rounds_to_the_published_digits() -> None:
    assert (GOOD.exact, OFF.exact, Cell("4", 0.966, 0.965825).exact) == (True, False, False)


@pytest.mark.parametrize(("difference", "met"), [(0.0019, True), (-0.0019, True), (0.0021, False)])
def test_a_cell_is_met_within_0_002(difference: float, met: bool) -> None:
    assert Cell("1", 0.5 + difference, 0.5).met is met


def test_a_cell_that_was_not_published_has_no_difference_and_is_not_met() -> None:
    cell = Cell("1", 0.5, None)
    assert (cell.difference, cell.met) == (None, False)
