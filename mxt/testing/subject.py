"""What a check looks at: one stage with chosen parameters; and how a check ends."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mxt.core.errors import MxtError
from mxt.core.pipeline import Chosen
from mxt.core.specs import StageSpec
from mxt.core.weights import place_of, status
from mxt.registry import Registered, Registry


class ContractBroken(MxtError):
    """The stage does not keep its contract; the message says what was expected and what came."""


class CheckSkipped(MxtError):
    """The check cannot be run here; the message says what is missing."""


class NotApplicable(CheckSkipped):
    """The check says nothing about this stage."""


class CheckRefused(MxtError):
    """The contract is not meant to hold, on purpose; the message names what depends on what."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A stage under check.

    Parameters
    ----------
    entry : Registered
        The stage.
    registry : Registry
        Where it and the renderer it reads are found.
    params : mapping
        Parameters given; the others have their defaults.
    weights : str, optional
        Weight set (``None``: the default one).
    sample : Path, optional
        A small folder in the layout of a loader (``None``: the layouts that mxt knows).
    weights_file : Path, optional
        A file of one's own in place of the set's, as with ``--weights-file``.
    kept : dict
        What the checks of one subject share: preparing a network may take long.
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
        words = [
            self.entry.spec.kind,
            self.entry.spec.name,
            *(f"{name}={value}" for name, value in self.params.items()),
        ]
        return " ".join([*words, *([f"weights={self.weights}"] if self.weights else [])])

    def chosen(self) -> Chosen:
        """The stage with all its parameters, resolved."""
        return self.registry.choose(self.entry.spec.kind, self.entry.spec.name, self.params, self.weights)

    def build(self) -> Any:
        """A fresh stage object."""
        return self.registry.build(self.chosen())

    def spec(self) -> StageSpec:
        """The resolved spec."""
        return self.chosen().spec

    def weights_path(self) -> Path | None:
        """The verified file of weights, or the one given; ``None`` where the stage has none.

        Raises
        ------
        CheckSkipped
            The file is not here: checks fetch nothing.
        """
        file = self.spec().weight_set(self.weights)
        if file is None:
            return None
        if self.weights_file is not None:
            return self.weights_file
        if (found := status(file)) != "present":
            called = f"{self.entry.spec.name}:{file.name}"
            words = ("fetch", called) if file.source else ("import", file.filename)
            how = shlex.join(("mxt", "weights", *words, *self.entry.options))
            raise CheckSkipped(f"weights {called} are {found} ({how})")
        return place_of(file)


def expect(condition: object, message: str) -> None:
    """Raise `ContractBroken` with `message` unless `condition` holds."""
    if not condition:
        raise ContractBroken(message)
