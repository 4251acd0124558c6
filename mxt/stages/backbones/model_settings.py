"""The TOML file beside a model file: what mxt has to know of a network that its file does not tell."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mxt.core.errors import InputError
from mxt.core.files import translate_os_errors
from mxt.core.specs import WAVEFORM, Input, Layer, StageSpec, WeightsFile, Window
from mxt.stages.backbones.models import check_layers, inside, own_file

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array = npt.NDArray[np.float32]

POOLS = ("mean", "max", "mean_std", "none")


@dataclass(frozen=True, slots=True)
class Graph:
    """A graph that runs before the model.

    Parameters
    ----------
    path : Path
        Its file, in the folder of the model.
    scale, offset : float
        Its output ``x`` goes on as ``scale * x + offset``.
    """

    path: Path
    scale: float = 1.0
    offset: float = 0.0


@dataclass(frozen=True, slots=True)
class Output:
    """An output of the model as a layer.

    Parameters
    ----------
    output : str
        What the model calls it.
    layer : Layer
        What mxt calls it, with its number and dimension.
    pool : {"mean", "max", "mean_std", "none"}
        How values at several places become one row: their mean, their maximum, their mean and standard
        deviation one after the other, or all of them as they are.
    axis : int
        Which axis of the output holds the columns, counted as NumPy does.
    """

    output: str
    layer: Layer
    pool: str = "mean"
    axis: int = -1


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """What a TOML file says of a model.

    Parameters
    ----------
    path : Path
        The TOML file.
    sample_rate : int
        Hz.
    window : Window
        Which samples of a clip the model sees.
    input : Input
        The waveform, or a renderer.
    scale : float
        Waveforms are multiplied by it: 32768 for a model that was made for 16-bit samples.
    before : tuple of Graph
        Graphs that run before the model, in this order.
    outputs : tuple of Output
        The layers.
    label_files : tuple of Path
        Files with labels, in the folder of the model.
    licence, citation : str
        Of the model.
    """

    path: Path
    sample_rate: int
    window: Window
    input: Input
    scale: float
    before: tuple[Graph, ...]
    outputs: tuple[Output, ...]
    label_files: tuple[Path, ...] = ()
    licence: str = ""
    citation: str = ""

    def files(self) -> Iterator[WeightsFile]:
        """The files besides the model that were read for these settings."""
        yield own_file("settings", self.path)
        for number, path in enumerate(self.label_files, start=1):
            yield own_file(f"labels{number}", path)

    def resolved(self, spec: StageSpec, model: Path, library: str, files: Iterable[WeightsFile]) -> StageSpec:
        """The spec of a backbone for a model with these settings, read from `files` and run by `library`."""
        return replace(
            spec,
            summary=f"{model.name}, run by {library}",
            citation=self.citation,
            licence=self.licence or "not stated",
            sample_rate=self.sample_rate,
            input=self.input,
            window=self.window,
            layers=tuple(output.layer for output in self.outputs),
            files=tuple(files),
        )


@dataclass(slots=True)
class _Table:
    """A table of a TOML file, of which every key has to be read, or is unknown."""

    values: Mapping[str, Any]
    where: str
    read: set[str] = field(default_factory=set)

    def get(self, key: str, kind: type, default: Any = None) -> Any:
        self.read.add(key)
        value = self.values.get(key, default)
        if value is None:
            raise InputError(f"{self.where}: {key} is missing")
        if kind is float and type(value) is int:
            value = float(value)
        if type(value) is not kind and value is not default:
            raise InputError(f"{self.where}: {key} is {value!r}, expected {_WORDS[kind]}")
        return value

    def whole(self, key: str, *, default: int | None = None, maximum: int = 2**31) -> int:
        value = self.get(key, int, default)
        if not 1 <= value <= maximum:
            raise InputError(f"{self.where}: {key} is {value}, expected 1 to {maximum:,}")
        return int(value)

    def choice(self, key: str, choices: tuple[str, ...], default: str) -> Any:
        if (value := self.get(key, str, default)) not in choices:
            raise InputError(f"{self.where}: {key} is {value!r}, expected one of {', '.join(choices)}")
        return value

    def tables(self, key: str) -> list[_Table]:
        values = self.get(key, list, [])
        if not all(isinstance(value, dict) for value in values):
            raise InputError(f"{self.where}: {key} is made of tables: [[{key}]]")
        return [_Table(value, f"{self.where}: {key} {k}") for k, value in enumerate(values, start=1)]

    def done(self) -> None:
        if unknown := sorted(set(self.values) - self.read):
            raise InputError(
                f"{self.where}: {unknown[0]!r} means nothing here; known: {', '.join(sorted(self.read))}"
            )


_WORDS = {int: "a whole number", float: "a number", str: "text", list: "a list", dict: "a table"}


def settings_beside(model: Path) -> ModelSettings:
    """Read the TOML file that lies beside a model file and has its name.

    Raises
    ------
    InputError
        There is none, or it says something that cannot be.
    """
    path = model.with_suffix(".toml")
    if not path.exists():
        raise InputError(
            f"{path} is missing, which says how {model.name} is fed: mxt plugins describe {model}"
        )
    text = _text(inside(path.parent, path.name, what="the settings file"))
    try:
        values = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InputError(f"{path} is not TOML: {error}") from error
    top = _Table(values, path.name)
    sample_rate = top.whole("sample_rate", maximum=1_000_000)
    window = _Table(top.get("window", dict, {}), f"{path.name}: window")
    fed = _Table(top.get("input", dict, {}), f"{path.name}: input")
    layers = [
        _output(table, number, path.parent) for number, table in enumerate(top.tables("layers"), start=1)
    ]
    if not layers:
        raise InputError(f"{path.name}: layers is missing: which outputs are kept, [[layers]]")
    settings = ModelSettings(
        path=path,
        sample_rate=sample_rate,
        window=_window(window, sample_rate),
        input=_input(fed),
        scale=fed.get("scale", float, 1.0),
        before=tuple(_graph(table, path.parent) for table in top.tables("before")),
        outputs=tuple(output for output, _ in layers),
        label_files=tuple(dict.fromkeys(file for _, file in layers if file)),
        licence=top.get("licence", str, ""),
        citation=top.get("citation", str, ""),
    )
    for table in (top, window, fed):
        table.done()
    check_layers([output.layer for output in settings.outputs], where=path.name)
    return settings


def _window(table: _Table, sample_rate: int) -> Window:
    if not table.values:
        return Window.whole()
    samples = table.whole("samples")
    return Window.sliding(
        samples / sample_rate,
        table.whole("hop_samples", default=samples) / sample_rate,
        pad=table.choice("pad", ("repeat", "zero"), "zero"),
        tail=table.choice("tail", ("drop", "pad"), "drop"),
    )


def _input(table: _Table) -> Input:
    renderer, params = table.get("renderer", str, ""), table.get("params", dict, {})
    if not renderer and params:
        raise InputError(f"{table.where}: params belong to a renderer, and none is named")
    return Input(renderer, params) if renderer else WAVEFORM


def _graph(table: _Table, folder: Path) -> Graph:
    path = inside(folder, table.get("file", str), what=f"{table.where}: file")
    graph = Graph(path, table.get("scale", float, 1.0), table.get("offset", float, 0.0))
    table.done()
    return graph


def _output(table: _Table, number: int, folder: Path) -> tuple[Output, Path | None]:
    """An output, and the file of its labels."""
    output = table.get("output", str)
    labels, file = _labels(table, folder)
    layer = Layer(number, table.get("name", str, output), table.whole("dimension"), labels)
    axis = table.get("axis", int, -1)
    pooled = Output(output, layer, table.choice("pool", POOLS, "mean"), axis)
    table.done()
    return pooled, file


def _labels(table: _Table, folder: Path) -> tuple[tuple[str, ...], Path | None]:
    """Labels of the columns: a list, or a file with one per line."""
    value = table.values.get("labels", [])
    if not isinstance(value, str):
        return tuple(map(str, table.get("labels", list, []))), None
    table.read.add("labels")
    path = inside(folder, value, what=f"{table.where}: labels")
    return tuple(_text(path).splitlines()), path


def _text(path: Path) -> str:
    try:
        with translate_os_errors("reading", path):
            return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not text in UTF-8: {error}") from error


def pooled(values: Array, output: Output) -> Array:
    """One row, float32 [dimension], of what a model gives for one window."""
    import numpy as np

    if output.pool == "none":
        return np.asarray(values, np.float32).reshape(-1)
    places = np.moveaxis(np.atleast_1d(values), output.axis, -1)
    places = places.reshape(-1, places.shape[-1])
    if output.pool == "max":
        return np.asarray(places.max(axis=0), np.float32)
    means = places.mean(axis=0, dtype=np.float64)
    if output.pool == "mean_std":
        means = np.concatenate([means, places.std(axis=0, dtype=np.float64)])
    return np.asarray(means, np.float32)
