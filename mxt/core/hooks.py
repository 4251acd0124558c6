"""The one hook of mxt: plugins return the specs of their stages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from mxt.core.specs import StageSpec

PROJECT = "mxt"
ENTRY_POINT_GROUP = "mxt"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


class Hooks:
    """The hooks that a plugin may implement."""

    @hookspec
    def mxt_stages(self) -> Iterable[StageSpec]:  # type: ignore[empty-body]
        """Return the specs of the stages that this plugin provides."""
