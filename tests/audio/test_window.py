from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxt.audio.window import cut, slide, source_seconds
from mxt.core.errors import AudioError
from mxt.core.specs import Window


def ramp(samples: int) -> np.ndarray:
    return np.arange(1, samples + 1, dtype=np.float32)


@given(samples=st.integers(1, 40), length=st.integers(1, 40))
def test_a_fixed_window_repeats_a_short_clip_end_to_end_and_cuts_a_long_one(samples, length):
    windows = cut(ramp(samples), Window.fixed(float(length)), 1)
    assert windows.shape == (1, length)
    np.testing.assert_array_equal(windows[0], np.resize(ramp(samples), length))


@given(samples=st.integers(1, 40), length=st.integers(1, 40))
def test_a_fixed_window_padded_with_zeros_keeps_the_clip_in_front(samples, length):
    windows = cut(ramp(samples), Window.fixed(float(length), pad="zero"), 1)[0]
    kept = min(samples, length)
    np.testing.assert_array_equal(windows[:kept], ramp(kept))
    assert len(windows) == length
    assert not windows[kept:].any()


def test_the_whole_clip_is_one_window_up_to_its_limit_and_from_its_least_length():
    window = Window.whole(max_seconds=2.0, min_samples=6)
    np.testing.assert_array_equal(cut(ramp(20), window, 4), ramp(8)[None])
    np.testing.assert_array_equal(cut(ramp(3), window, 4), [[1, 2, 3, 0, 0, 0]])
    assert cut(ramp(20), Window.whole(), 4).shape == (1, 20)


@given(samples=st.integers(1, 60), length=st.integers(1, 20), hop=st.integers(1, 25))
def test_sliding_windows_begin_every_hop_and_drop_a_partial_one(samples, length, hop):
    windows = cut(ramp(samples), Window.sliding(float(length), float(hop)), 1)
    if samples < length:
        np.testing.assert_array_equal(windows, np.resize(ramp(samples), length)[None])
        return
    starts = range(0, samples - length + 1, hop)
    np.testing.assert_array_equal(windows, [ramp(samples)[start : start + length] for start in starts])


@given(samples=st.integers(1, 60), length=st.integers(1, 20), hop=st.integers(1, 20))
def test_padding_the_tail_uses_every_sample_where_windows_touch(samples, length, hop):
    hop = min(hop, length)
    windows = cut(ramp(samples), Window.sliding(float(length), float(hop), pad="zero", tail="pad"), 1)
    assert set(ramp(samples)) <= set(windows.ravel())
    assert (
        set(windows[:-1].ravel()) < set(ramp(samples)) or len(windows) == 1
    )  # at most the last one is padded
    assert len(windows) == (1 if samples <= length else 1 + -(-(samples - length) // hop))


def test_a_tail_is_filled_by_its_own_samples_where_the_rule_is_to_repeat():
    windows = cut(ramp(6), Window.sliding(4.0, 4.0, tail="pad"), 1)
    np.testing.assert_array_equal(windows, [[1, 2, 3, 4], [5, 6, 5, 6]])


def test_seconds_that_are_not_exact_in_binary_give_whole_samples():
    assert cut(ramp(100), Window.fixed(0.29), 100).shape == (1, 29)


@pytest.mark.parametrize(
    ("window", "seconds"),
    [
        (Window.fixed(29), 29),
        (Window.whole(), None),
        (Window.whole(max_seconds=5), 5),
        (Window.sliding(3, 1), None),
    ],
)
def test_only_as_much_of_a_file_is_needed_as_the_window_uses(window, seconds):
    assert source_seconds(window) == seconds


def test_no_samples_are_no_window():
    with pytest.raises(AudioError, match="empty"):
        cut(ramp(0), Window.fixed(1.0), 8)


@pytest.mark.parametrize("tail", ["drop", "pad"])
@pytest.mark.parametrize("margin", [0.0, 2.0])
@given(
    lengths=st.lists(st.integers(1, 40), min_size=1, max_size=6),
    seconds=st.integers(1, 30),
    hop=st.integers(1, 30),
)
def test_a_stream_gives_the_windows_of_the_whole_clip(tail, margin, lengths, seconds, hop):
    window = Window.sliding(seconds, hop, tail=tail, margin_seconds=margin)
    y = np.arange(1, sum(lengths) + 1, dtype=np.float32)
    blocks = np.split(y, np.cumsum(lengths)[:-1])
    np.testing.assert_array_equal(np.concatenate(list(slide(iter(blocks), window, 1))), cut(y, window, 1))


def test_a_margin_puts_zeros_before_and_behind_the_clip() -> None:
    window = Window.sliding(3.0, 3.0, margin_seconds=1.0)
    np.testing.assert_array_equal(cut(np.array([1, 2, 3, 4], np.float32), window, 1), [[0, 1, 2], [3, 4, 0]])


def test_a_clip_shorter_than_a_window_is_repeated_between_the_margins() -> None:
    window = Window.sliding(8.0, 6.0, margin_seconds=1.0)
    np.testing.assert_array_equal(
        cut(np.array([1, 2, 3, 4], np.float32), window, 1), [[0, 1, 2, 3, 4, 1, 2, 0]]
    )


def test_windows_with_margins_are_patches_of_the_centred_frames_of_the_whole_clip() -> None:
    n_fft, hop, frames, y = 8, 4, 5, ramp(103)
    window = Window.sliding((frames - 1) * hop + n_fft, frames * hop, margin_seconds=n_fft // 2)
    centred = np.lib.stride_tricks.sliding_window_view(np.pad(y, n_fft // 2), n_fft)[::hop]
    patches = np.stack(
        [np.lib.stride_tricks.sliding_window_view(one, n_fft)[::hop] for one in cut(y, window, 1)]
    )
    assert len(patches) == len(centred) // frames
    np.testing.assert_array_equal(patches.reshape(-1, n_fft), centred[: len(patches) * frames])
