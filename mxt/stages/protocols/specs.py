"""Specs of the built-in protocols."""

from __future__ import annotations

from mxt.core.params import Param
from mxt.core.specs import StageSpec
from mxt.stages.citations import CHOI_2017, SHTERN_2017

SPECS: tuple[StageSpec, ...] = (
    StageSpec(
        kind="protocol",
        name="nested",
        summary="Nested cross-validation: parameters are chosen within the training folds only",
        target="mxt.stages.protocols.nested:Nested",
        params=(
            Param("folds", "int", 10, "folds, unless the data set has its own", minimum=2, maximum=1000),
            Param("inner_folds", "int", 3, "folds within each training part", minimum=2, maximum=100),
            Param(
                "outer",
                "choice",
                "given",
                "given: folds or split of the data set, if any; kfold: always drawn; "
                "split: the split of the data set",
                choices=("given", "kfold", "split"),
            ),
        ),
    ),
    StageSpec(
        kind="protocol",
        name="choi2017",
        summary="Choi et al. 2017: ten folds in catalogue order; parameters chosen on the reported folds",
        target="mxt.stages.protocols.choi2017:Choi2017",
        params=(
            Param(
                "standardise",
                "choice",
                "no",
                "no: columns are not scaled, as in all published scores; yes: standardised; "
                "both: the better one",
                choices=("no", "yes", "both"),
            ),
            Param("folds", "int", 10, "folds, unless the data set has its own", minimum=2, maximum=1000),
        ),
        citation=CHOI_2017,
    ),
    StageSpec(
        kind="protocol",
        name="shtern2017",
        summary="Shtern et al. 2017: 80/10/10 split by a hash of file names, softmax layer, five runs",
        target="mxt.stages.protocols.shtern2017:Shtern2017",
        params=(
            Param("runs", "int", 5, "number of runs, each with its own seed", minimum=1, maximum=1000),
            Param("valid", "float", 10.0, "percentage of files for validation", minimum=0, maximum=99),
            Param("test", "float", 10.0, "percentage of files for testing", minimum=0.1, maximum=99),
            Param(
                "hash",
                "choice",
                "name",
                "what is hashed: the name of the file, or its path below the root",
                choices=("name", "path"),
            ),
            Param("standardise", "bool", False, "whether columns are standardised on the training part"),
        ),
        citation=SHTERN_2017,
    ),
)
