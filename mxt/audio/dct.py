"""The discrete cosine transform."""

from __future__ import annotations

import torch


def dct_matrix(rows: int, columns: int) -> torch.Tensor:
    """The first rows of the orthonormal DCT-II, float64 [rows, columns].

    ``D[k, n] = s_k cos(pi k (2 n + 1) / (2 N))`` with ``s_0 = sqrt(1 / N)``, ``s_k = sqrt(2 / N)``.
    """
    k, n = torch.arange(rows, dtype=torch.float64)[:, None], torch.arange(columns, dtype=torch.float64)
    matrix: torch.Tensor = torch.cos(torch.pi * k * (2 * n + 1) / (2 * columns)) * (2 / columns) ** 0.5
    matrix[0] /= 2**0.5
    return matrix
