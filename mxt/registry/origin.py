"""Who brings a stage, as a record."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

FILE_PREFIX = "file:"  # of the distribution of a one-file plugin, which is part of its fingerprints


@dataclass(frozen=True, slots=True)
class Origin:
    """Who brings stages, and where their code lies.

    Parameters
    ----------
    kind : {"built-in", "entry point", "file", "spec"}
        Part of mxt, an installed package or a package's folder, a one-file plugin, or a spec by itself,
        of which nobody knows who brings it.
    distribution : str
        Name of the package; ``file:NAME.py`` for a one-file plugin.
    point, value : str
        Name and value of the entry point; else empty.
    module : str
        The module that has the hook; for a one-file plugin the one it was loaded as.
    path : Path, optional
        The file of a one-file plugin.
    editable : bool
        Whether the code may be edited in place, so that a hash of it joins the fingerprint.
    source_sha256 : str
        Hash of a one-file plugin as it was loaded; else empty.

    Examples
    --------
    >>> str(Origin("entry point", "mxt-owls", point="owls", value="mxt_owls.plugin"))
    'mxt-owls (entry point owls = mxt_owls.plugin)'
    """

    kind: Literal["built-in", "entry point", "file", "spec"]
    distribution: str = ""
    point: str = ""
    value: str = ""
    module: str = ""
    path: Path | None = None
    editable: bool = False
    source_sha256: str = ""

    @classmethod
    def of_file(cls, path: Path, module: str, source_sha256: str) -> Origin:
        """That of the one-file plugin at `path`, loaded as `module`."""
        return cls(
            "file",
            FILE_PREFIX + path.name,
            module=module,
            path=path,
            editable=True,
            source_sha256=source_sha256,
        )

    @property
    def names(self) -> frozenset[str]:
        """What it can be called by: the distribution, the entry point, or the name of its file."""
        own = {self.distribution, self.point, self.path.name if self.path else ""}
        return frozenset(own - {""})

    @property
    def where(self) -> str:
        """In words, without the distribution: ``built-in``, the entry point, or the path of the file."""
        if self.kind == "entry point":
            return f"entry point {self.point} = {self.value}"
        return f"file {self.path}" if self.kind == "file" else self.kind

    def __str__(self) -> str:
        return self.where if self.kind == "file" else f"{self.distribution} ({self.where})"


BUILT_IN = Origin("built-in", "mxt", module="mxt.stages.builtin")
