"""What a stage declares about itself: plain values, light to import."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from mxt.core.errors import PluginError, UnknownName
from mxt.core.params import PARAM_TYPES, Param
from mxt.core.weights_file import WeightsFile as WeightsFile

Kind = Literal["dataset", "normalizer", "renderer", "backbone", "head", "protocol", "report"]
KINDS: tuple[Kind, ...] = ("dataset", "normalizer", "renderer", "backbone", "head", "protocol", "report")
FIELDS = ("music", "speech", "wildlife", "general", "baselines")
INPUT = "input"  # the name of the layer that is what enters the first one


@dataclass(frozen=True, slots=True)
class Layer:
    """One tap of a backbone: its number from 1, its name, its dimension, and labels of the columns if any.

    A layer called ``tags`` or ``species`` holds probabilities of its labels, of which `mxt info CLIP` shows
    the strongest. One called `INPUT` is what enters the first layer, whatever its number.
    """

    number: int
    name: str
    dimension: int
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Window:
    """Which samples of a clip a backbone sees. mxt cuts, pads, batches and averages; authors do not.

    Parameters
    ----------
    kind : {"whole", "fixed", "sliding"}
        The whole clip (up to `seconds`, where given); one window of fixed length from the start;
        or windows every `hop_seconds`, whose features are averaged.
    seconds : float, optional
        Length of the window.
    hop_seconds : float, optional
        Distance between two windows (``sliding``).
    pad : {"repeat", "zero"}
        How a clip shorter than one window is filled: repeated end to end, or followed by zeros.
    tail : {"drop", "pad"}
        What becomes of the last partial window (``sliding``).
    margin_seconds : float
        Zeros added before and after the clip (``sliding``), as a centred STFT of the whole clip would.
    min_samples : int
        Shorter clips are zero-padded to this many samples (``whole``).
    """

    kind: Literal["whole", "fixed", "sliding"] = "whole"
    seconds: float | None = None
    hop_seconds: float | None = None
    pad: Literal["repeat", "zero"] = "repeat"
    tail: Literal["drop", "pad"] = "drop"
    margin_seconds: float = 0.0
    min_samples: int = 1

    @classmethod
    def whole(cls, *, max_seconds: float | None = None, min_samples: int = 1) -> Window:
        """The whole clip, or its first `max_seconds`."""
        return cls(kind="whole", seconds=max_seconds, pad="zero", min_samples=min_samples)

    @classmethod
    def fixed(cls, seconds: float, *, pad: Literal["repeat", "zero"] = "repeat") -> Window:
        """The first `seconds`; shorter clips are filled."""
        return cls(kind="fixed", seconds=seconds, pad=pad)

    @classmethod
    def sliding(
        cls,
        seconds: float,
        hop_seconds: float,
        *,
        pad: Literal["repeat", "zero"] = "repeat",
        tail: Literal["drop", "pad"] = "drop",
        margin_seconds: float = 0.0,
    ) -> Window:
        """Windows of `seconds` every `hop_seconds`, averaged over the clip."""
        return cls("sliding", seconds, hop_seconds, pad, tail, margin_seconds)


@dataclass(frozen=True, slots=True)
class Input:
    """What a backbone is fed with: the waveform, or a named renderer's output with these parameters."""

    renderer: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)


WAVEFORM = Input()


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What a person should know about a data set before using it.

    Parameters
    ----------
    origin : str
        Who made it, when, from what.
    size : str
        Clips, seconds, classes.
    homepage : str
        Where it is described; may be empty.
    get : str
        How to get it.
    layout : str
        The files as they are distributed.
    papers : tuple of str
        To be cited, the data set's own first.
    faults : str
        What is known to be wrong with it.
    """

    origin: str
    size: str
    homepage: str = ""
    get: str = ""
    layout: str = ""
    papers: tuple[str, ...] = ()
    faults: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageSpec:
    """A stage as the registry knows it, without importing its code.

    Parameters
    ----------
    kind, name, summary : str
        What it is, what it is called (letters, digits, ``_``), and one line about it.
    target : str
        ``"package.module:attribute"``, a frozen dataclass of the parameters; imported when used.
    params : tuple of Param
        Its parameters.
    version : int
        Raised when results change: old rows are then never returned.
    citation, licence : str
        For `mxt stages`.
    commercial : {"yes", "no", "unknown"}
        Whether the licences of code and weights allow commercial use.
    field : str
        What it was made for, one of `FIELDS` (backbones); `mxt stages backbones` groups them by it.
    requires : mapping
        Modules that it imports and mxt does not bring, each with the line that installs it:
        ``{"onnxruntime": "pip install 'mxt[onnx]'"}``. Without them mxt refuses the stage with that line.
    sample_rate : int, optional
        Hz (backbones).
    input : Input
        The waveform or a renderer (backbones).
    window : Window
        Which part of a clip is used (backbones).
    layers : tuple of Layer
        What is stored (backbones); `default_layers` those of the view where none are asked for,
        as one would type them (``None``: all).
    weights : tuple of WeightsFile
        Weight sets; the first is the default.
    needs : tuple of str
        Levels of the whole clip a normalizer needs: ``"peak"``, ``"rms"``, ``"lufs"``.
    whole_clip : bool
        True for a normalizer that has to be given the clip as a whole, at the backbone's rate, because it
        changes the length or looks at all of it; what it returns is then cut into windows.
    batch_windows : int
        Windows a forward pass takes; batches have this fixed shape, missing places zero.
    rows_together : int
        0: a feature depends on its clip alone. Else that many consecutive catalogue rows are one
        unit of work (a paper's batch mode), and the table belongs to one ordered data set.
    tolerance : float
        Largest relative difference allowed between batches and single clips, and between devices.
    card : Card, optional
        What a person should know about the data set (datasets).
    files : tuple of WeightsFile
        What a network that is a parameter was read from, by their roles; `resolve` names them, and their
        hashes are part of the fingerprint. One without a source is not a file: the weights in memory.
    resolve : str, optional
        ``"package.module:function"`` from (spec, checked parameters, weight set name) to the spec
        that holds for them.
    """

    kind: Kind
    name: str
    summary: str
    target: str
    params: tuple[Param, ...] = ()
    version: int = 1
    citation: str = ""
    licence: str = ""
    commercial: Literal["yes", "no", "unknown"] = "unknown"
    requires: Mapping[str, str] = field(default_factory=dict)
    field: str = ""
    sample_rate: int | None = None
    input: Input = WAVEFORM
    window: Window = Window()
    layers: tuple[Layer, ...] = ()
    default_layers: str | None = None
    weights: tuple[WeightsFile, ...] = ()
    needs: tuple[str, ...] = ()
    whole_clip: bool = False
    batch_windows: int = 8
    rows_together: int = 0
    tolerance: float = 1e-5
    card: Card | None = None
    files: tuple[WeightsFile, ...] = ()
    resolve: str | None = None

    def problems(self) -> list[str]:
        """What is wrong with this spec, a sentence for each problem."""
        problems = []
        if self.kind not in KINDS:
            problems.append(f"kind {self.kind!r} is not one of {', '.join(KINDS)}")
        if not self.name.isidentifier():
            problems.append(f"name {self.name!r} has characters other than letters, digits and _")
        module, _, attribute = self.target.partition(":")
        if not module or not attribute:
            problems.append(f"target {self.target!r} is not of the form 'package.module:attribute'")
        counts = Counter(param.name for param in self.params)
        problems += [f"parameter {name!r} occurs twice" for name in sorted(counts) if counts[name] > 1]
        problems += [
            f"parameter {param.name!r} has the unknown type {param.type!r}"
            for param in self.params
            if param.type not in PARAM_TYPES
        ]
        if self.field not in ("", *FIELDS):
            problems.append(f"field {self.field!r} is not one of {', '.join(FIELDS)}")
        if self.commercial not in ("yes", "no", "unknown"):
            problems.append(f"commercial is 'yes', 'no' or 'unknown', not {self.commercial!r}")
        if self.kind == "backbone" and (self.files or not self.model_param):
            problems += self._backbone_problems()
        return problems

    @property
    def model_param(self) -> str:
        """The parameter that says where the network lies (``--model``); empty where the stage brings it."""
        return next((param.name for param in self.params if param.type == "model"), "")

    def _backbone_problems(self) -> list[str]:
        problems = []
        if not self.sample_rate or self.sample_rate < 1:
            problems.append("a backbone states its sample_rate in Hz")
        if not self.layers:
            problems.append("a backbone states its layers")
        if [layer.number for layer in self.layers] != list(range(1, len(self.layers) + 1)):
            problems.append("layers are numbered from 1 without gaps")
        if len({layer.name for layer in self.layers}) != len(self.layers):
            problems.append("two layers have one name")
        problems += [
            f"layer {layer.name!r} has {len(layer.labels)} labels for {layer.dimension} columns"
            for layer in self.layers
            if layer.labels and len(layer.labels) != layer.dimension
        ]
        return problems

    def check(self) -> None:
        """Raise `PluginError` if there are `problems`."""
        if problems := self.problems():
            raise PluginError(f"{self.kind} {self.name!r}: " + "; ".join(problems))

    def parameters(self, given: Mapping[str, object]) -> dict[str, Any]:
        """All parameters: the given ones, checked, and defaults for the others.

        Raises
        ------
        UnknownName, UsageError
            A name this stage does not have, or a value that does not fit.
        """
        known = {param.name: param for param in self.params}
        for name in given:
            if name not in known:
                raise UnknownName(f"parameter of {self.kind} {self.name}", name, known)
        return {
            name: param.check(given[name]) if name in given else param.default
            for name, param in known.items()
        }

    def changed(self, params: Mapping[str, object]) -> dict[str, Any]:
        """Those of `params` that differ from the defaults."""
        return {p.name: params[p.name] for p in self.params if params[p.name] != p.default}

    def weight_set(self, name: str | None) -> WeightsFile | None:
        """The weight set called `name` (``None``: the default one); ``None`` where the stage has none."""
        if name is None:
            return self.weights[0] if self.weights else None
        for file in self.weights:
            if file.name == name:
                return file
        raise UnknownName(f"weight set of {self.name}", name, [file.name for file in self.weights])
