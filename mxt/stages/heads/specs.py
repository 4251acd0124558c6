"""The heads that come with mxt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mxt.core.errors import UsageError
from mxt.core.params import Param
from mxt.core.specs import StageSpec

SPECS: tuple[StageSpec, ...] = (
    StageSpec(
        kind="head",
        name="svm",
        summary="support vector machine, RBF and linear kernels, on standardised columns; support vector regression for numbers",
        target="mxt.stages.heads.svm:Svm",
        params=(
            Param(
                "C",
                "list",
                (1.0, 8.0, 64.0),
                "penalties tried with the RBF kernel",
                minimum=1e-6,
                maximum=1e6,
            ),
            Param(
                "gamma",
                "list",
                (0.1, 0.3, 1.0, 3.0),
                "widths of the RBF kernel tried, divided by the number of columns",
                minimum=1e-6,
                maximum=1e6,
            ),
            Param(
                "linear_C",
                "list",
                (0.01, 0.1),
                "penalties tried with the linear kernel",
                minimum=1e-6,
                maximum=1e6,
            ),
            Param("kernel", "choice", "both", "kernels tried", choices=("both", "rbf", "linear")),
        ),
    ),
    StageSpec(
        kind="head",
        name="svm_choi2017",
        summary="support vector machines over the grid of Choi et al. 2017: RBF and linear kernels, numbers as they are",
        target="mxt.stages.heads.svm_choi2017:SvmChoi2017",
        params=(
            Param("C", "list", (0.1, 2.0, 8.0, 32.0), "penalties tried", minimum=1e-6, maximum=1e6),
            Param(
                "gamma",
                "list",
                tuple(2.0**power for power in (-3, -5, -7, -9, -11, -13)),
                "widths of the RBF kernel tried; 1 / number of columns as well",
                minimum=1e-9,
                maximum=1e6,
            ),
            Param(
                "max_iter",
                "int",
                100_000,
                "iterations of libsvm in regression (-1: no limit); then linear ones are solved exactly",
                minimum=-1,
                maximum=1_000_000_000,
            ),
        ),
    ),
    StageSpec(
        kind="head",
        name="linear",
        summary="logistic regression (L-BFGS) or the softmax layer of TensorFlow's retraining tutorial; ridge regression for numbers",
        target="mxt.stages.heads.linear:Linear",
        params=(
            Param(
                "preset",
                "choice",
                "sound",
                "sound: L-BFGS, the protocol chooses the penalty; tutorial: gradient descent, no penalty",
                choices=("sound", "tutorial"),
            ),
            Param(
                "C",
                "list",
                (0.001, 0.01, 0.1, 1.0, 10.0),
                "inverse penalties tried for classes (sound)",
                minimum=1e-8,
                maximum=1e8,
            ),
            Param(
                "alpha",
                "list",
                (1.0, 10.0, 100.0, 1000.0, 10000.0),
                "penalties tried for numbers (sound)",
                minimum=1e-8,
                maximum=1e8,
            ),
            Param("max_iter", "int", 1000, "iterations at most (sound)", minimum=1, maximum=10_000_000),
            Param("steps", "int", 8000, "gradient steps (tutorial)", minimum=1, maximum=10_000_000),
            Param(
                "batch", "int", 100, "rows a step, drawn at random (tutorial)", minimum=1, maximum=1_000_000
            ),
            Param(
                "learning_rate",
                "float",
                0.01,
                "of plain gradient descent (tutorial)",
                minimum=1e-8,
                maximum=100,
            ),
        ),
        resolve="mxt.stages.heads.specs:resolve_preset",
    ),
    StageSpec(
        kind="head",
        name="mlp",
        summary="neural network of one or two hidden layers, on standardised columns",
        target="mxt.stages.heads.mlp:Mlp",
        params=(
            Param(
                "hidden",
                "list",
                (64.0,),
                "units of the hidden layers: one or two whole numbers",
                minimum=1,
                maximum=10000,
            ),
            Param("alpha", "list", (1.0, 10.0), "L2 penalties tried", minimum=0, maximum=1e8),
            Param("max_iter", "int", 1000, "iterations of L-BFGS at most", minimum=1, maximum=10_000_000),
        ),
    ),
    StageSpec(
        kind="head",
        name="pairwise",
        summary="one binary linear head for every pair of classes; the class that wins most pairs",
        target="mxt.stages.heads.pairwise:Pairwise",
        params=(
            Param(
                "preset",
                "choice",
                "sound",
                "of the binary heads, as for linear",
                choices=("sound", "tutorial"),
            ),
            Param(
                "C",
                "list",
                (0.001, 0.01, 0.1, 1.0, 10.0),
                "inverse penalties tried (sound)",
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
        summary="random forest; columns as they are or standardised make no difference",
        target="mxt.stages.heads.forest:Forest",
        params=(
            Param("trees", "int", 300, "trees", minimum=1, maximum=100000),
            Param("min_leaf", "int", 1, "rows in a leaf at least", minimum=1, maximum=1_000_000_000),
        ),
    ),
)

OF_PRESET = {"sound": ("C", "alpha", "max_iter"), "tutorial": ("steps", "batch", "learning_rate")}


def resolve_preset(spec: StageSpec, params: Mapping[str, Any], weights: str | None) -> StageSpec:  # noqa: ARG001
    """Refuse settings of the preset that was not chosen."""
    for preset, names in OF_PRESET.items():
        strange = [name for name in spec.changed(params) if name in names]
        if strange and params["preset"] != preset:
            raise UsageError(
                f"{strange[0]} belongs to --set preset={preset} of {spec.name}, and {params['preset']} is chosen"
            )
    return spec
