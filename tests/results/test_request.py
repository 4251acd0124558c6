"""A request knows the command that asks the same, and survives being saved."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mxt.results.request import EvaluateRequest, SearchRequest

FULL = EvaluateRequest(
    datasets=("my genres",),
    features=("convnet:135", "mfcc"),
    target="mood",
    task="multilabel",
    group_by="artist",
    folds=Path("my folds.csv"),
    protocols=("nested", "choi2017"),
    settings=("svm.C=8",),
    seed=3,
    heads=("svm", "linear"),
)


def test_a_command_says_everything_that_was_asked() -> None:
    assert FULL.command() == (
        "mxt eval --dataset 'my genres' --features convnet:135 --features mfcc --target mood "
        "--task multilabel --group-by artist --folds 'my folds.csv' --head svm --head linear "
        "--protocol nested --protocol choi2017 --seed 3 --set svm.C=8"
    )
    assert EvaluateRequest().command() == "mxt eval"
    searched = SearchRequest(features=("convnet",), beside=("mfcc",), head="svm")
    assert searched.command() == "mxt search --features convnet --with mfcc --head svm"


@pytest.mark.parametrize(
    "request_", [FULL, EvaluateRequest(), SearchRequest(beside=("mfcc",), only=("1", "12"), head="svm")]
)
def test_a_request_comes_back_from_json(request_: EvaluateRequest) -> None:
    assert type(request_).from_plain(json.loads(json.dumps(request_.to_plain()))) == request_


def test_what_mxt_chose_is_written_out() -> None:
    chosen = EvaluateRequest(head="svm").resolved("genres", ("mfcc",), "svm")
    assert chosen == EvaluateRequest(datasets=("genres",), features=("mfcc",), heads=("svm",))
