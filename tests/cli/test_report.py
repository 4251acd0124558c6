"""`mxt report` as it is typed."""

from __future__ import annotations

import json

import pytest


@pytest.fixture
def evaluated(mxt, store, plugin):
    at = ("--store", store, "--plugin", plugin)
    assert mxt("extract", "--backbone", "tiny", *at).code == 0
    assert mxt("eval", "--head", "linear", *at).code == 0
    return at


def test_it_writes_a_page_and_says_what_it_carries(mxt, evaluated, tmp_path):
    ran = mxt("report", *evaluated)
    assert ran.code == 0
    first, second = ran.out.splitlines()[:2]
    assert first.startswith("report.html · ")
    assert second == "72 of 72 recordings can be heard in it"
    assert (tmp_path / "report.html").read_text(encoding="utf-8").startswith("<!doctype html>")


def test_json_of_the_command_says_the_same(mxt, evaluated):
    told = json.loads(mxt("report", "--no-audio", "--json", *evaluated).out)
    assert (told["path"], told["previews"], told["clips"], told["shown"]) == ("report.html", 0, 72, 72)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--format", "pdf"), "--format is one of html, md, json, not 'pdf'"),
        (("last", "--dataset", "x"), "name results or a --dataset, not both"),
        (("nosuch",), "nosuch"),
        (("--dataset", "nosuch"), "nosuch"),
    ],
)
def test_what_cannot_be_reported_is_told_in_one_line(mxt, store, words, message):
    ran = mxt("report", *words, "--store", store)
    assert ran.code in (1, 2)
    assert message in ran.err
    assert len(ran.err.splitlines()) == 1
