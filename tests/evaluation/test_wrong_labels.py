from __future__ import annotations

import numpy as np

from mxt.evaluation.wrong_labels import find_suspects

RNG = np.random.default_rng(0)


def test_labels_changed_at_random_come_first() -> None:
    true = np.arange(200) % 4
    probabilities = RNG.dirichlet(np.ones(4), size=200) + 2 * np.eye(4)[true]
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    given, changed = true.copy(), [5, 50, 111]
    probabilities[changed] = 0.04 + 0.84 * np.eye(4)[true[changed]]
    given[changed] = (true[changed] + 1) % 4
    suspects = find_suspects(probabilities, given)
    assert sorted(suspect.row for suspect in suspects) == changed
    assert all(suspect.suggested == true[suspect.row] for suspect in suspects)


def test_the_least_probable_label_comes_first() -> None:
    probabilities = np.array([[0.9, 0.1], [0.02, 0.98], [0.1, 0.9], [0.1, 0.9], [0.8, 0.2]])
    suspects = find_suspects(probabilities, np.array([0, 0, 1, 0, 1]))
    assert [suspect.row for suspect in suspects] == [1, 3, 4]
    assert [suspect.quality for suspect in suspects] == [0.02, 0.1, 0.2]


def test_a_class_that_is_often_doubted_suggests_itself_only_when_it_is_as_sure_as_usual() -> None:
    probabilities = np.array([[0.45, 0.55], [0.1, 0.9], [0.1, 0.9]])
    assert find_suspects(probabilities, np.array([0, 1, 1])) == []
