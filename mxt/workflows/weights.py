"""The weights of all stages: listed, fetched, imported, verified."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from mxt.core.errors import UnknownName, UsageError, WeightsError, listed
from mxt.core.identity import sha256_file
from mxt.core.progress import SILENT, Progress
from mxt.core.specs import WeightsFile
from mxt.core.weights import fetch, import_file, place_of, status, weights_dir, with_options
from mxt.registry import Registry
from mxt.workflows.stages import WeightsLine, weights_of


@dataclass(frozen=True, slots=True)
class WeightsList:
    """The weights folder and every weight set of every stage."""

    folder: str
    weights: tuple[WeightsLine, ...]


@dataclass(frozen=True, slots=True)
class VerifiedWeights:
    """The weight sets whose files are present, those that are damaged, and how many sets are known."""

    present: tuple[WeightsLine, ...]
    damaged: tuple[WeightsLine, ...]
    known: int


@dataclass(frozen=True, slots=True)
class Obtained:
    """A file that is now in the weights folder, or a set of files, of which some may still be missing."""

    name: str
    path: str
    sha256: str
    missing: tuple[str, ...] = ()


def list_weights(registry: Registry) -> WeightsList:
    """Every weight set; the files that are present are read and verified."""
    lines = tuple(line for entry in registry.stages for line in weights_of(entry))
    return WeightsList(str(weights_dir()), lines)


def verify_weights(registry: Registry) -> VerifiedWeights:
    """Read the files of weights that are present, and compare them with their hashes."""
    lines = list_weights(registry).weights
    present = tuple(line for line in lines if line.status != "missing")
    return VerifiedWeights(present, tuple(line for line in present if line.status == "damaged"), len(lines))


def all_weights(registry: Registry) -> dict[str, WeightsFile]:
    """Every weight set as ``stage:set``, with its file or files."""
    return {
        f"{entry.spec.name}:{file.name}": file for entry in registry.stages for file in entry.spec.weights
    }


def named_weights(registry: Registry, name: str) -> tuple[str, WeightsFile]:
    """The weight set called `name`: ``stage:set``, a stage (its default set), a set, or a file name.

    Returns
    -------
    tuple of str and WeightsFile
        ``stage:set`` and its file.

    Raises
    ------
    UnknownName, UsageError
        There is none, or several stages have different ones.
    """
    known = all_weights(registry)
    if name in known:
        return name, known[name]
    for entry in registry.stages:
        if entry.spec.name == name and entry.spec.weights:
            return f"{name}:{entry.spec.weights[0].name}", entry.spec.weights[0]
    alike = {called: file for called, file in known.items() if name in (file.name, file.filename)}
    if not alike:
        raise UnknownName("weights", name, known)
    if len({file.digest for file in alike.values()}) > 1:
        raise UsageError(f"several stages have weights {name}: {listed(sorted(alike))}; name one of them")
    return next(iter(alike.items()))


def fetch_weights(registry: Registry, names: list[str], progress: Progress = SILENT) -> list[Obtained]:
    """Fetch weight sets by name; files that are present already are left alone.

    Raises
    ------
    UnknownName, WeightsError
        A name that is not known, or a file that cannot be fetched.
    """
    wanted = dict(named_weights(registry, name) for name in names)
    obtained = []
    for called, file in wanted.items():
        with with_options(options_of(registry, file)):
            obtained.append(Obtained(called, str(fetch(file, progress, called=called)), file.digest))
    return obtained


def options_of(registry: Registry, file: WeightsFile) -> tuple[str, ...]:
    """What commands about a weight set need as well: ``--plugin`` and the file its stage comes from."""
    return next((entry.options for entry in registry.stages if file in entry.spec.weights), ())


def import_weights(registry: Registry, paths: Sequence[Path]) -> list[Obtained]:
    """Copy files into the weights folder; their hashes tell which weights they hold.

    Raises
    ------
    WeightsError
        No such file, or no known weights have its hash: then nothing is copied.
    """
    known = all_weights(registry)
    wanted = {_sha256(path, known): path for path in paths}
    obtained = []
    for called, file in known.items():
        given = [part for part in file.files if part.sha256 in wanted]
        for part in given:
            import_file(part, wanted[part.sha256])
        if given:
            missing = tuple(part.filename for part in file.files if status(part) != "present")
            obtained.append(Obtained(called, str(place_of(file)), file.digest, missing))
    return obtained


def _sha256(path: Path, known: Mapping[str, WeightsFile]) -> str:
    """The hash of a file that some known weights have."""
    if not path.is_file():
        raise WeightsError(f"{path}: no such file")
    digest, files = sha256_file(path), [part for file in known.values() for part in file.files]
    if digest in {file.sha256 for file in files}:
        return digest
    alike = [f"{path.name} has {file.sha256}" for file in files if PurePath(file.filename).name == path.name]
    hint = f"{alike[0]}, so this file is damaged or of another release" if alike else "see mxt weights"
    raise WeightsError(f"{path} does not hold known weights: its sha256 is {digest}; {hint}")
