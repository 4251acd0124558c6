"""Everyday sounds as a backbone: Cnn14 of PANNs, with weights and names of 527 sounds, a set of two files::

    mxt weights fetch cnn14 --plugin cnn14.py
    mxt --plugin cnn14.py extract --backbone cnn14

Downloaded by hand, they are imported: ``mxt weights import Cnn14_mAP=0.431.pth class_labels_indices.csv``.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mxt.plugin import Input, Layer, StageSpec, WeightsError, WeightsFile, Window, hookimpl, place_of

MODEL, LABELS = "Cnn14_mAP=0.431.pth", "class_labels_indices.csv"
WIDTHS = {f"block{k}": 32 * 2**k for k in range(1, 7)} | {"embedding": 2048, "tags": 527}
KONG_2020 = "Q. Kong et al.: PANNs: large-scale pretrained audio neural networks, TASLP 2020"


@dataclass(frozen=True)
class Cnn14:
    """Its six blocks, each pooled over bands and time as the last one is; the embedding; the sounds."""

    def prepare(self, weights: Path, device: str) -> Any:
        """A function from log mel spectra [N, 64, frames] to features; `weights` is the folder of the set."""
        import torch
        from torch.nn import functional as F

        try:
            t = torch.load(weights / MODEL, map_location=device, weights_only=True)["model"]
        except Exception as error:  # of its unpickler, without a common base
            raise WeightsError(f"{weights / MODEL} does not hold Cnn14: {error}") from error

        def norm(x: Any, name: str) -> Any:
            parts = (t[f"{name}.{part}"] for part in ("running_mean", "running_var", "weight", "bias"))
            return F.batch_norm(x, *parts)

        def features(pictures: Any) -> dict[str, Any]:
            with torch.inference_mode():
                x, layers = norm(pictures, "bn0").transpose(1, 2)[:, None], {}
                for k in range(1, 7):
                    for half in (1, 2):
                        x = F.conv2d(x, t[f"conv_block{k}.conv{half}.weight"], padding=1)
                        x = F.relu(norm(x, f"conv_block{k}.bn{half}"))
                    x = F.avg_pool2d(x, 2) if k < 6 else x
                    in_time = x.mean(3)
                    layers[f"block{k}"] = in_time.amax(2) + in_time.mean(2)
                layers["embedding"] = F.relu(F.linear(layers["block6"], t["fc1.weight"], t["fc1.bias"]))
                logits = F.linear(layers["embedding"], t["fc_audioset.weight"], t["fc_audioset.bias"])
                layers["tags"] = torch.sigmoid(logits)
                return {name: values.cpu().numpy() for name, values in layers.items()}

        return features


def resolve(spec: StageSpec, _params: Mapping[str, Any], _weights: str | None) -> StageSpec:
    """The spec with the names of the sounds, once their file is here."""
    file = place_of(spec.weights[0]) / LABELS
    if not file.is_file():
        return spec
    names = tuple(row["display_name"] for row in csv.DictReader(file.read_text("utf-8").splitlines()))
    return replace(spec, layers=(*spec.layers[:-1], replace(spec.layers[-1], labels=names)))


@hookimpl
def mxt_stages() -> list[StageSpec]:
    """The one stage of this file."""
    model = WeightsFile(
        name="model",
        filename=MODEL,
        source="https://zenodo.org/records/3987831/files/Cnn14_mAP%3D0.431.pth",
        sha256="0dc499e40e9761ef5ea061ffc77697697f277f6a960894903df3ada000e34b31",
        size=327_428_481,
    )
    labels = WeightsFile(
        name="labels",
        filename=LABELS,
        source=f"https://storage.googleapis.com/us_audioset/youtube_corpus/v1/csv/{LABELS}",
        sha256="cdd1049833c4b86127c2773ac0d14a2754b6a6d0d1798002ed5c66e699708429",
    )
    mel = {"n_fft": 1024, "hop_length": 320, "n_mels": 64, "fmin": 50.0, "fmax": 14_000.0}
    backbone = StageSpec(
        kind="backbone",
        name="cnn14",
        summary="Cnn14 of PANNs: a network that knows 527 sounds of AudioSet",
        target=":Cnn14",
        licence="MIT; weights: CC BY 4.0 (fetched by you)",
        commercial="yes",
        field="general",
        sample_rate=32_000,
        input=Input("melspectrogram", {**mel, "pad": "reflect", "reference": "none"}),
        window=Window.whole(max_seconds=30, min_samples=9920),
        layers=tuple(Layer(k, name, width) for k, (name, width) in enumerate(WIDTHS.items(), start=1)),
        default_layers="embedding",
        weights=(
            WeightsFile("released", "cnn14", licence="CC BY 4.0", citation=KONG_2020, parts=(model, labels)),
        ),
        resolve=":resolve",
    )
    return [backbone]
