"""The least that any extraction must do: decode 29 s, mix to mono, resample to 12 kHz with soxr.

    python tests/benchmarks/floor_script.py LIST

LIST names one file per line.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
import soundfile
import soxr


def load(path):
    with soundfile.SoundFile(path) as file:
        y = file.read(int(29 * file.samplerate), dtype="float32", always_2d=True)
    mono = y[:, 0] if y.shape[1] == 1 else y.mean(axis=1, dtype=np.float32)
    return soxr.resample(mono, file.samplerate, 12_000, quality="HQ")


paths = Path(sys.argv[1]).read_text().splitlines()
load(paths[0])
wall, cpu = time.perf_counter(), time.process_time()
for path in paths:
    load(path)
print(
    json.dumps(
        {"clips": len(paths), "seconds": time.perf_counter() - wall, "cpu_seconds": time.process_time() - cpu}
    )
)
