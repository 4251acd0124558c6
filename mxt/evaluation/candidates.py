"""Which layers a search tries: single ones, prefixes, pairs, all combinations, or a learnt weighting."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain, combinations

from mxt.core.errors import UnknownName, UsageError
from mxt.core.specs import INPUT, Layer
from mxt.core.views import ranges_text
from mxt.evaluation.layers import Strategy

# In words, each kind of candidates.
KINDS = {
    "single": "single layers",
    "prefixes": "prefixes",
    "pairs": "pairs",
    "all": "all combinations",
    "weighted": "a learnt weighting",
}
MOST_COMBINED = 6  # layers of which all combinations are tried by default
MOST_CANDIDATES = 255  # of one kind: all combinations of eight layers


def default_kinds(n_layers: int) -> tuple[str, ...]:
    """What is tried of so many layers where nothing is asked for."""
    return ("all",) if n_layers <= MOST_COMBINED else ("single", "prefixes")


def by_depth(layers: Sequence[Layer]) -> list[int]:
    """Places of layers from the input on: a layer called ``input`` may have the last number.

    Examples
    --------
    >>> by_depth([Layer(1, "layer1", 768), Layer(2, "layer2", 768), Layer(3, "input", 768)])
    [2, 0, 1]
    """
    return sorted(range(len(layers)), key=lambda i: layers[i].name != INPUT)


def strategies(
    digits: Sequence[str], extra: Sequence[tuple[str, tuple[int, ...]]] = ()
) -> tuple[Strategy, ...]:
    """All combinations of layers, the smallest first, then each addition alone and with every combination.

    Parameters
    ----------
    digits : sequence of str
        How each layer is written.
    extra : sequence of (str, tuple of int)
        Additions: their names and blocks.

    Examples
    --------
    >>> [strategy.name for strategy in strategies(["1", "2"], [("mfcc", (2,))])]
    ['1', '2', '12', 'mfcc', '1+mfcc', '2+mfcc', '12+mfcc']
    """
    return joined([Strategy(_joined(digits, blocks), blocks) for blocks in _all(len(digits))], extra)


def candidates(
    layers: Sequence[Layer], digits: Sequence[str], kinds: Sequence[str], *, of: str
) -> list[Strategy]:
    """The candidates of some kinds, each once, the smallest first.

    Parameters
    ----------
    layers : sequence of Layer
        Those searched.
    digits : sequence of str
        How each of them is written.
    kinds : sequence of str
        Of `KINDS`.
    of : str
        Whose layers, for messages.

    Raises
    ------
    UnknownName
        No such kind.
    UsageError
        There are more than `MOST_CANDIDATES` of a kind, or layers to be weighted differ in dimension.

    Examples
    --------
    >>> three = [Layer(1, "a", 2), Layer(2, "b", 2), Layer(3, "c", 2)]
    >>> [strategy.name for strategy in candidates(three, "123", ["single", "prefixes", "weighted"], of="net")]
    ['1', '2', '3', '12', '123', 'weighted']
    """
    n, order = len(layers), by_depth(layers)
    counts = {"single": n, "prefixes": n, "pairs": n * (n - 1) // 2, "all": 2**n - 1, "weighted": 1}
    for kind in kinds:
        if kind not in counts:
            raise UnknownName("kind of candidates", kind, KINDS)
        if counts[kind] > MOST_CANDIDATES:
            raise UsageError(
                f"--candidates {kind} of the {n} layers of {of} are {counts[kind]:,}, and a search tries at "
                f"most {MOST_CANDIDATES}: name fewer layers, such as --features {of}:1-8, or try "
                "--candidates single, prefixes or weighted"
            )
    names: dict[tuple[int, ...], str] = {}
    for kind, subsets in (("single", _sized(n, 1)), ("pairs", _sized(n, 2)), ("all", _all(n))):
        if kind in kinds:
            names |= {blocks: _joined(digits, blocks) for blocks in subsets}
    if "prefixes" in kinds:
        for last in range(n):
            blocks = tuple(sorted(order[: last + 1]))
            names.setdefault(blocks, ranges_text([layers[i] for i in blocks], [digits[i] for i in blocks]))
    tried = [Strategy(names[blocks], blocks) for blocks in sorted(names, key=lambda one: (len(one), one))]
    return [*tried, _weighted(layers, digits, of)] if "weighted" in kinds else tried


def joined(plain: Sequence[Strategy], extra: Sequence[tuple[str, tuple[int, ...]]]) -> tuple[Strategy, ...]:
    """Candidates, then each addition (its name and blocks) alone and with every one of them."""
    more = []
    for name, blocks in extra:
        more.append(Strategy(name, blocks))
        more += [Strategy(f"{one.name}+{name}", (*one.blocks, *blocks), one.weighted) for one in plain]
    return (*plain, *more)


def _weighted(layers: Sequence[Layer], digits: Sequence[str], of: str) -> Strategy:
    widths = Counter(layer.dimension for layer in layers)
    if len(widths) > 1:
        width, n = widths.most_common(1)[0]
        alike = [i for i, layer in enumerate(layers) if layer.dimension == width]
        text = ranges_text([layers[i] for i in alike], [digits[i] for i in alike])
        raise UsageError(
            f"--candidates weighted sums layers with the same number of columns, and those of {of} differ: "
            + (f"name some that agree, such as --features {of}:{text}" if n > 1 else "no two of them agree")
        )
    return Strategy("weighted", tuple(range(len(layers))), weighted=len(layers))


def _sized(n: int, size: int) -> Iterator[tuple[int, ...]]:
    return combinations(range(n), size)


def _all(n: int) -> Iterator[tuple[int, ...]]:
    return chain.from_iterable(_sized(n, size) for size in range(1, n + 1))


def _joined(digits: Sequence[str], blocks: Sequence[int]) -> str:
    joint = "" if all(len(digit) == 1 for digit in digits) else ","
    return joint.join(digits[i] for i in blocks)
