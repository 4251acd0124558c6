"""The heads that come with mxt."""

from __future__ import annotations

from mxt.core.specs import Param, StageSpec

SPECS: tuple[StageSpec, ...] = (
    StageSpec(
        kind="head",
        name="svm",
        summary="support vector machine, RBF and linear kernels, on standardised columns; support vector regression for numbers",
        target="mxt.stages.heads.svm:Svm",
        params=(
            Param("C", "list", (1.0, 8.0, 64.0), "penalties tried with the RBF kernel", minimum=1e-6, maximum=1e6),
            Param("gamma", "list", (0.1, 0.3, 1.0, 3.0), "widths of the RBF kernel tried, divided by the number of columns", minimum=1e-6,
                  maximum=1e6),
            Param("linear_C", "list", (0.01, 0.1), "penalties tried with the linear kernel", minimum=1e-6, maximum=1e6),
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
            Param("gamma", "list", tuple(2.0**power for power in (-3, -5, -7, -9, -11, -13)),
                  "widths of the RBF kernel tried; 1 / number of columns as well", minimum=1e-9, maximum=1e6),
            Param("max_iter", "int", 1_000_000, "iterations of libsvm at most (-1: no limit); regression is then solved exactly", minimum=-1),
        ),
    ),
    StageSpec(
        kind="head",
        name="linear",
        summary="logistic regression (L-BFGS), on standardised columns; ridge regression for numbers",
        target="mxt.stages.heads.linear:Linear",
        params=(
            Param("C", "list", (0.001, 0.01, 0.1, 1.0, 10.0), "inverse penalties tried for classes", minimum=1e-8, maximum=1e8),
            Param("alpha", "list", (1.0, 10.0, 100.0, 1000.0, 10000.0), "penalties tried for numbers", minimum=1e-8, maximum=1e8),
            Param("max_iter", "int", 1000, "iterations at most", minimum=1),
        ),
    ),
)  # fmt: skip
