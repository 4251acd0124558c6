"""Specs of the built-in heads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mxt.core.params import Param
from mxt.core.specs import StageSpec
from mxt.stages.alternatives import refuse_others

SPECS: tuple[StageSpec, ...] = (
    StageSpec(
        kind="head",
        name="svm",
        summary="Support vector machine with RBF and linear kernels; support vector regression for numbers",
        target="mxt.stages.heads.svm:Svm",
        params=(
            Param(
                "C",
                "list",
                (1.0, 8.0, 64.0),
                "penalties to try with the RBF kernel",
                minimum=1e-6,
                maximum=1e6,
            ),
            Param(
                "gamma",
                "list",
                (0.1, 0.3, 1.0, 3.0),
                "widths of the RBF kernel to try, divided by the number of columns",
                minimum=1e-6,
                maximum=1e6,
            ),
            Param(
                "linear_C",
                "list",
                (0.01, 0.1),
                "penalties to try with the linear kernel",
                minimum=1e-6,
                maximum=1e6,
            ),
            Param("kernel", "choice", "both", "kernels to try", choices=("both", "rbf", "linear")),
        ),
    ),
    StageSpec(
        kind="head",
        name="svm_choi2017",
        summary="Support vector machines with the parameter grid of Choi et al. 2017",
        target="mxt.stages.heads.svm_choi2017:SvmChoi2017",
        version=2,  # linear kernels that libsvm does not finish are solved exactly in classification, too
        params=(
            Param("C", "list", (0.1, 2.0, 8.0, 32.0), "penalties to try", minimum=1e-6, maximum=1e6),
            Param(
                "gamma",
                "list",
                tuple(2.0**power for power in (-3, -5, -7, -9, -11, -13)),
                "widths of the RBF kernel to try, besides 1 / number of columns",
                minimum=1e-9,
                maximum=1e6,
            ),
            Param(
                "max_iter",
                "int",
                100_000,
                "most iterations of libsvm (-1: no limit); linear kernels beyond it are solved exactly",
                minimum=-1,
                maximum=1_000_000_000,
            ),
        ),
    ),
    StageSpec(
        kind="head",
        name="linear",
        summary="Logistic regression, or a softmax layer as in TensorFlow's tutorial; ridge regression",
        target="mxt.stages.heads.linear:Linear",
        params=(
            Param(
                "preset",
                "choice",
                "sound",
                "sound: L-BFGS with a penalty; tutorial: the softmax layer, by gradient descent",
                choices=("sound", "tutorial"),
            ),
            Param(
                "C",
                "list",
                (0.001, 0.01, 0.1, 1.0, 10.0),
                "inverse penalties to try for classes (sound)",
                minimum=1e-8,
                maximum=1e8,
            ),
            Param(
                "alpha",
                "list",
                (1.0, 10.0, 100.0, 1000.0, 10000.0),
                "penalties to try for numbers (sound)",
                minimum=1e-8,
                maximum=1e8,
            ),
            Param("max_iter", "int", 1000, "most iterations (sound)", minimum=1, maximum=10_000_000),
            Param("steps", "int", 8000, "gradient steps (tutorial)", minimum=1, maximum=10_000_000),
            Param(
                "batch", "int", 100, "rows per step, drawn at random (tutorial)", minimum=1, maximum=1_000_000
            ),
            Param(
                "learning_rate",
                "float",
                0.01,
                "learning rate of plain gradient descent (tutorial)",
                minimum=1e-8,
                maximum=100,
            ),
        ),
        resolve="mxt.stages.heads.specs:resolve_preset",
    ),
    StageSpec(
        kind="head",
        name="mlp",
        summary="Neural network with one or two hidden layers",
        target="mxt.stages.heads.mlp:Mlp",
        params=(
            Param(
                "hidden",
                "list",
                (64.0,),
                "units in each hidden layer: one or two whole numbers",
                minimum=1,
                maximum=10000,
            ),
            Param("alpha", "list", (1.0, 10.0), "L2 penalties to try", minimum=0, maximum=1e8),
            Param("max_iter", "int", 1000, "most iterations of L-BFGS", minimum=1, maximum=10_000_000),
        ),
    ),
    StageSpec(
        kind="head",
        name="pairwise",
        summary="One binary linear head for each pair of classes; the class that wins most pairs",
        target="mxt.stages.heads.pairwise:Pairwise",
        params=(
            Param(
                "preset",
                "choice",
                "sound",
                "preset of the binary heads, as for linear",
                choices=("sound", "tutorial"),
            ),
            Param(
                "C",
                "list",
                (0.001, 0.01, 0.1, 1.0, 10.0),
                "inverse penalties to try (sound)",
                minimum=1e-8,
                maximum=1e8,
            ),
            Param(
                "steps",
                "int",
                8000,
                "gradient steps of each binary head (tutorial)",
                minimum=1,
                maximum=10_000_000,
            ),
        ),
        resolve="mxt.stages.heads.specs:resolve_preset",
    ),
    StageSpec(
        kind="head",
        name="forest",
        summary="Random forest; it does not depend on the scale of columns",
        target="mxt.stages.heads.forest:Forest",
        params=(
            Param("trees", "int", 300, "number of trees", minimum=1, maximum=100000),
            Param("min_leaf", "int", 1, "fewest rows in a leaf", minimum=1, maximum=1_000_000_000),
        ),
    ),
)

OF_PRESET = {"sound": ("C", "alpha", "max_iter"), "tutorial": ("steps", "batch", "learning_rate")}


def resolve_preset(spec: StageSpec, params: Mapping[str, Any], weights: str | None) -> StageSpec:  # noqa: ARG001
    """Refuse parameters of the preset that was not chosen."""
    refuse_others(spec, params, "preset", OF_PRESET)
    return spec
