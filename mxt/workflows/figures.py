"""`mxt figures`: saved evaluations and searches as figures, or a paper's page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mxt.core.errors import InputError, MxtError, UnknownName, UsageError, listed
from mxt.core.files import translate_os_errors
from mxt.drawing.evaluations import read_evaluations
from mxt.drawing.page import files_of, safe_name
from mxt.drawing.panels import Panel, read_panels
from mxt.papers.choi2017.tasks import PAPER, TASKS, about_task, find_task, published_name
from mxt.results.records import DatasetResult, Evaluated
from mxt.results.study import open_store
from mxt.store.layout import Store


@dataclass(frozen=True, slots=True)
class FiguresRequest:
    """Which evaluations and searches are drawn; nothing named means all.

    Parameters
    ----------
    out : Path
        The folder of the figures; it is made where it does not exist, and files of the same names are
        replaced.
    datasets, protocols : tuple of str
        Names.
    paper : {"choi2017", "shtern2017"}, optional
        Only the figures of this paper.
    pdf : bool
        Whether every figure is also written as PDF.
    """

    out: Path
    datasets: tuple[str, ...] = ()
    protocols: tuple[str, ...] = ()
    paper: str | None = None
    pdf: bool = False


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure.

    Parameters
    ----------
    kind : {"comparison", "confusion", "map", "combinations", "depth", "classes", "summary", "paper"}
    words : str
        What it shows.
    files : tuple of Path
        PNG, SVG, PDF where asked for, and CSV.
    results : tuple of str
        The saved results it is drawn from.
    """

    kind: str
    words: str
    files: tuple[Path, ...]
    results: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Figures:
    """All figures that were written, and remarks about them."""

    figures: tuple[Figure, ...]
    remarks: tuple[str, ...]


def figures(store_path: Path, request: FiguresRequest) -> Figures:
    """Draw the evaluations and searches of a store: the newest of each data set, view, protocol and setting.

    Raises
    ------
    InputError
        Nothing was evaluated or searched.
    UnknownName
        No such data set or paper.
    UsageError
        Protocols are named beside a paper, whose protocol is its own.
    """
    store = open_store(store_path)
    known = [record.name for record in store.catalogue.datasets()]
    for name in request.datasets:
        if name not in known:
            raise UnknownName("data set", name, known)
    if request.paper is not None:
        return _of_paper(store_path, store, request)
    panels, remarks = read_panels(store, datasets=request.datasets, protocols=request.protocols)
    evaluations, more = read_evaluations(store, datasets=request.datasets, protocols=request.protocols)
    remarks += more
    if not panels and not evaluations:
        raise _nothing(store_path, request.datasets or known, request.protocols)
    panels = [_with_published(store, panel) for panel in panels]
    _make(request.out)
    names = _Names(request.out, pdf=request.pdf)
    drawn = (*_draw_evaluations(store, evaluations, names, remarks), *_draw_all(store, panels, names))
    lacking = dict.fromkeys(panel.result.dataset for panel in panels if not panel.result.beside)
    if lacking:
        remarks.append(f"nothing beside the layers of {listed(lacking)}: mxt search --with mfcc adds it")
    return Figures(drawn, tuple(remarks))


def _of_paper(store_path: Path, store: Store, request: FiguresRequest) -> Figures:
    if request.paper not in PAPERS:
        raise UnknownName("paper", str(request.paper), PAPERS)
    if request.protocols:
        raise UsageError("--protocol does not go with --paper, which draws the paper's own protocol")
    drawn = PAPERS[request.paper](store, request)
    if not drawn:
        raise InputError(
            f"{store_path} has nothing of {request.paper} to draw; mxt reproduce {request.paper} makes it"
        )
    return Figures(drawn, ())


def _choi2017(store: Store, request: FiguresRequest) -> tuple[Figure, ...]:
    """Every combination of the tasks that were searched as the paper did, in its order."""
    from mxt.drawing.beside_published import draw_beside_published

    panels, _ = read_panels(store, datasets=request.datasets, protocols=("choi2017",))
    tasks = [task.words for task in TASKS]
    of_paper = [_with_published(store, panel) for panel in panels if not panel.how]
    of_paper = [panel for panel in of_paper if panel.words in tasks]
    if not of_paper:
        return ()
    of_paper.sort(key=lambda panel: tasks.index(panel.words))
    _make(request.out)
    stem = request.out / "paper-choi2017"
    title = f"{PAPER}: every combination, its parameters chosen on the reported folds, as published"
    draw_beside_published(of_paper, stem, title, label=published_name)
    words = f"choi2017 · {', '.join(panel.words for panel in of_paper)}"
    return (Figure("paper", words, files_of(stem), tuple(panel.result.result_id for panel in of_paper)),)


def _shtern2017(store: Store, request: FiguresRequest) -> tuple[Figure, ...]:
    """The last reproduction on one page, and timing against timbre."""
    from mxt.workflows.figures_shtern2017 import draw_shtern2017, last_reproduction

    if request.datasets:
        raise UsageError("--dataset does not go with --paper shtern2017, which draws the last reproduction")
    result = last_reproduction(store)
    if result is None:
        return ()
    results = tuple(cell.result for row in result.rows for cell in row.cells.values())
    figures = draw_shtern2017(result, request.out)
    return tuple(Figure("paper", words, files, results) for words, files in figures.items())


PAPERS: dict[str, Callable[[Store, FiguresRequest], tuple[Figure, ...]]] = {
    "choi2017": _choi2017,
    "shtern2017": _shtern2017,
}


def _make(folder: Path) -> None:
    with translate_os_errors("making", folder):
        folder.mkdir(parents=True, exist_ok=True)


def _nothing(store_path: Path, names: Sequence[str], protocols: Sequence[str]) -> InputError:
    of = f" of {listed(names)}" if names else ""
    by = f" by {' or '.join(protocols)}" if protocols else ""
    return InputError(
        f"{store_path} has no evaluation or search{of}{by} to draw; mxt eval and mxt search make them, "
        "mxt reproduce choi2017 those of the paper"
    )


def _with_published(store: Store, panel: Panel) -> Panel:
    """A panel with what a paper published about its task."""
    record = store.catalogue.dataset(panel.result.dataset)
    task = find_task(record, panel.result.target, store.catalogue.figures(record.name).clips)
    return (
        panel
        if task is None
        else replace(panel, published=about_task(task, (row.name for row in panel.result.rows)))
    )


def _draw_evaluations(
    store: Store, evaluations: Sequence[DatasetResult], names: _Names, remarks: list[str]
) -> Iterator[Figure]:
    """Of each evaluation its views; of the best view its classes and, where its features are there, a map."""
    from mxt.drawing.comparison import draw_comparison
    from mxt.drawing.confusion import draw_confusion
    from mxt.drawing.map import draw_map, read_map

    for result in evaluations:
        what = (result.dataset, result.target, result.protocol, result.head)
        words, best = " · ".join(what), result.views[result.best]
        files = names.take("comparison", *what)
        draw_comparison(Evaluated((result,)), files)
        ids = tuple(view.result_id for view in result.views)
        yield Figure("comparison", f"{words} · {len(ids)} {'view' if len(ids) == 1 else 'views'}", files, ids)
        if result.task != "classification":
            continue
        files = names.take("confusion", *what, best.view)
        draw_confusion(result, files)
        yield Figure("confusion", f"{words} · {best.view}", files, (best.result_id,))
        try:
            points = read_map(store, result)
        except MxtError as error:
            remarks.append(f"no map of {best.result_id}: {error}")
            continue
        files = names.take("map", *what, best.view)
        draw_map(result, points, files)
        yield Figure("map", f"{words} · {best.view}", files, (best.result_id,))


def _draw_all(store: Store, panels: Sequence[Panel], names: _Names) -> Iterator[Figure]:
    from mxt.drawing.classes import class_pairs, draw_classes, pair_of
    from mxt.drawing.combinations import draw_combinations
    from mxt.drawing.depth import draw_depth, points_of
    from mxt.drawing.summary import draw_summary

    for panel in panels:
        result, results = panel.result, (panel.result.result_id,)
        of_search = (result.dataset, result.target, result.view, result.protocol, panel.how)
        title = f"{panel.words} · {result.view}"
        files = names.take(*of_search)
        draw_combinations(panel, files)
        yield Figure("combinations", f"{title} · {_words(panel.way)}", files, results)
        if points := points_of(panel):
            files = names.take("depth", *of_search)
            draw_depth(panel, points, files)
            yield Figure("depth", f"{title} · score over depth", files, results)
        if result.task == "classification" and (pair := pair_of(panel)) is not None:
            files = names.take("classes", *of_search)
            draw_classes(
                panel, pair, class_pairs(pair, store.results.predictions(panel.result.result_id)), files
            )
            yield Figure("classes", f"{title} · {pair[0]} against {pair[1]}", files, results)
    for way in dict.fromkeys(panel.way for panel in panels):
        group = [panel for panel in panels if panel.way == way]
        files = names.take("summary", *way)
        draw_summary(group, files)
        n_tasks = len({panel.words for panel in group})
        words = f"{n_tasks} {'task' if n_tasks == 1 else 'tasks'} · {_words(way)}"
        yield Figure("summary", words, files, tuple(panel.result.result_id for panel in group))


def _words(way: tuple[str, str]) -> str:
    return " ".join(filter(None, way))


class _Names:
    """The files of figures, each name given once."""

    def __init__(self, out: Path, *, pdf: bool) -> None:
        self.out, self.pdf, self.taken = out, pdf, set[str]()

    def take(self, *parts: str) -> tuple[Path, ...]:
        """Files whose name is made of parts; names that would be the same are numbered."""
        name = plain = safe_name(*parts)
        number = 1
        while name.lower() in self.taken:
            number += 1
            name = f"{plain}-{number}"
        self.taken.add(name.lower())
        return files_of(self.out / name, pdf=self.pdf)
