"""What normalizers and renderers have to keep."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mxt.audio.threads import one_thread
from mxt.core.stages import Levels, MakesPieces, ReadsPieces
from mxt.testing.material import extremes, in_pieces, signals
from mxt.testing.subject import ContractBroken, NotApplicable, Subject, expect

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Signal = npt.NDArray[np.float32]

SAMPLE_RATE, SAMPLES = 22_050, 22_050
KNOWN_LEVELS = ("peak", "rms", "lufs")


def _levels(y: Signal, needs: tuple[str, ...]) -> Levels:
    """Levels of `y`; those that the spec does not ask for are NaN."""
    import numpy as np

    nan = float("nan")
    peak, rms = float(np.abs(y).max()), float(np.sqrt(np.mean(np.square(y, dtype=np.float64))))
    # not really LUFS, but a level of the whole clip, which is what counts here
    lufs = 20 * float(np.log10(rms)) if rms > 0 else -float("inf")
    if not needs:
        return Levels(peak=nan, rms=nan, lufs=nan)
    return Levels(peak=peak, rms=rms, lufs=lufs if "lufs" in needs else nan)


def _normalize(subject: Subject, y: Signal, levels: Levels) -> Any:
    return subject.build()(y, sample_rate=SAMPLE_RATE, levels=levels)


def levels_asked_for_are_known(subject: Subject) -> None:
    """`needs` names levels that exist."""
    unknown = sorted(set(subject.spec().needs) - set(KNOWN_LEVELS))
    expect(not unknown, f"needs {', '.join(unknown)}; levels there are: {', '.join(KNOWN_LEVELS)}")


def signal_keeps_its_shape_and_type(subject: Subject) -> None:
    """float32, finite, of the same length unless it takes whole clips; made with the levels in `needs`."""
    import numpy as np

    for what, y in {"a signal": signals(1, SAMPLES, SAMPLE_RATE)[0], **extremes(SAMPLES)}.items():
        result = _normalize(subject, y, _levels(y, subject.spec().needs))
        if not isinstance(result, np.ndarray):
            raise ContractBroken(f"{what}: a float32 array expected, got {type(result).__name__}")
        fits = result.dtype == np.float32 and result.ndim == 1 and result.size > 0
        fits = fits and (result.shape == y.shape or subject.spec().whole_clip)
        expect(fits, f"{what}: float32 {y.shape} expected, got {result.dtype} {result.shape}")
        hint = (
            "" if subject.spec().needs else ' (levels are NaN unless the spec asks for them: needs=("peak",))'
        )
        expect(np.isfinite(result).all(), f"{what}: the result is not finite{hint}")


def signal_given_is_left_as_it_was(subject: Subject) -> None:
    """The samples given are not written to."""
    y = signals(1, SAMPLES, SAMPLE_RATE)[0]
    before = y.copy()
    _normalize(subject, y, _levels(y, subject.spec().needs))
    expect(bool((y == before).all()), "the signal it was given was changed in place")


def part_is_treated_as_the_whole(subject: Subject) -> None:
    """A part of a clip is changed as within the whole clip: by the levels given, not by those of the part."""
    import numpy as np

    if subject.spec().whole_clip:
        raise NotApplicable("it is given whole clips only")
    y = signals(1, SAMPLES, SAMPLE_RATE)[0] * np.linspace(0.1, 1, SAMPLES, dtype=np.float32)
    levels = _levels(y, subject.spec().needs)
    part = _normalize(subject, y[: SAMPLES // 4], levels)
    whole = _normalize(subject, y, levels)[: SAMPLES // 4]
    same = np.allclose(part, whole, rtol=subject.spec().tolerance, atol=0, equal_nan=True)
    hint = "use the levels given, which are those of the whole clip, or ask for whole clips (whole_clip=True)"
    expect(same, f"a part of a clip is changed in another way than the whole clip: {hint}")


def normalizing_is_deterministic(subject: Subject) -> None:
    """The same signal gives the same bits."""
    import numpy as np

    y = signals(1, SAMPLES, SAMPLE_RATE)[0]
    levels = _levels(y, subject.spec().needs)
    first, second = _normalize(subject, y, levels), _normalize(subject, y, levels)
    expect(np.array_equal(first, second, equal_nan=True), "two calls differ")


def pieces_are_what_the_call_returns(subject: Subject) -> None:
    """A normalizer that makes its result in pieces makes the same one, as long as it says."""
    import numpy as np

    stage = subject.build()
    if not isinstance(stage, MakesPieces):
        raise NotApplicable("it makes its result at once")
    y = signals(1, SAMPLES, SAMPLE_RATE)[0]
    levels = _levels(y, subject.spec().needs)
    whole = _normalize(subject, y, levels)
    pieces = np.concatenate(list(stage.pieces(y, sample_rate=SAMPLE_RATE, levels=levels)))
    stated = f"{stage.copies} copies of {len(y)} samples are stated"
    expect(len(whole) == stage.copies * len(y), f"{stated}, {len(whole)} samples are returned")
    expect(np.array_equal(pieces, whole), "its pieces are not what the call returns")


def _render(subject: Subject, batch: Signal) -> Any:
    import torch

    with torch.inference_mode(), one_thread():
        return subject.build().prepare(SAMPLE_RATE, "cpu")(torch.from_numpy(batch))


def picture_has_bands_and_frames(subject: Subject) -> None:
    """float32 [N, bands, frames], or [N, 3, bands, frames] in colour; finite for extreme signals, too."""
    import numpy as np
    import torch

    batch = np.concatenate([signals(2, SAMPLES, SAMPLE_RATE), np.stack(list(extremes(SAMPLES).values()))])
    pictures, n = _render(subject, batch), len(batch)
    expect(isinstance(pictures, torch.Tensor), f"a renderer returns a tensor, not {type(pictures).__name__}")
    shape = tuple(pictures.shape)
    fits = shape[:1] == (n,) and (len(shape) == 3 or (len(shape) == 4 and shape[1] == 3))
    expect(fits, f"the shape is {shape}, expected ({n}, bands, frames) or ({n}, 3, bands, frames)")
    expect(pictures.dtype == torch.float32, f"pictures are {pictures.dtype}, not float32")
    expect(bool(torch.isfinite(pictures).all()), "a picture is not finite")


def pictures_do_not_depend_on_each_other(subject: Subject) -> None:
    """A batch gives what its clips give one by one, and the same twice."""
    import torch

    batch = signals(4, SAMPLES, SAMPLE_RATE)
    together = _render(subject, batch)
    expect(torch.equal(together, _render(subject, batch)), "two calls differ")
    alone = torch.cat([_render(subject, batch[row : row + 1]) for row in range(len(batch))])
    scale = max(float(alone.abs().max()), 1e-12)
    difference = float((together - alone).abs().max()) / scale
    allowed = subject.spec().tolerance
    how = f"{difference:.2g} of the largest value (allowed: {allowed:.2g})"
    expect(difference <= allowed, f"in a batch and alone differ by {how}")


def waveforms_are_left_as_they_were(subject: Subject) -> None:
    """The batch is not written to."""
    batch = signals(2, SAMPLES, SAMPLE_RATE)
    before = batch.copy()
    _render(subject, batch)
    expect(bool((batch == before).all()), "the batch it was given was changed in place")


def signals_made_while_read_give_the_same_picture(subject: Subject) -> None:
    """A renderer that reads signals in pieces draws them as it draws tensors."""
    import numpy as np
    import torch

    if not isinstance(subject.build(), ReadsPieces):
        raise NotApplicable("it takes only tensors")
    batch = signals(2, SAMPLES, SAMPLE_RATE)
    draw: Any = subject.build().prepare(SAMPLE_RATE, "cpu")
    with torch.inference_mode():
        pictures = draw([in_pieces(y) for y in batch])
    same = np.allclose(pictures, _render(subject, batch), rtol=0, atol=subject.spec().tolerance)
    expect(same, "a signal that is made while it is read gives another picture")


NORMALIZER_CHECKS = (
    levels_asked_for_are_known,
    signal_keeps_its_shape_and_type,
    signal_given_is_left_as_it_was,
    part_is_treated_as_the_whole,
    normalizing_is_deterministic,
    pieces_are_what_the_call_returns,
)
RENDERER_CHECKS = (
    picture_has_bands_and_frames,
    pictures_do_not_depend_on_each_other,
    waveforms_are_left_as_they_were,
    signals_made_while_read_give_the_same_picture,
)
