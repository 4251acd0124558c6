"""Specs of the built-in backbones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mxt.core.params import Param
from mxt.core.specs import Input, Layer, StageSpec, WeightsFile, Window
from mxt.stages.backbones.inception_v3_specs import INCEPTION_V3
from mxt.stages.citations import CHOI_2017

STATISTICS = ("clip_ref", "fixed_ref", "gtzan_genre_rows_0_255", "gtzan_genre_rows_256_511", "batch")
BATCH_ROWS = 256
_REPOSITORY = "https://raw.githubusercontent.com/keunwoochoi/transfer_learning_music"
_NO_LICENCE = "none stated"
_NOTE = (
    "from the authors' repository keunwoochoi/transfer_learning_music, which states no licence: "
    "you fetch it, mxt never contains it"
)

# REFERENCE: 512-point power spectra, hop 256; Theano flips its kernels, which delays the signal by one sample
_INPUT: Mapping[str, Any] = {
    "n_fft": 512,
    "hop_length": 256,
    "delay_samples": 1,
    "n_mels": 96,
    "fmin": 0.0,
    "fmax": 6000.0,
    "reference": "clip_maximum",
    "floor_db": -80.0,
}
_FIVE_BLOCKS = tuple(Layer(k, f"block{k}", 32) for k in range(1, 6))

CONVNET = StageSpec(
    kind="backbone",
    name="convnet",
    summary="Music tagger of Choi et al. 2017: five layers, trained on the Million Song Dataset",
    target="mxt.stages.backbones.convnet:ConvNet",
    params=(
        Param(
            "statistics",
            "choice",
            "clip_ref",
            "statistics of batch normalization. clip_ref: of 100 excerpts, 0 dB is the maximum of each clip; "
            "fixed_ref: of 512 clips, 0 dB is the same for all; gtzan_genre_rows_…: of the first two batches "
            "of the authors; batch: of 256 consecutive clips computed together, as in the paper",
            choices=STATISTICS,
        ),
    ),
    citation=CHOI_2017,
    licence=f"weights: {_NO_LICENCE} (you fetch them)",
    field="music",
    sample_rate=12_000,
    input=Input("melspectrogram", _INPUT),
    window=Window.fixed(29, pad="repeat"),
    layers=_FIVE_BLOCKS,
    weights=(
        WeightsFile(
            name="released",
            filename="weights_layer4_theano.hdf5",
            source=f"{_REPOSITORY}/master/weights_transfer/weights_layer4_theano.hdf5",
            sha256="caf89f811415691fbb245be7eef394b9cebd787d7e3f78e29695972141cf2a08",
            size=1_329_264,
            licence=_NO_LICENCE,
            citation=CHOI_2017,
            note=_NOTE,
        ),
        WeightsFile(
            name="keras2",
            filename="keras2_model_best.hdf5",
            source=f"{_REPOSITORY}/bae88053cb16a2f149524f99d9e2976e53636297/keras2_model/model_best.hdf5",
            sha256="b5042bd44de1fdd9d757b764d9246e6934f47c8bdc5c15bf13566495f3439d48",
            size=1_545_360,
            licence=_NO_LICENCE,
            citation=CHOI_2017,
            note=_NOTE,
        ),
    ),
    batch_windows=4,
    resolve="mxt.stages.backbones.specs:resolve_convnet",
)

RANDOM_CONVNET = StageSpec(
    kind="backbone",
    name="random_convnet",
    summary="The convnet with random weights: what the architecture alone can do",
    target="mxt.stages.backbones.random_convnet:RandomConvNet",
    params=(Param("seed", "int", 0, "seed of the weights", minimum=0, maximum=2**32 - 1),),
    citation=CHOI_2017,
    licence="MIT",
    commercial="yes",
    field="baselines",
    sample_rate=12_000,
    input=Input("melspectrogram", _INPUT),
    window=Window.fixed(29, pad="repeat"),
    layers=_FIVE_BLOCKS,
    batch_windows=4,
)

HEAR = StageSpec(
    kind="backbone",
    name="hear",
    summary="Any module of the HEAR interface that is installed; importing it runs its code",
    target="mxt.stages.backbones.hear:Hear",
    params=(
        Param("model", "model", "", "MODULE or MODULE@WEIGHTS: as Python imports it, and a file (--model)"),
        Param(
            "pool",
            "choice",
            "mean",
            "of the embeddings along a clip: their mean, mean and standard deviation, or none computed",
            choices=("mean", "mean_std", "none"),
        ),
        Param(
            "window_seconds",
            "float",
            None,
            "longer clips are cut into equal windows of at most this length; if not given, they are not",
            minimum=0.025,
            maximum=3600,
        ),
    ),
    licence="the module's own",
    default_layers="scene",
    field="general",
    batch_windows=1,
    resolve="mxt.stages.backbones.hear:resolve",
)

MFCC = StageSpec(
    kind="backbone",
    name="mfcc",
    summary="20 MFCCs with first and second differences, as means and deviations: the classic baseline",
    target="mxt.stages.backbones.mfcc:Mfcc",
    params=(
        Param(
            "pad_mode",
            "choice",
            "constant",
            "padding at both ends: zeros (librosa since 0.10), or reflection (before, and the paper)",
            choices=("constant", "reflect"),
        ),
    ),
    citation=CHOI_2017,
    licence="MIT",
    commercial="yes",
    field="baselines",
    sample_rate=12_000,
    window=Window.whole(max_seconds=29, min_samples=1024),
    layers=(Layer(1, "mfcc", 120),),
    batch_windows=1,
)

_TIMBRE = ("zero_crossings", "centroid", "rolloff", "flux", *(f"mfcc{k}" for k in range(13)))
_TIMBRE_WORDS = "zero crossings, centroid, rolloff, flux and 13 MFCCs"
_SUMMARIES = ("mean_of_means", "mean_of_deviations", "deviation_of_means", "deviation_of_deviations")

MARSYAS = StageSpec(
    kind="backbone",
    name="marsyas",
    summary=f"Timbre features as Marsyas computes them: {_TIMBRE_WORDS}",
    target="mxt.stages.backbones.marsyas:Marsyas",
    params=(
        Param(
            "variant",
            "choice",
            "released",
            "released: what the program computes (bextract, mel bands to 6.9 kHz); paper: the equations of "
            "Tzanetakis and Cook with librosa's definitions (mel bands to 11 kHz), a stronger baseline than "
            "the program",
            choices=("released", "paper"),
            added=True,
            before="paper",
        ),
    ),
    version=2,
    citation="G. Tzanetakis, P. Cook: Musical genre classification of audio signals, "
    "IEEE Transactions on Speech and Audio Processing 2002",
    licence="MIT",
    commercial="yes",
    field="baselines",
    sample_rate=22_050,
    window=Window.whole(min_samples=512),
    layers=(
        Layer(
            1,
            "timbre",
            68,
            labels=tuple(f"{feature}_{summary}" for summary in _SUMMARIES for feature in _TIMBRE),
        ),
    ),
    batch_windows=1,
    resolve="mxt.stages.backbones.specs:resolve_marsyas",
)

ONNX = StageSpec(
    kind="backbone",
    name="onnx",
    summary="Any ONNX file, with a TOML file beside it that says how it is fed",
    target="mxt.stages.backbones.onnx:Onnx",
    params=(Param("model", "model", "", "the .onnx file (--model)"),),
    licence="the model's own",
    requires=dict.fromkeys(("onnx", "onnxruntime"), "pip install 'mxt[onnx]'"),
    field="general",
    batch_windows=1,
    resolve="mxt.stages.backbones.onnx:resolve",
)

TORCHSCRIPT = StageSpec(
    kind="backbone",
    name="torchscript",
    summary="Any TorchScript file, with a TOML file beside it that says how it is fed",
    target="mxt.stages.backbones.torchscript:TorchScript",
    params=(Param("model", "model", "", "the .pt file (--model)"),),
    licence="the model's own",
    field="general",
    batch_windows=1,
    resolve="mxt.stages.backbones.torchscript:resolve",
)

TRANSFORMERS = StageSpec(
    kind="backbone",
    name="transformers",
    summary="Audio networks as the Hugging Face Hub has them: wav2vec 2.0, HuBERT, AST, Whisper, CLAP, …",
    target="mxt.stages.backbones.transformers:Transformers",
    params=(
        Param("model", "model", "", "a folder, or ORG/NAME@REVISION of the Hugging Face Hub (--model)"),
        Param(
            "pool",
            "choice",
            "mean",
            "of the frames of a layer: their mean, or mean and standard deviation",
            choices=("mean", "mean_std"),
        ),
        Param(
            "window_seconds",
            "float",
            None,
            "longer clips are cut into windows of this length; if not given, what the network takes, or 30 s",
            minimum=0.025,
            maximum=3600,
        ),
    ),
    licence="the model's own",
    requires={"transformers": "pip install 'mxt[transformers]'"},
    field="general",
    batch_windows=1,
    resolve="mxt.stages.backbones.transformers:resolve",
)

SPECS: tuple[StageSpec, ...] = (
    CONVNET,
    HEAR,
    INCEPTION_V3,
    MARSYAS,
    MFCC,
    ONNX,
    RANDOM_CONVNET,
    TORCHSCRIPT,
    TRANSFORMERS,
)


def resolve_convnet(spec: StageSpec, params: Mapping[str, Any], weights: str | None) -> StageSpec:
    """The spec of the convnet for some statistics or weights.

    The second release (``keras2``) is another network, with TensorFlow's padding and with moving statistics
    of its own, so that it has no parameter ``statistics``. For the first, statistics decide what 0 dB is;
    ``batch`` computes 256 rows together.
    """
    if weights == "keras2":
        same = Input("melspectrogram", {**_INPUT, "pad": "same", "delay_samples": 0})
        return replace(spec, target="mxt.stages.backbones.convnet:Keras2ConvNet", params=(), input=same)
    if params["statistics"] == "batch":
        without_floor = {name: value for name, value in _INPUT.items() if name != "floor_db"}
        plain = Input("melspectrogram", {**without_floor, "reference": "none"})
        return replace(spec, input=plain, rows_together=BATCH_ROWS)
    from mxt.stages.backbones.batchnorm import decibel_reference

    level = decibel_reference(params["statistics"])
    if level is None:
        return spec
    fixed = Input("melspectrogram", {**_INPUT, "reference": "fixed", "reference_db": level})
    return replace(spec, input=fixed)


def resolve_marsyas(spec: StageSpec, params: Mapping[str, Any], weights: str | None) -> StageSpec:  # noqa: ARG001
    """The spec of a variant: the paper's computes what version 1 did."""
    if params["variant"] == "released":
        return spec
    equations = "by the equations of Tzanetakis and Cook, with librosa's definitions and mel bands to 11 kHz"
    return replace(spec, version=1, summary=f"Timbre features {equations}: {_TIMBRE_WORDS}")
