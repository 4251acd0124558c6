"""What the built-in renderers say of themselves."""

from __future__ import annotations

from mxt.core.specs import Param, StageSpec

MELSPECTROGRAM = StageSpec(
    kind="renderer",
    name="melspectrogram",
    summary="Mel spectrogram, as power or in decibels",
    target="mxt.stages.renderers.melspectrogram:MelSpectrogram",
    citation="S. S. Stevens, J. Volkmann, E. B. Newman: A scale for the measurement of the psychological magnitude pitch, JASA 1937",
    params=(
        Param("n_fft", "int", 2048, "length of the Fourier transform, samples", minimum=2),
        Param("hop_length", "int", 512, "distance of two frames, samples", minimum=1),
        Param("win_length", "int", None, "length of the window, samples; n_fft where not given", minimum=1),
        Param("window", "choice", "hann", "window, periodic", choices=("hann", "hamming", "blackman", "boxcar")),
        Param("pad", "choice", "center", "around the clip: half a transform of zeros or reflected, TensorFlow's SAME, or nothing",
              choices=("center", "reflect", "same", "none")),
        Param("delay_samples", "int", 0, "delay of the signal against the window, samples", minimum=0),
        Param("n_mels", "int", 128, "number of mel bands", minimum=1),
        Param("fmin", "float", 0.0, "lowest frequency, Hz", minimum=0),
        Param("fmax", "float", None, "highest frequency, Hz; half the sample rate where not given", minimum=0),
        Param("mel_scale", "choice", "slaney", "formula of the mel scale", choices=("slaney", "htk")),
        Param("norm", "choice", "slaney", "filters of equal area, or of height 1", choices=("slaney", "none")),
        Param("power", "float", 2.0, "exponent of the magnitudes: 1 amplitude, 2 power", minimum=0),
        Param("scale", "choice", "decibel", "values: 10 log10 of the bands, or as they are", choices=("decibel", "power")),
        Param("reference", "choice", "clip_maximum", "0 dB is the loudest point of the clip, reference_db, or a band of 1",
              choices=("clip_maximum", "fixed", "none")),
        Param("reference_db", "float", 0.0, "what 0 dB is where reference is fixed, dB"),
        Param("amin", "float", 1e-10, "bands below this count as this much, before the logarithm", minimum=1e-38),
        Param("floor_db", "float", None, "lowest value, dB against the reference; none where not given"),
        Param("top_db", "float", None, "lowest value, dB below the loudest point of the clip; none where not given", minimum=0),
    ),
)  # fmt: skip

SPECS: tuple[StageSpec, ...] = (MELSPECTROGRAM,)
