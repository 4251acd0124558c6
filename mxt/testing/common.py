"""What every stage has to keep, whatever its kind. The name of a check is what holds when it passes."""

from __future__ import annotations

import dataclasses
import os
import pickle
import subprocess
import sys
from functools import cache

from mxt.core.errors import PluginError, UsageError
from mxt.core.identity import canonical_json
from mxt.core.params import Param
from mxt.registry import Origin
from mxt.testing.subject import CheckSkipped, ContractBroken, Subject, expect

HEAVY = (
    "av",
    "h5py",
    "jax",
    "keras",
    "librosa",
    "matplotlib",
    "numba",
    "onnxruntime",
    "pandas",
    "pyarrow",
    "scipy",
    "sklearn",
    "soundfile",
    "soxr",
    "tensorflow",
    "torch",
    "torchaudio",
    "torchvision",
    "transformers",
    "zarr",
)


def spec_is_valid(subject: Subject) -> None:
    """The spec has no problems, one line of summary, and help for each parameter."""
    spec = subject.entry.spec
    expect(not (found := spec.problems()), "; ".join(found))
    expect(spec.summary.strip() and "\n" not in spec.summary, f"summary is one line, not {spec.summary!r}")
    expect(spec.version >= 1, f"version is 1 or more, not {spec.version}")
    for param in spec.params:
        expect(param.help.strip(), f"parameter {param.name} has no help")


def spec_is_plain(subject: Subject) -> None:
    """The spec is made of plain values: it can be pickled, compared and written as JSON."""
    spec = subject.entry.spec
    try:
        same = pickle.loads(pickle.dumps(spec)) == spec
        canonical_json(dataclasses.asdict(spec))
    except Exception as error:
        raise ContractBroken(
            f"the spec holds something that is not a plain value: {type(error).__name__}: {error}"
        ) from error
    expect(same, "the spec does not survive pickling")


def plugin_is_light_to_import(subject: Subject) -> None:
    """Importing the module of the hook imports nothing heavy."""
    where = subject.entry.origin.where
    loaded = ", ".join(_heavy_modules_of(subject.entry.origin))
    expect(not loaded, f"importing the plugin ({where}) imports {loaded}; import them where they are used")


@cache
def _heavy_modules_of(origin: Origin) -> tuple[str, ...]:
    """Heavy modules that the plugin of `origin` imports, found in a fresh interpreter."""
    code = (
        f"import sys; before = set(sys.modules); {_import_of(origin)}; "
        f"print(*sorted(({set(HEAVY)} & set(sys.modules)) - before))"
    )
    # a package that is not installed is found, too
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment
    )
    if done.returncode:
        raise ContractBroken(f"the plugin cannot be imported: {done.stderr.strip().splitlines()[-1]}")
    return tuple(done.stdout.split())


def _import_of(origin: Origin) -> str:
    if origin.kind == "spec":
        raise CheckSkipped("a spec by itself: it is not known which module brings it")
    if origin.kind == "file":
        return f"import runpy; runpy.run_path({str(origin.path)!r})"
    if origin.kind == "built-in":
        return "from mxt.stages import builtin; builtin.mxt_stages()"
    return f"import {origin.module}"


def defaults_are_valid(subject: Subject) -> None:
    """Every default passes its own check unchanged, and survives being typed."""
    for param in subject.entry.spec.params:
        try:
            checked = param.check(param.default)
        except UsageError as error:
            raise ContractBroken(
                f"the default of {param.name} does not pass its own check: {error}"
            ) from error
        same = checked == param.default and type(checked) is type(param.default)
        expect(same, f"the default of {param.name} is {param.default!r}, its check makes {checked!r} of it")
        if param.default not in (None, ()):
            typed = param.check(_as_typed(param))
            read = f"{param.name}={_as_typed(param)} is read as {typed!r}"
            expect(typed == param.default, f"{read}, not as the default {param.default!r}")


def _as_typed(param: Param) -> str:
    return ",".join(map(str, param.default)) if isinstance(param.default, tuple) else str(param.default)


def stage_is_a_frozen_dataclass_of_its_parameters(subject: Subject) -> None:
    """The target's fields are the parameters; nothing can be assigned; it compares and pickles by value."""
    chosen = subject.chosen()
    stage = subject.registry.build(chosen)
    kind = type(stage)
    frozen = dataclasses.is_dataclass(kind) and getattr(kind, "__dataclass_params__").frozen  # noqa: B009
    expect(frozen, f"{chosen.spec.target} is not a frozen dataclass")
    fields = {field.name for field in dataclasses.fields(stage) if field.init}
    unknown = sorted(fields ^ set(chosen.params))
    expect(not unknown, f"fields of the dataclass and parameters of the spec differ: {', '.join(unknown)}")
    for name, value in chosen.params.items():
        kept = getattr(stage, name)
        expect(kept == value, f"parameter {name} was {value!r}, the stage has {kept!r}")
    same = subject.registry.build(chosen) == stage
    expect(same, "two stages of equal parameters differ: a field holds something besides the parameters")
    expect(pickle.loads(pickle.dumps(stage)) == stage, "the stage does not survive pickling")


def errors_are_typed(subject: Subject) -> None:
    """A value out of range or of the wrong type is a usage error, whatever it meets."""
    spec = subject.entry.spec
    for param in spec.params:
        for wrong in _wrong_values(param):
            try:
                subject.registry.build(subject.registry.choose(spec.kind, spec.name, {param.name: wrong}))
            except UsageError:
                continue
            except PluginError as error:
                raise ContractBroken(
                    f"{param.name}={wrong!r} ends in {error}, not in a usage error"
                ) from error
            raise ContractBroken(f"{param.name}={wrong!r} is accepted without an error")


def _wrong_values(param: Param) -> list[object]:
    wrong: list[object] = [object()]
    if param.minimum is not None:
        wrong.append(param.minimum - 1)
    if param.maximum is not None:
        wrong.append(param.maximum + 1)
    if param.choices:
        wrong.append("no such choice")
    return wrong


CHECKS = (
    spec_is_valid,
    spec_is_plain,
    plugin_is_light_to_import,
    defaults_are_valid,
    stage_is_a_frozen_dataclass_of_its_parameters,
    errors_are_typed,
)
