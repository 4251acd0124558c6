from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mxt.evaluation.duplicates import find_duplicates

RNG = np.random.default_rng(0)
X = RNG.normal(size=(2500, 40))


def with_copies() -> np.ndarray:
    copied = X.copy()
    copied[1700] = copied[3]
    copied[1800] = copied[4] + 0.001
    return copied


def test_clips_that_differ_are_no_duplicates() -> None:
    found = find_duplicates(X)
    assert found.pairs == ()
    assert len(found.beyond) == 5
    assert found.beyond[0].distance > 4 * found.limit


def test_identical_and_almost_identical_clips_are_found_across_blocks() -> None:
    found = find_duplicates(with_copies())
    assert [(pair.first, pair.second, pair.identical) for pair in found.pairs] == [
        (3, 1700, True),
        (4, 1800, False),
    ]


def test_pairs_with_different_labels_are_told() -> None:
    labels = np.zeros(len(X), dtype=int)
    labels[1800] = 1
    found = find_duplicates(with_copies())
    assert [(pair.first, pair.second) for pair in found.conflicts(labels)] == [(4, 1800)]
    assert found.beyond_first(len(X)).nonzero()[0].tolist() == [1700, 1800]


def test_the_nearest_pairs_above_the_limit_are_those_of_a_full_comparison() -> None:
    few = X[:60]
    Z = (few - few.mean(axis=0)) / few.std(axis=0)
    distances = np.sort(np.linalg.norm(Z[:, None] - Z, axis=2)[np.triu_indices(60, 1)])
    assert [pair.distance for pair in find_duplicates(few).beyond] == pytest.approx(distances[:5].tolist())


def test_columns_that_do_not_vary_are_left_out() -> None:
    assert len(find_duplicates(np.column_stack([with_copies(), np.ones(len(X))])).pairs) == 2


@pytest.mark.realdata
def test_the_duplicates_of_gtzan_are_seen_in_the_published_mfccs(data: Path) -> None:
    found = find_duplicates(np.load(data / "choi2017" / "features" / "gtzan_genre_mfcc.npy"))
    genre = np.repeat(np.arange(10), 100)
    assert [sum(pair.identical for pair in found.pairs), len(found.pairs)] == [14, 25]
    assert [(pair.first, pair.second) for pair in found.conflicts(genre)] == [(658, 916)]
    near = {(pair.first - 500, pair.second - 500) for pair in found.pairs if not pair.identical}
    assert near == {
        (33, 51),
        (34, 53),
        (35, 55),
        (36, 58),
        (37, 60),
        (38, 62),
        (39, 65),
        (40, 67),
        (42, 68),
        (43, 69),
        (46, 72),
    }
    # the two nearest above the limit belong to the same run of repeated recordings; all others are far away
    assert [(pair.first - 500, pair.second - 500) for pair in found.beyond[:2]] == [(45, 71), (44, 70)]
    assert found.beyond[2].distance > 1.6
