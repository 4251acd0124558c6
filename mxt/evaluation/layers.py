"""Combinations of layers, and kernels that are computed once per layer and summed for every combination."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mxt.evaluation.fitting import scaled
from mxt.evaluation.kernels import SharedKernels

Matrix = npt.NDArray[Any]
Rows = npt.NDArray[np.int64]
HELD_BYTES = 1 << 30  # inner products of all layers held at once
LARGEST = 12_000  # learning rows up to which a combination's kernel is held in memory
WORK_BYTES = 3 << 30  # inner products held, and kernels of all workers


@dataclass(frozen=True, slots=True)
class Strategy:
    """A candidate: its name, and the blocks whose columns it joins.

    `weighted` is the number of layers, the first of its blocks, that are not joined but summed with weights
    that are learnt; 0 for none.
    """

    name: str
    blocks: tuple[int, ...]
    weighted: int = 0


class PartKernels:
    """One learning part and its testing part under one scaling, layer by layer.

    Parameters
    ----------
    blocks : sequence of float [n, d]
        Columns of each layer.
    learn, test : int64
        Row numbers.
    standardise : bool
        By the learning rows.
    prefix : str, optional
        As `kernel_prefix` gives it; ``None`` where the head has no kernel.
    """

    def __init__(
        self, blocks: Sequence[Matrix], learn: Rows, test: Rows, *, standardise: bool, prefix: str | None
    ) -> None:
        self._parts = [scaled(X, learn, test, standardise=standardise) for X in blocks]
        self._prefix = prefix
        self._products: list[tuple[Matrix, Matrix]] = []
        if prefix is not None and held_bytes(len(blocks), len(learn), len(test)):
            for part in self._parts:
                A, B = (each.astype(np.float64) for each in part)
                self._products.append((A @ A.T, B @ A.T))

    def of(self, strategy: Strategy) -> tuple[tuple[Matrix, Matrix], SharedKernels | None]:
        """Columns of a candidate (learning, testing rows), and its kernels: sums of those of its layers.

        A linear kernel is the sum over layers of x·y, a squared distance the sum over layers of |x - y|².
        """
        chosen = strategy.blocks
        learn, test = (np.concatenate([self._parts[i][side] for i in chosen], axis=1) for side in (0, 1))
        if self._prefix is None or strategy.weighted:
            return (learn, test), None
        products = None
        if self._products:
            products = (
                _sum([self._products[i][0] for i in chosen]),
                _sum([self._products[i][1] for i in chosen]),
            )
        return (learn, test), SharedKernels(learn, test, self._prefix, products=products, largest=LARGEST)


def workers_with_room(jobs: int, blocks: int, learn: int, test: int, *, apart: bool) -> int:
    """How many workers, at most `jobs`, have room for the kernels of a part with so many blocks and rows.

    Each works on one kernel and the inner products it is made of; inner products of all layers are held once
    or, `apart`, by every worker.
    """
    if learn > LARGEST:
        return jobs
    held, own = held_bytes(blocks, learn, test), 2 * _kernel_bytes(learn, test)
    room = WORK_BYTES // (held + own) if apart else (WORK_BYTES - held) // own
    return max(1, min(jobs, room))


def _kernel_bytes(learn: int, test: int) -> int:
    return 8 * learn * (learn + test)


def held_bytes(blocks: int, learn: int, test: int) -> int:
    """Bytes of the inner products of all layers; 0 where they are too many to be held."""
    size = blocks * _kernel_bytes(learn, test)
    return size if size <= HELD_BYTES else 0


def _sum(arrays: Sequence[Matrix]) -> Matrix:
    if len(arrays) == 1:
        return arrays[0]
    total = arrays[0] + arrays[1]
    for array in arrays[2:]:
        total += array
    return total
