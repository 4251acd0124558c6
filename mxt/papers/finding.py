"""What all findings of papers have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Finding:
    """A statement recomputed from the store: its name, and the published source that states or shows it."""

    name: ClassVar[str]
    source: ClassVar[str]

    @property
    def holds(self) -> bool | None:
        """Whether the store supports it; ``None`` where it decides nothing, or only measures something."""
        return None
