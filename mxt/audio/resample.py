"""Sample rates: resamplers by name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import numpy.typing as npt

from mxt.core.errors import UnknownName

Signal = npt.NDArray[np.float32]

RESAMPLERS = ("soxr", "kaiser_best")


def resample(y: Signal, sr_in: int, sr_out: int, *, method: str = "soxr") -> Signal:
    """Change the sample rate of a signal.

    Parameters
    ----------
    y : numpy.ndarray
        float32 [samples].
    sr_in, sr_out : int
        Hz.
    method : {"soxr", "kaiser_best"}
        libsoxr in its high quality, or the convnet paper's resampler (`mxt.audio.kaiser_best`).

    Returns
    -------
    numpy.ndarray
        float32 [ceil(samples * sr_out / sr_in)] (``kaiser_best``: sometimes one more, a zero);
        `y` itself where the rates are equal.

    Raises
    ------
    UnknownName
        No such resampler.

    Examples
    --------
    >>> resample(np.ones(22050, np.float32), 22050, 12000).shape
    (12000,)
    """
    if method not in RESAMPLERS:
        raise UnknownName("resampler", method, RESAMPLERS)
    if sr_in == sr_out:
        return y
    if method == "kaiser_best":
        from mxt.audio.kaiser_best import kaiser_best

        return kaiser_best(y, sr_in, sr_out)
    return _soxr(y, sr_in, sr_out)


def resample_blocks(
    blocks: Iterable[Signal], sr_in: int, sr_out: int, *, method: str = "soxr"
) -> Iterator[Signal]:
    """Change the sample rate of a stream; the blocks together equal `resample` of the whole (within 1e-6).

    ``kaiser_best`` looks at the whole signal and holds it in memory.
    """
    if sr_in == sr_out:
        yield from blocks
    elif method == "soxr":
        import soxr

        stream = soxr.ResampleStream(sr_in, sr_out, 1, dtype="float32", quality="HQ")
        for y in blocks:
            yield stream.resample_chunk(y)
        yield stream.resample_chunk(np.zeros(0, np.float32), last=True)
    else:
        yield resample(np.concatenate(list(blocks)), sr_in, sr_out, method=method)


def _soxr(y: Signal, sr_in: int, sr_out: int) -> Signal:
    import soxr

    length = -(-len(y) * sr_out // sr_in)
    resampled: Signal = soxr.resample(y, sr_in, sr_out, quality="HQ")
    return resampled[:length] if len(resampled) >= length else np.pad(resampled, (0, length - len(resampled)))
