"""The part of a clip a backbone sees: cut, repeated, padded, slid over."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mxt.core.errors import AudioError, Reason
from mxt.core.specs import Window

Signal = npt.NDArray[np.float32]


def source_seconds(window: Window) -> float | None:
    """Seconds of a file that must be decoded for `window`; ``None``: all of it."""
    return None if window.kind == "sliding" else window.seconds


def cut(y: Signal, window: Window, sample_rate: int) -> Signal:
    """Cut a clip into the windows a backbone takes.

    Parameters
    ----------
    y : numpy.ndarray
        float32 [samples], at the backbone's rate.
    window : Window
        The rule.
    sample_rate : int
        Hz.

    Returns
    -------
    numpy.ndarray
        float32 [windows, samples]; may be a view of `y`.

    Raises
    ------
    AudioError
        `y` has no samples.

    Examples
    --------
    >>> cut(np.arange(3, dtype=np.float32), Window.fixed(5), 1)
    array([[0., 1., 2., 0., 1.]], dtype=float32)
    """
    if not len(y):
        raise AudioError(Reason.EMPTY, "no samples to cut a window from")
    length = None if window.seconds is None else max(1, int(window.seconds * sample_rate + 1e-6))
    if window.kind == "whole":
        y = y[:length]
        return _fill(y, max(len(y), window.min_samples), "zero")[None]
    assert length is not None, "windows of this kind have a length"
    if window.kind == "fixed":
        return _fill(y[:length], length, window.pad)[None]
    return _slide(y, window, length, sample_rate)


def _slide(y: Signal, window: Window, length: int, sample_rate: int) -> Signal:
    assert window.hop_seconds is not None, "sliding windows have a hop"
    hop = max(1, int(window.hop_seconds * sample_rate + 1e-6))
    if len(y) <= length:
        return _fill(y, length, window.pad)[None]
    whole = np.lib.stride_tricks.sliding_window_view(y, length, writeable=y.flags.writeable)[::hop]
    begin = len(whole) * hop
    if window.tail == "drop" or begin >= len(y) or begin - hop + length >= len(y):
        return whole
    return np.concatenate([whole, _fill(y[begin:], length, window.pad)[None]])


def _fill(y: Signal, length: int, pad: str) -> Signal:
    """`y` brought to `length`: repeated end to end, or with zeros behind it."""
    if len(y) == length:
        return y
    filled = np.zeros(length, np.float32)
    copies = -(-length // len(y)) if pad == "repeat" else 1
    for copy in range(copies):
        at = copy * len(y)
        filled[at : at + len(y)] = y[: length - at]
    return filled
