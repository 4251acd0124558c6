"""The checks that a stage has to pass, as named values."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from mxt.core.errors import MxtError, UsageError, stage_failures
from mxt.core.specs import StageSpec
from mxt.registry import Origin, Registered, Registry, build_registry
from mxt.testing import backbones, common, datasets, heads, signals
from mxt.testing.subject import CheckRefused, CheckSkipped, NotApplicable, Subject

CheckFunction = Callable[[Subject], None]

BY_KIND: dict[str, tuple[CheckFunction, ...]] = {
    "dataset": datasets.CHECKS,
    "normalizer": signals.NORMALIZER_CHECKS,
    "renderer": signals.RENDERER_CHECKS,
    "backbone": backbones.CHECKS,
    "head": heads.HEAD_CHECKS,
    "protocol": heads.PROTOCOL_CHECKS,
    "report": (),
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a check ended, and why, unless it simply passed."""

    check: str
    subject: str
    result: Literal["passed", "failed", "skipped", "not applicable", "refused"]
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """One check of one stage.

    Parameters
    ----------
    name : str
        What holds when it passes, e.g. ``"batch equals stacked singles"``.
    subject : Subject
        The stage.
    function : callable
        Takes the subject; raises where the contract is broken.
    """

    name: str
    subject: Subject
    function: CheckFunction

    def __str__(self) -> str:
        return f"{self.subject.name}: {self.name}"

    def with_weights(self, files: Mapping[str, Path]) -> Check:
        """The same check with other files for the weight sets, as with ``--weights-file``.

        For networks whose released weights are not always available: any values of the right names and
        shapes keep the contract.
        """
        file = self.subject.spec().weight_set(self.subject.weights)
        if file is None:
            return self
        return replace(self, subject=replace(self.subject, weights_file=files.get(file.name)))

    def run(self) -> None:
        """Run it.

        Raises
        ------
        ContractBroken
            The contract is broken.
        CheckSkipped, CheckRefused
            It cannot be checked here, or is not supposed to hold.
        """
        self.function(self.subject)

    def outcome(self) -> Outcome:
        """Run it, and say how it ended; whatever the stage raises is a failure."""
        try:
            self.run()
        except NotApplicable as reason:
            return Outcome(self.name, self.subject.name, "not applicable", str(reason))
        except CheckSkipped as skipped:
            return Outcome(self.name, self.subject.name, "skipped", str(skipped))
        except CheckRefused as refused:
            return Outcome(self.name, self.subject.name, "refused", str(refused))
        except MxtError as error:
            return Outcome(self.name, self.subject.name, "failed", str(error))
        except stage_failures() as error:
            return Outcome(self.name, self.subject.name, "failed", f"{type(error).__name__}: {error}")
        return Outcome(self.name, self.subject.name, "passed")

    def run_in_pytest(self) -> None:
        """Run it as a test: skipped where it cannot be run; passed where it is refused or does not apply."""
        import pytest

        try:
            self.run()
        except (NotApplicable, CheckRefused):
            return
        except CheckSkipped as reason:
            pytest.skip(str(reason))


def checks_for(
    stage: StageSpec | Registered,
    registry: Registry | None = None,
    *,
    plugin: str = "",
    sample: Path | None = None,
    params: Mapping[str, object] | None = None,
) -> Iterator[Check]:
    """Every check that applies to a stage.

    Parameters
    ----------
    stage : StageSpec or Registered
        The stage; a spec need not be registered.
    registry : Registry, optional
        Has the renderers (``None``: what is installed).
    plugin : str
        For a spec: the module of its hook, which has to be light to import.
    sample : Path, optional
        For a loader: a small folder in its layout, of which the checks make copies.
    params : mapping, optional
        Parameters that the stage cannot do without: the network of a backbone that takes one.

    Yields
    ------
    Check
        The general ones, those of its kind, and for a backbone those that have to hold for every choice
        of parameters and weights.
    """
    if isinstance(stage, StageSpec):
        module = plugin.partition(":")[0]
        of_module = Origin("entry point", point=plugin, value=plugin, module=module)
        entry = Registered(stage, of_module if plugin else Origin("spec"))
    else:
        entry = stage
    registry = _having(entry, build_registry() if registry is None else registry)
    subject = Subject(entry, registry, params or {}, sample=sample)
    for function in (*common.CHECKS, *BY_KIND.get(entry.spec.kind, ())):
        yield Check(_name(function), subject, function)
    if entry.spec.kind == "backbone":
        for variant in variants(subject):
            for function in backbones.VARIANT_CHECKS:
                yield Check(_name(function), variant, function)


def variants(subject: Subject) -> Iterator[Subject]:
    """The stage under each other choice and each other weight set, one at a time, where it applies."""
    spec = subject.entry.spec
    for param in spec.params:
        for choice in param.choices:
            if choice != param.default:
                yield from _applicable(
                    replace(subject, params={**subject.params, param.name: choice}, kept={})
                )
    for file in spec.weights[1:]:
        yield from _applicable(replace(subject, weights=file.name, kept={}))


def _applicable(subject: Subject) -> Iterator[Subject]:
    try:
        subject.chosen()
    except UsageError:
        return
    except MxtError:
        pass  # the check itself will fail
    yield subject


def _having(entry: Registered, registry: Registry) -> Registry:
    try:
        if registry.find(entry.spec.kind, entry.spec.name) == entry:
            return registry
    except MxtError:
        pass  # there is none, or several: this one is meant
    others = tuple(
        other
        for other in registry.stages
        if (other.spec.kind, other.spec.name) != (entry.spec.kind, entry.spec.name)
    )
    return Registry(stages=(*others, entry), problems=registry.problems)


def _name(function: CheckFunction) -> str:
    return function.__name__.replace("_", " ")
