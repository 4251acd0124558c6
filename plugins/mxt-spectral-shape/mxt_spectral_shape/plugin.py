"""The stages of this package as plain values; every command imports this, so it imports nothing heavy."""

from __future__ import annotations

from mxt.plugin import Layer, Param, StageSpec, Window, hookimpl

MOMENTS = ("centroid", "spread", "skewness", "kurtosis")
TEXTURE = ("flatness", "rolloff", "zero_crossings", "flux")


def _columns(names: tuple[str, ...]) -> tuple[str, ...]:
    """Labels of a layer's columns: all means, then all deviations."""
    return tuple(f"{statistic}_{name}" for statistic in ("mean", "std") for name in names)


BACKBONE = StageSpec(
    kind="backbone",
    name="spectral_shape",
    summary="how spectra are shaped: moments, flatness, rolloff, zero crossings, flux; mean and deviation",
    target="mxt_spectral_shape.shape:SpectralShape",
    params=(
        Param("n_fft", "int", 1024, "length of a spectrum in samples", minimum=32, maximum=32768),
        Param("hop_length", "int", 512, "distance of two spectra in samples", minimum=1, maximum=32768),
        Param(
            "rolloff",
            "float",
            0.85,
            "share of the power that lies below the rolloff frequency",
            minimum=0.01,
            maximum=0.99,
        ),
    ),
    citation="Peeters: A large set of audio features for sound description, IRCAM 2004",
    licence="MIT",
    commercial="yes",
    field="baselines",
    sample_rate=22_050,
    window=Window.sliding(seconds=3.0, hop_seconds=1.5, pad="repeat", tail="drop"),
    layers=(
        Layer(1, "moments", 2 * len(MOMENTS), _columns(MOMENTS)),
        Layer(2, "texture", 2 * len(TEXTURE), _columns(TEXTURE)),
    ),
)

LOADER = StageSpec(
    kind="dataset",
    name="sidecar",
    summary="the label of take1.wav is the first line of take1.txt beside it",
    target="mxt_spectral_shape.sidecar:Sidecar",
    params=(Param("suffix", "str", ".txt", "ending of the text files"),),
    licence="MIT",
)


@hookimpl
def mxt_stages() -> tuple[StageSpec, ...]:
    """The stages of this package."""
    return (BACKBONE, LOADER)
