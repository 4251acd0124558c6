"""Signals and files made on the spot."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile as sf

SR = 22_050


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Path]:
    """Write samples [samples, channels] with libsndfile."""

    def make(
        name: str, y: np.ndarray, sample_rate: int = SR, subtype: str | None = None, format: str | None = None
    ) -> Path:
        path = tmp_path / name
        sf.write(path, y, sample_rate, subtype, format=format)
        return path

    return make


@pytest.fixture
def encode(tmp_path: Path) -> Callable[..., Path]:
    """Write samples [samples, channels] with FFmpeg."""

    def encode(name: str, y: np.ndarray, sample_rate: int, codec: str, **options: str) -> Path:
        import av

        path = tmp_path / name
        layout = {1: "mono", 2: "stereo"}[y.shape[1]]
        with av.open(path, "w", options=options) as container:
            stream = container.add_stream(codec, rate=sample_rate, layout=layout)
            stream.bit_rate = 192_000
            for begin in range(0, len(y), 1024):
                part = np.ascontiguousarray(y[begin : begin + 1024].T.astype(np.float32))
                frame = av.AudioFrame.from_ndarray(part, format="fltp", layout=layout)
                frame.sample_rate, frame.pts = sample_rate, begin
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        return path

    return encode
