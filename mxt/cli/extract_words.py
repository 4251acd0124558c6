"""What `mxt extract` did or would do, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

from mxt.cli import console
from mxt.core.commands import typed
from mxt.core.text import plural

if TYPE_CHECKING:
    from mxt.core.specs import Layer
    from mxt.extraction.parts import Joined
    from mxt.extraction.records import Extraction, Trial

SHOWN = 5  # clips of one reason, workers and parts that are named
STEPS = ("decode", "front end", "network")


def render(result: Extraction) -> None:
    """Print what an extraction did, in a few lines."""
    spec = result.pipeline.backbone.spec
    words = [result.label, *_input_words(result), layers_text(spec.layers, result.layers)]
    where = [result.device, plural(result.workers, "worker")]
    if result.estimate is not None:
        console.say(" · ".join([*words, *where]))
        console.say(_estimate_text(result) if result.left_open else "nothing is missing")
        if result.joined is not None:
            console.say(_joined_text(result.joined, "to be joined first"))
        return
    copies = f" (and {result.clips - result.contents:,} copies)" if result.clips > result.contents else ""
    settled = f"{result.done:,} of {result.contents:,} clips{copies}, {result.failed} failed"
    if result.computed:
        words += [*where, settled, f"{_duration(result.seconds)}{_shares(result)}"]
    else:
        words += [settled, "nothing to do"]
    console.say(" · ".join(words))
    if result.trial is not None:
        console.say(_trial_text(result.trial))
    else:
        for worker, clips in sorted(result.by_worker.items(), key=lambda item: -item[1])[:SHOWN]:
            console.say(f"  {worker}: {clips:,} clips, {clips / max(result.seconds, 1e-9):.1f} clips/s")
    for line in _notes(result):
        console.say(line)
    if result.share is None:
        console.say(f"view {result.view}, {result.columns} columns")


def _estimate_text(result: Extraction) -> str:
    assert result.estimate is not None
    needed, free = result.estimate.disk_bytes, result.estimate.disk_free
    disk = f"{console.size_text(needed)} on disk of {console.size_text(free)} free"
    missing = f"missing {result.left_open:,} of {result.contents:,} clips"
    return f"{missing} · about {_duration(result.estimate.seconds)} · {disk}"


def _notes(result: Extraction) -> Iterator[str]:
    """What is still to do, what failed, and what is odd about the features."""
    from mxt.core.errors import Reason

    if result.share is not None:
        yield f"this is part {result.share}; when all parts are done, the same without --part joins them"
    if result.joined is not None:
        yield _joined_text(result.joined, "joined")
    changed = sum(failure.reason in (Reason.CHANGED, Reason.MISSING) for failure in result.failures)
    if result.left_open > changed:
        yield f"{result.left_open - changed:,} not computed yet; the same command continues"
    if changed:
        again = typed("ingest", result.root, options=[("--name", result.dataset)])
        yield f"{changed:,} not as they were at ingest: {again}, then the same command"
    for reason, count in Counter(failure.reason for failure in result.failures).most_common():
        failures = [failure for failure in result.failures if failure.reason is reason][:SHOWN]
        clips = (f"{f.clip} ({f.detail})" if f.detail else f.clip for f in failures)
        yield f"{reason.words} {count}: {', '.join(clips)}"
    if result.failed:
        yield "to try failed clips again: --retry-failed"
    if result.earlier:
        yield (
            f"the table {result.earlier} holds features of another version of these stages; "
            f"mxt rm {result.earlier} removes it"
        )
    elif result.namesake is not None:
        yield (
            f"called {result.label}, because the table {result.pipeline.label} holds other features: "
            f"{result.namesake.command()}"
        )
    if together := result.pipeline.backbone.spec.rows_together:
        yield f"careful: every feature depends on the {together} clips computed with it, as in the paper"


def _trial_text(trial: Trial) -> str:
    """With what a run went on whose threads kept each other waiting, and why."""
    lost = f"all threads together are {trial.speedup:.1f} times as fast as one"
    if trial.processes is None:
        return f"{lost}; processes may be faster: {trial.cause}"
    rates = f"{trial.processes:.1f} clips/s by processes, {trial.threads:.1f} by threads"
    return f"{lost}: went on with {'processes' if trial.won else 'threads'} ({rates})"


def _joined_text(joined: Joined, what: str) -> str:
    """Which parts were joined, or are to be, and which were not there."""
    named = f"{what}: {plural(len(joined.shares), 'part')} with {plural(joined.clips, 'clip')}"
    if not joined.missing:
        return named
    several = len(joined.missing) > 1
    missing = ", ".join(map(str, joined.missing[:SHOWN])) + (", …" if len(joined.missing) > SHOWN else "")
    return f"{named}; {'parts' if several else 'part'} {missing} {'were' if several else 'was'} not there"


def _input_words(result: Extraction) -> list[str]:
    """The weight set, choices of the backbone, rate and window."""
    spec, params = result.pipeline.backbone.spec, result.pipeline.backbone.params
    words = [result.pipeline.weights_name] if result.pipeline.weights_name else []
    words += [str(params[p.name]) for p in spec.params if p.type == "choice" and p.name in params]
    rate = f"{(spec.sample_rate or 0) / 1000:g} kHz"
    return [*words, f"{rate}, {spec.window.seconds:.3g} s" if spec.window.seconds else rate]


def layers_text(layers: Sequence[Layer], chosen: Collection[str]) -> str:
    """Which layers make the view: by number where the names end in their numbers, or else by name.

    Examples
    --------
    >>> blocks = [Layer(1, "block1", 32), Layer(2, "block2", 32), Layer(3, "block3", 32)]
    >>> layers_text(blocks, ["block1", "block3"])
    'layers 1 3 of 3'
    >>> layers_text([Layer(1, "penultimate", 200), Layer(2, "tags", 50)], ["penultimate"])
    'layer penultimate of 2'
    """
    if len(layers) == 1:
        return "1 layer"
    numbered = all(layer.name.endswith(str(layer.number)) for layer in layers)
    if len(chosen) == len(layers) and not numbered:
        return f"all {len(layers)} layers"
    words = [str(layer.number) if numbered else layer.name for layer in layers if layer.name in chosen]
    return f"layer{'s' if len(words) > 1 else ''} {' '.join(words)} of {len(layers)}"


def _shares(result: Extraction) -> str:
    if not result.seconds:
        return ""
    shares = ", ".join(f"{step} {100 * result.shares[step]:.0f} %" for step in STEPS if step in result.shares)
    return f" · {result.computed / result.seconds:.1f} clips/s ({shares})"


def _duration(seconds: float) -> str:
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"
