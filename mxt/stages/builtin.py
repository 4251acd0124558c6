"""The specs of all built-in stages, as a plugin like any other; it imports nothing heavy."""

from __future__ import annotations

from mxt.core.hooks import hookimpl
from mxt.core.specs import StageSpec
from mxt.stages.backbones import specs as backbones
from mxt.stages.datasets import specs as datasets
from mxt.stages.heads import specs as heads
from mxt.stages.normalizers import specs as normalizers
from mxt.stages.protocols import specs as protocols
from mxt.stages.renderers import specs as renderers


@hookimpl
def mxt_stages() -> tuple[StageSpec, ...]:
    """All built-in stages, in the order of the work."""
    return (
        *datasets.SPECS,
        *normalizers.SPECS,
        *renderers.SPECS,
        *backbones.SPECS,
        *heads.SPECS,
        *protocols.SPECS,
    )
