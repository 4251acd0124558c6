"""Short-time spectra of batches, in torch."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from mxt.audio.streamed import Streamed
from mxt.core.errors import UnknownName

WINDOWS = ("hann", "hamming", "blackman", "boxcar")
PADDINGS = ("center", "reflect", "same", "none")


def periodic_window(name: str, win_length: int, *, n_fft: int | None = None) -> Tensor:
    """A periodic window, with zeros on both sides up to `n_fft`.

    Parameters
    ----------
    name : {"hann", "hamming", "blackman", "boxcar"}
        Its kind.
    win_length, n_fft : int
        Samples.

    Returns
    -------
    torch.Tensor
        float32 [n_fft], computed in float64.

    Raises
    ------
    UnknownName
        No such window.
    """
    # w[n] = sum_k (-1)^k a_k cos(2 pi k n / N)
    terms = {"hann": (0.5, 0.5), "hamming": (0.54, 0.46), "blackman": (0.42, 0.5, 0.08), "boxcar": (1.0,)}
    if name not in terms:
        raise UnknownName("window", name, WINDOWS)
    angle = 2 * torch.pi * torch.arange(win_length, dtype=torch.float64) / win_length
    window = sum((-1) ** k * a * torch.cos(k * angle) for k, a in enumerate(terms[name]))
    assert isinstance(window, Tensor)
    spare = (n_fft or win_length) - win_length
    return torch.nn.functional.pad(window, (spare // 2, spare - spare // 2)).float()


def padding(samples: int, *, n_fft: int, hop_length: int, pad: str = "center") -> tuple[int, int]:
    """Zeros in front of a signal and behind it, see `pad_signal`."""
    if pad == "center":
        return n_fft // 2, n_fft // 2
    if pad == "same":
        spare = max((-(-samples // hop_length) - 1) * hop_length + n_fft - samples, 0)
        return spare // 2, spare - spare // 2
    return 0, 0


def pad_signal(
    y: Tensor, *, n_fft: int, hop_length: int, pad: str = "center", delay_samples: int = 0
) -> Tensor:
    """Pad a signal so that its frames are where they should be.

    Parameters
    ----------
    y : torch.Tensor
        float32 [N, samples].
    n_fft, hop_length : int
        Samples.
    pad : {"center", "reflect", "same", "none"}
        Half a frame of zeros, or of the reflected signal, on both sides; TensorFlow's rule (as
        many zeros as ``ceil(samples / hop_length)`` frames need, the odd one behind); nothing.
    delay_samples : int
        Zeros put before the signal and taken from the padding behind it: delays the signal
        against the window. 1 gives the magnitudes of Theano's convolution, which flips a periodic
        window.

    Returns
    -------
    torch.Tensor
        float32 [N, samples + padding].
    """
    if pad not in PADDINGS:
        raise UnknownName("padding", pad, PADDINGS)
    left, right = padding(y.shape[-1], n_fft=n_fft, hop_length=hop_length, pad=pad)
    if pad == "reflect":
        y = torch.nn.functional.pad(y[:, None], (n_fft // 2, n_fft // 2), mode="reflect")[:, 0]
    left, right = left + delay_samples, right - delay_samples
    return torch.nn.functional.pad(y, (left, right)) if left or right else y


def frames(y: Tensor, *, frame_length: int, hop_length: int) -> Tensor:
    """Overlapping frames of a signal, without copying.

    Parameters
    ----------
    y : torch.Tensor
        [N, samples].
    frame_length, hop_length : int
        Samples.

    Returns
    -------
    torch.Tensor
        [N, frames, frame_length], a view; no frames where `y` is shorter than one.
    """
    if y.shape[-1] < frame_length:
        return y.new_empty(len(y), 0, frame_length)
    return y.unfold(-1, frame_length, hop_length)


def stretch(y: Tensor | Streamed, begin: int, end: int) -> Tensor:
    """Samples `begin` to `end` of a signal [samples], with zeros outside of it; a view where possible."""
    first, last = max(0, begin), max(0, min(end, len(y)))
    part = torch.from_numpy(y.read(first, max(first, last))) if isinstance(y, Streamed) else y[first:last]
    before = min(max(0, -begin), end - begin)
    after = end - begin - before - len(part)
    return torch.nn.functional.pad(part, (before, after)) if before or after else part


def framed_slabs(
    y: Tensor | Streamed, *, frame_length: int, hop_length: int, first: int, count: int, slab_frames: int
) -> Iterator[Tensor]:
    """Overlapping frames of a long signal, some at a time: it is never copied as a whole.

    Parameters
    ----------
    y : torch.Tensor or Streamed
        float32 [samples].
    frame_length, hop_length : int
        Samples.
    first : int
        Sample that the first frame begins with; zeros lie before 0 and behind the end.
    count : int
        Frames of all slabs together.
    slab_frames : int
        Frames of a slab, the last one may have fewer.

    Yields
    ------
    torch.Tensor
        float32 [frames of the slab, frame_length], a view.
    """
    for start in range(0, count, slab_frames):
        number = min(slab_frames, count - start)
        begin = first + start * hop_length
        yield stretch(y, begin, begin + (number - 1) * hop_length + frame_length).unfold(
            0, frame_length, hop_length
        )


def power_spectrogram(
    y: Tensor,
    *,
    n_fft: int = 512,
    hop_length: int = 256,
    win_length: int | None = None,
    window: str = "hann",
    pad: str = "center",
    delay_samples: int = 0,
) -> Tensor:
    """Squared magnitudes of the short-time Fourier transform.

    Parameters
    ----------
    y : torch.Tensor
        float32 [N, samples].
    n_fft, hop_length, win_length : int
        Samples; the window is as long as the transform where `win_length` is not given.
    window, pad, delay_samples
        See `periodic_window` and `pad_signal`.

    Returns
    -------
    torch.Tensor
        float32 [N, frames, 1 + n_fft // 2]: time before frequency, as it lies in memory.

    Examples
    --------
    >>> power_spectrogram(torch.zeros(1, 348_000)).shape
    torch.Size([1, 1360, 257])
    """
    padded = pad_signal(y, n_fft=n_fft, hop_length=hop_length, pad=pad, delay_samples=delay_samples)
    framed = frames(padded, frame_length=n_fft, hop_length=hop_length)
    return power(framed, periodic_window(window, win_length or n_fft, n_fft=n_fft).to(y.device))


def power(framed: Tensor, window: Tensor) -> Tensor:
    """Squared magnitudes of the windowed frames' spectra.

    Parameters
    ----------
    framed : torch.Tensor
        float32 [..., n_fft].
    window : torch.Tensor
        float32 [n_fft].

    Returns
    -------
    torch.Tensor
        float32 [..., 1 + n_fft // 2].
    """
    if not framed.numel():  # MKL refuses to transform nothing
        return framed.new_zeros(*framed.shape[:-1], framed.shape[-1] // 2 + 1)
    spectrum: Tensor = torch.fft.rfft(framed * window)
    return spectrum.real.square().addcmul_(spectrum.imag, spectrum.imag)
