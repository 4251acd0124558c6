"""The part of a clip that a backbone gets: cut, repeated, padded, or in sliding windows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

import numpy as np
import numpy.typing as npt

from mxt.core.errors import AudioError, Reason
from mxt.core.specs import Window

Signal = npt.NDArray[np.float32]


def source_seconds(window: Window) -> float | None:
    """Seconds of a file that must be decoded for `window`; ``None``: all of it."""
    return None if window.kind == "sliding" else window.seconds


def samples_in(seconds: float, sample_rate: int) -> int:
    """Whole samples in a number of seconds, at least one; robust to 0.29 * 100 = 28.999…"""
    return max(1, int(seconds * sample_rate + 1e-6))


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
    length = None if window.seconds is None else samples_in(window.seconds, sample_rate)
    if window.kind == "whole":
        y = y[:length]
        return _fill(y, max(len(y), window.min_samples), "zero")[None]
    if window.kind == "fixed":
        assert length is not None, "windows of this kind have a length"
        return _fill(y[:length], length, window.pad)[None]
    windows = list(slide((y,), window, sample_rate))
    return windows[0] if len(windows) == 1 else np.concatenate(windows)


def slide(blocks: Iterable[Signal], window: Window, sample_rate: int) -> Iterator[Signal]:
    """Cut a stream into sliding windows, so that a clip of any length takes little memory.

    Parameters
    ----------
    blocks : iterable of numpy.ndarray
        float32 [samples] each, one after the other; their lengths do not matter.
    window : Window
        A ``sliding`` one.
    sample_rate : int
        Hz.

    Yields
    ------
    numpy.ndarray
        float32 [windows, samples]: together what `cut` gives for the whole clip.
    """
    assert window.seconds is not None, "windows of this kind have a length"
    assert window.hop_seconds is not None, "sliding windows have a hop"
    length, hop = (samples_in(seconds, sample_rate) for seconds in (window.seconds, window.hop_seconds))
    margin = np.zeros(round(window.margin_seconds * sample_rate), np.float32)
    held, seen, windows, skip = (
        np.zeros(0, np.float32),
        0,
        0,
        0,
    )  # what is not needed any more is dropped from `held`
    for block in chain((margin,), blocks, (margin,)):
        seen += len(block)
        block, skip = block[skip:], max(0, skip - len(block))
        held = np.concatenate([held, block]) if len(held) else block
        if len(held) < length:
            continue
        whole = np.lib.stride_tricks.sliding_window_view(held, length, writeable=held.flags.writeable)[::hop]
        yield whole
        windows += len(whole)
        skip = max(0, len(whole) * hop - len(held))
        held = held[len(whole) * hop :]
    if seen == 2 * len(margin):
        raise AudioError(Reason.EMPTY, "no samples to cut a window from")
    if windows == 0:
        clip = held[
            len(margin) : len(held) - len(margin)
        ]  # what is repeated is the clip, not the zeros around it
        yield np.concatenate([margin, _fill(clip, length - 2 * len(margin), window.pad), margin])[None]
    elif window.tail == "pad" and len(held) > max(0, length - hop):
        yield _fill(held, length, window.pad)[None]


def _fill(y: Signal, length: int, pad: str) -> Signal:
    """`y` brought to `length`: repeated end to end, or followed by zeros."""
    if len(y) == length:
        return y
    filled = np.zeros(length, np.float32)
    copies = -(-length // len(y)) if pad == "repeat" else 1
    for copy in range(copies):
        at = copy * len(y)
        filled[at : at + len(y)] = y[: length - at]
    return filled
