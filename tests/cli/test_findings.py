"""What verify, rm and prune say of their records: every kind has words."""

from __future__ import annotations

import pytest

from mxt.cli.rm import NOTES
from mxt.cli.verify import REPAIRS, WORDS, render, to_json
from mxt.store.verify import Finding, Problem, Repair, TableReport, VerifyReport
from mxt.workflows.remove import Note

CHANGED = Finding("catalogue", "catalogue.sqlite", Problem.DATASET_CHANGED, ("songs", "files", "clips"))
LENGTH = Finding("mfcc", "state/zarr.json", Problem.WRONG_LENGTH, (100, 150), repair=Repair.WRITTEN_BACK)
ROW = Finding("mfcc", "layer1.mfcc", Problem.NO_VALUES, (), 3, 3, Repair.OPENED)
CLOSED = Finding("mfcc", "", Problem.NOT_REACHABLE, ("no permission while reading x",))


def report(*findings: Finding, repaired: bool = False) -> VerifyReport:
    table = TableReport("mfcc", "ab" * 32, 150, 21, 1000, findings[1:])
    return VerifyReport((table,), findings[:1], 2, repaired, 0.5)


def test_every_problem_repair_and_note_has_words():
    assert set(WORDS) == set(Problem)
    assert set(REPAIRS) == set(Repair)
    assert set(NOTES) == {note.name for note in Note}


@pytest.mark.parametrize(
    "problem",
    [
        Problem.CATALOGUE_MISSING,
        Problem.CATALOGUE_EMPTY,
        Problem.CATALOGUE_BROKEN,
        Problem.DATASET_CHANGED,
        Problem.DATASETS_GONE,
    ],
)
def test_a_damaged_catalogue_has_advice(problem):
    assert "ingest" in WORDS[problem]
    assert WORDS[problem].endswith("no feature is computed again")


def test_findings_are_one_line_each(capsys):
    render(report(CHANGED, LENGTH, ROW, CLOSED))
    assert capsys.readouterr().out.splitlines()[1:] == [
        "damaged: mfcc: state/zarr.json: 100 rows, not 150 [--repair: written back]",
        "damaged: mfcc: layer1.mfcc row 3: done, but without values [--repair: its rows are opened again]",
        "not read: mfcc: no permission while reading x",
        "damaged: catalogue: catalogue.sqlite: data set songs is not what was written (files, clips); "
        "ingest or derive it again: no feature is computed again",
    ]


def test_a_repaired_finding_says_what_was_done(capsys):
    render(report(CHANGED, LENGTH, repaired=True))
    assert "100 rows, not 150 [written back]" in capsys.readouterr().out


def test_json_has_facts_and_words():
    plain = to_json(report(CHANGED, ROW))
    assert plain["sound"] is False
    assert plain["tables"][0]["findings"] == [
        {
            "place": "mfcc",
            "part": "layer1.mfcc",
            "kind": "no_values",
            "what": "done, but without values",
            "first": 3,
            "last": 3,
            "damage": True,
            "repair": "its rows are opened again",
            "reachable": True,
        }
    ]
