"""Specs of the built-in normalizers."""

from __future__ import annotations

from mxt.core.params import Param
from mxt.core.specs import StageSpec
from mxt.stages.citations import SHTERN_2017

SPECS: tuple[StageSpec, ...] = (
    StageSpec(
        kind="normalizer",
        name="none",
        summary="Leaves the level unchanged",
        target="mxt.stages.normalizers.none:Unchanged",
        licence="MIT",
    ),
    StageSpec(
        kind="normalizer",
        name="peak",
        summary="Scales each clip to a given peak level",
        target="mxt.stages.normalizers.peak:PeakNormalizer",
        params=(Param("target_db", "float", 0.0, "level of the peak, dBFS", minimum=-120, maximum=60),),
        licence="MIT",
        needs=("peak",),
    ),
    StageSpec(
        kind="normalizer",
        name="rms",
        summary="Scales each clip to a given level of its root mean square",
        target="mxt.stages.normalizers.rms:RmsNormalizer",
        params=(Param("target_db", "float", -20.0, "root mean square, dBFS", minimum=-120, maximum=60),),
        licence="MIT",
        needs=("rms",),
    ),
    StageSpec(
        kind="normalizer",
        name="lufs",
        summary="Scales each clip to a given integrated loudness (ITU-R BS.1770)",
        target="mxt.stages.normalizers.lufs:LufsNormalizer",
        params=(Param("target_lufs", "float", -23.0, "integrated loudness, LUFS", minimum=-120, maximum=60),),
        citation="ITU-R BS.1770-4: Algorithms to measure audio programme loudness "
        "and true-peak audio level, 2015",
        licence="MIT",
        needs=("lufs",),
    ),
    StageSpec(
        kind="normalizer",
        name="loudness_stack",
        summary="Copies of each clip in a row, with peak levels from quiet to loud",
        target="mxt.stages.normalizers.stacks:LoudnessStack",
        params=(
            Param(
                "levels_db",
                "list",
                (-35.0, -30.0, -25.0, -20.0, -15.0, -10.0, -5.0, 0.0),
                "peak level of each copy, dBFS",
                minimum=-120,
                maximum=60,
            ),
        ),
        citation=SHTERN_2017,
        licence="MIT",
        whole_clip=True,
    ),
    StageSpec(
        kind="normalizer",
        name="noise",
        summary="Copies of each clip in a row, with white noise from loud to faint, then the clip itself",
        target="mxt.stages.normalizers.stacks:NoiseStack",
        params=(
            Param(
                "snr_db",
                "list",
                (10.0, 20.0, 30.0),
                "signal-to-noise ratio of each copy, dB",
                minimum=-60,
                maximum=120,
            ),
        ),
        licence="MIT",
        whole_clip=True,
    ),
    StageSpec(
        kind="normalizer",
        name="pitch_shift",
        summary="Copies of each clip in a row, at pitches from low to high",
        target="mxt.stages.normalizers.stacks:PitchShiftStack",
        params=(
            Param(
                "semitones",
                "list",
                (-2.0, -1.0, 0.0, 1.0, 2.0),
                "shift of each copy, semitones; 0 is the clip itself",
                minimum=-24,
                maximum=24,
            ),
        ),
        version=2,
        licence="MIT",
        whole_clip=True,
    ),
)
