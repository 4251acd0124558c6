"""Wide convolutions followed by the maximum over frequency, by a Fourier transform over the mel bands.

A timbral filter of 7 frames x K bands is slid over 187 x 96 values, and only the maximum over its positions
is kept. With the transform X_t of frame t over the 96 bands and W_j that of the filter's frame j,

    Y_t[k] = sum_j X_{t+j}[k] conj(W_j[k])

has seven products a coefficient where the sum over bands had 7 K, and its inverse transform at the positions
where the filter fits is the convolution: no such position wraps around. The positions are counted from their
middle c, so that those at +s and -s share the two halves of the inverse transform,

    y[c + s] = E[s] + O[s],   y[c - s] = E[s] - O[s],   E = sum_k h_k Re Y' cos(2 pi k s / 96),   O = -sum_k
    h_k Im Y' sin(...)

and the greater of the two is E + |O|. That is a quarter of the multiplications, all of them in matrix
products whose operands stay in the processor's cache.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

_SLAB = 34  # filters worked on together


@dataclass(frozen=True)
class WideFilters:
    """Filters of one width, transformed.

    Parameters
    ----------
    real, imaginary : tuple of tensor [coefficients, 2 * frames, filters of a slab]
        Matrices from the taps' real, then imaginary parts to ``h Re Y'`` and ``-h Im Y'``.
    cosines, sines : tensor [half + 1, coefficients] and [half, coefficients]
        The inverse transform for s = 0 ... half and s = 1 ... half.
    centre : int
        c, the number of positions below the middle one.
    """

    real: tuple[Tensor, ...]
    imaginary: tuple[Tensor, ...]
    cosines: Tensor
    sines: Tensor
    centre: int

    @classmethod
    def of(cls, kernel: npt.NDArray[np.float64], *, bands: int) -> WideFilters:
        """Transform `kernel` [frames, K, filters] for spectra of `bands` values."""
        positions = bands - kernel.shape[1] + 1
        centre = (positions - 1) // 2
        half = positions - 1 - centre
        k = np.arange(bands // 2 + 1)
        h = np.where((k == 0) | (2 * k == bands), 1.0, 2.0) / bands
        turned = h * np.exp(2j * np.pi * k * centre / bands)
        w = (
            np.fft.rfft(kernel, n=bands, axis=1).conj().transpose(1, 0, 2) * turned[:, None, None]
        )  # [coefficients, frames, filters]
        angle = 2 * np.pi * np.outer(np.arange(half + 1), k) / bands
        return cls(
            _slabs(np.concatenate([w.real, -w.imag], axis=1)),
            _slabs(np.concatenate([-w.imag, -w.real], axis=1)),
            torch.from_numpy(np.cos(angle).astype(np.float32)),
            torch.from_numpy(np.sin(angle[1:]).astype(np.float32)),
            centre,
        )

    def maxima(self, taps: Tensor) -> Tensor:
        """Greatest value of each filter over its positions, [T, filters], for `taps` (see `taps_of`)."""
        return torch.cat(
            [self._slab(taps, re, im) for re, im in zip(self.real, self.imaginary, strict=True)], dim=1
        )

    def _slab(self, taps: Tensor, real: Tensor, imaginary: Tensor) -> Tensor:
        even = self.cosines @ torch.bmm(taps, real).flatten(1)
        odd = self.sines @ torch.bmm(taps, imaginary).flatten(1)
        odd[: self.centre].abs_()  # an even number of positions has one more above the middle than below
        even[1:] += odd
        return even.amax(0).view(taps.shape[1], -1)


def taps_of(x: Tensor, *, frames: int) -> Tensor:
    """Transforms of the `frames` frames that each place of a filter covers.

    Parameters
    ----------
    x : tensor float32 [T + frames - 1, bands]
        Spectrogram, padded in time.
    frames : int
        Length of the filters.

    Returns
    -------
    tensor float32 [bands // 2 + 1, T, 2 * frames]
        Real parts, then imaginary parts.
    """
    spectra = torch.view_as_real(torch.fft.rfft(x))  # [T + frames - 1, coefficients, 2]
    return spectra.unfold(0, frames, 1).permute(1, 0, 2, 3).flatten(2)


def _slabs(matrix: npt.NDArray[np.float64]) -> tuple[Tensor, ...]:
    tensor = torch.from_numpy(matrix.astype(np.float32))
    return tuple(part.contiguous() for part in torch.split(tensor, _SLAB, dim=2))
