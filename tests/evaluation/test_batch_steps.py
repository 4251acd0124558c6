from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mxt.evaluation.batch_steps import find_steps, step_test

RNG = np.random.default_rng(0)
MUSIC = RNG.normal(size=(400, 8))
FEATURES = MUSIC @ RNG.normal(size=(8, 12)) + 0.1 * RNG.normal(size=(400, 12))
ONE = np.zeros(400, dtype=int)


def stepped(every: int, size: float) -> np.ndarray:
    return FEATURES + size * RNG.normal(size=(10, 12))[np.arange(400) // every]


def test_a_step_at_every_hundredth_row_is_found() -> None:
    found = step_test(stepped(100, 8.0), ONE, every=100)
    assert found is not None
    assert found.rows == (100, 200, 300)
    assert found.p < 0.01


def test_features_without_steps_have_none() -> None:
    found = step_test(FEATURES, ONE, every=100)
    assert found is not None
    assert found.p > 0.05


def test_a_step_smaller_than_the_music_is_found_once_the_music_is_taken_off() -> None:
    small = stepped(100, 0.5)
    plain, found = step_test(small, ONE, every=100), step_test(small, ONE, every=100, beside=MUSIC)
    assert plain is not None
    assert found is not None
    assert found.p < 0.001 < plain.p


def test_a_change_of_class_is_no_step() -> None:
    y = np.arange(400) // 80
    found = step_test(FEATURES + 50 * y[:, None], y, every=160)
    assert found is None


def test_the_size_of_a_batch_is_found_without_being_told() -> None:
    found = find_steps(stepped(100, 8.0), ONE)
    assert found is not None
    assert found.every == 100
    assert found.clear
    none = find_steps(FEATURES, ONE)
    assert none is not None
    assert not none.clear


def test_steps_are_found_where_classes_alternate() -> None:
    y = np.arange(400) % 4
    found = find_steps(stepped(100, 8.0) + 20 * np.eye(12)[y], y)
    assert found is not None
    assert found.every == 100
    assert found.clear


def test_one_row_is_no_regular_step() -> None:
    assert find_steps(stepped(50, 8.0)[:60], ONE[:60]) is None


@pytest.mark.realdata
@pytest.mark.parametrize("layers", [[0], [0, 2, 4], [0, 1, 2, 3, 4]])
def test_published_batches_are_found_beside_mfccs_and_none_in_them(data: Path, layers: list[int]) -> None:
    features = data / "choi2017" / "features"
    genre, mfcc = np.repeat(np.arange(10), 100), np.load(features / "gtzan_genre_mfcc.npy")
    X = np.concatenate([np.load(features / f"gtzan_genre_layer_{layer}.npy") for layer in layers], axis=1)
    found, control = find_steps(X, genre, beside=mfcc), find_steps(mfcc, genre, beside=X)
    assert found is not None
    assert control is not None
    assert found.rows == (256, 512, 768)
    assert found.clear
    assert not control.clear


@pytest.mark.realdata
def test_published_features_know_their_batch_and_mfccs_do_not(data: Path) -> None:
    features = data / "choi2017" / "features"
    genre, mfcc = np.repeat(np.arange(10), 100), np.load(features / "gtzan_genre_mfcc.npy")
    found = step_test(np.load(features / "gtzan_genre_layer_0.npy"), genre, every=256, beside=mfcc)
    control = step_test(mfcc, genre, every=256)
    assert found is not None
    assert control is not None
    assert found.rows == (256, 512, 768)
    assert found.p < 0.001
    assert control.p > 0.05
