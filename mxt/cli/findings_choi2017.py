"""The findings of `mxt reproduce` in words."""

from __future__ import annotations

from collections.abc import Iterable
from functools import singledispatch

from mxt.papers.choi2017.findings import (
    CLOSE,
    TOP,
    BatchSteps,
    BestScore,
    CellsOfLayer,
    Copies,
    CopiesSeen,
    FilteredSplit,
    JoinedMfccs,
    LayersThatMatter,
    ManyLayers,
    OwnBatches,
    PublishedCells,
    RandomNetwork,
    SameFolds,
    Standardisation,
    ThirdLayer,
    WithoutCopies,
)
from mxt.papers.finding import Finding

NEXT_PAIRS = 4  # beyond the limit that are named


@singledispatch
def says(finding: Finding) -> str:
    """What a finding says, in one line."""
    raise NotImplementedError(type(finding).__name__)


@says.register
def _(finding: PublishedCells) -> str:
    missed = ", ".join(f"{name} ({gap:+.4f})" for name, gap in finding.off.items())
    return f"{cells_met(finding)}; not met: {missed}" if missed else cells_met(finding)


def cells_met(cells: PublishedCells) -> str:
    """How many published scores are met."""
    text = f"{cells.met} of {cells.cells} published scores met within {CLOSE}"
    return f"{text}, {cells.exact} to the last digit" if cells.cells else text


@says.register
def _(finding: CellsOfLayer) -> str:
    text = (
        f"{finding.task}: without layer {finding.layer}, {finding.met_without} of {finding.cells_without} "
        f"published scores met (largest difference {finding.largest_without:.4f}); with it, {finding.met} of "
        f"{finding.cells} ({finding.largest:.4f})"
    )
    if finding.holds is None:
        return f"{text}: undecided, both kinds are needed"
    layer = f"another file of layer {finding.layer} than the one released"
    return f"{text}: this points to {layer}" if finding.holds else text


@says.register
def _(finding: Standardisation) -> str:
    return (
        f"standardisation was never on: {finding.raw} of {finding.cells} published scores are met "
        f"on raw columns, {finding.standardised} on standardised ones"
    )


@says.register
def _(finding: SameFolds) -> str:
    return (
        f"{finding.task}: the best of {finding.strategies} combinations, tuned and reported on the same "
        f"folds, scores {finding.released:.3f} ({finding.best}); with parameters and combination chosen "
        f"inside, standardised columns and random folds it is {finding.nested.value:.3f} "
        f"(95 %: {finding.nested.bounds}): the difference is due to all three, not to tuning alone"
    )


@says.register
def _(finding: LayersThatMatter) -> str:
    claims = {"12345": "all layers matter", "12": "layers 1 and 2 matter"}
    claim = claims.get(finding.claim, f"layer {finding.claim} matters")
    most = max(finding.counts.values())
    leaders = " and ".join(layer for layer, count in finding.counts.items() if count == most)
    counts = " ".join(map(str, finding.counts.values()))
    return (
        f"{finding.task}: {claim} most, the paper says; in the best {TOP} here ({' '.join(finding.top)}) "
        f"layers 1 to 5 occur {counts} times, {leaders} most often"
    )


@says.register
def _(finding: ThirdLayer) -> str:
    return f"layer 3 is in {finding.count} of the best six: {' '.join(finding.top)}"


@says.register
def _(finding: ManyLayers) -> str:
    return f"{finding.count} of {TOP} do: {' '.join(finding.top)}"


@says.register
def _(finding: JoinedMfccs) -> str:
    return (
        f"{finding.task}: joining MFCCs to all layers changes the score by {finding.gain:+.3f} "
        f"(12345 alone: {finding.score:.3f})"
    )


@says.register
def _(finding: BestScore) -> str:
    stated = f"{finding.paper:.3f}" + (f" ({finding.paper_strategy})" if finding.paper_strategy else "")
    here = f"{finding.here:.3f} ({finding.strategy})"
    text = f"{finding.task}: the best is {here} here, {stated} in the paper's text"
    if finding.table is None:
        return text
    return f"{text}, {finding.table:.3f} ({finding.table_strategy}) in the published table"


@says.register
def _(finding: BatchSteps) -> str:
    test = finding.steps
    rows = ", ".join(
        f"{row} ({step:.1f} times the median; {share:.1%} of other rows have one as large)"
        for row, step, share in zip(test.rows, test.steps, test.larger, strict=True)
    )
    beside = " that the MFCCs do not explain" if finding.beside_mfcc else ""
    control = f"; in the MFCCs themselves p = {finding.control.p:.2g}" if finding.control else ""
    return f"{finding.dataset}: a step in layer 1{beside} at row {rows}; p = {test.p:.2g}{control}"


@says.register
def _(finding: CopiesSeen) -> str:
    near = finding.near
    farthest = f", the farthest at {near[-1].distance:.2f} ({_equal(near)})" if near else ""
    beyond = ", ".join(
        f"{pair.first} and {pair.second} at {pair.distance:.2f}"
        + (" (in a run of copies, so probably copies too)" if pair.in_run else "")
        for pair in finding.beyond[:NEXT_PAIRS]
    )
    return (
        f"{len(finding.identical)} identical pairs, {len(near)} more within {finding.limit:.2g}{farthest}; "
        f"with different labels: {_equal(finding.conflicts) or 'none'}; next: {beyond}"
    )


def _equal(pairs: Iterable[Copies]) -> str:
    return ", ".join(f"{pair.first} = {pair.second}" for pair in pairs)


@says.register
def _(finding: WithoutCopies) -> str:
    return (
        f"12345, {finding.protocol}: {finding.with_all:.3f} with all clips, "
        f"{finding.without:.3f} without {finding.copies} copies"
    )


@says.register
def _(finding: FilteredSplit) -> str:
    sizes = "/".join(map(str, finding.sizes))
    return f"12345 on the artist- and fault-filtered split ({sizes}): {finding.score:.3f}"


@says.register
def _(finding: OwnBatches) -> str:
    return (
        f"{finding.dataset}: 12345, nested, {finding.clips:,} clips: own batches ({finding.batch_view}) "
        f"{finding.batch:.3f}, frozen statistics ({finding.frozen_view}) {finding.frozen:.3f}"
    )


@says.register
def _(finding: RandomNetwork) -> str:
    return (
        f"{finding.dataset}: all layers, nested, {finding.clips:,} clips: {finding.random_view} "
        f"{finding.random:.3f}, {finding.mfcc_view} {finding.mfcc:.3f}"
    )
