"""A plugin in one file: a backbone of three numbers.

Try it, change it, run it again; an edited file never meets the features of its earlier text::

    mxt --plugin one_file_plugin.py stages backbones loudness
    mxt --plugin one_file_plugin.py extract --backbone loudness
    mxt --plugin one_file_plugin.py plugins check one_file_plugin.py

In such a file a target that begins with a colon means the file itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mxt.plugin import Layer, Param, StageSpec, Window, hookimpl


@dataclass(frozen=True)
class Loudness:
    """Level, peak and crest factor of a clip, in decibels.

    Parameters
    ----------
    floor_db : float
        Lowest level told apart from silence, dB against full scale.
    """

    floor_db: float = -100.0

    def prepare(self, weights: Path | None, device: str) -> Any:
        """A function from waveforms [N, samples] to ``{"level": float32 [N, 3]}``."""
        import numpy as np

        def features(waveforms: Any) -> dict[str, Any]:
            y = waveforms.cpu().numpy().astype(np.float64)
            floor = 10 ** (self.floor_db / 20)
            # 20 log10 of the root mean square, and of the largest sample
            rms_db = 20 * np.log10(np.maximum(np.sqrt(np.mean(y**2, axis=1)), floor))
            peak_db = 20 * np.log10(np.maximum(np.abs(y).max(axis=1), floor))
            return {"level": np.stack([rms_db, peak_db, peak_db - rms_db], axis=1).astype(np.float32)}

        return features


@hookimpl
def mxt_stages() -> list[StageSpec]:
    """The one stage of this file."""
    return [
        StageSpec(
            kind="backbone",
            name="loudness",
            summary="level, peak and crest factor in decibels",
            target=":Loudness",
            params=(
                Param(
                    "floor_db",
                    "float",
                    -100.0,
                    "lowest level, dB against full scale",
                    minimum=-200,
                    maximum=0,
                ),
            ),
            sample_rate=16_000,
            window=Window.whole(),
            layers=(Layer(1, "level", 3, ("rms_db", "peak_db", "crest_db")),),
        )
    ]
