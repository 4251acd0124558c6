"""A plugin in one file from end to end: its features, and what an edit does to them."""

from __future__ import annotations

import json
import shlex
import wave
from pathlib import Path

import numpy as np
import pytest

from mxt.store.layout import Store

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "one_file_plugin.py"
AMPLITUDES = {"quiet": (0.1, 0.125), "loud": (0.5, 0.8)}


@pytest.fixture
def folder(tmp_path):
    """Four square waves of known levels, in two classes."""
    for label, amplitudes in AMPLITUDES.items():
        (tmp_path / "sounds" / label).mkdir(parents=True)
        for place, amplitude in enumerate(amplitudes):
            samples = np.where(np.arange(16_000) // 40 % 2, 1, -1) * round(amplitude * 32767)
            with wave.open(str(tmp_path / "sounds" / label / f"{place}.wav"), "wb") as file:
                file.setparams((1, 2, 16_000, 0, "NONE", ""))
                file.writeframes(samples.astype("<i2").tobytes())
    return tmp_path / "sounds"


def levels() -> dict[str, np.ndarray]:
    """Rows of each feature table, by label: float32 [rows, 3], sorted."""
    tables = Store.open(Path("mxt-store"), read_only=True).features.tables()
    return {table.label: np.sort(np.asarray(table.layer("level")), axis=0) for table in tables}


def test_edited_plugin_computes_again_and_never_meets_its_old_rows(mxt, folder, tmp_path):
    plugin = tmp_path / "mine.py"
    plugin.write_text(EXAMPLE.read_text())
    assert mxt("ingest", folder, "--quiet").code == 0
    extract = ("--plugin", plugin, "extract", "--backbone", "loudness", "--json", "--quiet")
    first = mxt(*extract)
    assert (first.code, json.loads(first.out)["computed"]) == (0, 4)
    expected_db = 20 * np.log10(sorted(amplitude for both in AMPLITUDES.values() for amplitude in both))
    np.testing.assert_allclose(levels()["loudness"][:, 0], expected_db, atol=0.01)
    assert json.loads(mxt(*extract).out)["computed"] == 0

    plugin.write_text(EXAMPLE.read_text().replace("20 * np.log10(", "10 * np.log10("))
    again = mxt(*extract)
    assert (again.code, json.loads(again.out)["computed"]) == (0, 4)
    found = levels()
    assert len(found) == 2
    (edited,) = (rows for label, rows in found.items() if label != "loudness")
    np.testing.assert_allclose(edited[:, 0], expected_db / 2, atol=0.01)
    np.testing.assert_allclose(found["loudness"][:, 0], expected_db, atol=0.01)

    plugin.write_text(EXAMPLE.read_text())
    assert json.loads(mxt(*extract).out)["computed"] == 0


def test_command_that_makes_a_table_again_names_the_file_and_runs_as_it_is(mxt, folder, tmp_path):
    plugin = tmp_path / "my plugin.py"
    plugin.write_text(EXAMPLE.read_text())
    assert mxt("ingest", folder, "--quiet").code == 0
    assert (
        mxt("--plugin", plugin, "extract", "--backbone", "loudness", "--set", "floor_db=-90", "--quiet").code
        == 0
    )
    (command,) = json.loads(mxt("--plugin", plugin, "info", "loudness-floor_db-90", "--json").out)["commands"]
    assert shlex.split(command)[-2:] == ["--plugin", str(plugin)]
    assert json.loads(mxt(*shlex.split(command)[1:], "--json").out)["computed"] == 0
