"""What tests compare of a store."""

from __future__ import annotations

from pathlib import Path


def table_files(store: Path) -> dict[str, bytes]:
    """Every file of the feature tables but locks, by path."""
    root = store / "features"
    paths = (path for path in sorted(root.rglob("*")) if path.is_file() and "lock" not in path.name)
    return {str(path.relative_to(root)): path.read_bytes() for path in paths}
