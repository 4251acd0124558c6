from __future__ import annotations

import pickle

import pytest

from mxt.core import errors
from mxt.core.errors import AudioError, MxtError, Reason, UnknownName, listed

TREE = [value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, MxtError)]


def test_numbers_of_reasons_are_those_stored():
    # stored in feature tables: appended, never renumbered
    stored = [
        "NONE",
        "NOT_AUDIO",
        "EMPTY",
        "UNREADABLE",
        "TOO_SHORT",
        "NOT_FINITE",
        "DECODER_FAILED",
        "MISSING",
        "HIDDEN",
        "NOT_A_FILE",
        "STAGE_FAILED",
    ]
    assert [reason.name for reason in Reason][: len(stored)] == stored
    assert [reason.value for reason in Reason] == list(range(len(Reason)))


@pytest.mark.parametrize("kind", TREE, ids=lambda kind: kind.__name__)
def test_every_error_is_in_the_drawn_tree(kind):
    assert kind.__name__ in (errors.__doc__ or "")
    assert kind.exit_code == (2 if issubclass(kind, errors.UsageError) else 1)


def test_unknown_name_lists_the_nearest_else_all():
    assert "did you mean convnet?" in str(UnknownName("backbone", "convent", ["mfcc", "convnet"]))
    assert "there are: convnet, mfcc" in str(UnknownName("backbone", "zzz", ["mfcc", "convnet"]))
    assert "there are none" in str(UnknownName("backbone", "zzz", []))


def test_unknown_name_lists_each_name_once_and_not_a_thousand():
    assert str(UnknownName("column", "zzz", ["label", "label"])).endswith("there are: label")
    many = str(UnknownName("file", "zzz", (f"{number:03}" for number in range(1000))))
    assert many.endswith("028, 029, … (1000 in all)")


def test_what_is_said_instead_of_the_nearest_names_stands_alone():
    assert (
        str(UnknownName("layer", "9", [], instead="its layers are 1"))
        == "no layer called '9'; its layers are 1"
    )


def test_audio_error_keeps_its_reason_between_processes():
    found = pickle.loads(pickle.dumps(AudioError(Reason.TOO_SHORT, "3 samples")))
    assert (found.reason, found.detail, str(found)) == (Reason.TOO_SHORT, "3 samples", "too short: 3 samples")


def test_an_error_with_arguments_of_its_own_comes_from_another_process_as_it_was():
    error = UnknownName("backbone", "zzz", ["mfcc", "convnet"], hint="(more)")
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), again.known) == (UnknownName, str(error), error.known)


def test_a_list_of_names_stays_a_line_however_many_and_long_they_are():
    assert listed(["a", "b"]) == "a, b"
    assert listed([]) == ""
    assert listed((f"class{number}" for number in range(331)), 3) == "class0, class1, class2, … (331 in all)"
    assert len(listed(f"20250131-174502-genres-{number}" for number in range(331))) < 450
    assert len(listed(["x" * 100_000, "y"])) < 450
    assert len(str(UnknownName("data set", "n" * 100_000, ["x" * 100_000] * 2))) < 700
