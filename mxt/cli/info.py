"""`mxt info`."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mxt.cli import completion, console
from mxt.cli.options import DatasetOption, PluginOption, StoreOptions
from mxt.core.errors import listed

if TYPE_CHECKING:
    from mxt.core.records import DatasetRecord
    from mxt.results.records import DatasetResult
    from mxt.results.search_record import SearchResult
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
    """Show everything about a data set, a feature table or a result: provenance, counts, failures, how to make it again.

    Of a clip (its id, or its file's name): its measurements and labels, the tables that hold it, and the tags
    that a tagger gave it.
    """
    from mxt.registry import build_registry
    from mxt.workflows import info as work
    from mxt.workflows.info_clip import ClipInfo

    found = work.info(at.store, name, build_registry(plugin or ()), kind=kind, dataset=dataset)
    if isinstance(found, work.ResultInfo):
        at.answer(found, render_result, plain=_result_plain)
    elif isinstance(found, ClipInfo):
        at.answer(found, render_clip)
    elif failures and not at.as_json:
        render_failures(found.failures)
    elif isinstance(found, work.TableInfo):
        at.answer(found, render_table)
    else:
        at.answer(found, render_dataset)


def _result_plain(found: ResultInfo) -> dict[str, Any]:
    from mxt.results.plain import to_plain

    return {"entry": found.entry, "result": to_plain(found.result), "commands": found.commands}


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


def render_dataset(found: DatasetInfo) -> None:
    """Print a data set."""
    record, summary = found.record, found.summary
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
    _say_coverage(found.coverage)
    if found.outdated:
        console.say(f"careful: {found.outdated}")
    if found.views:
        console.say(f"views: {' '.join(found.views)}")
    if found.results:
        console.say(f"results, the newest first: {listed(reversed(found.results), MOST_RESULTS)}")
    _say_commands(found.commands)


def _origin(record: DatasetRecord) -> dict[str, str]:
    """The loader, or what a data set was derived from; when it was made."""
    from mxt.ingestion.derived import is_derived, options_of, words_of

    when = record.created + (f", last {record.updated}" if record.updated != record.created else "")
    if is_derived(record):
        params = record.params
        how = " ".join(words_of(str(params["kind"]), options_of(params)))
        return {"derived": f"from {params['parent']}: {how}", "made": when}
    params = {name: value for name, value in record.params.items() if value}
    return {"loader": ", ".join(filter(None, (record.loader, _words(params)))), "ingested": when}


def render_table(found: TableInfo) -> None:
    """Print a feature table."""
    entry = found.entry
    console.say(
        f"features {entry.label} · {entry.done:,} done, {entry.failed:,} failed, {entry.open:,} open · {console.size_text(entry.nbytes)}"
    )
    if entry.damage:
        console.say(f"cannot be read: {entry.damage}")
    layers = ", ".join(
        f"{layer['number']} {layer['name']} ({layer['dimension']})"
        for layer in found.attributes.get("layers", ())
    )
    _say_lines({"fingerprint": entry.fingerprint, "layers": layers})
    shown = {
        name: value
        for name, value in found.attributes.items()
        if name not in ("label", "fingerprint", "layers")
    }
    for line in _tree(shown):
        console.say(line)
    _say_failures(Counter(failure.reason for failure in found.failures), entry.label)
    _say_coverage(found.coverage)
    for run in found.runs[-3:]:
        done = f"{run.get('computed', 0):,} clips in {run.get('seconds', 0):g} s"
        console.say(
            f"run: {run.get('dataset', '')} · {done} · {run.get('device', '')} · {_words(run.get('versions') or {})}"
        )
    _say_commands(found.commands)


def render_result(found: ResultInfo) -> None:
    """Print a result."""
    from mxt.evaluation.metrics import metric_words

    entry, result = found.entry, found.result
    console.say(f"result {entry.id} · {entry.dataset} · {entry.view} · {entry.head} · {entry.protocol}")
    if entry.stale:
        console.say(f"careful: {entry.stale}")
    for name, score in entry.scores.items():
        bounds = f"  (95 %: {score.bounds})" if score.low == score.low else ""
        if score.value == score.value:
            console.say(f"{metric_words(name)} {score.value:.3f}{bounds}")
    for line in _tree(_result_facts(found)):
        console.say(line)
    for caution in result.all_cautions:
        console.say(f"careful: {caution}")
    _say_commands(found.commands)


def _result_facts(found: ResultInfo) -> dict[str, Any]:
    """What is known of a result beside its scores, under the words that people have for it."""
    from mxt.results.search_record import SearchResult

    result, rests_on = found.result, found.result.provenance
    own = _search_facts(result) if isinstance(result, SearchResult) else _evaluation_facts(result)
    return {
        "created": rests_on.created,
        "target": f"{result.target} ({result.task})",
        "folds": result.folds,
        "clips": f"{result.clips:,}",
        "left out": [f"{left.count:,} {left.words}" for left in result.left_out],
        **own,
        f"head {result.head}": dict(result.stage.get("params") or {}),
        "seed": result.request.seed,
        "fingerprints": dict(rests_on.fingerprints),
        "versions": dict(rests_on.versions),
    }


def _evaluation_facts(result: DatasetResult) -> dict[str, Any]:
    view = result.views[result.best]
    found, method = view.assessment, view.assessment.method
    unit = f" over {method.unit}s" if method.unit else ""
    return {
        "drawn independently": f"{found.units:,}",
        "intervals": f"{method.level:.0%}, {method.name}{unit}",
        "baselines": {name: f"{value:.3f}" for name, value in found.baselines.items()},
        "compared with": [one.view for one in result.compared if one.view != view.view],
    }


def _search_facts(result: SearchResult) -> dict[str, Any]:
    best = result.rows[result.best]
    return {
        "best in hindsight": f"{best.name} {best.score}",
        "choosing costs": result.cost.signed,
        "chosen": [f"{name} {count}" for name, count in Counter(result.chosen).most_common()],
    }


def render_clip(found: ClipInfo) -> None:
    """Print a clip."""
    clip, measured = found.clip, found.measurement
    console.say(f"clip {clip.id} · {found.dataset}" + (f" · {clip.seconds:.2f} s" if clip.seconds else ""))
    if clip.reason:
        console.say(f"left out: {clip.reason}" + (f", {clip.detail}" if clip.detail else ""))
    lines = {"folder": found.root, "file": found.path}
    if found.start is not None or found.end is not None:
        lines["part"] = f"{found.start or 0:g} s to " + (
            "its end" if found.end is None else f"{found.end:g} s"
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
    for row in found.tables:
        why = ", ".join(filter(None, (row.reason, row.detail)))
        console.say(f"{row.label}: {row.state}" + (f", {why}" if why else ""))
    for heard in found.heard:
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
    for each in coverage:
        total = each.done + each.failed + each.missing
        console.say(
            f"{each.dataset} in {each.label}: {each.done:,} of {total:,} clips, {each.failed:,} failed, {each.missing:,} missing"
        )


def _say_commands(commands: Sequence[str]) -> None:
    if commands:
        console.say("to make it again:")
        for command in commands:
            console.say(f"  {command}")


def _words(values: Mapping[str, Any]) -> str:
    texts = {
        name: " ".join(map(str, value)) if isinstance(value, (list, tuple)) else value
        for name, value in values.items()
    }
    return ", ".join(f"{name} {value}".strip() for name, value in texts.items() if value is not None)


def _tree(values: Mapping[str, Any], indent: int = 1) -> list[str]:
    """Nested values as indented lines; lists of plain values on one line."""
    lines = []
    for name, value in values.items():
        if isinstance(value, Mapping) and value:
            lines += ["  " * indent + name, *_tree(value, indent + 1)]
        elif isinstance(value, list) and value and isinstance(value[0], Mapping):
            lines += ["  " * indent + f"{name}: {len(value)}"]
        elif value not in (None, "", [], {}):
            items = value if isinstance(value, list) else [value]
            text = ", ".join(
                " ".join(map(str, item)) if isinstance(item, list) else str(item) for item in items
            )
            lines.append("  " * indent + f"{name}: {text}")
    return lines
