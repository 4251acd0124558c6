"""`mxt report`: results as one page to read, see and hear, to be given to others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from mxt import __version__
from mxt.core.commands import typed
from mxt.core.errors import InputError, StoreError
from mxt.core.files import atomic_write, translate_os_errors
from mxt.core.progress import SILENT, Progress
from mxt.core.text import written
from mxt.drawing.report.markdown import markdown
from mxt.drawing.report.need import Key, by_need
from mxt.drawing.report.page import html
from mxt.drawing.report.previews import Previews, Source, make_previews
from mxt.registry import Registry
from mxt.results.chapters import Gathering, catalogued, rows_called
from mxt.results.index import Outline, outlines
from mxt.results.plain import Result
from mxt.results.records import stale
from mxt.results.report import Chapter, Report
from mxt.results.report_plain import report_json
from mxt.results.saving import load_result
from mxt.results.study import open_store
from mxt.store.layout import Store
from mxt.workflows.commands import result_commands

Format = Literal["html", "md", "json"]
FORMATS: dict[str, Format] = {"html": "html", "md": "md", "json": "json"}


@dataclass(frozen=True, slots=True)
class ReportRequest:
    """What is asked of `report`; each field is an option of ``mxt report``.

    Parameters
    ----------
    results : tuple of str
        Ids, parts of them, or ``last``; empty: the newest result of every view, head, protocol and grouping.
    dataset : str, optional
        Of which data set, where no result is named; default: the one last ingested.
    out : Path, optional
        The file; default: ``report`` with the suffix of the format.
    format : {"html", "md", "json"}, optional
        Default: by the suffix of `out`, else HTML.
    audio : bool
        Whether the page carries previews of recordings.
    """

    results: tuple[str, ...] = ()
    dataset: str | None = None
    out: Path | None = None
    format: Format | None = None
    audio: bool = True

    @property
    def chosen_format(self) -> Format:
        """The format asked for, or that of the file's suffix."""
        suffix = self.out.suffix.lower().lstrip(".") if self.out else ""
        return self.format or FORMATS.get({"markdown": "md"}.get(suffix, suffix), "html")

    @property
    def path(self) -> Path:
        """Where the report is written."""
        return self.out or Path(f"report.{self.chosen_format}")

    def command(self) -> str:
        """The command that repeats this.

        Examples
        --------
        >>> ReportRequest(("1f0c",), out=Path("x.html"), audio=False).command()
        'mxt report 1f0c --out x.html --no-audio'
        """
        options: list[tuple[str, object]] = [("--dataset", self.dataset), ("--out", self.out)]
        options += [("--format", self.format), ("--no-audio", not self.audio)]
        return typed("report", *self.results, options=options)


@dataclass(frozen=True, slots=True)
class Written:
    """A report that was written.

    Parameters
    ----------
    path : str
    format : str
    nbytes : int
    datasets, results : tuple of str
        Names and ids.
    clips, shown : int
        Tested, and listed.
    previews, wanted : int
        Recordings to hear, and those that have audio.
    silent : mapping
        Why recordings that were to be heard cannot be, and how many.
    remarks : tuple of str
        Results that could not be read.
    """

    path: str
    format: str
    nbytes: int
    datasets: tuple[str, ...]
    results: tuple[str, ...]
    clips: int
    shown: int
    previews: int
    wanted: int
    silent: Mapping[str, int]
    remarks: tuple[str, ...]


def report(
    store: Path, request: ReportRequest, registry: Registry, *, progress: Progress = SILENT
) -> Written:
    """Write a report of saved results.

    Parameters
    ----------
    store : Path
        The store's folder.
    request : ReportRequest
    registry : Registry
        Where defaults of stages are looked up.
    progress : Progress

    Raises
    ------
    UnknownName, InputError, StoreError
        No such result; nothing was evaluated yet; the file cannot be written.
    """
    path = request.path
    if not path.absolute().parent.is_dir():
        raise InputError(f"{path}: the folder {path.absolute().parent} does not exist")
    opened = open_store(store)
    remarks: list[str] = []
    results = _results(opened, request, remarks)
    record = Report(
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        version=__version__,
        command=request.command(),
        chapters=tuple(_chapters(opened, results, registry, progress)),
        remarks=tuple(remarks),
    )
    previews = Previews()
    if request.audio and request.chosen_format == "html":
        previews = make_previews(_sources(opened, record), by_need(record), progress)
    with translate_os_errors("writing", path), atomic_write(path, "w") as file:
        file.write(_written(record, previews, request))
    answers = [one.answers for chapter in record.chapters for one in chapter.results if one.answers]
    return Written(
        path=str(path),
        format=request.chosen_format,
        nbytes=path.stat().st_size,
        datasets=tuple(dict.fromkeys(chapter.card.name for chapter in record.chapters)),
        results=tuple(results),
        clips=max((one.tested for one in answers), default=0),
        shown=max((len(one.clips) for one in answers), default=0),
        previews=len(previews.of),
        wanted=previews.wanted,
        silent=Counter(previews.silent.values()),
        remarks=record.remarks,
    )


def _written(record: Report, previews: Previews, request: ReportRequest) -> str:
    if request.chosen_format == "json":
        return report_json(record)
    return markdown(record) if request.chosen_format == "md" else html(record, previews)


def _results(store: Store, request: ReportRequest, remarks: list[str]) -> dict[str, Result]:
    """The results asked for, by id, or the newest of each kind."""
    if request.results:
        named = dict.fromkeys(store.results.find(name) for name in request.results)
        return {name: load_result(store, name) for name in named}
    dataset = store.catalogue.dataset(request.dataset).name
    newest: dict[tuple[object, ...], str] = {}
    for name, what in outlines(store).items():
        if isinstance(what, StoreError):
            remarks.append(str(what))
        elif what.dataset == dataset and not stale(dataset, what.target, what.targets_hash, store.catalogue):
            newest[_kind_of(what)] = name
    if not newest:
        raise InputError(f"no result of {dataset} that belongs to its labels; mxt eval makes one")
    return {name: load_result(store, name) for name in newest.values()}


def _kind_of(what: Outline) -> tuple[object, ...]:
    """Equal for results of which only the newest is reported."""
    settings = tuple(sorted(map(str, what.settings.items())))
    return what.kind, what.target, what.view, what.head, settings, what.protocol, what.grouping


def _chapters(
    store: Store, results: Mapping[str, Result], registry: Registry, progress: Progress
) -> Iterator[Chapter]:
    gathering = Gathering(store, registry, lambda result: result_commands(store, result, registry))
    of_target: dict[tuple[str, ...], dict[str, Result]] = {}
    for name, result in results.items():
        of_target.setdefault((result.dataset, result.target, result.task), {})[name] = result
    with progress.step("reading results", len(results), unit="results") as step:
        for of_chapter in of_target.values():
            yield gathering.chapter(of_chapter)
            step.advance(len(of_chapter))


def _sources(store: Store, record: Report) -> dict[Key, Source]:
    """Where the clips that are shown can be heard, by data set and id."""
    sources: dict[Key, Source] = {}
    for chapter in record.chapters:
        name = chapter.card.name
        if not chapter.card.clips:
            continue
        root, clips = store.catalogue.dataset(name).root, catalogued(store, name)
        clips = clips[clips.usable & clips.has_audio]
        sources |= {
            (name, written(clip.id)): Source(root, clip) for clip in clips[rows_called(clips, chapter.clips)]
        }
    return sources
