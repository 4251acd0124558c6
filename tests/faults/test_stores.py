"""Damaged stores, and stores without permissions.

One fault of each kind is tried here; ``python tests/faults/stores.py`` tries all of them.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import stores


@pytest.fixture(scope="module")
def pristine(tmp_path_factory) -> stores.Pristine:
    return stores.Pristine(tmp_path_factory.mktemp("pristine"))


@pytest.fixture
def copied(pristine, tmp_path) -> Path:
    return Path(shutil.copytree(pristine.folder / "mxt-store", tmp_path / "mxt-store"))


def test_a_damaged_store_gives_no_wrong_number_and_can_be_restored(pristine):
    every = list(stores.faults(pristine.folder / "mxt-store", flips=20))
    complaints = []
    for trial in stores.try_all(pristine, stores.some(every, 1)):
        complaints += [f"{trial.fault.what}: {complaint}" for complaint in trial.complaints]
    assert complaints == []


def test_a_score_that_changes_in_silence_is_a_complaint(pristine, tmp_path):
    """The campaign itself can fail: a store whose reader checks nothing."""

    def relabel_and_hide(root: Path) -> None:
        stores._execute(
            root / "catalogue.sqlite", "UPDATE clips SET targets = '{\"label\": \"b\"}' WHERE id LIKE 'a/1%'"
        )
        stores._execute(root / "catalogue.sqlite", "DELETE FROM hashes")

    trial = stores.attempt(
        pristine, stores.Fault("relabelled", "labels without their hash", relabel_and_hide), tmp_path
    )
    assert any(
        "another score, and no clip is said to be missing" in complaint for complaint in trial.complaints
    )


def second_table(store: Path) -> Path:
    """The folder of the table that is not evaluated."""
    return next(
        path.parent for path in store.glob("features/*/zarr.json") if '"tiny-scale2"' in path.read_text()
    )


CLOSED: dict[str, Callable[[Path], Path]] = {
    "features": lambda store: store / "features",
    "one table": second_table,
    "a chunk": lambda store: second_table(store) / "state" / "c.0",
    "results": lambda store: store / "results",
    "the log": lambda store: store / "runs.jsonl",
    "the catalogue": lambda store: store / "catalogue.sqlite",
    "mxt.json": lambda store: store / "mxt.json",
}


@pytest.mark.parametrize("what", CLOSED)
def test_what_may_not_be_read_is_one_line_and_the_rest_works(what, copied, mxt_as_anybody: Callable):
    closed = CLOSED[what](copied)
    closed.chmod(0)
    try:
        for words in (
            ("ls",),
            ("info", "tiny-scale2"),
            ("verify",),
            ("extract", "--backbone", "tiny", "--set", "scale=2"),
        ):
            ended = mxt_as_anybody("--plugin", stores.PLUGIN, *words, "--store", copied)
            said = ended.stdout + ended.stderr
            assert "Traceback" not in said, words
            assert "asyncio" not in said, words
            assert "damaged" not in said.replace("nothing is damaged", ""), words
            assert ended.returncode in (0, 1) or "some feature tables cannot be read" in said, words
            assert "move it away" not in said, words
            assert "removes it" not in said, words
            if ended.returncode == 1:
                assert "no permission" in said, words
        if what in ("one table", "a chunk", "results", "the log"):
            ended = mxt_as_anybody("--plugin", stores.PLUGIN, *stores.EVAL[:-1], "--store", copied)
            assert ended.returncode == 0, ended.stderr
            assert "accuracy" in ended.stdout
    finally:
        closed.chmod(0o700)
