from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import ParameterGrid

from mxt.core.errors import EvaluationError
from mxt.core.records import Task
from mxt.core.stages import Head
from mxt.stages.heads.forest import Forest
from mxt.stages.heads.linear import Linear
from mxt.stages.heads.mlp import Mlp
from mxt.stages.heads.pairwise import Pairwise
from mxt.stages.heads.specs import SPECS
from mxt.stages.heads.svm import Svm
from mxt.stages.heads.svm_choi2017 import SvmChoi2017

HEADS: dict[str, Head] = {
    "svm": Svm(),
    "linear": Linear(),
    "svm_choi2017": SvmChoi2017(C=(2.0, 8.0), gamma=(0.03,)),
    "mlp": Mlp(),
    "mlp of two layers": Mlp(hidden=(8.0, 4.0)),
    "forest": Forest(trees=10),
}
FOR_CLASSES: dict[str, Head] = {
    "pairwise": Pairwise(),
    "tutorial": Linear(preset="tutorial", steps=500),
    "pairwise tutorial": Pairwise(preset="tutorial", steps=500),
}
TASKS: list[Task] = ["classification", "multilabel", "regression"]
RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 3))
Y = {
    "classification": (X[:, 0] > 0).astype(int),
    "multilabel": (X[:, :2] > 0).astype(int),
    "regression": 3 * X[:, 0],
}


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS)
@pytest.mark.parametrize("task", TASKS)
def test_every_set_of_parameters_of_the_grid_fits_and_learns(head: Head, task: Task) -> None:
    for params in ParameterGrid(head.grid(task, n_features=3)):
        estimator = clone(head.estimator(task, seed=0)).set_params(**params).fit(X, Y[task])
        assert estimator.score(X, Y[task]) > 0


@pytest.mark.parametrize("head", FOR_CLASSES.values(), ids=FOR_CLASSES)
def test_heads_for_classes_learn_three_of_them_and_refuse_numbers(head: Head) -> None:
    corners = np.eye(3)[np.arange(60) % 3] * 4 + X
    names = np.array(["high", "low", "middle"])[np.arange(60) % 3]
    for params in ParameterGrid(head.grid("classification", n_features=3)):
        estimator = clone(head.estimator("classification", seed=0)).set_params(**params).fit(corners, names)
        assert estimator.score(corners, names) > 0.9
        assert estimator.decision_function(corners).shape == (60, 3)
    with pytest.raises(EvaluationError, match="classes"):
        head.estimator("regression", seed=0)


def test_pairwise_has_a_binary_head_for_each_pair_of_classes() -> None:
    fitted = Pairwise().estimator("classification", seed=0).fit(X, np.arange(60) % 4)
    assert [each.classes_.tolist() for each in fitted.estimators_] == [[0, 1]] * 6


@pytest.mark.parametrize("spec", SPECS, ids=[spec.name for spec in SPECS])
def test_the_defaults_of_a_spec_are_those_of_its_head(spec: object) -> None:
    kinds = {
        "svm": Svm,
        "linear": Linear,
        "svm_choi2017": SvmChoi2017,
        "mlp": Mlp,
        "pairwise": Pairwise,
        "forest": Forest,
    }
    head = kinds[spec.name]()  # type: ignore[attr-defined]
    assert {param.name: param.default for param in spec.params} == {
        param.name: getattr(head, param.name) for param in spec.params
    }  # type: ignore[attr-defined]


def test_each_estimator_is_a_fresh_one() -> None:
    assert Svm().estimator("classification", seed=0) is not Svm().estimator("classification", seed=0)


def test_gamma_is_divided_by_the_number_of_columns() -> None:
    assert Svm(gamma=(1.0,), kernel="rbf").grid("classification", n_features=50) == [
        {"kernel": ["rbf"], "C": [1.0, 8.0, 64.0], "gamma": [0.02]}
    ]


def test_one_kernel_alone_can_be_tried() -> None:
    assert [grid["kernel"] for grid in Svm(kernel="linear").grid("classification", n_features=5)] == [
        ["linear"]
    ]
