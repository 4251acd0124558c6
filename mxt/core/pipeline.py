"""A pipeline is everything but the clip that decides a feature; its hash is the fingerprint."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from mxt.core.identity import canonical_json, sha256_text
from mxt.core.specs import StageSpec, WeightsFile
from mxt.core.views import LONGEST_LABEL

DECODING_VERSION = 2  # raised when decoding, mixing to mono or cutting windows changes a feature


@dataclass(frozen=True, slots=True)
class Chosen:
    """A stage with its checked parameters.

    Parameters
    ----------
    spec : StageSpec
        As resolved for these parameters.
    params : mapping
        Every parameter with its value.
    distribution : str
        The package that brings the stage.
    source_sha256 : str
        Hash of the stage's module if it may be edited in place (one-file plugins, editable installs).
    """

    spec: StageSpec
    params: Mapping[str, Any]
    distribution: str = "mxt"
    source_sha256: str = ""

    def identity(self) -> dict[str, Any]:
        """What enters the fingerprint, without parameters that were added later and change nothing."""
        silent = {p.name for p in self.spec.params if p.added and self.params[p.name] == p.earlier}
        if self.spec.files:  # what is in them, wherever they lie
            silent.add(self.spec.model_param)
        identity: dict[str, Any] = {
            "name": self.spec.name,
            "distribution": self.distribution,
            "version": self.spec.version,
            "params": {name: value for name, value in self.params.items() if name not in silent},
        }
        if self.spec.files:
            identity["files"] = {file.name: file.sha256 for file in self.spec.files}
        if self.source_sha256:
            identity["source_sha256"] = self.source_sha256
        return identity


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Normalizer, resampler, renderer and backbone with their parameters and weights.

    Parameters
    ----------
    backbone, normalizer, renderer : Chosen
        `renderer` is ``None`` where the backbone reads the waveform.
    resampler : str
        ``"soxr"`` or ``"kaiser_best"``.
    weights : WeightsFile, optional
        The chosen set; `weights_name` is empty for the default one.
    batch_of : str
        For a batch mode (``rows_together``): hash of the ordered audio keys of the data set, and
        `dataset` its name; both empty otherwise.
    """

    backbone: Chosen
    normalizer: Chosen
    renderer: Chosen | None = None
    resampler: str = "soxr"
    weights: WeightsFile | None = None
    weights_name: str = ""
    batch_of: str = ""
    dataset: str = ""
    notes: Mapping[str, str] = field(default_factory=dict)

    @property
    def stages(self) -> tuple[Chosen, ...]:
        """Normalizer, renderer where there is one, and backbone."""
        return (self.normalizer, *([self.renderer] if self.renderer else []), self.backbone)

    def identity(self) -> dict[str, Any]:
        """Plain values that decide the features; equal identities give equal features."""
        spec = self.backbone.spec
        identity: dict[str, Any] = {
            "decoding": DECODING_VERSION,
            "normalizer": self.normalizer.identity(),
            "resampler": self.resampler,
            "renderer": self.renderer.identity() if self.renderer else None,
            "backbone": self.backbone.identity(),
            "sample_rate": spec.sample_rate,
            "window": asdict(spec.window),
            "layers": [[layer.name, layer.dimension] for layer in spec.layers],
            "weights": {"name": self.weights.name, "sha256": self.weights.digest} if self.weights else None,
        }
        if spec.rows_together:
            identity |= {"rows_together": spec.rows_together, "batch_of": self.batch_of}
        return identity

    @property
    def fingerprint(self) -> str:
        """64 hexadecimal digits."""
        return sha256_text(canonical_json(self.identity()))

    @property
    def label(self) -> str:
        """The backbone's name and what differs from its defaults, e.g. ``convnet-keras2-peak``."""
        words = [self.backbone.spec.name]
        if self.weights_name:
            words.append(self.weights_name)
        words += _differences(self.backbone, {})
        if self.renderer:
            words += _differences(self.renderer, self.backbone.spec.input.params)
        if self.resampler != "soxr":
            words.append(self.resampler)
        if self.normalizer.spec.name != "none":
            words += [self.normalizer.spec.name, *_differences(self.normalizer, {})]
        if self.dataset:
            words.append(self.dataset)
        text = "-".join(words)
        return "".join(c if c.isalnum() or c in "_-." else "_" for c in text)[:LONGEST_LABEL]


def _differences(stage: Chosen, usual: Mapping[str, Any]) -> list[str]:
    """Parameters that differ from `usual`, or else from the defaults, as words of a label."""
    words = []
    for param in stage.spec.params:
        value = stage.params[param.name]
        if value == usual.get(param.name, param.default):
            continue
        if param.type == "model":
            names = [value] if os.path.exists(value) else value.split("@")  # NAME@REVISION, MODULE@WEIGHTS
            words.append(Path(value).stem if os.path.isfile(value) else "@".join(Path(n).name for n in names))
        elif param.type == "choice":
            words.append(str(value))
        elif isinstance(value, tuple):
            words.append(param.name + "_".join(f"{v:g}" if isinstance(v, float) else str(v) for v in value))
        else:
            words.append(
                f"{param.name}{value:g}" if isinstance(value, (int, float)) else f"{param.name}_{value}"
            )
    return words
