"""The grammar of views: ``label[:layers]`` joined by ``+``."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from mxt.core.errors import UnknownName, UsageError, listed
from mxt.core.specs import INPUT, Layer

LABEL = re.compile(r"[A-Za-z0-9_.-]+")
LONGEST_LABEL = 100


@dataclass(frozen=True, slots=True)
class Part:
    """One feature table of a view and the layers chosen from it, as typed (``None``: all)."""

    label: str
    layers: str | None = None

    def __str__(self) -> str:
        return self.label if self.layers is None else f"{self.label}:{self.layers}"


def parse_view(text: str) -> tuple[Part, ...]:
    """Split a view into its parts.

    Raises
    ------
    UsageError
        The text is not of the form ``label[:layers]`` joined by ``+``.

    Examples
    --------
    >>> [str(part) for part in parse_view("convnet:12345+mfcc")]
    ['convnet:12345', 'mfcc']
    """
    parts = []
    for piece in text.split("+"):
        label, colon, layers = piece.strip().partition(":")
        if not LABEL.fullmatch(label) or (colon and not layers.strip()):
            raise UsageError(
                f"{text!r} is not a view; views look like convnet:135, convnet:1,3 or convnet:12345+mfcc"
            )
        parts.append(Part(label, layers.strip() if colon else None))
    if len({str(part) for part in parts}) != len(parts):
        raise UsageError(f"{text!r} names one part twice")
    return tuple(parts)


def choose_layers(text: str | None, layers: Sequence[Layer], *, of: str) -> tuple[Layer, ...]:
    """The layers that `text` names, in the backbone's order.

    Parameters
    ----------
    text : str or None
        ``"135"`` (bare digits: single layers, where there are at most nine), ``"1,3,5"``, names
        separated by commas, ranges of either (``"1-6"``), ``"all"`` or ``None``.
    layers : sequence of Layer
        All layers.
    of : str
        Whose layers, for the message.

    Raises
    ------
    UnknownName
        No such layer; the message names those there are.
    """
    if text is None or text.strip().lower() == "all":
        return tuple(layers)
    by_name = {layer.name: layer for layer in layers} | {str(layer.number): layer for layer in layers}
    text = text.strip()
    if text in by_name:
        wanted = [text]
    elif text.isdigit() and len(layers) <= 9:
        wanted = list(text)
    else:
        wanted = [word.strip() for word in text.split(",") if word.strip()]
    chosen: set[int] = set()
    for word in wanted:
        ends = [by_name[end].number for end in _ends(word, by_name)]
        if not ends:
            raise UnknownName(f"layer of {of}", word, [], instead=f"its layers are {describe_layers(layers)}")
        chosen |= set(range(min(ends), max(ends) + 1))
    if not wanted:
        raise UsageError(f"no layer chosen; the layers of {of} are {describe_layers(layers)}")
    return tuple(layer for layer in layers if layer.number in chosen)


def _ends(word: str, known: Collection[str]) -> list[str]:
    """A layer, or the ends of a range, whose names may hold hyphens; empty where `word` is neither."""
    if word in known:
        return [word]
    hyphens = [i for i, letter in enumerate(word) if letter == "-"]
    pairs = ([word[:i].strip(), word[i + 1 :].strip()] for i in hyphens)
    return next((pair for pair in pairs if set(pair) <= set(known)), [])


def describe_layers(layers: Sequence[Layer]) -> str:
    """``"1 (block1), 2 (block2)"``, for messages."""
    return listed(f"{layer.number} ({layer.name})" for layer in layers)


def layers_text(chosen: Sequence[Layer], layers: Sequence[Layer]) -> str | None:
    """The canonical text for `chosen`: ``None`` for all, digits if names end in them, else names."""
    if len(chosen) == len(layers):
        return None
    if len(layers) <= 9 and all(layer.name.endswith(str(layer.number)) for layer in layers):
        return "".join(str(layer.number) for layer in chosen)
    return ",".join(layer.name for layer in chosen)


def ranges_text(chosen: Sequence[Layer], words: Sequence[str]) -> str:
    """The shortest text for `chosen`, each written as in `words`: digits, or names with ranges of them.

    Examples
    --------
    >>> layers = [Layer(k, f"layer{k}", 768) for k in (1, 2, 3, 4, 12)]
    >>> ranges_text(layers, [layer.name for layer in layers])
    'layer1-layer4,layer12'
    """
    if all(len(word) == 1 for word in words):
        return "".join(words)
    runs: list[list[int]] = []
    for i, layer in enumerate(chosen):
        if runs and chosen[runs[-1][-1]].number == layer.number - 1 and layer.name != INPUT:
            runs[-1].append(i)
        else:
            runs.append([i])
    return ",".join(
        f"{words[run[0]]}-{words[run[-1]]}" if len(run) > 2 else ",".join(words[i] for i in run)
        for run in runs
    )
