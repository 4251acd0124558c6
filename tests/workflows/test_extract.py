from __future__ import annotations

import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest
from stored import table_files

from mxt.cli.main import main
from mxt.core.errors import (
    InputError,
    PluginError,
    StoreBusy,
    StoreError,
    StoreReadOnly,
    UnknownName,
    UsageError,
    WeightsError,
)
from mxt.extraction.engine import threads
from mxt.extraction.plan import ExtractionPlan
from mxt.extraction.request import ExtractRequest
from mxt.ingestion.requests import IngestRequest
from mxt.registry import Registry, build_registry
from mxt.store.layout import Store
from mxt.workflows.extract import extract
from mxt.workflows.ingest import ingest

CLIPS = 72


def committed(store: Path) -> bool:
    """Whether a first chunk is there."""
    with suppress(FileNotFoundError):  # a folder may be renamed while it is looked through
        return any((store / "features").glob("*/state/c.0"))
    return False


def copy_of(store: Path, name: str) -> Path:
    return Path(shutil.copytree(store, store.with_name(name)))


def test_all_layers_are_stored_and_the_view_is_remembered(store: Path, registry: Registry) -> None:
    result = extract(store, ExtractRequest("tiny", layers="1"), registry)
    assert (result.done, result.failed, result.computed) == (CLIPS, 0, CLIPS)
    assert (result.view, result.columns) == ("tiny:level", 1)
    opened = Store.open(store)
    assert opened.catalogue.views("timbres") == ["tiny:level"]
    assert opened.features.find("tiny").layer("both").shape == (CLIPS, 2)


def test_a_second_run_computes_nothing(store: Path, registry: Registry) -> None:
    extract(store, ExtractRequest("tiny"), registry)
    before = table_files(store)
    assert extract(store, ExtractRequest("tiny"), registry).computed == 0
    assert table_files(store) == before


def test_nothing_to_do_does_not_import_torch(store: Path, registry: Registry, plugin: Path) -> None:
    extract(store, ExtractRequest("tiny"), registry)
    code = (
        "import sys; from mxt.cli.main import main\n"
        f"args = ['--plugin', {str(plugin)!r}, 'extract', '--backbone', 'tiny', '--store', {str(store)!r}]\n"
        "try: main(args)\n"
        "except SystemExit as done: assert not done.code\n"
        "assert 'torch' not in sys.modules and 'librosa' not in sys.modules"
    )
    assert (
        "nothing to do"
        in subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    )


@pytest.mark.parametrize("jobs", [1, 3])
def test_the_number_of_workers_changes_no_byte(store: Path, registry: Registry, jobs: int) -> None:
    other = copy_of(store, "other")
    extract(store, ExtractRequest("tiny", jobs=2), registry)
    extract(other, ExtractRequest("tiny", jobs=jobs), registry)
    assert table_files(store) == table_files(other)


def test_a_trial_of_all_classes_continues_to_the_same_bytes(store: Path, registry: Registry) -> None:
    other = copy_of(store, "other")
    trial = extract(store, ExtractRequest("tiny", limit=12), registry)
    assert (trial.computed, trial.left_open) == (12, CLIPS - 12)
    opened = Store.open(store)
    done = {
        clip.targets["label"]
        for clip in opened.catalogue.clips("timbres")
        if clip.key and opened.features.find("tiny").read([clip.key], ["level"])[1][0] == 1
    }
    assert len(done) == 6
    assert extract(store, ExtractRequest("tiny"), registry).computed == CLIPS - 12
    extract(other, ExtractRequest("tiny"), registry)
    assert table_files(store) == table_files(other)


def test_a_changed_parameter_is_another_table_with_a_name_that_says_so(
    store: Path, registry: Registry
) -> None:
    extract(store, ExtractRequest("tiny"), registry)
    result = extract(store, ExtractRequest("tiny", settings=("scale=2",)), registry)
    assert (result.label, result.computed) == ("tiny-scale2", CLIPS)
    opened = Store.open(store)
    np.testing.assert_allclose(
        opened.features.find("tiny-scale2").layer("level"),
        2 * opened.features.find("tiny").layer("level"),
        rtol=1e-6,
    )


def test_a_name_of_ones_own_is_kept(store: Path, registry: Registry) -> None:
    assert extract(store, ExtractRequest("tiny", label="mine"), registry).label == "mine"
    assert extract(store, ExtractRequest("tiny"), registry).computed == 0


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [("mine", StoreError, "another feature table"), ("a b", UsageError, "is not a label")],
)
def test_a_name_that_cannot_be_had_is_refused_before_any_work(
    store, registry, monkeypatch, name, error, message
) -> None:
    extract(store, ExtractRequest("tiny", label="mine"), registry)
    monkeypatch.setattr(ExtractionPlan, "recipe", None)
    with pytest.raises(error, match=message):
        extract(store, ExtractRequest("tiny", settings=("scale=2",), label=name), registry)


def test_nothing_to_do_is_said_of_a_store_that_cannot_be_written(
    store, registry, plugin, mxt_as_anybody
) -> None:
    extract(store, ExtractRequest("tiny"), registry)
    places = [store, *store.rglob("*")]
    for place in places:
        place.chmod(0o555 if place.is_dir() else 0o444)
    ran = mxt_as_anybody("--plugin", plugin, "extract", "--backbone", "tiny", "--store", store)
    other = mxt_as_anybody(
        "--plugin", plugin, "extract", "--backbone", "tiny", "--set", "scale=2", "--store", store
    )
    for place in places:
        place.chmod(0o755 if place.is_dir() else 0o644)
    assert (ran.returncode, "nothing to do" in ran.stdout) == (0, True)
    assert other.returncode == 1
    assert f"no permission to write {store}" in other.stderr
    assert len(other.stderr.splitlines()) == 1


def test_where_the_network_cannot_be_loaded_no_empty_table_is_left(
    store, registry, tmp_path, monkeypatch
) -> None:
    monkeypatch.setenv("MXT_WEIGHTS_DIR", str(tmp_path / "none"))
    monkeypatch.setenv("MXT_OFFLINE", "1")
    with pytest.raises(WeightsError, match="is not there"):
        extract(store, ExtractRequest("convnet"), registry)
    assert Store.open(store).features.folders() == []


def test_the_normalizer_belongs_to_the_pipeline(store: Path, registry: Registry) -> None:
    result = extract(store, ExtractRequest("tiny", normalizer="peak"), registry)
    assert result.label == "tiny-peak"


def test_moving_the_recordings_and_the_store_recomputes_nothing(
    store: Path, registry: Registry, collection: Path, tmp_path: Path
) -> None:
    extract(store, ExtractRequest("tiny"), registry)
    moved = Path(shutil.copytree(collection, tmp_path / "elsewhere" / "timbres"))
    store = Path(shutil.move(store, tmp_path / "elsewhere" / "mxt-store"))
    ingest(store, IngestRequest(moved, yes=True), registry)
    assert extract(store, ExtractRequest("tiny"), registry).computed == 0


def test_relabelling_recomputes_nothing(
    store: Path, registry: Registry, collection: Path, tmp_path: Path
) -> None:
    extract(store, ExtractRequest("tiny"), registry)
    relabelled = Path(shutil.copytree(collection, tmp_path / "timbres"))
    (relabelled / "organ").rename(relabelled / "pipes")
    ingest(store, IngestRequest(relabelled, yes=True), registry)
    assert extract(store, ExtractRequest("tiny"), registry).computed == 0


def test_an_edited_plugin_never_meets_its_old_rows(store: Path, plugin: Path, tmp_path: Path) -> None:
    own = Path(shutil.copy(plugin, tmp_path / "quick.py"))
    extract(store, ExtractRequest("tiny"), build_registry([own]))
    own.write_text(own.read_text().replace("* self.scale", "* self.scale * 3"))
    result = extract(store, ExtractRequest("tiny"), build_registry([own]))
    assert result.computed == CLIPS
    opened = Store.open(store)
    ratio = opened.features.find(result.label).layer("level") / opened.features.find("tiny").layer("level")
    np.testing.assert_allclose(ratio, 3, rtol=1e-5)


def test_a_backbone_that_always_fails_stops_after_a_few_clips(store: Path, registry: Registry) -> None:
    with pytest.raises(PluginError, match=r"broken of .* failed on 5 in a row.*oops"):
        extract(store, ExtractRequest("broken"), registry)


def test_recordings_that_are_gone_stay_open_and_stop_the_run(
    store: Path, registry: Registry, collection: Path, tmp_path: Path
) -> None:
    lost = Path(shutil.copytree(collection, tmp_path / "timbres"))
    ingest(store, IngestRequest(lost, yes=True), registry)
    shutil.rmtree(lost)
    with pytest.raises(InputError, match=r"5 in a row.*missing"):
        extract(store, ExtractRequest("tiny"), registry)
    assert Store.open(store).features.find("tiny").counts() == (CLIPS, 0, 0)


def test_a_single_missing_file_is_left_open_and_told(
    store: Path, registry: Registry, collection: Path, tmp_path: Path
) -> None:
    root = Path(shutil.copytree(collection, tmp_path / "timbres"))
    ingest(store, IngestRequest(root, yes=True), registry)
    (root / "organ" / "organ.003.wav").unlink()
    result = extract(store, ExtractRequest("tiny"), registry)
    assert (result.done, result.left_open) == (CLIPS - 1, 1)
    assert [failure.clip for failure in result.failures] == ["organ/organ.003.wav"]


def test_what_to_do_about_files_that_are_not_as_they_were_is_said(
    store, registry, plugin, collection, tmp_path, capsys
) -> None:
    copy = Path(shutil.copytree(collection, tmp_path / "timbres"))
    ingest(store, IngestRequest(copy, yes=True), registry)
    first, second, *_ = sorted(copy.rglob("*.wav"))
    first.unlink()
    second.write_bytes(second.read_bytes()[:-100] + bytes(100))
    with pytest.raises(SystemExit, match="0"):
        main(["--plugin", str(plugin), "extract", "--backbone", "tiny", "--store", str(store)])
    out = capsys.readouterr().out
    assert f"2 not as they were at ingest: mxt ingest {copy} --name timbres, then the same command" in out
    assert "the same command continues" not in out


def test_a_newer_store_says_that_it_is_newer(store, registry) -> None:
    (store / "mxt.json").write_text('{"schema": 99}')
    with pytest.raises(StoreReadOnly, match="made by a newer mxt: upgrade"):
        extract(store, ExtractRequest("tiny"), registry)


def test_what_is_finished_is_kept_when_interrupted(store: Path, registry: Registry) -> None:
    @contextmanager
    def interrupted(recipe, workers):
        with threads(recipe, workers) as engine:
            finished, number = engine.finished, iter(range(6))

            def six_then_ctrl_c():
                if next(number, None) is None:
                    raise KeyboardInterrupt
                return finished()

            engine.finished = six_then_ctrl_c
            yield engine

    whole = copy_of(store, "whole")
    extract(whole, ExtractRequest("tiny"), registry)
    with pytest.raises(KeyboardInterrupt):
        extract(store, ExtractRequest("tiny"), registry, engine=interrupted)
    _, done, _ = Store.open(store).features.find("tiny").counts()
    assert done == 24
    assert extract(store, ExtractRequest("tiny"), registry).computed == CLIPS - 24
    assert table_files(store) == table_files(whole)


def test_a_second_extraction_of_the_same_table_is_refused(store: Path, registry: Registry) -> None:
    extract(store, ExtractRequest("tiny", limit=2), registry)
    with (
        Store.open(store).features.find("tiny").writer(),
        pytest.raises(StoreBusy, match=r"process \d+ on .* since"),
    ):
        extract(store, ExtractRequest("tiny"), registry)


def test_a_dry_run_writes_nothing(store: Path, registry: Registry) -> None:
    result = extract(store, ExtractRequest("tiny", dry_run=True), registry)
    assert result.estimate is not None
    assert result.left_open == CLIPS
    assert table_files(store) == {}


def test_an_unknown_layer_names_those_there_are(store: Path, registry: Registry) -> None:
    with pytest.raises(UnknownName, match=r"1 \(level\), 2 \(both\)"):
        extract(store, ExtractRequest("tiny", layers="7"), registry)


@pytest.mark.parametrize("signal_number", [signal.SIGKILL, signal.SIGINT])
def test_a_killed_command_continues_to_the_same_bytes(
    store: Path, registry: Registry, plugin: Path, signal_number: int
) -> None:
    whole, settings = copy_of(store, "whole"), ("nap=0.03",)
    extract(whole, ExtractRequest("tiny", settings=settings, jobs=8), registry)
    command = [
        sys.executable,
        "-m",
        "mxt",
        "--plugin",
        str(plugin),
        "extract",
        "--backbone",
        "tiny",
        "--set",
        *settings,
    ]
    process = subprocess.Popen(
        [*command, "--jobs", "1", "--store", str(store)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not committed(store) and time.monotonic() < deadline:
        time.sleep(0.002)
    process.send_signal(signal_number)
    _, errors = process.communicate()
    if signal_number == signal.SIGINT:
        assert process.returncode == 130
        assert errors.splitlines()[-1].startswith("interrupted")
    _, done, _ = Store.open(store).features.find("tiny-nap0.03").counts()
    assert 0 < done < CLIPS
    assert extract(store, ExtractRequest("tiny", settings=settings), registry).computed == CLIPS - done
    assert table_files(store) == table_files(whole)
