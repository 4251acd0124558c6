"""What is asked of an evaluation or a search."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from mxt.core.commands import typed
from mxt.core.records import Task

if TYPE_CHECKING:
    from mxt.results.records import DatasetResult
    from mxt.results.search_record import SearchResult

DEFAULT_PROTOCOLS = ("nested",)
LARGEST_SVM = 5000  # clips up to which the default head is the support vector machine


@dataclass(frozen=True, slots=True)
class EvaluateRequest:
    """What is asked of `evaluate`; each field is an option of ``mxt eval``.

    `heads` are evaluated one after the other in place of `head`. `folds` is a table, or
    `mxt.evaluation.columns.LEAVE_ONE_GROUP_OUT`.

    Examples
    --------
    >>> EvaluateRequest(features=("convnet:135", "mfcc"), seed=3).command()
    'mxt eval --features convnet:135 --features mfcc --seed 3'
    """

    datasets: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    target: str | None = None
    task: Task | None = None
    group_by: str | None = None
    folds: Path | None = None
    head: str | None = None
    protocols: tuple[str, ...] = DEFAULT_PROTOCOLS
    settings: tuple[str, ...] = ()
    seed: int = 0
    heads: tuple[str, ...] = ()
    repeats: int = 1

    def each_head(self) -> tuple[EvaluateRequest, ...]:
        """One request per head."""
        return tuple(replace(self, head=head) for head in self.heads) or (self,)

    def resolved(self, dataset: str, features: tuple[str, ...], head: str) -> EvaluateRequest:
        """The same with what mxt chose written out, so that it asks the same later."""
        heads = self.heads or (head,)
        return replace(self, datasets=(dataset,), features=features, heads=heads, head=None)

    def command(self) -> str:
        """The command that asks the same."""
        return typed("eval", options=[*self._what(), ("--task", self.task), *self._how()])

    @classmethod
    def from_result(cls, result: DatasetResult | SearchResult) -> Self:
        """The request that gives a saved result again, with everything that mxt chose written out."""
        request = result.request
        if not isinstance(request, cls):
            raise TypeError(f"a {type(request).__name__} made this result, not a {cls.__name__}")
        return request

    def to_plain(self) -> dict[str, Any]:
        """The request as JSON keeps it."""
        return asdict(self) | {"folds": None if self.folds is None else str(self.folds)}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Self:
        """The request that `to_plain` wrote."""
        values: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value for name, value in plain.items()
        }
        folds = values.get("folds")
        return cls(**values | {"folds": None if folds is None else Path(folds)})

    def _what(self) -> list[tuple[str, object]]:
        return [
            *(("--dataset", name) for name in self.datasets),
            *(("--features", view) for view in self.features),
            ("--target", self.target),
        ]

    def _how(self) -> list[tuple[str, object]]:
        protocols = self.protocols if self.protocols != DEFAULT_PROTOCOLS else ()
        return [
            ("--group-by", self.group_by),
            ("--folds", self.folds),
            *(("--head", name) for name in self.heads or (self.head,)),
            *(("--protocol", name) for name in protocols),
            ("--repeats", self.repeats if self.repeats > 1 else None),
            ("--seed", self.seed or None),
            *(("--set", setting) for setting in self.settings),
        ]


@dataclass(frozen=True, slots=True)
class SearchRequest(EvaluateRequest):
    """What is asked of `search`; each field but `only` is an option of ``mxt search``.

    Parameters
    ----------
    features : tuple of str
        Tables whose layers are searched (``LABEL[:LAYERS]``).
    beside : tuple of str
        Views that are joined to every candidate.
    only : tuple of str
        The candidates to try, by name; empty for all.
    candidates : tuple of str
        Which candidates there are: names of `mxt.evaluation.candidates.KINDS`; empty for what mxt chooses by
        the number of layers.

    Examples
    --------
    >>> SearchRequest(features=("convnet",), candidates=("single", "weighted")).command()
    'mxt search --features convnet --candidates single --candidates weighted'
    """

    beside: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    candidates: tuple[str, ...] = ()

    def command(self) -> str:
        """The command that asks the same."""
        candidates = [("--candidates", kind) for kind in self.candidates]
        beside = [("--with", view) for view in self.beside]
        return typed("search", options=[*self._what(), *candidates, *beside, *self._how()])
