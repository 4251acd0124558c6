"""Neural networks of one or two hidden layers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from mxt.core.errors import UsageError
from mxt.core.records import Task

MOST_LAYERS = 2
TOLERANCE = 1e-3  # largest gradient at which L-BFGS stops; predictions do not change below


@dataclass(frozen=True, slots=True)
class Mlp:
    """Fully connected layers with ReLU on standardised columns, trained by L-BFGS.

    Parameters
    ----------
    hidden : tuple of float
        Units of each hidden layer, one or two whole numbers.
    alpha : tuple of float
        L2 penalties tried, divided by the number of rows as scikit-learn does.
    max_iter : int
        Most iterations.
    """

    MOST_ROWS: ClassVar[int] = 100_000  # to learn from: of more, a stratified sample
    hidden: tuple[float, ...] = (64.0,)
    alpha: tuple[float, ...] = (1.0, 10.0)
    max_iter: int = 1000

    def estimator(self, task: Task, *, seed: int) -> Any:
        """A fresh estimator whose weights begin as `seed` draws them.

        Raises
        ------
        UsageError
            More than two layers, none, or a fraction of a unit.
        """
        from sklearn.compose import TransformedTargetRegressor
        from sklearn.neural_network import MLPClassifier, MLPRegressor
        from sklearn.preprocessing import StandardScaler

        if not 1 <= len(self.hidden) <= MOST_LAYERS or any(units != int(units) for units in self.hidden):
            raise UsageError(
                f"hidden is one or two whole numbers of units, such as 64 or 64,32, not {self.hidden}"
            )
        settings = {
            "hidden_layer_sizes": tuple(map(int, self.hidden)),
            "solver": "lbfgs",
            "max_iter": self.max_iter,
            "tol": TOLERANCE,
            "random_state": seed,
        }
        if task == "regression":
            return TransformedTargetRegressor(
                regressor=MLPRegressor(**settings), transformer=StandardScaler()
            )
        return MLPClassifier(**settings)

    def grid(self, task: Task, *, n_features: int) -> Mapping[str, list[Any]]:
        """The penalties, the strongest first."""
        at = "regressor__" if task == "regression" else ""
        return {f"{at}alpha": sorted(self.alpha, reverse=True)}
