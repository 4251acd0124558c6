"""`mxt predict --onnx`: the head of a bundle for other programs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mxt.core.errors import Refused, UsageError
from mxt.models.bundle import read_bundle
from mxt.models.onnx_graph import write_onnx


@dataclass(frozen=True, slots=True)
class ExportedHead:
    """A head that was written as an ONNX graph: of which view, with so many columns, and what comes out."""

    path: str
    nbytes: int
    view: str
    columns: int
    output: str


def export_onnx(bundles: Sequence[Path], path: Path, *, yes: bool = False) -> ExportedHead:
    """Write the head of a bundle as an ONNX graph from features to probabilities.

    Raises
    ------
    UsageError
        Not one bundle, or another suffix.
    Refused
        There is a file of this name, and not `yes`.
    InputError, Unsupported
        The package onnx is not installed; the head is no arrays.
    """
    if len(bundles) != 1:
        raise UsageError("--onnx writes the head of one bundle")
    if path.suffix.lower() != ".onnx":
        raise UsageError(f"--onnx {path}: the name of the file ends in .onnx")
    if path.exists() and not yes:
        raise Refused(f"{path} already exists; add --yes to replace it")
    model = read_bundle(bundles[0])
    nbytes = write_onnx(path, model)
    output = "value and bounds" if model.task == "regression" else f"probabilities of {len(model.classes)}"
    return ExportedHead(str(path), nbytes, model.view, len(model.mean), output)
