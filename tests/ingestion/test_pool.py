"""Files are opened by processes that may crash or hang."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mxt.core.errors import MxtError, Reason
from mxt.core.records import Measurement
from mxt.ingestion.pool import FileJob, Pool
from mxt.ingestion.requests import IngestRequest, Reading
from mxt.registry import build_registry
from mxt.store.layout import Store
from mxt.workflows.ingest import ingest

WORK = '''
import ctypes, hashlib, os, sys, time
from pathlib import Path
from mxt.core.errors import AudioError, Reason
from mxt.core.records import Measurement

def measure(path):
    """Does what the name of the file says."""
    with open(os.environ.get("MXT_TEST_LOG", os.devnull), "a") as log:
        log.write(os.path.basename(path) + "\\n")
    name = os.path.basename(path)
    print("a decoder writes to the terminal")
    os.write(1, b"and so does its library")
    os.write(2, b"and so does its library")
    if "crash" in name:
        ctypes.string_at(0)
    if "exit" in name:
        os._exit(3)
    if "hang" in name:
        time.sleep(1000)
    if "memory" in name:
        raise MemoryError
    if "refused" in name:
        raise AudioError(Reason.NOT_AUDIO, "refused")
    if "bug" in name:
        raise ZeroDivisionError("bug")
    if "denied" in name:
        raise PermissionError(13, "Permission denied")
    if "gone" in name:
        raise FileNotFoundError(2, "No such file")
    if "slow" in name:
        time.sleep(0.02)
    return Measurement(hashlib.sha256(name.encode()).hexdigest(), 1.0, 8000, 1, 8000, 0.5, 0.5, 0.1)
'''


@pytest.fixture
def work(tmp_path, monkeypatch):
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "pretended_decoder.py").write_text(WORK)
    monkeypatch.syspath_prepend(folder)
    return "pretended_decoder:measure"


def measure(names, work, **options):
    pool = Pool([FileJob(f"/nowhere/{name}", 0) for name in names], work=work, **options)
    return {names[number]: found for number, found in pool.results()}


def test_every_file_is_answered_once_by_any_number_of_workers(work):
    names = [f"{number}.wav" for number in range(60)]
    for workers in (1, 3):
        found = measure(names, work, workers=workers)
        assert set(found) == set(names)
        assert all(isinstance(outcome, Measurement) for outcome in found.values())


def test_what_goes_wrong_with_a_file_stays_with_it(work):
    names = [f"{number}.wav" for number in range(20)]
    odd = ["crash", "exit", "refused", "denied", "gone", "memory"]
    for place, name in enumerate(odd):
        names.insert(3 * place + 1, name)
    found = measure(names, work, workers=2)
    assert {name: found[name] for name in odd} == {
        "crash": (Reason.DECODER_FAILED, f"the decoder crashed (signal {signal.SIGSEGV.value})"),
        "exit": (Reason.DECODER_FAILED, "the decoder crashed (exit 3)"),
        "refused": (Reason.NOT_AUDIO, "refused"),
        "denied": (Reason.UNREADABLE, "Permission denied"),
        "gone": (Reason.MISSING, "not there any more"),
        "memory": (Reason.DECODER_FAILED, "out of memory"),
    }
    assert sum(isinstance(outcome, Measurement) for outcome in found.values()) == 20


def test_a_bug_stops_the_run_with_its_traceback_rather_than_be_told_as_a_fault_of_the_file(work):
    with pytest.raises(
        RuntimeError,
        match=r"(?s)a bug of mxt, met while opening /nowhere/bug:.*in measure\n.*ZeroDivisionError: bug",
    ):
        measure(["0.wav", "bug", "1.wav"], work, workers=1)


def test_a_decoder_that_hangs_is_ended_and_the_others_go_on(work):
    names = ["0.wav", "hang", "1.wav", "2.wav", "3.wav", "4.wav"]
    begun = time.monotonic()
    found = measure(names, work, workers=1, seconds=0.5)
    assert found["hang"] == (Reason.DECODER_FAILED, "the decoder took longer than 0 s")
    assert sum(isinstance(outcome, Measurement) for outcome in found.values()) == 5
    assert time.monotonic() - begun < 30


def test_a_worker_that_cannot_start_is_an_error_not_a_fault_of_the_files():
    with pytest.raises(MxtError, match=r"did not start.*No module named 'no_such_module'"):
        measure(["a.wav"], "no_such_module:measure", workers=1)


def test_workers_are_gone_when_the_reader_stops(work):
    pool = Pool([FileJob(f"/{number}", 0) for number in range(50)], workers=2, work=work)
    results = pool.results()
    next(results)
    processes = [worker.process for worker in pool._workers]
    results.close()
    assert processes
    assert all(process.returncode is not None for process in processes)


def test_a_worker_imports_nothing_heavy():
    heavy = "{'torch', 'librosa', 'sklearn', 'scipy', 'zarr', 'av'}"
    code = f"import sys, mxt.ingestion.worker, mxt.audio.measure; print({heavy} & set(sys.modules))"
    assert (
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.strip()
        == "set()"
    )


INGEST = """
import sys
from pathlib import Path
from mxt.registry import build_registry
from mxt.ingestion import reading
from mxt.ingestion.requests import IngestRequest, Reading
from mxt.workflows.ingest import ingest
reading.COMMIT_FILES = 10
request = IngestRequest(Path(sys.argv[2]), jobs=2, reading=Reading(work="pretended_decoder:measure"))
ingest(Path(sys.argv[1]), request, build_registry())
"""


@pytest.fixture
def many(tmp_path):
    root = tmp_path / "many"
    for folder in ("a", "b"):
        (root / folder).mkdir(parents=True)
        for number in range(60):
            (root / folder / f"slow{number}.wav").write_bytes(b"x")
    return root


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT], ids=["killed", "interrupted"])
def test_an_ingest_that_was_cut_short_goes_on_where_it_was(tmp_path, many, work, monkeypatch, how):
    log, store = tmp_path / "log", tmp_path / "store"
    environment = os.environ | {
        "MXT_TEST_LOG": str(log),
        "PYTHONPATH": os.pathsep.join([str(tmp_path / "work"), *sys.path]),
    }
    command = [sys.executable, "-c", INGEST, str(store), str(many)]
    child = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL, start_new_session=True)
    while not log.exists() or len(log.read_text().split()) < 40:
        time.sleep(0.02)
        assert child.poll() is None
    os.kill(child.pid, how)
    child.wait(timeout=30)
    catalogue = Store.open(store, read_only=True).catalogue
    committed = catalogue.files("many")
    assert catalogue.datasets() == []
    assert 20 <= len(committed) < 120
    _wait_until_nothing_is_written(log)
    log.write_text("")
    monkeypatch.setenv("MXT_TEST_LOG", str(log))
    (result,) = ingest(store, IngestRequest(many, jobs=2, reading=Reading(work=work)), build_registry())
    assert (result.read, result.summary.used) == (120 - len(committed), 120)
    assert len(log.read_text().split()) == result.read
    uninterrupted = tmp_path / "uninterrupted"
    ingest(uninterrupted, IngestRequest(many, jobs=2, reading=Reading(work=work)), build_registry())
    assert Store.open(store).catalogue.clips("many") == Store.open(uninterrupted).catalogue.clips("many")


def _wait_until_nothing_is_written(log: Path) -> None:
    """Workers end by themselves when their parent is killed."""
    before = -1
    while log.stat().st_size != before:
        before = log.stat().st_size
        time.sleep(0.3)


def test_a_crash_and_a_hang_are_left_out_of_the_data_set_and_not_tried_again(tmp_path, work):
    root = tmp_path / "x"
    for name in ("a/1.wav", "a/crash.wav", "b/2.wav", "b/hang.wav"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(b"x")
    reading = Reading(work=work, seconds_a_file=0.5)
    (result,) = ingest(tmp_path / "store", IngestRequest(root, jobs=2, reading=reading), build_registry())
    assert result.summary.left_out == {"decoder failed": 2}
    assert (
        ingest(tmp_path / "store", IngestRequest(root, jobs=2, reading=reading), build_registry())[0].read
        == 0
    )
