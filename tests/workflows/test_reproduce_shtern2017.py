"""The second paper's experiments over a small Extended Ballroom, a small NSynth and a labelled folder."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from mxt.cli.console import plain
from mxt.cli.main import main
from mxt.cli.reproduce_shtern2017 import render, to_json
from mxt.core.errors import InputError, UnknownName, UsageError
from mxt.ingestion.requests import IngestRequest
from mxt.papers.shtern2017.findings import (
    LengthRobust,
    LoudnessIsSeen,
    LoudnessStack,
    NormalisingAndLoudness,
    PublishedCells,
    SoxColour,
    TimingAndTimbre,
    Undecided,
)
from mxt.papers.shtern2017.from_rows import points_of
from mxt.papers.shtern2017.records import Plan, ShternReproduction, ShternRequest
from mxt.papers.shtern2017.subjects import Kind
from mxt.papers.shtern2017.tasks import TABLE_2, Column
from mxt.registry import Registry
from mxt.store.layout import Store
from mxt.workflows.figures import FiguresRequest, figures
from mxt.workflows.figures_shtern2017 import draw_shtern2017, last_reproduction
from mxt.workflows.ingest import ingest
from mxt.workflows.reproduce_shtern2017 import reproduce_shtern2017

RATE = 8000
pytestmark = pytest.mark.filterwarnings("ignore:`sklearn.utils.parallel.delayed`:UserWarning")
DANCES = {"Foxtrot": 0.05, "Tango": 0.1, "Waltz": 0.2, "Salsa": 0.4}
QUICK = ("runs=2", "test=30", "linear.steps=60", "trees=5")
REQUEST = ShternRequest((("instrument", "horns"),), network="tiny", settings=QUICK)


def noise(path: Path, rng: np.random.Generator, seconds: float, level: float) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    y = level * rng.uniform(0.7, 1.3) * rng.standard_normal(int(seconds * RATE))
    soundfile.write(path, np.clip(y, -1, 1), RATE)


def small_papers_data(folder: Path) -> None:
    """Four dances of different loudness, notes of two instruments in each of three families, two horns."""
    rng = np.random.default_rng(0)
    for number, (dance, level) in enumerate(DANCES.items()):
        for song in range(10):
            noise(folder / "ballroom" / dance / f"1{number}{song:02}.wav", rng, 8.0, level)
    for family in ("bass", "guitar", "organ"):
        for instrument in range(2):
            for pitch in range(12):
                note = f"{family}_acoustic_00{instrument}-{40 + pitch:03}-100.wav"
                noise(folder / "nsynth" / note, rng, 0.5, 0.1)
    for name in ("cornet", "tuba"):
        for number in range(12):
            noise(folder / "horns" / name / f"{name}{number:02}.wav", rng, 0.5, 0.1)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, registry: Registry) -> Path:
    folder = tmp_path_factory.mktemp("papers")
    small_papers_data(folder)
    store = folder / "mxt-store"
    for name, loader in (("ballroom", "extended_ballroom"), ("nsynth", "nsynth"), ("horns", "folder")):
        ingest(store, IngestRequest(folder / name, loader=loader), registry)
    return store


def everything_in(store: Path) -> dict[str, bytes]:
    return {str(path.relative_to(store)): path.read_bytes() for path in store.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def planned(store: Path, registry: Registry) -> ShternReproduction:
    """The plan of a store in which nothing is extracted; it is made before anything else."""
    before = everything_in(store)
    result = reproduce_shtern2017(
        store, ShternRequest(REQUEST.roles, "tiny", settings=QUICK, dry_run=True), registry, jobs=2
    )
    assert everything_in(store) == before
    return result


@pytest.fixture(scope="module")
def reproduced(store: Path, registry: Registry, planned: ShternReproduction) -> ShternReproduction:
    told: list[Plan] = []
    result = reproduce_shtern2017(store, REQUEST, registry, jobs=2, planned=told.append)
    assert [plan.missing for plan in told] == [planned.plan.missing], "the plan is told before the work"
    return result


def test_a_dry_run_plans_every_table_and_writes_nothing(planned: ShternReproduction) -> None:
    missing = {(piece.dataset, piece.column): piece.missing for piece in planned.plan.pieces}
    assert missing["ballroom", Column.NETWORK] == 40
    assert missing["ballroom-above100", Column.NETWORK_PEAK] == 0, "its clips are those of Ballroom"
    assert missing["ballroom-above100", Column.STACK] == 30
    assert missing["ballroom-excerpt1-2", Column.MARSYAS_PEAK] == 40
    assert missing["nsynth-family", Column.NETWORK] == 72
    assert missing["nsynth-organ", Column.NETWORK] == 0
    assert all((piece.seconds > 0) == (piece.missing > 0) for piece in planned.plan.pieces)
    assert planned.plan.disk_bytes > 0
    assert (planned.rows, planned.findings) == ((), ())


def test_what_was_planned_is_computed_and_a_second_run_computes_nothing(
    store: Path, registry: Registry, planned: ShternReproduction, reproduced: ShternReproduction
) -> None:
    assert reproduced.computed == planned.plan.missing
    assert reproduced.evaluated == sum(len(row.cells) for row in reproduced.rows)
    again = last_reproduction(Store.open(store), registry)
    assert again is not None
    assert (again.computed, again.evaluated, again.plan.missing) == (0, 0, 0)
    assert [row.cells for row in again.rows] == [row.cells for row in reproduced.rows]
    assert again.findings == reproduced.findings


def test_every_data_set_has_its_tables(reproduced: ShternReproduction) -> None:
    kinds = {row.subject.dataset: row.subject.kind for row in reproduced.rows}
    assert kinds == {
        "horns": Kind.WHOLE,
        "horns-loudness5": Kind.LOUDNESS,
        "horns-loudness5-Loud1_Loud5": Kind.LOUDNESS,
        "ballroom": Kind.WHOLE,
        "ballroom-excerpt1-2": Kind.SHORT,
        **{f"ballroom-above{size}": Kind.SUBSET for size in (100, 300, 400, 500)},
        "ballroom-loudness5": Kind.LOUDNESS,
        "ballroom-loudness5-Loud1_Loud5": Kind.LOUDNESS,
        "nsynth-family": Kind.WHOLE,
        "nsynth-organ": Kind.WHOLE,
    }
    whole = [row for row in reproduced.rows if row.subject.kind is Kind.WHOLE]
    assert all(set(TABLE_2) <= set(row.cells) for row in whole)
    assert all(row.network_gain and row.marsyas_gain and row.alone for row in whole)
    assert "NSynth Instrument" in reproduced.absent, "eight families are needed"


def test_loudness_is_told_of_each_class_the_quietest_first(reproduced: ShternReproduction) -> None:
    (row,) = [row for row in reproduced.rows if row.subject.dataset == "ballroom"]
    assert [one.name for one in row.loudness] == list(DANCES)
    for one in row.loudness:
        assert one.rms.mean == pytest.approx(DANCES[one.name], rel=0.3)
    assert row.alone is not None
    assert row.alone.low > row.baseline, "loudness alone tells these dances"
    assert row.cells[Column.NETWORK].score.value > row.cells[Column.NETWORK_PEAK].score.value
    assert row.network_gain is not None
    gap = row.cells[Column.NETWORK_PEAK].score.value - row.cells[Column.NETWORK].score.value
    assert row.network_gain.value == pytest.approx(gap)


def test_small_parts_of_the_papers_data_stand_beside_no_published_number(
    reproduced: ShternReproduction,
) -> None:
    assert all(cell.published is None for row in reproduced.rows for cell in row.cells.values())
    (cells,) = [finding for finding in reproduced.findings if isinstance(finding, PublishedCells)]
    assert cells.undecided is Undecided.NO_DATA


def test_each_finding_is_recomputed_or_undecided_with_its_reason(reproduced: ShternReproduction) -> None:
    of_kind = {type(finding): finding for finding in reproduced.findings}
    assert set(of_kind) == {
        PublishedCells,
        NormalisingAndLoudness,
        LoudnessIsSeen,
        LoudnessStack,
        LengthRobust,
        SoxColour,
        TimingAndTimbre,
    }
    assert of_kind[NormalisingAndLoudness].undecided is Undecided.FEW_DATASETS
    assert of_kind[SoxColour].undecided is Undecided.NO_COLOUR, "the stand-in reads no pictures"
    seen = [finding for finding in reproduced.findings if isinstance(finding, LoudnessIsSeen)]
    assert {(finding.dataset, finding.parts) for finding in seen} == {
        (dataset, parts) for dataset in ("horns", "ballroom") for parts in (5, 2)
    }
    for finding in reproduced.findings:
        assert (finding.holds is None) == (finding.undecided is not None)


def test_the_data_set_meant_where_none_is_named_stays(store: Path, reproduced: ShternReproduction) -> None:
    assert reproduced.rows
    assert Store.open(store).catalogue.last() == "horns"


def run(capsys: pytest.CaptureFixture[str], *words: object, status: int = 0) -> str:
    with pytest.raises(SystemExit, match=str(status)):
        main([*map(str, words)])
    out, err = capsys.readouterr()
    return out if status == 0 else err


def test_the_answer_is_tables_and_findings(
    reproduced: ShternReproduction, capsys: pytest.CaptureFixture[str]
) -> None:
    render(reproduced)
    out = capsys.readouterr().out
    assert out.startswith("network: tiny · the paper's is inception_v3:tf2015")
    for words in ("Table 2", "Table 3", "Table 4", "classes of loudness", "loudness alone"):
        assert words in out
    assert "undecided (fewer than 5 data sets)" in out
    assert "careful: few clips are tested, so little can be decided: horns" in out
    assert "60/10/30 by SHA-1 of the file names (the paper: 80/10/10), 2 runs" in out
    assert "--set test=" not in out, "more are tested already"
    names = {finding.name for finding in reproduced.findings}
    assert len(re.findall("^- ", out, re.MULTILINE)) == len(names)


def test_json_has_the_same_numbers(reproduced: ShternReproduction) -> None:
    answer = json.loads(json.dumps(plain(to_json(reproduced))))
    (row,) = [row for row in answer["rows"] if row["dataset"] == "ballroom"]
    (expected,) = [row for row in reproduced.rows if row.subject.dataset == "ballroom"]
    assert [cell["score"]["value"] for cell in row["cells"]] == [
        cell.score.value for cell in expected.cells.values()
    ]
    assert {finding["undecided"] for finding in answer["findings"]} >= {None, "few data sets"}


def test_the_dry_run_of_the_command_says_what_is_missing(
    store: Path, plugin: Path, reproduced: ShternReproduction, capsys: pytest.CaptureFixture[str]
) -> None:
    assert reproduced.rows
    options = ["--store", store, "--plugin", plugin, "--network", "tiny", "--as", "instrument=horns", "-q"]
    assert "nothing is missing" in run(capsys, "reproduce", "shtern2017", *options, "--dry-run")


def test_it_is_drawn_with_its_numbers(reproduced: ShternReproduction, tmp_path: Path) -> None:
    page, chords = draw_shtern2017(reproduced, tmp_path / "figures").values()
    assert all(file.stat().st_size for file in (*page, *chords))
    n_cells = sum(len(row.cells) for row in reproduced.rows)
    assert len(page[2].read_text().splitlines()) == 1 + n_cells


def test_without_a_reproduction_there_is_nothing_to_draw(tmp_path: Path, registry: Registry) -> None:
    noise(tmp_path / "horns" / "tuba" / "a.wav", np.random.default_rng(0), 0.5, 0.1)
    ingest(tmp_path / "store", IngestRequest(tmp_path / "horns"), registry)
    with pytest.raises(InputError, match="mxt reproduce shtern2017"):
        figures(tmp_path / "store", FiguresRequest(tmp_path, paper="shtern2017"))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("shtern2017", "--task", "gtzan_genre"), "--task does not apply to shtern2017"),
        (("shtern2017", "--quick"), "--quick does not apply to shtern2017"),
        (("choi2017", "--as", "genre=horns"), "--as does not apply to choi2017"),
        (("choi2017", "--dry-run"), "--dry-run does not apply to choi2017"),
        (("shtern2017", "--as", "horns"), "--as takes ROLE=NAME"),
        (("shtern2017", "--as", "genres=horns"), "no data set of the paper called 'genres'"),
        (("shtern2017", "--as", "genre=horn"), "no data set called 'horn'"),
        (("shtern2017", "--network", "tini"), "no backbone called 'tini'"),
        (("shtern2017", "--weights", "tf2015"), "belong to a --network"),
        (("shtern2017", "--network", "tiny", "--set", "stepps=3"), "stepps"),
        (("shtern2018",), "no paper called 'shtern2018'"),
    ],
)
def test_wrong_usage_is_one_line(
    store: Path,
    plugin: Path,
    words: tuple[str, ...],
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    err = run(capsys, "reproduce", *words, "--store", store, "--plugin", plugin, "--quiet", status=2)
    assert message in err
    assert err.count("\n") == 1


def test_a_store_without_any_of_the_papers_data_says_what_to_do(tmp_path: Path, registry: Registry) -> None:
    noise(tmp_path / "horns" / "tuba" / "a.wav", np.random.default_rng(0), 0.5, 0.1)
    ingest(tmp_path / "store", IngestRequest(tmp_path / "horns"), registry)
    with pytest.raises(InputError, match="--as instrument=NAME"):
        reproduce_shtern2017(tmp_path / "store", ShternRequest(network="tiny"), registry)


def test_a_part_of_another_data_set_is_no_data_set_of_its_own(reproduced: ShternReproduction) -> None:
    rows = [
        replace(row, subject=replace(row.subject, part=row.subject.dataset == "horns"))
        for row in reproduced.rows
    ]
    names = [point.dataset for point in points_of(rows)]
    assert names == ["ballroom", "nsynth-family", "nsynth-organ"]


def test_roles_and_data_sets_have_to_exist(store: Path, registry: Registry) -> None:
    with pytest.raises(UnknownName, match="vocalist"):
        reproduce_shtern2017(store, ShternRequest((("vocal", "horns"),), "tiny"), registry)
    with pytest.raises(UsageError, match="--network"):
        reproduce_shtern2017(store, ShternRequest(weights="tf2015"), registry)
