"""What a check looks at, which is one stage with some parameters, and how a check ends."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mxt.core.errors import MxtError
from mxt.core.pipeline import Chosen
from mxt.core.requirements import missing
from mxt.core.specs import StageSpec
from mxt.core.weights import place_of, status
from mxt.registry import Registered, Registry


class ContractBroken(MxtError):
    """The stage does not keep its contract; the message says what was expected and what came."""


class CheckSkipped(MxtError):
    """The check cannot be run here; the message says what is missing."""


class NotApplicable(CheckSkipped):
    """The check does not concern this stage."""


class CheckRefused(MxtError):
    """The contract does not hold on purpose; the message names what depends on what."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A stage under check.

    Parameters
    ----------
    entry : Registered
        The stage.
    registry : Registry
        Has the stage, and the renderer that it reads.
    params : mapping
        Parameters given; the others have their defaults.
    weights : str, optional
        Weight set (``None``: the default one).
    sample : Path, optional
        A small folder in the layout of a loader (``None``: the layouts that mxt knows).
    weights_file : Path, optional
        Another file in place of that of the set, as with ``--weights-file``.
    kept : dict
        What the checks of one subject share, since preparing a network may take long.
    """

    entry: Registered
    registry: Registry
    params: Mapping[str, Any] = field(default_factory=dict)
    weights: str | None = None
    sample: Path | None = None
    weights_file: Path | None = None
    kept: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def name(self) -> str:
        """Kind, name and what differs from the defaults: ``"backbone convnet statistics=batch"``."""
        params = [f"{name}={value}" for name, value in self.params.items()]
        weights = [f"weights={self.weights}"] if self.weights else []
        return " ".join([self.entry.spec.kind, self.entry.spec.name, *params, *weights])

    def chosen(self) -> Chosen:
        """The stage with all its parameters, resolved.

        Raises
        ------
        CheckSkipped
            Its network is a parameter, and none is given; or a library that it requires is not installed.
        """
        for module, line in missing(self.entry.spec).items():
            raise CheckSkipped(f"it needs {module}: {line}")
        if (model := self.entry.spec.model_param) and model not in self.params:
            raise CheckSkipped(f"it needs a network: {model}")
        return self.registry.choose(self.entry.spec.kind, self.entry.spec.name, self.params, self.weights)

    def build(self) -> Any:
        """A fresh stage object."""
        return self.registry.build(self.chosen())

    def spec(self) -> StageSpec:
        """The resolved spec."""
        return self.chosen().spec

    def weights_path(self) -> Path | None:
        """The verified file or folder of weights, or the one given; ``None`` where the stage has none.

        Raises
        ------
        CheckSkipped
            The file is missing: checks fetch nothing.
        """
        file = self.spec().weight_set(self.weights)
        if file is None:
            return None
        if self.weights_file is not None:
            return self.weights_file
        if (state := status(file)) != "present":
            name = f"{self.entry.spec.name}:{file.name}"
            words = ("fetch", name) if file.source else ("import", file.filename)
            command = shlex.join(("mxt", "weights", *words, *self.entry.options))
            raise CheckSkipped(f"weights {name} are {state} ({command})")
        return place_of(file)


def expect(condition: object, message: str) -> None:
    """Raise `ContractBroken` with `message` unless `condition` holds."""
    if not condition:
        raise ContractBroken(message)
