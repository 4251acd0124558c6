"""The protocols that come with mxt."""

from __future__ import annotations

from mxt.core.params import Param
from mxt.core.specs import StageSpec

SPECS: tuple[StageSpec, ...] = (
    StageSpec(
        kind="protocol",
        name="nested",
        summary="cross-validation whose parameters are chosen by folds inside each learning part: the testing part is never used to choose",
        target="mxt.stages.protocols.nested:Nested",
        params=(
            Param("folds", "int", 10, "folds, where the data set gives none", minimum=2, maximum=1000),
            Param("inner_folds", "int", 3, "folds inside each learning part", minimum=2, maximum=100),
            Param(
                "outer",
                "choice",
                "given",
                "given: folds or split of the data set, if any; kfold: drawn in any case; split: its split",
                choices=("given", "kfold", "split"),
            ),
        ),
    ),
    StageSpec(
        kind="protocol",
        name="choi2017",
        summary="Choi et al. 2017 as released: best mean score of ten folds in catalogue order, chosen on these folds, columns as they are",
        target="mxt.stages.protocols.choi2017:Choi2017",
        params=(
            Param(
                "standardise",
                "choice",
                "no",
                "columns as they are (all that was published), standardised, or the better of both",
                choices=("no", "yes", "both"),
            ),
            Param("folds", "int", 10, "folds, where the data set gives none", minimum=2, maximum=1000),
        ),
        citation="K. Choi, G. Fazekas, M. Sandler, K. Cho: Transfer learning for music classification and regression tasks, ISMIR 2017, "
        "arXiv:1703.09179",
    ),
    StageSpec(
        kind="protocol",
        name="shtern2017",
        summary="Shtern et al. 2017: 80/10/10 by SHA-1 of the file name, the tutorial's softmax layer, five runs averaged",
        target="mxt.stages.protocols.shtern2017:Shtern2017",
        params=(
            Param("runs", "int", 5, "runs, each with a seed of its own", minimum=1, maximum=1000),
            Param("valid", "float", 10.0, "percent of the files that validate", minimum=0, maximum=99),
            Param("test", "float", 10.0, "percent of the files that test", minimum=0.1, maximum=99),
            Param(
                "hash",
                "choice",
                "name",
                "the file's own name, or its path below the root",
                choices=("name", "path"),
            ),
            Param(
                "standardise",
                "bool",
                False,
                "columns standardised on the learning part, rather than as they are",
            ),
        ),
        citation="M. Shtern, R. Ejaz, V. Tzerpos: Transfer learning in neural networks: an experience report, CASCON 2017",
    ),
)
