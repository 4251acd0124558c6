"""What `mxt search` searches: layers of a table, what is tried of them, and views beside them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mxt.core.errors import InputError, UnknownName, UsageError
from mxt.core.progress import SILENT, Progress
from mxt.core.records import DatasetRecord
from mxt.core.reprs import short_repr
from mxt.core.specs import Layer
from mxt.core.views import choose_layers, parse_view
from mxt.evaluation.candidates import by_depth, candidates, default_kinds, joined
from mxt.evaluation.layers import Strategy
from mxt.results.request import SearchRequest
from mxt.results.study import Catalogued
from mxt.results.views import Matrix, load_view
from mxt.store.layout import Store


@dataclass(frozen=True, slots=True)
class Chosen:
    """The layers to search, how they are written, and which candidates are made of them."""

    view: str
    layers: tuple[Layer, ...]
    written: tuple[str, ...]
    kinds: tuple[str, ...]
    candidates: tuple[Strategy, ...]

    @classmethod
    def of(cls, store: Store, view: str, kinds: Sequence[str]) -> Chosen:
        """What is chosen of a table, ``LABEL[:LAYERS]``."""
        parts = parse_view(view)
        if len(parts) != 1:
            raise UsageError(
                f"--features names one table here, not {view!r}; "
                "what is joined to its layers comes with --with"
            )
        table = store.features.find(parts[0].label)
        layers = choose_layers(parts[0].layers, table.layers, of=table.label)
        few = len(table.layers) <= 9
        written = tuple(str(layer.number) if few else layer.name for layer in layers)
        kinds = tuple(dict.fromkeys(kinds)) or default_kinds(len(layers))
        tried = candidates(layers, written, kinds, of=table.label)
        return cls(view, layers, written, kinds, tuple(tried))

    @property
    def by_depth(self) -> tuple[str, ...]:
        """The layers from the input on."""
        return tuple(self.written[i] for i in by_depth(self.layers))

    def layers_of(self, strategy: Strategy) -> tuple[str, ...]:
        """The layers of a candidate."""
        return tuple(self.written[i] for i in strategy.blocks if i < len(self.layers))


@dataclass(frozen=True, eq=False)
class Space:
    """What is searched: layers and views beside them, as matrices and as candidates."""

    request: SearchRequest
    chosen: Chosen
    matrices: tuple[Matrix, ...]
    strategies: tuple[Strategy, ...]
    __repr__ = short_repr

    @property
    def view(self) -> str:
        """The layers' view."""
        return self.matrices[0].view

    @property
    def beside(self) -> tuple[str, ...]:
        """The views beside the layers."""
        return tuple(matrix.view for matrix in self.matrices[1:])


def spaces(
    store: Store, dataset: Catalogued, request: SearchRequest, progress: Progress = SILENT
) -> Iterator[Space]:
    """What is searched of each table asked for; what cannot be tried is refused before any is loaded.

    Raises
    ------
    InputError
        No table of several layers was extracted.
    UsageError
        A view joins several tables; candidates that these layers do not have.
    """
    views = request.features or _tables(store, dataset.record)
    for chosen in [Chosen.of(store, view, request.candidates) for view in views]:
        yield _space(store, dataset, chosen, request, progress)


def _tables(store: Store, record: DatasetRecord) -> list[str]:
    """Labels of the tables of several layers that were extracted for a data set."""
    tables = {table.label: table for table in store.features.tables()}
    extracted = [part.label for view in store.catalogue.views(record.name) for part in parse_view(view)]
    labels = [
        label for label in dict.fromkeys(extracted) if label in tables and len(tables[label].layers) > 1
    ]
    if not labels:
        raise InputError(
            f"no features of {record.name} with several layers yet; "
            f"mxt extract --dataset {record.name} lists the backbones"
        )
    return labels


def _space(
    store: Store, dataset: Catalogued, chosen: Chosen, request: SearchRequest, progress: Progress
) -> Space:
    name, views = dataset.record.name, (chosen.view, *request.beside)
    matrices = [load_view(store, name, view, clips=dataset.clips, progress=progress) for view in views]
    added = [(matrix.view, (len(chosen.layers) + i,)) for i, matrix in enumerate(matrices[1:])]
    tried = joined(chosen.candidates, added)
    if request.only:
        by_name = {strategy.name: strategy for strategy in tried}
        for only in request.only:
            if only not in by_name:
                raise UnknownName("combination", only, by_name)
        tried = tuple(by_name[only] for only in request.only)
    return Space(request, chosen, tuple(matrices), tried)
