"""`mxt figures`: what searches found, drawn: combinations, classes, and a summary of tasks; PNG, SVG, and the numbers as CSV."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mxt.core.errors import InputError, UnknownName, listed
from mxt.core.files import translate_os_errors
from mxt.drawing.figure import FORMATS, safe_name
from mxt.drawing.panels import Panel, read_panels
from mxt.results.study import open_store
from mxt.store.layout import Store


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: its kind (``combinations``, ``classes``, ``summary``), what it shows, its files, the results it rests on."""

    kind: str
    words: str
    files: tuple[Path, ...]
    results: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Figures:
    """All figures that were written, and what should be said of them."""

    figures: tuple[Figure, ...]
    remarks: tuple[str, ...]


def figures(
    store_path: Path, out: Path, *, datasets: Sequence[str] = (), protocols: Sequence[str] = ()
) -> Figures:
    """Draw the searches of a store: of each data set, table, protocol and setting the newest.

    Parameters
    ----------
    store_path : Path
    out : Path
        Folder of the figures; it is made where it is not there. Files of the same names are replaced.
    datasets, protocols : sequence of str
        Names; empty for all that were searched.

    Raises
    ------
    InputError, UnknownName
        Nothing was searched; there is no such data set.
    """
    store = open_store(store_path)
    known = [record.name for record in store.catalogue.datasets()]
    for name in datasets:
        if name not in known:
            raise UnknownName("data set", name, known)
    panels, remarks = read_panels(store, datasets=datasets, protocols=protocols)
    if not panels:
        raise _nothing(store_path, datasets or known, protocols)
    with translate_os_errors("making", out):
        out.mkdir(parents=True, exist_ok=True)
    found = tuple(_draw_all(store, panels, out))
    lacking = dict.fromkeys(panel.result.dataset for panel in panels if not panel.result.beside)
    if lacking:
        remarks.append(f"nothing beside the layers of {listed(lacking)}: mxt search --with mfcc adds it")
    return Figures(found, tuple(remarks))


def _nothing(store_path: Path, names: Sequence[str], protocols: Sequence[str]) -> InputError:
    of = f" of {listed(names)}" if names else ""
    by = f" by {' or '.join(protocols)}" if protocols else ""
    return InputError(
        f"{store_path} holds no search{of}{by} to draw; mxt search makes one, mxt reproduce choi2017 those of the paper"
    )


def _draw_all(store: Store, panels: Sequence[Panel], out: Path) -> Iterator[Figure]:
    from mxt.drawing.class_bars import class_pairs, draw_classes, pair_of
    from mxt.drawing.strategy_bars import draw_strategies
    from mxt.drawing.summary_bars import draw_summary

    names = _Names(out)
    for panel in panels:
        result = panel.result
        own = (result.dataset, result.target, result.view, result.protocol, panel.how)
        stem = names.take(*own)
        draw_strategies(panel, stem)
        yield _figure(
            "combinations",
            f"{panel.words} · {result.view} · {' '.join(filter(None, panel.way))}",
            stem,
            (panel.result_id,),
        )
        if result.task == "classification" and (pair := pair_of(panel)) is not None:
            stem = names.take("classes", *own)
            draw_classes(panel, pair, class_pairs(pair, store.results.predictions(panel.result_id)), stem)
            yield _figure(
                "classes",
                f"{panel.words} · {result.view} · {pair[0]} against {pair[1]}",
                stem,
                (panel.result_id,),
            )
    for way in dict.fromkeys(panel.way for panel in panels):
        group = [panel for panel in panels if panel.way == way]
        stem = names.take("summary", *way)
        draw_summary(group, stem)
        yield _figure(
            "summary",
            f"{len({panel.words for panel in group})} tasks · {' '.join(filter(None, way))}",
            stem,
            tuple(panel.result_id for panel in group),
        )


class _Names:
    """File names without suffix, each given once."""

    def __init__(self, out: Path) -> None:
        self.out, self.taken = out, set[str]()

    def take(self, *parts: str) -> Path:
        """A name made of parts; of names that would be the same the later ones are numbered."""
        name = plain = safe_name(*parts)
        number = 1
        while name.lower() in self.taken:
            number += 1
            name = f"{plain}-{number}"
        self.taken.add(name.lower())
        return self.out / name


def _figure(kind: str, words: str, stem: Path, results: tuple[str, ...]) -> Figure:
    return Figure(
        kind, words, tuple(stem.with_name(f"{stem.name}.{suffix}") for suffix in (*FORMATS, "csv")), results
    )
