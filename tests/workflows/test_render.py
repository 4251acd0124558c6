"""`mxt render`: pictures with axes."""

from __future__ import annotations

import math

import numpy as np
import pytest
import soundfile

from mxt.audio.mel import mel_to_hz
from mxt.cli.main import main
from mxt.core.errors import AudioError, InputError, UnknownName, UsageError
from mxt.core.stages import RowAxis
from mxt.drawing.rendering import row_ticks
from mxt.registry import build_registry
from mxt.store.layout import Store
from mxt.workflows.render import WIDTH, RenderRequest, render

SR = 22_050
RENDERERS = ("logfrequency", "melimage", "melspectrogram", "phase", "sox", "waveform")


@pytest.fixture
def clip(tmp_path):
    """Two seconds of a tone at half of full scale."""
    path = tmp_path / "tone$1.wav"
    soundfile.write(path, 0.5 * np.sin(2 * np.pi * 880 * np.arange(2 * SR) / SR), SR)
    return path


def pixels(path):
    from matplotlib.image import imread

    return np.asarray(imread(path))[..., :3]


@pytest.mark.parametrize("renderer", RENDERERS)
def test_every_renderer_makes_a_picture_with_axes(clip, tmp_path, renderer):
    (found,) = render(tmp_path, RenderRequest((str(clip),), tmp_path / "out", renderer), build_registry())
    seen = pixels(found.path)
    assert (tmp_path / "out" / f"tone_1.wav-{renderer}.png").is_file()
    assert found.seconds == pytest.approx(2.0)
    assert seen.shape[:2] == (605, 1320)
    assert (seen == 1).all(axis=2).any()  # the paper around the picture
    assert float(seen[60:-80, 200:-100].std()) > 0.01  # something in it


def test_a_tone_is_drawn_at_its_frequency(clip, tmp_path):
    (found,) = render(tmp_path, RenderRequest((str(clip),), tmp_path), build_registry())
    column = pixels(found.path)[60:-80, 700].sum(axis=1)
    row = int(column.argmax()) / len(column)
    expected = 1 - math.log2(880 / 27.5) / math.log2(9956 / 27.5)
    assert row == pytest.approx(expected, abs=0.05)


def test_parameters_of_renderer_and_normalizer_can_be_set(clip, tmp_path):
    request = RenderRequest(
        (str(clip),),
        tmp_path,
        settings=("bands_per_octave=24", "width=300", "loudness_stack.levels_db=-20,0"),
        normalizer="loudness_stack",
    )
    (found,) = render(tmp_path, request, build_registry())
    assert (found.rows, found.columns) == (205, 300)
    assert found.seconds == pytest.approx(4.0)
    assert found.path.endswith("tone_1.wav-logfrequency-loudness_stack.png")


def test_a_picture_is_as_wide_as_a_screen_however_long_the_clip(clip, tmp_path):
    (found,) = render(tmp_path, RenderRequest((str(clip),), tmp_path), build_registry())
    assert found.columns == WIDTH


def test_clips_of_one_name_have_pictures_of_their_own(clip, tmp_path):
    other = tmp_path / "other" / clip.name
    other.parent.mkdir()
    other.write_bytes(clip.read_bytes())
    found = render(tmp_path, RenderRequest((str(clip), str(other)), tmp_path), build_registry())
    assert len({each.path for each in found}) == 2


def test_clips_of_a_data_set_are_found_by_their_ids(store, tmp_path, registry):
    catalogue = Store.open(store, read_only=True).catalogue
    first = catalogue.clips(catalogue.dataset(None).name)[0]
    (found,) = render(store, RenderRequest((first.id,), tmp_path), registry)
    assert found.clip == first.id
    assert found.seconds == pytest.approx(first.duration, abs=0.01)


def test_what_is_no_clip_is_said(store, clip, tmp_path, registry):
    with pytest.raises(UnknownName, match="no file, or clip of"):
        render(store, RenderRequest(("nothing",), tmp_path), registry)
    with pytest.raises(InputError, match="no such file, and there is no store at"):
        render(tmp_path, RenderRequest(("nothing",), tmp_path), registry)
    with pytest.raises(UnknownName, match="renderer"):
        render(store, RenderRequest((str(clip),), tmp_path, "logfrequenzy"), registry)
    with pytest.raises(UsageError, match="do not fit into 0 to 4000 Hz"):
        render(store, RenderRequest((str(clip),), tmp_path, sample_rate=8000), registry)
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"no audio")
    with pytest.raises(AudioError):
        render(store, RenderRequest((str(broken),), tmp_path), registry)


def test_the_command_names_what_it_wrote(clip, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    main_returns(["render", str(clip), "--renderer", "sox", "--out", "seen", "--quiet"])
    assert capsys.readouterr().out == "seen/tone_1.wav-sox.png  (513 x 1200, 2.00 s)\n"


def main_returns(args):
    with pytest.raises(SystemExit) as left:
        main(args)
    assert left.value.code == 0


@pytest.mark.parametrize(
    ("values", "quantity", "labels"),
    [
        (
            27.5 * 2 ** (np.arange(103)[::-1] / 12),
            "log",
            ["50", "100", "200", "500", "1000", "2000", "5000", "10000"],
        ),
        (mel_to_hz(np.linspace(0, 45, 130)[1:-1][::-1]), "mel", ["200", "500", "1000", "2000", "5000"]),
        (
            np.linspace(10, 1000, 100),
            "linear",
            ["100", "200", "300", "400", "500", "600", "700", "800", "900", "1000"],
        ),
    ],
)
def test_ticks_are_round_values_in_their_places(values, quantity, labels):
    places, found = row_ticks(RowAxis(quantity, values))
    assert found == labels
    order = np.argsort(values)
    np.testing.assert_allclose(
        np.interp([float(each) for each in labels], values[order], np.arange(len(values))[order]), places
    )
