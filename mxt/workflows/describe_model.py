"""What a model file tells of itself, written down as the TOML file that mxt reads beside it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mxt.core.commands import typed
from mxt.core.errors import InputError
from mxt.core.files import atomic_write, translate_os_errors
from mxt.stages.backbones import onnx, torchscript
from mxt.stages.backbones.model_template import ModelFacts, template

READERS = {".onnx": ("onnx", onnx.facts_of), ".pt": ("torchscript", torchscript.facts_of)}


@dataclass(frozen=True, slots=True)
class ModelDescription:
    """A model file that was described.

    Parameters
    ----------
    backbone : str
        The backbone that runs it.
    facts : ModelFacts
        What it tells.
    settings : Path
        The TOML file.
    written : bool
        False where there was one already, which is left as it is.
    """

    backbone: str
    facts: ModelFacts
    settings: Path
    written: bool

    def command(self) -> str:
        """The command that extracts its features."""
        return typed("extract", options=[("--backbone", self.backbone), ("--model", self.facts.path)])


def describe_model(path: Path) -> ModelDescription:
    """Read a model file, and write the TOML file beside it unless there is one.

    Raises
    ------
    InputError
        There is no such file, or it is not a model that mxt reads.

    Examples
    --------
    >>> describe_model(Path("nmp.onnx")).facts.samples  # doctest: +SKIP
    43844
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    if path.suffix not in READERS:
        raise InputError(f"{path}: mxt describes {', '.join(f'*{suffix}' for suffix in READERS)}")
    backbone, facts_of = READERS[path.suffix]
    facts, settings = facts_of(path), path.with_suffix(".toml")
    written = not settings.exists()
    if written:
        with translate_os_errors("writing", settings), atomic_write(settings) as file:
            file.write(template(facts).encode("utf-8"))
    return ModelDescription(backbone, facts, settings, written)
