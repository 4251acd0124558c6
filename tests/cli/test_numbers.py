"""Numbers that make no sense: every option and parameter has a range, and says so in a line."""

from __future__ import annotations

import inspect
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

from mxt.cli.main import COMMANDS, load_command
from mxt.core.errors import UsageError
from mxt.core.params import Param
from mxt.core.specs import StageSpec
from mxt.ingestion.requests import IngestRequest
from mxt.registry import build_registry
from mxt.workflows.demo import synthesise
from mxt.workflows.ingest import ingest

NONSENSE = ("0", "-1", str(2**31), str(2**63), str(2**70), "1e308", "nan", "inf")
POSITIVE, NOT_NEGATIVE = NONSENSE, NONSENSE[1:]
SEED = ("-1", str(2**32), *NONSENSE[3:])

OPTIONS = {
    ("ingest", "clips", "--jobs"): POSITIVE,
    ("ingest", "clips", "--label-level"): NONSENSE[2:],
    ("extract", "--backbone", "mfcc", "--jobs"): POSITIVE,
    ("extract", "--backbone", "mfcc", "--limit"): POSITIVE,
    ("eval", "--seed"): SEED,
    ("eval", "--jobs"): POSITIVE,
    ("eval", "--repeats"): POSITIVE,
    ("fit", "--out", "x.mxt", "--seed"): SEED,
    ("fit", "--out", "x.mxt", "--jobs"): POSITIVE,
    ("predict", "x.mxt", "clips", "--window"): POSITIVE,
    ("predict", "x.mxt", "clips", "--window", "1", "--hop"): POSITIVE,
    ("predict", "x.mxt", "clips", "--top"): POSITIVE,
    ("predict", "x.mxt", "clips", "--precision"): NOT_NEGATIVE,
    ("predict", "x.mxt", "clips", "--threshold"): NOT_NEGATIVE,
    ("predict", "x.mxt", "clips", "--reject"): NOT_NEGATIVE,
    ("predict", "x.mxt", "clips", "--jobs"): POSITIVE,
    ("similar", "bell.000", "--top"): POSITIVE,
    ("similar", "--label-next"): POSITIVE,
    ("similar", "bell.000", "--seed"): SEED,
    ("search", "--seed"): SEED,
    ("search", "--jobs"): POSITIVE,
    ("lengths", "--seconds", "1", "--start"): NOT_NEGATIVE,
    ("lengths", "--seconds", "1", "--seed"): SEED,
    ("lengths", "--seconds", "1", "--jobs"): POSITIVE,
    ("lengths", "--seconds"): POSITIVE,
    ("loudness", "--seed"): SEED,
    ("loudness", "--jobs"): POSITIVE,
    ("derive", "excerpt", "--length"): POSITIVE,
    ("derive", "excerpt", "--length", "1", "--start"): NOT_NEGATIVE,
    ("derive", "windows", "--length"): POSITIVE,
    ("derive", "windows", "--length", "1", "--hop"): POSITIVE,
    ("derive", "loudness-classes", "--parts"): POSITIVE,
    ("derive", "loudness-classes", "--jobs"): POSITIVE,
    ("derive", "min-class-size"): (*POSITIVE[:1], *POSITIVE[2:]),  # "-1" is taken for an option
    ("derive", "again", "--jobs"): POSITIVE,
    ("render", "clips/timbres/bell/bell.000.wav", "--sample-rate"): POSITIVE,
    ("reproduce", "choi2017", "--jobs"): POSITIVE,
    ("demo", "--jobs"): POSITIVE,
}
NUMBERS = [
    pytest.param(spec, param, id=f"{spec.name}.{param.name}")
    for entry in build_registry().stages
    for spec in [entry.spec]
    for param in spec.params
    if param.type in ("int", "float") or (param.type == "list" and param.item == "float")
]


@pytest.fixture(scope="module")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of clips and a store in which they are catalogued."""
    folder = tmp_path_factory.mktemp("numbers")
    synthesise(folder / "clips", class_size=3)
    ingest(folder / "mxt-store", IngestRequest(folder / "clips"), build_registry())
    return folder


@pytest.mark.parametrize(
    ("words", "value"), [(words, value) for words, values in OPTIONS.items() for value in values]
)
def test_a_number_that_makes_no_sense_is_refused_in_a_line(mxt, collection, monkeypatch, words, value):
    monkeypatch.chdir(collection)
    found = mxt(*words[:-1], f"{words[-1]}={value}") if words[-1].startswith("--") else mxt(*words, value)
    assert (found.code, found.out) == (2, "")
    assert found.err.startswith("error: ")
    assert found.err.count("\n") == 1


def numeric_options() -> Iterator[tuple[str, str, str]]:
    """Command, its own command, and the name of each parameter that is a number."""
    for name in COMMANDS:
        command = load_command(name)
        for sub, one in (getattr(command, "commands", None) or {"": command}).items():
            hints = get_type_hints(inspect.unwrap(one.callback))
            yield from (
                (name, sub, param) for param, hint in hints.items() if {int, float} & {hint, *get_args(hint)}
            )


@pytest.mark.parametrize(("command", "sub", "param"), list(numeric_options()))
def test_every_numeric_option_is_among_those_that_are_tried(command, sub, param):
    options = {param, f"--{param.replace('_', '-')}"}
    assert any(
        words[0] == command
        and (not sub or words[1] == sub)
        and (words[-1] in options or sub == "min-class-size")
        for words in OPTIONS
    )


@pytest.mark.parametrize(("spec", "param"), NUMBERS)
def test_every_numeric_parameter_of_a_stage_has_a_range(spec: StageSpec, param: Param):
    assert param.minimum is not None, spec.name
    assert param.maximum is not None, spec.name
    for value in (str(2**32), *NONSENSE[3:]):
        with pytest.raises(UsageError, match=f"{param.name} is "):
            param.check(value)


@pytest.mark.parametrize("value", [str(2**53 + 2), str(-(2**53) - 2), str(2**70), "1e308", "nan", "inf"])
def test_a_whole_number_without_a_range_is_one_that_floats_hold_exactly(value):
    with pytest.raises(UsageError, match="is a whole number at most 9,007,199,254,740,992, not"):
        Param("seed", "int", 0, "seed").check(value)
    assert Param("seed", "int", 0, "seed").check(str(2**53)) == 2**53


EDGES = [
    pytest.param(spec.name, f"{param.name}={value:g}", id=f"{spec.name}.{param.name}={value:g}")
    for entry in build_registry().stages
    for spec in [entry.spec]
    if spec.kind == "renderer"
    for param in spec.params
    if param.type in ("int", "float")
    and param.name != "hop_length"  # a picture of a column per sample takes its time
    for value in {param.minimum, 0, -1}
    if value is not None
]


@pytest.mark.parametrize(("renderer", "setting"), EDGES)
def test_a_renderer_at_the_low_end_of_its_ranges_draws_or_says_why_not(
    mxt, collection, renderer, setting, tmp_path
):
    shutil.copy(collection / "clips/timbres/bell/bell.000.wav", tmp_path / "clip.wav")
    found = mxt("render", "clip.wav", "--renderer", renderer, "--set", setting, "--quiet")
    assert found.code in (0, 1, 2)
    assert found.err.count("\n") == (found.code != 0)
    assert "Traceback" not in found.err
