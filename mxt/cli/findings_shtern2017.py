"""The findings of `mxt reproduce shtern2017` in words."""

from __future__ import annotations

from functools import singledispatch

from mxt.evaluation.comparison import Difference
from mxt.papers.shtern2017.findings import (
    FEWEST_DATASETS,
    NOISE,
    Claim,
    LengthRobust,
    LoudnessIsSeen,
    LoudnessStack,
    NormalisingAndLoudness,
    PublishedCells,
    SoxColour,
    TimingAndTimbre,
    Undecided,
)
from mxt.papers.shtern2017.subjects import LONG

WHY = {
    Undecided.NO_DATA: "the data are not in this store",
    Undecided.FEW_DATASETS: f"fewer than {FEWEST_DATASETS} data sets",
    Undecided.UNCLEAR: "the interval allows both",
    Undecided.NO_COLOUR: "this network takes no such picture",
}


def verdict(finding: Claim) -> str:
    """Whether the store supports a finding, or why it does not decide it."""
    if finding.undecided is not None:
        return f"undecided ({WHY[finding.undecided]})"
    return "holds" if finding.holds else "does not hold"


@singledispatch
def says(finding: Claim) -> str:
    """What a finding says, in one line."""
    raise NotImplementedError(type(finding).__name__)


@says.register
def _(finding: PublishedCells) -> str:
    if not finding.cells:
        return "no data set here is the paper's, so none of its numbers can be compared"
    missed = ", ".join(f"{name} ({gap:+.3f})" for name, gap in finding.off.items())
    text = f"{finding.met} of {finding.cells} published accuracies met within {NOISE:g}"
    return f"{text}; not met: {missed}" if missed else text


@says.register
def _(finding: NormalisingAndLoudness) -> str:
    points = "; ".join(
        f"{point.dataset} {point.gain.value:+.3f} where loudness alone reaches {point.alone.value:.3f} "
        f"(guessing {point.baseline:.3f})"
        for point in finding.points
    )
    text = f"change of the network's accuracy by normalising: {points or 'none'}"
    if finding.rho is None:
        return text
    return (
        f"rank correlation {finding.rho.signed}, p = {finding.p:.2g}, {len(finding.points)} data sets; {text}"
    )


@says.register
def _(finding: LoudnessIsSeen) -> str:
    which = "the quietest and the loudest fifth" if finding.parts == 2 else f"{finding.parts} equal classes"
    return (
        f"{finding.dataset}, {which} by RMS: {finding.score}, chance {finding.chance:.3f}"
        f"{_published(finding.published)}"
    )


@says.register
def _(finding: LoudnessStack) -> str:
    if finding.gain is None:
        return "eight copies of each clip, from quiet to loud, against normalised clips: Ballroom is needed"
    return (
        f"{finding.dataset}: {_change(finding.gain)} against normalised clips{_published(finding.published)}"
    )


@says.register
def _(finding: LengthRobust) -> str:
    if finding.network is None or finding.marsyas is None:
        return f"clips of at least {LONG:g} s are needed; those of Short Genre are not shortened again"
    between = f"; network minus Marsyas {finding.contrast.signed}" if finding.contrast else ""
    return (
        f"{finding.dataset}, shortened to {finding.seconds:g} s: network {_change(finding.network)}, "
        f"Marsyas {_change(finding.marsyas)}{between}"
    )


@says.register
def _(finding: SoxColour) -> str:
    if finding.change is None:
        return "the coloured picture against the grey one with logarithmic frequency"
    return f"{finding.dataset}: {_change(finding.change)} against the grey picture"


@says.register
def _(finding: TimingAndTimbre) -> str:
    return (
        f"{finding.view}: from 3/4 to 4/4 features move {finding.ratio} times as far as from guitar to piano "
        f"({finding.pieces} chord progressions, synthesised)"
    )


def _change(difference: Difference) -> str:
    return f"{difference.interval.signed}, p = {difference.p:.2g}"


def _published(value: float | None) -> str:
    return "" if value is None else f"; published {value:.3f}"
