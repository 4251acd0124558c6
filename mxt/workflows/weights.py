"""The weights of all stages: listed, fetched, imported, verified."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mxt.core.errors import UnknownName, UsageError, WeightsError, listed
from mxt.core.identity import sha256_file
from mxt.core.progress import SILENT, Progress
from mxt.core.specs import WeightsFile
from mxt.core.weights import fetch, import_file, weights_dir, with_options
from mxt.registry import Registry
from mxt.workflows.stages import WeightsLine, weights_of


@dataclass(frozen=True, slots=True)
class WeightsList:
    """The weights folder and every weight set of every stage."""

    folder: str
    weights: tuple[WeightsLine, ...]


@dataclass(frozen=True, slots=True)
class Obtained:
    """A file that is now in the weights folder."""

    name: str
    path: str
    sha256: str


def list_weights(registry: Registry) -> WeightsList:
    """Every weight set, verified as it is listed."""
    return WeightsList(
        str(weights_dir()), tuple(line for entry in registry.stages for line in weights_of(entry))
    )


def all_weights(registry: Registry) -> dict[str, WeightsFile]:
    """``stage:set`` to its file, for every stage that has weights."""
    return {
        f"{entry.spec.name}:{file.name}": file for entry in registry.stages for file in entry.spec.weights
    }


def named_weights(registry: Registry, name: str) -> dict[str, WeightsFile]:
    """The weight sets that `name` names: ``stage:set``, a stage (its default set), a set, or a file name.

    Raises
    ------
    UnknownName, UsageError
        It names none, or sets of several stages.
    """
    known = all_weights(registry)
    if name in known:
        return {name: known[name]}
    stages = {called: file for called, file in known.items() if called.partition(":")[0] == name}
    if stages:
        first = next(iter(stages))
        return {first: stages[first]}
    found = {
        called: file for called, file in known.items() if name in (called.partition(":")[2], file.filename)
    }
    if not found:
        raise UnknownName("weights", name, known)
    if len({file.sha256 for file in found.values()}) > 1:
        raise UsageError(
            f"{name} is a weight set of several stages: {listed(sorted(found))}; name one of them"
        )
    first = next(iter(found))
    return {first: found[first]}


def fetch_weights(registry: Registry, names: list[str], progress: Progress = SILENT) -> list[Obtained]:
    """Fetch weight sets by name; what is there already is left as it is.

    Raises
    ------
    UnknownName, WeightsError
        A name that is not known, or a file that cannot be had.
    """
    wanted = {called: file for name in names for called, file in named_weights(registry, name).items()}
    obtained = []
    for called, file in wanted.items():
        with with_options(options_of(registry, file)):
            obtained.append(Obtained(called, str(fetch(file, progress, called=called)), file.sha256))
    return obtained


def options_of(registry: Registry, file: WeightsFile) -> tuple[str, ...]:
    """What commands about a weight set need as well: ``--plugin`` and the file its stage comes from."""
    return next((entry.options for entry in registry.stages if file in entry.spec.weights), ())


def import_weights(registry: Registry, path: Path) -> Obtained:
    """Put a local file into the weights folder; which weights it is, its hash tells.

    Raises
    ------
    WeightsError
        There is no such file, or it is none of the weights known.
    """
    if not path.is_file():
        raise WeightsError(f"{path}: there is no such file")
    digest, known = sha256_file(path), all_weights(registry)
    for called, file in known.items():
        if file.sha256 == digest:
            return Obtained(called, str(import_file(file, path)), digest)
    alike = [f"{file.filename} has {file.sha256}" for file in known.values() if file.filename == path.name]
    expected = (
        f"; {alike[0]}, so this file is damaged or of another release"
        if alike
        else "; mxt weights lists those known"
    )
    raise WeightsError(f"{path} is none of the weights known: its sha256 is {digest}{expected}")
