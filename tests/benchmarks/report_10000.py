"""The report of many clips: how long it takes, how large the page is, and what it carries.

    python tests/benchmarks/report_10000.py [--clips 10000] [--keep FOLDER]

Clips are short synthetic notes in ten classes, catalogued directly; their features are drawn at random, two
views of different strength, so that nothing but the evaluation and the report takes time.
"""

from __future__ import annotations

import argparse
import hashlib
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile as sf

from mxt.core.records import ClipRecord, DatasetRecord, FileRecord, Measurement
from mxt.core.specs import Layer
from mxt.registry import build_registry
from mxt.results.request import EvaluateRequest
from mxt.store.layout import Store
from mxt.workflows.evaluate import evaluate
from mxt.workflows.report import ReportRequest, report

CLASSES, COLUMNS = 10, 20
SR, SECONDS = 16_000, 1.0


def write_notes(root: Path, n: int) -> list[ClipRecord]:
    """`n` notes as 16-bit WAV files, and how they are catalogued."""
    rng, clips, t = np.random.default_rng(0), [], np.arange(int(SR * SECONDS)) / SR
    for i in range(n):
        path = f"class{i % CLASSES}/{i:05}.wav"
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        hz = 110 * 2 ** (rng.uniform(0, 36) / 12)
        y = 0.3 * np.sin(2 * np.pi * hz * t + rng.uniform(0, 6) * np.sin(2 * np.pi * rng.uniform(1, 9) * t))
        sf.write(root / path, (y + rng.normal(scale=0.02, size=len(t))).astype(np.float32), SR)
        stat, sha256 = (root / path).stat(), hashlib.sha256((root / path).read_bytes()).hexdigest()
        measured = Measurement(sha256, SECONDS, SR, 1, len(t), 0.3, 0.3, float(np.sqrt(np.mean(y**2))))
        file = FileRecord(path, stat.st_size, stat.st_mtime_ns, stat.st_ino, measured)
        clips.append(ClipRecord(path, file, bytes.fromhex(sha256), targets={"label": f"class{i % CLASSES}"}))
    return clips


def make_store(folder: Path, n: int) -> Path:
    """A store with `n` clips and two views of them."""
    clips = write_notes(folder / "notes", n)
    store, rng = Store.open(folder / "mxt-store", create=True), np.random.default_rng(1)
    record = DatasetRecord("notes", str(folder / "notes"), "folder", {}, ("label",), "", "")
    store.catalogue.replace_clips(record, clips)
    keys = [clip.key for clip in clips if clip.key]
    for label, strength in (("strong", 1.0), ("weak", 0.6)):
        store.catalogue.add_view("notes", label)
        X = rng.normal(size=(n, COLUMNS)) + 3 * strength * np.eye(CLASSES, COLUMNS)[np.arange(n) % CLASSES]
        table = store.features.create(
            hashlib.sha256(label.encode()).hexdigest(), label, {}, [Layer(1, "x", COLUMNS)]
        )
        with table.writer() as writer:
            for row, x in zip(writer.assign(keys), X.astype(np.float32), strict=True):
                writer.put(int(row), {"x": x})
    return folder / "mxt-store"


def timed(what: str, work):
    """Run `work` and print its time of the clock and of the processor, and the peak memory so far."""
    clock, cpu = time.perf_counter(), time.process_time()
    result = work()
    seconds, of_processor = time.perf_counter() - clock, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{what}: {seconds:.1f} s, {of_processor:.1f} s of processor, {peak:.0f} MiB", flush=True)
    return result


def main() -> None:
    """Make the clips, evaluate them, and write the page with sound, without, and as JSON."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--clips", type=int, default=10_000)
    parser.add_argument("--keep", type=Path)
    given = parser.parse_args()
    folder, registry = given.keep or Path(tempfile.mkdtemp()), build_registry()
    store = timed("clips", lambda: make_store(folder, given.clips))
    timed("evaluation", lambda: evaluate(store, EvaluateRequest(heads=("linear",)), registry))
    for request in (
        ReportRequest(out=folder / "report.html"),
        ReportRequest(out=folder / "mute.html", audio=False),
        ReportRequest(out=folder / "report.json"),
    ):
        written = timed(request.path.name, lambda request=request: report(store, request, registry))
        print(
            f"  {written.nbytes:,} bytes, {written.shown:,} of {written.clips:,} clips listed, "
            f"{written.previews:,} of {written.wanted:,} recordings"
        )


if __name__ == "__main__":
    main()
