"""A folder in the layout of the Hugging Face Hub: found, and refused where reading it could run its code."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mxt.core.errors import InputError, UsageError
from mxt.core.files import translate_os_errors
from mxt.core.requirements import imported
from mxt.core.specs import WeightsFile
from mxt.core.text import parse_json, shortened
from mxt.stages.backbones.models import inside, own_file
from mxt.stages.backbones.specs import TRANSFORMERS

WEIGHTS, INDEX, CONFIG = "model.safetensors", "model.safetensors.index.json", "config.json"
EXTRACTORS = ("preprocessor_config.json", "processor_config.json")
CARD, MOST_OF_CARD = "README.md", 1 << 20
NEEDED_BY = {
    "auto_map": "code that comes with the model",
    "custom_pipelines": "code that comes with the model",
    "quantization_config": "other packages",
    "transformers_weights": "weights in other files",
}
IMPLEMENTATION = "_implementation"  # of attention, or of experts: a repository that is fetched and run
PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".h5", ".msgpack")
_ON_THE_HUB = re.compile(r"([\w.-]+/[\w.-]+)(?:@([\w.-]+))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """A folder that may be read.

    Parameters
    ----------
    path : Path
        Where it lies.
    config : dict
        What its config.json says.
    files : tuple of WeightsFile
        Everything the network is read from, with hashes.
    licence : str
        As its model card says; empty where it says nothing.
    """

    path: Path
    config: dict[str, Any]
    files: tuple[WeightsFile, ...]
    licence: str


def located(model: str) -> Path:
    """The folder of a model: one of the user's own, or of the Hub as huggingface_hub has it on this machine.

    Nothing is fetched: the message for a model that is not here has the command that fetches it.

    Raises
    ------
    UsageError
        It is neither a folder nor a name of the Hub.
    InputError
        It is not on this machine.
    """
    if os.path.isdir(model):
        return Path(model)
    name = _ON_THE_HUB.fullmatch(model)
    if not name or ".." in model or os.path.exists(model):
        raise UsageError(f"--model is a folder or ORG/NAME@REVISION of the Hugging Face Hub, not {model!r}")
    repository, revision = name.groups()
    hub = imported("huggingface_hub", TRANSFORMERS)
    try:
        return Path(hub.snapshot_download(repository, revision=revision, local_files_only=True))
    except Exception as error:  # whatever the library raises for what it does not have
        pinned = f" --revision {revision}" if revision else " --revision COMMIT"
        raise InputError(
            f"{model} is not on this machine, and mxt fetches no models by itself; with network: "
            f"hf download {repository}{pinned} --include '*.json' '*.safetensors' README.md"
        ) from error


def read_folder(path: Path) -> ModelFolder:
    """Look at a folder without running anything of it.

    Raises
    ------
    InputError
        It wants code of its own to be run, its weights are pickled or incomplete, or a file is missing.
    """
    config = _json(path, CONFIG)
    extractors = [name for name in EXTRACTORS if os.path.lexists(path / name)]
    if not extractors:
        raise InputError(f"{path} has no {EXTRACTORS[0]}, which says how audio is prepared for the network")
    for name, values in ((CONFIG, config), *((name, _json(path, name)) for name in extractors)):
        _refuse_code(path / name, values)
    if (path / "adapter_config.json").is_file():
        raise InputError(f"{path} is an adapter to another network (adapter_config.json), not a network")
    files = tuple(own_file(name, _real(path, name)) for name in (CONFIG, *extractors, *_weights(path)))
    return ModelFolder(path, config, files, _licence(path))


def _refuse_code(file: Path, values: dict[str, Any]) -> None:
    """Refuse keys by which transformers would run other code than its own, or read other files."""
    for key, value in _entries(values):
        needed = NEEDED_BY.get(key)
        if key.endswith(IMPLEMENTATION) and "/" in str(value):
            needed = f"code of the Hugging Face Hub, {shortened(str(value))}"
        if needed:
            raise InputError(f"{file} has {key!r}: it needs {needed}, and mxt never runs or reads that")


def _entries(values: Any) -> Iterator[tuple[str, Any]]:
    """Every key with its value, at any depth."""
    open_ = [values]
    while open_:
        value = open_.pop()
        if isinstance(value, dict):
            yield from value.items()
            open_ += value.values()
        elif isinstance(value, list):
            open_ += value


def _weights(path: Path) -> list[str]:
    """Names of the files with weights: one, or the parts that an index names."""
    if (path / WEIGHTS).is_file():
        return [WEIGHTS]
    if (path / INDEX).is_file():
        parts = _json(path, INDEX).get("weight_map")
        if not isinstance(parts, dict) or not all(isinstance(part, str) for part in parts.values()):
            raise InputError(f"{path / INDEX} does not say in which files the weights are")
        names = sorted(set(parts.values()))
        for name in names:
            if Path(name).name != name or not name.endswith(".safetensors"):
                raise InputError(f"{path / INDEX} names {name!r}, which is not a .safetensors file beside it")
        return [INDEX, *names]
    pickled = sorted(file.name for file in path.iterdir() if file.suffix in PICKLES)
    if pickled:
        raise InputError(
            f"{path}: its weights are in {pickled[0]}, and reading a pickle can run anything; "
            f"mxt reads {WEIGHTS} only"
        )
    raise InputError(f"{path} has no weights: no {WEIGHTS}")


def _real(path: Path, name: str) -> Path:
    """A file of the folder; the Hub's own cache keeps links to ``../../blobs``, which are followed."""
    if path.parent.name == "snapshots":
        return inside(path.parent.parent, str(Path("snapshots", path.name, name)), what=name)
    return inside(path, name, what=f"{path}: {name}")


def _json(path: Path, name: str) -> dict[str, Any]:
    file = path / name
    if not file.is_file():
        raise InputError(f"{path} has no {name}")
    try:
        with translate_os_errors("reading", file):
            values = parse_json(_real(path, name).read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(f"{file} is not JSON: {error}") from error
    if not isinstance(values, dict):
        raise InputError(f"{file} is not a JSON object")
    return values


def _licence(path: Path) -> str:
    """What the head of the model card in a folder says of the licence."""
    if not (path / CARD).is_file():
        return ""
    with _real(path, CARD).open(encoding="utf-8", errors="replace") as file:
        lines = file.read(MOST_OF_CARD).split("\n---", 1)[0].splitlines()
    line = next((line for line in lines if line.startswith("license:")), "")
    return line.removeprefix("license:").strip().strip("'\"")
