"""Specs of the normalizers."""

from __future__ import annotations

from mxt.core.specs import Param, StageSpec

SPECS: tuple[StageSpec, ...] = (
    StageSpec(
        kind="normalizer",
        name="none",
        summary="leaves the level as it is",
        target="mxt.stages.normalizers.none:Unchanged",
        licence="MIT",
    ),
    StageSpec(
        kind="normalizer",
        name="peak",
        summary="scales each clip so that its largest sample has a given level",
        target="mxt.stages.normalizers.peak:PeakNormalizer",
        params=(Param("target_db", "float", 0.0, "level of the peak, dBFS", minimum=-120, maximum=60),),
        licence="MIT",
        needs=("peak",),
    ),
)
