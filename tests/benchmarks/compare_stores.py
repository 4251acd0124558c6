"""How far the features of two stores differ, table by table.

The stores hold the same recordings, computed by different versions of mxt or of what it uses.

    python tests/benchmarks/compare_stores.py STORE OTHER
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from mxt.store.layout import Store


def main() -> None:
    here, there = (Store.open(Path(name), read_only=True) for name in sys.argv[1:3])
    for table in here.features.tables():
        other = there.features.by_fingerprint(table.fingerprint)
        if other is None:
            print(f"{table.label}: not in {sys.argv[2]}")
            continue
        keys = [key.tobytes() for key in np.asarray(table.keys())]
        rows = other.ledger().rows_of(keys)
        same = table.states() == other.states()[rows]
        states = "equal" if same.all() else f"of {np.sum(~same)} differ"
        print(f"{table.label}: {len(keys)} rows, states {states}")
        for layer in table.layers:
            a, b = table.layer(layer.name), other.layer(layer.name)[rows]
            scale, differ = np.nanmax(np.abs(a)), ~((a == b) | (np.isnan(a) & np.isnan(b)))
            largest = np.nanmax(np.abs(a.astype(np.float64) - b), initial=0.0)
            words = (
                f"largest difference {largest:.2g}, {largest / scale:.2g} of the largest value, "
                f"in {differ.any(axis=1).sum()} rows"
            )
            print(f"  {layer.name:<14}{words if differ.any() else 'equal bits'}")


if __name__ == "__main__":
    main()
