"""A voice as a backbone: the GE2E encoder of Resemblyzer, a network of three LSTMs, with its own weights::

    mxt weights fetch ge2e --plugin ge2e.py
    mxt --plugin ge2e.py extract --backbone ge2e --normalizer rms --set target_db=-30

Only the weights are read out of the Python package (16 MB); none of it is installed or run. The package
itself raises quiet recordings to -30 dBFS, as ``rms`` does; it also cuts silence out, and keeps a last window
that is three quarters full, which mxt does not.
"""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mxt.plugin import Input, Layer, StageSpec, WeightsFile, Window, hookimpl, read_members

SAMPLE_RATE, N_FFT, HOP, BANDS, FRAMES = 16_000, 400, 160, 40, 160
MODEL, WIDTH = "resemblyzer/pretrained.pt", 256
WAN_2018 = "L. Wan et al.: Generalized end-to-end loss for speaker verification, ICASSP 2018"


@dataclass(frozen=True)
class Ge2e:
    """The last states of its three LSTMs, and the embedding, whose length is 1."""

    def prepare(self, weights: Path, device: str) -> Any:
        """A function from mel power spectra [N, 40, 160] to features."""
        import torch

        file = io.BytesIO(read_members(weights, [MODEL])[MODEL])
        tensors = torch.load(file, map_location=device, weights_only=True)["model_state"]
        lstm = torch.nn.LSTM(BANDS, WIDTH, num_layers=3, batch_first=True, device=device)
        lstm.load_state_dict({name[5:]: value for name, value in tensors.items() if name.startswith("lstm.")})

        def features(pictures: Any) -> dict[str, Any]:
            with torch.inference_mode():
                _, (states, _) = lstm(pictures.transpose(1, 2))
                raw = torch.relu(states[-1] @ tensors["linear.weight"].T + tensors["linear.bias"])
                layers = {f"lstm{k}": state for k, state in enumerate(states, start=1)}
                layers["embedding"] = torch.nn.functional.normalize(raw)
                return {name: values.cpu().numpy() for name, values in layers.items()}

        return features


@hookimpl
def mxt_stages() -> list[StageSpec]:
    """The one stage of this file."""
    released = WeightsFile(
        name="released",
        filename="Resemblyzer-0.1.4-py3-none-any.whl",
        source="pip:Resemblyzer==0.1.4",
        sha256="8f12eb2f1a9982d32e8db7856de754709b59c93a77bcf0ff536584b619a9dd1f",
        size=15_747_704,
        licence="Apache 2.0",
        citation=WAN_2018,
    )
    mel = {"n_fft": N_FFT, "hop_length": HOP, "n_mels": BANDS, "scale": "power", "pad": "none"}
    backbone = StageSpec(
        kind="backbone",
        name="ge2e",
        summary="GE2E voice encoder of Resemblyzer: who is speaking, rather than what is said",
        target=":Ge2e",
        licence="Apache 2.0",
        commercial="yes",
        field="speech",
        sample_rate=SAMPLE_RATE,
        input=Input("melspectrogram", mel),
        # 160 centred spectra every 77
        window=Window.sliding(
            ((FRAMES - 1) * HOP + N_FFT) / SAMPLE_RATE,
            77 * HOP / SAMPLE_RATE,
            margin_seconds=N_FFT / 2 / SAMPLE_RATE,
            pad="zero",
        ),
        layers=tuple(
            Layer(k, name, WIDTH) for k, name in enumerate(("lstm1", "lstm2", "lstm3", "embedding"), 1)
        ),
        default_layers="embedding",
        weights=(released,),
    )
    return [backbone]
