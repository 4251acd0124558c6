"""The TOML file of a model, as far as the model file tells; the rest stands there to be filled in."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

Shape = tuple[int | None, ...]  # None: a dimension that the file does not fix


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What a model file tells of itself.

    Parameters
    ----------
    path : Path
        The file.
    input : str
        Name of its input, and `input_shape` that input's shape.
    outputs : mapping
        Names and shapes of its outputs.
    """

    path: Path
    input: str
    input_shape: Shape
    outputs: Mapping[str, Shape]

    @property
    def samples(self) -> int | None:
        """Length of the waveform it takes; ``None`` where it takes any length, or something else."""
        sizes = [size for size in self.input_shape[1:] if size != 1]
        return sizes[0] if len(sizes) == 1 else None

    @property
    def takes_waveform(self) -> bool:
        """Whether its input has one axis besides that of the batch and those of length 1."""
        return len([size for size in self.input_shape[1:] if size != 1]) <= 1

    @property
    def unknown(self) -> tuple[str, ...]:
        """Keys of the TOML file that the model file does not tell."""
        input_ = () if self.takes_waveform else ("input or before", "samples")
        open_ = [f"dimension of {name}" for name, shape in self.outputs.items() if not shape or not shape[-1]]
        return ("sample_rate", *input_, *open_)


def template(facts: ModelFacts) -> str:
    """The text of the TOML file; keys that are unknown are there as comments.

    Examples
    --------
    >>> print(template(ModelFacts(Path("net.onnx"), "x", (None, 16000), {"out": (None, 9, 64)})))
    # How mxt feeds net.onnx, and what it keeps. Its input 'x' is [·, 16000].
    # sample_rate =            # Hz; the file does not tell
    licence = ""
    citation = ""
    <BLANKLINE>
    [window]
    samples = 16000
    hop_samples = 16000
    pad = "zero"               # a shorter clip: "zero", "repeat"
    tail = "drop"              # a last partial window: "drop", "pad"
    <BLANKLINE>
    [input]
    scale = 1.0                # 32768 for a model made for 16-bit samples
    <BLANKLINE>
    [[layers]]                 # [·, 9, 64]
    output = "out"
    name = "out"
    dimension = 64
    pool = "mean"              # over all other axes: "mean", "max", "mean_std", "none"
    axis = -1                  # the one that holds the columns
    <BLANKLINE>
    """
    parts = [_head(facts), *_window(facts), "[input]", *_input(facts), ""]
    for name, shape in facts.outputs.items():
        parts += _layer(name, shape)
    return "\n".join(parts)


def _head(facts: ModelFacts) -> str:
    fed = f"Its input {_quoted(facts.input, single=True)} is {shape_text(facts.input_shape)}."
    name = _quoted(facts.path.name, single=True)[1:-1]
    return (
        f"# How mxt feeds {name}, and what it keeps. {fed}\n"
        + _line("# sample_rate =", "Hz; the file does not tell")
        + '\nlicence = ""\ncitation = ""\n'
    )


def _window(facts: ModelFacts) -> list[str]:
    if facts.takes_waveform and facts.samples is None:
        return [_line("# [window]", "without one, the whole clip is given at once"), ""]
    size = facts.samples if facts.takes_waveform else None
    lengths = [f"samples = {size}", f"hop_samples = {size}"]
    if size is None:
        lengths = [_line("# samples =", "of the waveform, for the renderer or the graph before")]
    return [
        "[window]",
        *lengths,
        _line('pad = "zero"', 'a shorter clip: "zero", "repeat"'),
        _line('tail = "drop"', 'a last partial window: "drop", "pad"'),
        "",
    ]


def _input(facts: ModelFacts) -> list[str]:
    scale = _line("scale = 1.0", "32768 for a model made for 16-bit samples")
    if facts.takes_waveform:
        return [scale]
    return [
        scale,
        _line('# renderer = "melspectrogram"', "mxt stages renderers"),
        _line("# params = { n_mels = 64 }", "of the renderer"),
        "",
        _line("# [[before]]", "or a graph that makes this input of the waveform"),
        _line('# file = "melspectrogram.onnx"', "beside this file"),
        _line("# scale = 1.0", "its output x goes on as scale * x + offset"),
        "# offset = 0.0",
    ]


def _layer(name: str, shape: Shape) -> list[str]:
    safe = re.sub(r"[^A-Za-z0-9_.-]+", "_", name).strip("_.-") or "output"
    width = shape[-1] if shape else None
    return [
        _line("[[layers]]", shape_text(shape)),
        f"output = {_quoted(name)}",
        f"name = {_quoted(safe[:80])}",
        f"dimension = {width}" if width else _line("# dimension =", "the file does not tell"),
        _line('pool = "mean"', 'over all other axes: "mean", "max", "mean_std", "none"'),
        _line("axis = -1", "the one that holds the columns"),
        "",
    ]


def _line(text: str, comment: str) -> str:
    return f"{text:<26} # {comment}"


def shape_text(shape: Shape) -> str:
    """A shape in brackets; a dimension that the file does not fix is a dot.

    Examples
    --------
    >>> shape_text((None, 76, 32, 1))
    '[·, 76, 32, 1]'
    """
    return f"[{', '.join('·' if size is None else str(size) for size in shape)}]"


def _quoted(text: str, *, single: bool = False) -> str:
    """Text as TOML writes it: nothing in it can end the string, or steer a terminal."""
    quoted = json.dumps(
        "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text), ensure_ascii=False
    )
    return f"'{quoted[1:-1]}'" if single else quoted
