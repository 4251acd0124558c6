"""`mxt info`."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mxt.cli import completion, console
from mxt.cli.info_result import render_result, say_commands, tree
from mxt.cli.option_groups import StoreOptions
from mxt.cli.options import DatasetOption, PluginOption
from mxt.core.errors import listed

if TYPE_CHECKING:
    from mxt.core.records import DatasetRecord
    from mxt.workflows.info import Coverage, DatasetInfo, Left, ResultInfo, TableInfo
    from mxt.workflows.info_clip import ClipInfo

MOST_CLASSES = 12
MOST_RESULTS = 8


def info(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME|LABEL|RESULT|CLIP",
            autocompletion=completion.names,
            help="Data set, feature table, result or clip.",
        ),
    ],
    *,
    kind: Annotated[
        str | None,
        typer.Option(
            "--kind",
            metavar="dataset|features|result|clip",
            help="What is meant, where a name is used twice.",
        ),
    ] = None,
    dataset: DatasetOption = None,
    failures: Annotated[
        bool, typer.Option("--failures", help="List every clip that was left out or failed, and why.")
    ] = False,
    plugin: PluginOption = None,
    at: StoreOptions,
) -> None:
    """Show everything about a data set, a feature table, a result or a clip.

    Provenance, counts, failures, and the commands that make it again.

    Of a clip (its id, or its file's name): its measurements and labels, the tables that hold it, and the tags
    that a tagger gave it.
    """
    from mxt.registry import build_registry
    from mxt.workflows import info as work
    from mxt.workflows.info_clip import ClipInfo

    answer = work.info(at.store, name, build_registry(plugin or ()), kind=kind, dataset=dataset)
    if isinstance(answer, work.ResultInfo):
        at.answer(answer, render_result, plain=_result_plain)
    elif isinstance(answer, ClipInfo):
        at.answer(answer, render_clip)
    elif failures and not at.as_json:
        render_failures(answer.failures)
    elif isinstance(answer, work.TableInfo):
        at.answer(answer, render_table)
    else:
        at.answer(answer, render_dataset)


def _result_plain(answer: ResultInfo) -> dict[str, Any]:
    from mxt.results.plain import to_plain

    return {"entry": answer.entry, "result": to_plain(answer.result), "commands": answer.commands}


def render_failures(failures: Sequence[Left]) -> None:
    """Print every clip that was left out or failed."""
    if not failures:
        console.say("no clip was left out")
        return
    console.table(
        "",
        ["clip", "data set", "reason", "detail"],
        [[f.clip, f.dataset, f.reason, f.detail] for f in failures],
    )


def render_dataset(answer: DatasetInfo) -> None:
    """Print a data set."""
    record, summary = answer.record, answer.summary
    audio = console.seconds_text(summary.seconds) if summary.seconds else "no audio"
    console.say(f"data set {record.name} · {summary.clips:,} clips, {summary.used:,} used · {audio}")
    lines = {"folder": record.root, **_origin(record)}
    for target in summary.targets:
        shown = ", ".join(f"{name} {count:,}" for name, count in list(target.classes.items())[:MOST_CLASSES])
        more = f" … {len(target.classes)} in all" if len(target.classes) > MOST_CLASSES else ""
        span = "" if target.low is None else f"{target.low:g} to {target.high:g}"
        missing = f"; {target.unlabelled:,} unlabelled" if target.unlabelled else ""
        lines[f"target {target.name}"] = f"{target.kind}: {shown or span}{more}{missing}"
    for what, groups in (("groups", summary.groups), ("splits", summary.splits), ("folds", summary.folds)):
        if groups:
            counts = f": {_words(groups)}" if len(groups) <= MOST_CLASSES else ""
            lines[what] = f"{len(groups):,}{counts}"
    if summary.duplicates:
        differ = sum(bool(copies.labels) for copies in summary.duplicates)
        lines["duplicates"] = (
            f"{len(summary.duplicates):,} sets of equal audio, {differ:,} with different labels"
        )
    if summary.notes:
        lines["noted"] = _words(summary.notes)
    _say_lines(lines)
    others = {"hidden": summary.hidden, "of another kind": summary.others}
    _say_failures(summary.left_out, record.name, {word: number for word, number in others.items() if number})
    _say_coverage(answer.coverage)
    if answer.outdated:
        console.say(f"careful: {answer.outdated}")
    if answer.views:
        console.say(f"views: {' '.join(answer.views)}")
    if answer.results:
        console.say(f"results, the newest first: {listed(reversed(answer.results), MOST_RESULTS)}")
    say_commands(answer.commands)


def _origin(record: DatasetRecord) -> dict[str, str]:
    """The loader, or what a data set was derived from; when it was made."""
    from mxt.ingestion.lineage import is_derived, parent_of
    from mxt.ingestion.requests import DeriveRequest

    when = record.created + (f", last changed {record.updated}" if record.updated != record.created else "")
    if is_derived(record):
        how = DeriveRequest.from_dataset(record).how
        return {"derived": f"from {parent_of(record)}: {how}", "made": when}
    params = {name: value for name, value in record.params.items() if value}
    return {"loader": ", ".join(filter(None, (record.loader, _words(params)))), "ingested": when}


def render_table(answer: TableInfo) -> None:
    """Print a feature table."""
    entry = answer.entry
    console.say(
        f"features {entry.label} · {entry.done:,} done, {entry.failed:,} failed, {entry.open:,} open · "
        f"{console.size_text(entry.nbytes)}"
    )
    if entry.damage:
        console.say(f"cannot be read: {entry.damage}")
    layers = ", ".join(
        f"{layer['number']} {layer['name']} ({layer['dimension']})"
        for layer in answer.attributes.get("layers", ())
    )
    _say_lines({"fingerprint": entry.fingerprint, "layers": layers})
    shown = {
        name: value
        for name, value in answer.attributes.items()
        if name not in ("label", "fingerprint", "layers")
    }
    for line in tree(shown):
        console.say(line)
    _say_failures(Counter(failure.reason for failure in answer.failures), entry.label)
    _say_coverage(answer.coverage)
    for run in answer.runs[-3:]:
        done = f"{run.get('computed', 0):,} clips in {run.get('seconds', 0):g} s"
        console.say(
            f"run: {run.get('dataset', '')} · {done} · {run.get('device', '')} · "
            f"{_words(run.get('versions') or {})}"
        )
    say_commands(answer.commands)


def render_clip(answer: ClipInfo) -> None:
    """Print a clip."""
    clip, measured = answer.clip, answer.measurement
    console.say(f"clip {clip.id} · {answer.dataset}" + (f" · {clip.seconds:.2f} s" if clip.seconds else ""))
    if clip.reason:
        console.say(f"left out: {clip.reason}" + (f", {clip.detail}" if clip.detail else ""))
    lines = {"folder": answer.root, "file": answer.path}
    if answer.start is not None or answer.end is not None:
        lines["part"] = f"{answer.start or 0:g} s to " + (
            "its end" if answer.end is None else f"{answer.end:g} s"
        )
    lines |= {
        name: "unlabelled" if value is None else ", ".join(value) if isinstance(value, tuple) else str(value)
        for name, value in clip.targets.items()
    }
    lines |= {"split": clip.split or "", "fold": clip.fold or "", "group": clip.group or "", **clip.fields}
    if measured is not None:
        channels = "1 channel" if measured.channels == 1 else f"{measured.channels} channels"
        lines["audio"] = (
            f"{measured.sample_rate:,} Hz, {channels}, {measured.duration:.2f} s, by {measured.decoder}"
        )
        about = "about " if measured.sampled else ""
        lines["levels"] = f"peak {about}{_decibels(measured.peak)}, rms {about}{_decibels(measured.rms)}"
        lines["noted"], lines["sha256"] = ", ".join(measured.notes), measured.sha256
    _say_lines(lines)
    for row in answer.tables:
        why = ", ".join(filter(None, (row.reason, row.detail)))
        console.say(f"{row.label}: {row.state}" + (f", {why}" if why else ""))
    for heard in answer.heard:
        console.say(f"{heard.label} hears: " + ", ".join(f"{tag} {value:.3f}" for tag, value in heard.tags))


def _decibels(amplitude: float) -> str:
    return f"{20 * math.log10(amplitude):.1f} dB" if amplitude > 0 else "none"


def _say_lines(lines: Mapping[str, str]) -> None:
    width = max(map(len, lines), default=0)
    for name, text in lines.items():
        if text:
            console.say(f"  {name:<{width}}  {text}")


def _say_failures(
    counted: Mapping[str, int], name: str, also: Mapping[str, int] = MappingProxyType({})
) -> None:
    def words(counts: Mapping[str, int]) -> str:
        return ", ".join(f"{reason} {number:,}" for reason, number in counts.items())

    if counted or also:
        parts = [f"left out {sum(counted.values()):,}: {words(counted)}"] if counted else []
        parts += [f"also there: {words(also)}"] if also else []
        console.say(f"{'; '.join(parts)} (mxt info {name} --failures)")


def _say_coverage(coverage: Sequence[Coverage]) -> None:
    for table in coverage:
        total = table.done + table.failed + table.missing
        console.say(
            f"{table.dataset} in {table.label}: {table.done:,} of {total:,} clips, "
            f"{table.failed:,} failed, {table.missing:,} missing"
        )


def _words(values: Mapping[str, Any]) -> str:
    texts = {
        name: " ".join(map(str, value)) if isinstance(value, (list, tuple)) else value
        for name, value in values.items()
    }
    return ", ".join(f"{name} {value}".strip() for name, value in texts.items() if value is not None)
