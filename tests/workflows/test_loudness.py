from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from mxt.cli.main import main
from mxt.core.errors import InputError, UsageError
from mxt.drawing.charts import loudness_chart
from mxt.drawing.page import check_picture
from mxt.ingestion.requests import IngestRequest
from mxt.registry import Registry
from mxt.results.loudness import LoudnessStudy
from mxt.results.request import EvaluateRequest
from mxt.workflows.ingest import ingest
from mxt.workflows.loudness import loudness

RATE = 8000
LEVELS_DB = {"soft": -40.0, "middle": -25.0, "loud": -10.0}


def folder_of(
    root: Path, levels_db: dict[str, float], *, clips: int = 12, spread_db: float = 1.0, seconds: float = 0.8
) -> Path:
    """White noise, each class at a level of its own: RMS in dBFS, with a spread."""
    rng = np.random.default_rng(0)
    for name, level in levels_db.items():
        (root / name).mkdir(parents=True)
        for number in range(clips):
            y = rng.standard_normal(int(seconds * RATE))
            y *= 10 ** ((level + spread_db * rng.normal()) / 20) / np.sqrt(np.mean(y**2))
            soundfile.write(root / name / f"{number:02}.wav", y, RATE, subtype="FLOAT")
    return root


def study_of(root: Path, store: Path, registry: Registry, **request: object) -> LoudnessStudy:
    ingest(store, IngestRequest(root), registry)
    return loudness(store, EvaluateRequest(settings=("folds=4",), **request), registry)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def told_apart(tmp_path_factory: pytest.TempPathFactory, registry: Registry) -> tuple[LoudnessStudy, Path]:
    folder = tmp_path_factory.mktemp("levels")
    return study_of(folder_of(folder / "noise", LEVELS_DB), folder / "store", registry), folder / "store"


def test_levels_are_those_the_clips_were_made_with(told_apart: tuple[LoudnessStudy, Path]) -> None:
    study, _ = told_apart
    assert [each.name for each in study.classes] == ["soft", "middle", "loud"], "the quietest first"
    for each in study.classes:
        assert each.rms.mean == pytest.approx(LEVELS_DB[each.name], abs=1.0)
        assert 0.4 < each.rms.deviation < 1.8
        assert each.rms.mean < each.peak.mean
        assert each.rms_linear.mean == pytest.approx(10 ** (each.rms.mean / 20), rel=0.1)


def test_loudness_in_lufs_is_that_of_torchaudio(told_apart: tuple[LoudnessStudy, Path]) -> None:
    import torch
    from torchaudio.functional import loudness as by_torchaudio

    study, _ = told_apart
    rng = np.random.default_rng(0)
    y = rng.standard_normal(int(0.8 * RATE))
    y *= 10 ** ((LEVELS_DB["soft"] + rng.normal()) / 20) / np.sqrt(np.mean(y**2))
    place = [clip.id for clip in study.clips].index("soft/00.wav")
    expected = float(by_torchaudio(torch.from_numpy(y.astype(np.float32))[None], RATE))
    assert study.values[place, 2] == pytest.approx(expected, abs=0.05)


def test_classes_of_other_levels_are_told_by_loudness_alone_with_a_warning(
    told_apart: tuple[LoudnessStudy, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    study, store = told_apart
    assert study.alone.first.value > 0.95
    assert study.leaks
    with pytest.raises(SystemExit, match="0"):
        main(["loudness", "--store", str(store), "-q"])
    shown = capsys.readouterr().out
    assert "careful: classes can be told by loudness alone, clearly better than the baseline (0.333)" in shown
    assert "next: mxt extract --backbone … --normalizer peak" in shown


def test_classes_of_equal_levels_are_not(
    tmp_path: Path, registry: Registry, capsys: pytest.CaptureFixture[str]
) -> None:
    study = study_of(
        folder_of(tmp_path / "noise", dict.fromkeys(LEVELS_DB, -20.0), spread_db=3.0),
        tmp_path / "store",
        registry,
    )
    assert not study.leaks
    assert study.alone.first.interval.low < 1 / 3
    with pytest.raises(SystemExit, match="0"):
        main(["loudness", "--store", str(tmp_path / "store"), "-q"])
    assert "loudness alone is not clearly better than the baseline" in capsys.readouterr().out


def test_silence_is_counted_and_left_out_of_means(tmp_path: Path, registry: Registry) -> None:
    root = folder_of(tmp_path / "noise", {"a": -20.0, "b": -10.0}, clips=6)
    soundfile.write(root / "a" / "nothing.wav", np.zeros(RATE), RATE)
    study = study_of(root, tmp_path / "store", registry)
    quiet = study.classes[0]
    assert (quiet.name, quiet.clips, quiet.silent) == ("a", 7, 1)
    assert quiet.rms.mean == pytest.approx(-20, abs=1)


def test_clips_that_went_away_are_named(tmp_path: Path, registry: Registry) -> None:
    root = folder_of(tmp_path / "noise", {"a": -20.0, "b": -10.0}, clips=6)
    ingest(tmp_path / "store", IngestRequest(root), registry)
    (root / "a" / "00.wav").unlink()
    study = loudness(tmp_path / "store", EvaluateRequest(settings=("folds=3",)), registry)
    assert [clip for clip, _ in study.unread] == ["a/00.wav"]
    for path in root.rglob("*.wav"):
        path.unlink()
    with pytest.raises(InputError, match=r"no clip of noise can be read; the first: a/00\.wav: "):
        loudness(tmp_path / "store", EvaluateRequest(), registry)


def test_the_chart_names_classes_and_score(told_apart: tuple[LoudnessStudy, Path], tmp_path: Path) -> None:
    import matplotlib as mpl

    with mpl.rc_context({"svg.fonttype": "none"}):
        loudness_chart(told_apart[0], tmp_path / "a.svg")
    text = (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert all(
        word in text
        for word in (
            "soft",
            "middle",
            "loud",
            "RMS, dBFS",
            "peak, dBFS",
            "LUFS",
            "loudness alone tells classes apart",
        )
    )
    loudness_chart(told_apart[0], tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "a.svg"]


def test_a_picture_that_cannot_be_written_is_refused_before_the_work(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"a\.gold: the name of a picture ends in \.png, \.svg or \.pdf"):
        check_picture(tmp_path / "a.gold")
    with pytest.raises(InputError, match=r"a\.png: the folder .*nowhere does not exist"):
        check_picture(tmp_path / "nowhere" / "a.png")


def test_the_command_refuses_such_a_picture_before_it_measures(
    told_apart: tuple[LoudnessStudy, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, code in (("a.gold", 2), ("nowhere/a.png", 1)):
        with pytest.raises(SystemExit, match=str(code)):
            main(["loudness", "--store", str(told_apart[1]), "--chart", str(tmp_path / name)])
        assert capsys.readouterr().out == ""


def test_json_has_every_clip(
    told_apart: tuple[LoudnessStudy, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["loudness", "--store", str(told_apart[1]), "--json"])
    found = json.loads(capsys.readouterr().out)
    assert len(found["clips"]) == 36
    assert found["loudness_alone"]["leaks"] is True
    assert set(found["clips"][0]) == {"clip", "classes", "rms", "peak", "lufs"}
