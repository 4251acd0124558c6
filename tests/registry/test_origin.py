from __future__ import annotations

from pathlib import Path

import pytest

from mxt.core.specs import StageSpec
from mxt.registry import BUILT_IN, Origin, Problem, Registered

PACKAGE = Origin(
    "entry point", "mxt-owls", point="owls", value="mxt_owls.plugin:hook", module="mxt_owls.plugin"
)
FILE = Origin.of_file(Path("/home/me/owl.py"), "mxt_plugin_owl", "ab" * 32)


@pytest.mark.parametrize(
    ("origin", "words"),
    [
        (BUILT_IN, "mxt (built-in)"),
        (PACKAGE, "mxt-owls (entry point owls = mxt_owls.plugin:hook)"),
        (FILE, "file /home/me/owl.py"),
    ],
)
def test_origin_in_words_says_who_and_where(origin, words):
    assert str(origin) == words


def test_what_a_plugin_can_be_called_by():
    assert PACKAGE.names == {"mxt-owls", "owls"}
    assert FILE.names == {"file:owl.py", "owl.py"}
    assert BUILT_IN.names == {"mxt"}


def test_problem_of_several_names_them_and_its_cause():
    clash = Problem((PACKAGE, FILE), "both bring backbone 'owl'")
    assert str(clash) == "file:owl.py, mxt-owls: both bring backbone 'owl'"
    assert str(Problem((FILE,), "SyntaxError: no")) == "file /home/me/owl.py: SyntaxError: no"


def test_commands_name_the_file_of_a_one_file_plugin_and_nothing_that_is_installed():
    spec = StageSpec(kind="head", name="owl", summary="a head", target="owls:Owl")
    assert Registered(spec, FILE).options == ("--plugin", "/home/me/owl.py")
    assert Registered(spec, PACKAGE).options == Registered(spec).options == ()


def test_distribution_of_a_file_is_its_name_since_fingerprints_hold_it():
    assert (
        Registered(StageSpec(kind="head", name="owl", summary="", target=""), FILE).distribution
        == "file:owl.py"
    )
