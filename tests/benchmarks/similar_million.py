"""Time and memory of the exact search among a million rows, and whether it agrees with the formula.

``python tests/benchmarks/similar_million.py [ROWS] [COLUMNS]``
"""

from __future__ import annotations

import sys
import tempfile
import time
import tracemalloc
from pathlib import Path

import numpy as np

from mxt.models.similar import nearest


def main(rows: int = 1_000_000, columns: int = 200) -> None:
    """Print seconds and memory of five searches in a file that is mapped."""
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "x.npy")
        X = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=(rows, columns))
        for first in range(0, rows, 50_000):
            X[first : first + 50_000] = rng.standard_normal((min(50_000, rows - first), columns))
        X.flush()
        mapped = np.load(path, mmap_mode="r")
        for row in rng.integers(rows, size=5).tolist():
            tracemalloc.start()
            started = time.perf_counter()
            found, similarity = nearest(mapped, np.array(mapped[row]), 10)
            seconds = time.perf_counter() - started
            peak = tracemalloc.get_traced_memory()[1] / 1e6
            tracemalloc.stop()
            print(
                f"{rows:,} x {columns}: {seconds:.2f} s, at most {peak:.0f} MB beside the file, "
                f"first {'itself' if found[0] == row else 'wrong'} ({similarity[0]:.6f})"
            )
        Z = (np.asarray(mapped) - mapped.mean(axis=0, dtype=np.float64)) / mapped.std(
            axis=0, dtype=np.float64
        )
        plain = Z @ Z[row] / (np.linalg.norm(Z, axis=1) * np.linalg.norm(Z[row]))
        order = np.argsort(-plain, kind="stable")[:10]
        same, error = np.array_equal(order, found), np.abs(plain[order] - similarity).max()
        print(f"as the formula: {same}, off by {error:.1e}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
