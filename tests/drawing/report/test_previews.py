"""Previews: what is heard of a clip, how it is compressed, and when there is none."""

from __future__ import annotations

import io
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile as sf
from PIL import Image

from mxt.core.errors import AudioError, Reason
from mxt.core.identity import sha256_file
from mxt.core.records import ClipRecord, FileRecord, Measurement
from mxt.drawing.report import previews
from mxt.drawing.report.previews import (
    COLUMNS,
    ROWS,
    SAMPLE_RATE,
    SECONDS,
    Source,
    make_preview,
    make_previews,
)

SR = 8000


@pytest.fixture
def source(tmp_path: Path) -> Source:
    """Twelve seconds of a quiet tone of 440 Hz that is loud from second 6 to 10."""
    t = np.arange(12 * SR) / SR
    y = np.where((t >= 6) & (t < 10), 0.5, 0.01) * np.sin(2 * np.pi * 440 * t)
    path = tmp_path / "tone.wav"
    sf.write(path, y, SR)
    stat = path.stat()
    measured = Measurement(sha256_file(path), 12.0, SR, 1, len(y), 0.5, 0.5, 0.2)
    file = FileRecord("tone.wav", stat.st_size, stat.st_mtime_ns, stat.st_ino, measured)
    return Source(str(tmp_path), ClipRecord("tone.wav", file, b"k" * 32))


def decoded(sound: bytes) -> np.ndarray:
    with av.open(io.BytesIO(sound)) as container:
        frames = [frame.to_ndarray() for frame in container.decode(audio=0)]
        rate = container.streams.audio[0].rate
    y = np.concatenate([frame.reshape(1, -1) if frame.ndim == 1 else frame[:1] for frame in frames], axis=1)[
        0
    ]
    return np.interp(np.arange(0, len(y), rate / SAMPLE_RATE), np.arange(len(y)), y)


@pytest.mark.parametrize("encoder", previews.ENCODERS, ids=lambda encoder: encoder.codec)
def test_the_loudest_seconds_are_heard_at_their_pitch(source, encoder, monkeypatch):
    monkeypatch.setattr(previews, "_encoder", lambda: encoder)
    preview = make_preview(source)
    assert preview.start == pytest.approx(6.0, abs=0.05)
    assert preview.seconds == pytest.approx(SECONDS)
    y = decoded(preview.sound)
    assert len(y) / SAMPLE_RATE == pytest.approx(SECONDS, abs=0.15)
    spectrum = np.abs(np.fft.rfft(y))
    assert np.argmax(spectrum) * SAMPLE_RATE / len(y) == pytest.approx(440, abs=2)


def test_a_preview_is_small(source):
    preview = make_preview(source)
    assert len(preview.sound) < 16_000
    assert len(preview.picture) < 6_000


def test_the_spectrogram_is_dark_where_the_tone_is(source):
    picture = np.asarray(Image.open(io.BytesIO(make_preview(source).picture)).convert("L"))
    assert abs(picture.shape[1] - COLUMNS) <= 2
    rows = picture[:, 40:-40].mean(axis=1)
    # 440 Hz is a little below a quarter of 12 kHz on Slaney's scale, counted from the bottom
    assert rows.argmin() / ROWS == pytest.approx(1 - 6.6 / 51.6, abs=0.05)
    assert rows.max() > 200


def test_equal_clips_have_equal_pictures(source):
    assert make_preview(source).picture == make_preview(source).picture


def test_silence_has_a_preview():
    assert previews.spectrogram(np.zeros(SAMPLE_RATE, np.float32))
    assert previews.encoded(np.zeros(SAMPLE_RATE, np.float32))


def test_a_file_that_is_gone_or_has_changed_has_no_preview_and_is_told(source):
    path = Path(source.root, "tone.wav")
    path.write_bytes(b"something else")
    with pytest.raises(AudioError, match="has changed since ingest") as caught:
        make_preview(source)
    assert caught.value.reason is Reason.CHANGED
    path.unlink()
    made = make_previews({("notes", "tone.wav"): source}, [("notes", "tone.wav")])
    assert made.of == {}
    assert made.silent == {("notes", "tone.wav"): "the file is gone since ingest"}
    assert made.wanted == 1


def test_those_first_in_the_order_get_previews_until_the_page_is_full(source, monkeypatch):
    sources = {("notes", str(i)): source for i in range(6)}
    order = [("notes", name) for name in ("4", "4", "elsewhere", "2", "0", "1", "3", "5")]
    monkeypatch.setattr(previews, "MOST", 2)
    assert [name for _, name in make_previews(sources, order).of] == ["4", "2"]
    monkeypatch.setattr(previews, "MOST", 400)
    monkeypatch.setattr(previews, "MOST_BYTES", 20_000)
    assert 1 <= len(make_previews(sources, order).of) <= 2
