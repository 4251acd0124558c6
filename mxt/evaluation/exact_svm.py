"""Linear support vector machines solved to their optimum, where libsvm's steps would not end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mxt.core.reprs import short_repr

Array = npt.NDArray[np.float64]
TOLERANCE = 1e-12  # duality gap, relative to the objective
LARGEST_GAP = 1e-6
MOST_STEPS = 100
PATIENCE = 4  # steps without a smaller gap


@dataclass(frozen=True, eq=False)
class LinearMachine:
    """The optimum of a linear support vector machine.

    Parameters
    ----------
    w : float64 [d]
    b : float
    gap : float
        Proof of optimality: primal minus dual objective, relative to the primal one.
    """

    w: Array
    b: float
    gap: float
    __repr__ = short_repr

    def predict(self, X: npt.NDArray[Any]) -> Array:
        """Values x·w + b of rows: float64 [n]."""
        return np.asarray(X.astype(np.float64) @ self.w + self.b)


def regress(X: npt.NDArray[Any], y: Array, *, C: float, epsilon: float) -> LinearMachine:
    """Minimise ½ |w|² + C Σ max(0, |y - x·w - b| - ε).

    Parameters
    ----------
    X : float [n, d]
    y : float64 [n]
    C, epsilon : float
        Penalty, and half width of the tube.
    """
    return _solve(X, y, np.array([[1.0], [-1.0]]), C, epsilon)


def separate(X: npt.NDArray[Any], y: Array, *, C: float) -> LinearMachine:
    """Minimise ½ |w|² + C Σ max(0, 1 - y (x·w + b)).

    Parameters
    ----------
    X : float [n, d]
    y : float64 [n]
        1 for one class, -1 for the other.
    C : float
        Penalty.
    """
    return _solve(X, y, y[None], C, 0.0)  # 1 - y f = -y (f - y): one side of a tube without width


def _solve(X: npt.NDArray[Any], y: Array, sign: Array, C: float, epsilon: float) -> LinearMachine:
    """Minimise ½ |w|² + C Σ max(0, -sign (x·w + b - y) - ε) by an interior point method.

    Some 20 steps (Mehrotra's predictor and corrector) of one least squares problem with as many unknowns as
    columns: libsvm's pairwise steps take hundreds of millions where columns differ a thousandfold in size, as
    raw MFCCs do, and end early by its tolerance.

    Parameters
    ----------
    sign : float64 [k, n] or [k, 1]
        Which sides of the tube count: both in regression, one in classification.

    References
    ----------
    A. J. Smola, B. Schölkopf: A tutorial on support vector regression (2004), section 2 (primal and dual).
    S. Mehrotra: On the implementation of a primal-dual interior point method (1992).
    """
    mean = X.mean(axis=0, dtype=np.float64)
    U, S, Vt = np.linalg.svd(X.astype(np.float64) - mean, full_matrices=False)
    kept = 1e-12 * max(S[0], 1e-300) < S
    U, S, Vt = U[:, kept], S[kept], Vt[kept]
    coordinates, gap = _Interior(U, S, y, sign, C, epsilon).run()  # x·w = u·coordinates: equal columns
    w = Vt.T @ (coordinates[:-1] / S)
    return LinearMachine(w, float(coordinates[-1] - mean @ w), gap)


class _Interior:
    """Variables are a in [0, C] (with their slacks' multipliers), and x = (coordinates, intercept)."""

    def __init__(self, U: Array, S: Array, y: Array, sign: Array, C: float, epsilon: float) -> None:
        self.Z = np.column_stack([U, np.ones(len(y))])
        self.ridge = np.append(1 / S**2, 0.0)
        self.S, self.y, self.sign, self.C, self.epsilon = S, y, sign, C, epsilon
        self.x = np.append(np.zeros(len(S)), np.median(y))
        residual = sign * (self.x[-1] - y) + epsilon
        self.a = np.full(residual.shape, C / 2)
        self.z = np.maximum(residual, 0) + 1.0
        self.w = self.z - residual

    def run(self) -> tuple[Array, float]:
        """Step until the duality gap is closed."""
        best, best_gap, since = self.x, np.inf, 0
        for _ in range(MOST_STEPS):
            gap = self._gap()
            since = 0 if gap < 0.9 * best_gap else since + 1
            if gap < best_gap:
                best, best_gap = self.x, gap
            if not gap >= TOLERANCE or since > PATIENCE:
                break  # closed; or rounding has the upper hand, and the best stays
            try:
                with np.errstate(all="ignore"):
                    self._step()
            except np.linalg.LinAlgError:
                break
        return best, best_gap

    def _gap(self) -> float:
        beta = (self.sign * self.a).sum(axis=0)
        excess = np.maximum(self.sign * (self.y - self.Z @ self.x) - self.epsilon, 0).sum()
        primal = 0.5 * float(self.ridge @ self.x**2) + self.C * float(excess)
        dual_w = self.S * (self.Z[:, :-1].T @ beta)
        dual = -0.5 * float(dual_w @ dual_w) + float(self.y @ beta) - self.epsilon * float(np.abs(beta).sum())
        off = abs(float(beta.sum())) / self.C  # beta must sum to zero for the dual to be a bound
        return max(abs(primal - dual) / (1 + abs(primal)), off * 1e-3)

    def _step(self) -> None:
        self.s = self.C - self.a
        self.r = self.sign * (self.Z @ self.x - self.y) + self.epsilon - self.z + self.w
        self.rx = self.Z.T @ (self.sign * self.a).sum(axis=0) - self.ridge * self.x
        self.d = self.z / self.a + self.w / self.s
        self.D = (1 / self.d).sum(axis=0)
        weighted = np.vstack([np.sqrt(self.D)[:, None] * self.Z, np.diag(np.sqrt(self.ridge))])
        self.R = np.linalg.qr(weighted, mode="r")
        mu = ((self.a * self.z).sum() + (self.s * self.w).sum()) / (2 * self.a.size)
        da, dz, dw, _ = self._direction(-self.a * self.z, -self.s * self.w)
        t = self._length(da, dz, dw)
        ahead = (
            ((self.a + t * da) * (self.z + t * dz)).sum() + ((self.s - t * da) * (self.w + t * dw)).sum()
        ) / (2 * self.a.size)
        centre = (ahead / mu) ** 3 * mu
        da, dz, dw, dx = self._direction(
            centre - self.a * self.z - da * dz, centre - self.s * self.w + da * dw
        )
        t = min(1.0, 0.99 * self._length(da, dz, dw))
        self.a, self.z, self.w, self.x = self.a + t * da, self.z + t * dz, self.w + t * dw, self.x + t * dx

    def _direction(self, lower: Array, upper: Array) -> tuple[Array, Array, Array, Array]:
        """Newton's direction for the targets of a·z and s·w."""
        right = self.r - lower / self.a + upper / self.s
        rhs = self.Z.T @ (-(self.sign * right / self.d).sum(axis=0)) + self.rx
        dx = self._solve(rhs)
        dx = dx + self._solve(rhs - (self.Z.T @ (self.D * (self.Z @ dx)) + self.ridge * dx))
        da = -(right + self.sign * (self.Z @ dx)) / self.d
        return da, (lower - self.z * da) / self.a, (upper + self.w * da) / self.s, dx

    def _solve(self, rhs: Array) -> Array:
        from scipy.linalg import solve_triangular

        inner = solve_triangular(self.R, rhs, trans="T", check_finite=False)
        return np.asarray(solve_triangular(self.R, inner, check_finite=False))

    def _length(self, da: Array, dz: Array, dw: Array) -> float:
        """The longest step at most 1 that keeps all variables positive."""
        longest = 1.0
        for value, change in ((self.a, da), (self.s, -da), (self.z, dz), (self.w, dw)):
            down = change < 0
            if down.any():
                longest = min(longest, float((-value[down] / change[down]).min()))
        return longest
