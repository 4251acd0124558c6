"""The evaluation of Choi et al. 2017, as their code does it."""

from __future__ import annotations

from dataclasses import dataclass

from mxt.core.records import Task
from mxt.core.stages import Evaluation

SCALINGS = {"no": False, "yes": True, "both": None}


@dataclass(frozen=True, slots=True)
class Choi2017:
    """Ten folds in catalogue order, parameters chosen on the very folds that are reported.

    Parameters
    ----------
    standardise : {"no", "yes", "both"}
        The published scores are on columns as they are: the authors' scaler was never switched on. ``both``
        is what their code meant to try.
    folds : int
        Where the data set gives none.

    References
    ----------
    keunwoochoi/transfer_learning_music, ``main_svm.py``
    """

    standardise: str = "no"
    folds: int = 10

    def choices(self, task: Task) -> Evaluation:
        """The same for every task; folds and splits of the data set come first."""
        return Evaluation(
            outer="given",
            folds=self.folds,
            shuffle=False,
            nested=False,
            standardise=SCALINGS[self.standardise],
            keep_together=False,
            score="fold_mean",
            head="svm_choi2017",
        )
