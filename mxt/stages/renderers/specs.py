"""What the built-in renderers say of themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mxt.core.errors import UsageError
from mxt.core.params import Param
from mxt.core.specs import StageSpec
from mxt.stages.alternatives import refuse_others
from mxt.stages.citations import SHTERN_2017

HIGHEST_HZ = 384_000  # half the highest rate clips are brought to

MELSPECTROGRAM = StageSpec(
    kind="renderer",
    name="melspectrogram",
    summary="Mel spectrogram, as power or in decibels",
    target="mxt.stages.renderers.melspectrogram:MelSpectrogram",
    citation=(
        "S. S. Stevens, J. Volkmann, E. B. Newman: "
        "A scale for the measurement of the psychological magnitude pitch, JASA 1937"
    ),
    params=(
        Param("n_fft", "int", 2048, "length of the Fourier transform, samples", minimum=2, maximum=65_536),
        Param("hop_length", "int", 512, "distance of two frames, samples", minimum=1, maximum=65_536),
        Param(
            "win_length",
            "int",
            None,
            "length of the window, samples; n_fft where not given",
            minimum=1,
            maximum=65_536,
        ),
        Param(
            "window", "choice", "hann", "window, periodic", choices=("hann", "hamming", "blackman", "boxcar")
        ),
        Param(
            "pad",
            "choice",
            "center",
            "around the clip: half a transform of zeros or reflected, TensorFlow's SAME, or nothing",
            choices=("center", "reflect", "same", "none"),
        ),
        Param(
            "delay_samples",
            "int",
            0,
            "delay of the signal against the window, samples",
            minimum=0,
            maximum=1_000_000,
        ),
        Param("n_mels", "int", 128, "number of mel bands", minimum=1, maximum=4096),
        Param("fmin", "float", 0.0, "lowest frequency, Hz", minimum=0, maximum=HIGHEST_HZ),
        Param(
            "fmax",
            "float",
            None,
            "highest frequency, Hz; half the sample rate where not given",
            minimum=0,
            maximum=HIGHEST_HZ,
        ),
        Param("mel_scale", "choice", "slaney", "formula of the mel scale", choices=("slaney", "htk")),
        Param(
            "norm", "choice", "slaney", "filters of equal area, or of height 1", choices=("slaney", "none")
        ),
        Param(
            "power", "float", 2.0, "exponent of the magnitudes: 1 amplitude, 2 power", minimum=0, maximum=10
        ),
        Param(
            "scale",
            "choice",
            "decibel",
            "values: 10 log10 of the bands, or as they are",
            choices=("decibel", "power"),
        ),
        Param(
            "reference",
            "choice",
            "clip_maximum",
            "0 dB is the loudest point of the clip, reference_db, or a band of 1",
            choices=("clip_maximum", "fixed", "none"),
        ),
        Param(
            "reference_db",
            "float",
            0.0,
            "what 0 dB is where reference is fixed, dB",
            minimum=-1000,
            maximum=1000,
        ),
        Param(
            "amin",
            "float",
            1e-10,
            "bands below this count as this much, before the logarithm",
            minimum=1e-38,
            maximum=1e6,
        ),
        Param(
            "floor_db",
            "float",
            None,
            "lowest value, dB against the reference; none where not given",
            minimum=-1000,
            maximum=1000,
        ),
        Param(
            "top_db",
            "float",
            None,
            "lowest value, dB below the loudest point of the clip; none where not given",
            minimum=0,
            maximum=1000,
        ),
    ),
)


def _levels(floor_db: float) -> tuple[Param, ...]:
    """What every picture of levels has."""
    return (
        Param(
            "reference_db",
            "float",
            0.0,
            "level that is white, dBFS (0: a full-scale sine)",
            minimum=-200,
            maximum=100,
        ),
        Param("floor_db", "float", floor_db, "level that is black, dBFS", minimum=-300, maximum=99),
        Param(
            "rescale",
            "bool",
            False,
            "whether the clip's loudest point is white instead: loudness is then lost",
        ),
    )


_SIZE = (
    Param(
        "height", "int", 0, "rows of the picture, resized bilinearly; 0: as they are", minimum=0, maximum=4096
    ),
    Param(
        "width",
        "int",
        0,
        "columns of the picture, resized bilinearly; 0: as they are",
        minimum=0,
        maximum=100_000,
    ),
)

# the parameters of logfrequency that have a meaning for one brightness only
_OF_BRIGHTNESS = {"absolute": ("reference_db", "floor_db", "rescale"), "arss": ("gamma",)}

LOGFREQUENCY = StageSpec(
    kind="renderer",
    name="logfrequency",
    summary="Picture: logarithmic frequency, level as brightness",
    version=2,
    target="mxt.stages.renderers.logfrequency:LogFrequency",
    citation=f"{SHTERN_2017}; M. Rouzic: The Analysis & Resynthesis Sound Spectrograph (ARSS), 2008",
    params=(
        Param("bands_per_octave", "int", 12, "bands in an octave", minimum=1, maximum=96),
        Param("lowest_note", "str", "A0", "centre of the lowest band, a note (A4 is 440 Hz)"),
        Param("highest_hz", "float", 10_000.0, "highest centre of a band, Hz", minimum=1, maximum=HIGHEST_HZ),
        Param("hop_length", "int", 256, "samples a column", minimum=1, maximum=65_536),
        Param(
            "pixels_per_second",
            "float",
            None,
            "columns per second, in place of hop_length (ARSS: 150); if not given, hop_length decides",
            minimum=10,
            maximum=10_000,
            added=True,
        ),
        Param(
            "brightness",
            "choice",
            "absolute",
            "absolute: level in dBFS, a louder clip is brighter; "
            "arss: amplitude over the largest in the picture, loudness is then lost",
            choices=tuple(_OF_BRIGHTNESS),
            added=True,
        ),
        Param(
            "gamma",
            "float",
            1.0,
            "root of the amplitude (arss), as ARSS's -g; 1: none, 2: the square root",
            minimum=0.1,
            maximum=10,
            added=True,
        ),
        *_levels(-80.0),
        *_SIZE,
    ),
    licence="MIT",
    resolve="mxt.stages.renderers.specs:resolve_logfrequency",
)


def resolve_logfrequency(spec: StageSpec, params: Mapping[str, Any], weights: str | None) -> StageSpec:  # noqa: ARG001
    """Refuse parameters of the brightness that was not chosen, and columns that are given twice."""
    refuse_others(spec, params, "brightness", _OF_BRIGHTNESS)
    if params["pixels_per_second"] is not None and "hop_length" in spec.changed(params):
        raise UsageError("hop_length and pixels_per_second both say how wide a column is; give one of them")
    return spec


SOX = StageSpec(
    kind="renderer",
    name="sox",
    summary="Picture: what sox -n spectrogram draws: linear frequency, level as colour",
    target="mxt.stages.renderers.sox:SoxSpectrogram",
    citation=f"{SHTERN_2017}; SoX 14.4.2, spectrogram",
    params=(
        Param("n_fft", "int", 1024, "length of the Fourier transform, samples", minimum=16, maximum=65_536),
        Param(
            "columns",
            "int",
            800,
            "columns that the clip fills, whatever its length, before resizing",
            minimum=1,
            maximum=100_000,
        ),
        Param("colours", "choice", "colour", "sox's colours, or grey (its -m)", choices=("colour", "grey")),
        *_levels(-120.0),
        *_SIZE,
    ),
    licence="MIT",
)

MELIMAGE = StageSpec(
    kind="renderer",
    name="melimage",
    summary="Picture: mel bands, level as brightness",
    target="mxt.stages.renderers.melimage:MelImage",
    params=(
        Param("n_fft", "int", 2048, "length of the Fourier transform, samples", minimum=2, maximum=65_536),
        Param("hop_length", "int", 512, "samples a column", minimum=1, maximum=65_536),
        Param("n_mels", "int", 128, "number of mel bands", minimum=1, maximum=4096),
        Param("fmin", "float", 0.0, "lowest frequency, Hz", minimum=0, maximum=HIGHEST_HZ),
        Param(
            "fmax",
            "float",
            None,
            "highest frequency, Hz; half the sample rate where not given",
            minimum=0,
            maximum=HIGHEST_HZ,
        ),
        *_levels(-80.0),
        *_SIZE,
    ),
    licence="MIT",
)

PHASE = StageSpec(
    kind="renderer",
    name="phase",
    summary="Picture: magnitude as brightness, phase as colour",
    target="mxt.stages.renderers.phase:PhaseSpectrogram",
    citation=SHTERN_2017,
    params=(
        Param("n_fft", "int", 1024, "length of the Fourier transform, samples", minimum=16, maximum=65_536),
        Param("hop_length", "int", 256, "samples a column", minimum=1, maximum=65_536),
        *_levels(-80.0),
        *_SIZE,
    ),
    licence="MIT",
)

WAVEFORM = StageSpec(
    kind="renderer",
    name="waveform",
    summary="Picture: the waveform, bright between the lowest and the highest sample of a column",
    target="mxt.stages.renderers.waveform:Waveform",
    citation=SHTERN_2017,
    params=(
        Param(
            "hop_length", "int", 256, "samples a column, where no width is given", minimum=1, maximum=65_536
        ),
        Param(
            "rescale",
            "bool",
            False,
            "whether the clip's largest sample is at the edge instead of full scale: loudness is then lost",
        ),
        Param("height", "int", 0, "rows of the picture; 0: 256", minimum=0, maximum=4096),
        Param("width", "int", 0, "columns of the picture; 0: one a hop", minimum=0, maximum=100_000),
    ),
    licence="MIT",
)

SPECS: tuple[StageSpec, ...] = (LOGFREQUENCY, MELIMAGE, MELSPECTROGRAM, PHASE, SOX, WAVEFORM)
