"""Hostile names: of classes, of files, of everything that takes a name."""

from __future__ import annotations

import hostile_names
import pytest
from hostile_names import NAMES, OF_BYTES, check


@pytest.fixture
def names(tmp_path):
    """The names that this file system accepts."""
    return hostile_names.possible(NAMES.values(), tmp_path / "possible")


def test_classes_of_any_name_are_scored_as_those_of_plain_names(tmp_path, names):
    in_order = [name for name in names if name.encode("utf-8", "replace").decode() == name]
    check(hostile_names.try_folders(tmp_path / "journey", in_order, ["f0", "f1", "f2", "f3"]))


def test_classes_whose_names_are_not_utf_8_are_scored_as_those_of_plain_names(tmp_path):
    possible = hostile_names.possible(OF_BYTES, tmp_path / "possible")
    check(hostile_names.try_folders(tmp_path / "journey", possible, ["f0", "f1", "f2", "f3"]))


def test_files_of_any_name_are_scored_as_those_of_plain_names(tmp_path, names):
    journey = hostile_names.try_folders(tmp_path / "journey", ["a", "b", "c"], names)
    check(journey)


def test_every_command_copes_with_a_name_of_any_kind_wherever_one_can_be_given(tmp_path):
    journey = hostile_names.try_places(tmp_path, hostile_names.all_places(seed=15, count=60))
    check(journey)
