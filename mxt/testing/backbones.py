"""What a backbone has to keep: shapes, types, and that a feature depends on its clip alone."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from mxt.audio.threads import one_thread
from mxt.core.errors import MxtError
from mxt.core.stages import ReadsPieces
from mxt.testing.material import extremes, in_pieces, signals, windows
from mxt.testing.subject import CheckRefused, CheckSkipped, ContractBroken, NotApplicable, Subject, expect

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array = npt.NDArray[np.float32]

DEVICE_TOLERANCE = 1e-4
SHORT_SAMPLES = 7


class Runner:
    """A prepared backbone as mxt runs it: windows in, features out, in batches of fixed shape.

    Parameters
    ----------
    subject : Subject
        The stage.
    device : str
        ``"cpu"`` or ``"cuda"``.
    """

    def __init__(self, subject: Subject, device: str = "cpu") -> None:
        self.spec, self.device = subject.spec(), device
        with one_thread():
            self.network: Callable[[Any], Mapping[str, Any]] = subject.build().prepare(
                subject.weights_path(), device
            )
        self.render: Callable[[Any], Any] | None = None
        if self.spec.input.renderer:
            renderer = subject.registry.create("renderer", self.spec.input.renderer, self.spec.input.params)
            self.render = renderer.prepare(self.spec.sample_rate, device)

    @property
    def size(self) -> int:
        """Windows in a batch."""
        return 1 if self.spec.window.kind == "whole" else self.spec.batch_windows

    def batch(self, clips: Array) -> Mapping[str, Any]:
        """Features of float32 [N, samples], N at most `size`, as returned: for all rows of the batch."""
        with one_thread():
            return self.network(self.input(clips))

    def input(self, clips: Array) -> Any:
        """The batch the backbone is given: a tensor [size, samples] or [size, bands, frames]."""
        import numpy as np
        import torch

        x = np.zeros((self.size, *clips.shape[1:]), np.float32)
        x[: len(clips)] = clips
        with torch.inference_mode(), one_thread():
            tensor = torch.from_numpy(x).to(self.device)
            return tensor if self.render is None else self.render(tensor)

    def __call__(self, clips: Array) -> dict[str, Array]:
        """Features of float32 [N, samples], N at most `size`: N rows."""
        import numpy as np

        return {name: np.asarray(values)[: len(clips)] for name, values in self.batch(clips).items()}


def layers_are_those_stated(subject: Subject) -> None:
    """One float32 array [N, dimension] for each layer of the spec, and nothing else."""
    import numpy as np

    runner = _runner(subject)
    features = runner.batch(windows(runner.spec, runner.size))
    returned, stated = sorted(features), sorted(layer.name for layer in runner.spec.layers)
    expect(returned == stated, f"layers returned are {returned}, the spec has {stated}")
    for layer in runner.spec.layers:
        values, shape = features[layer.name], (runner.size, layer.dimension)
        is_array = isinstance(values, np.ndarray)
        expect(is_array, f"layer {layer.name} is a {type(values).__name__}, not a NumPy array")
        expect(values.shape == shape, f"layer {layer.name} has the shape {values.shape}, expected {shape}")
        expect(values.dtype == np.float32, f"layer {layer.name} is {values.dtype}, not float32")


def features_are_finite(subject: Subject) -> None:
    """No NaN or infinity, for silence, an impulse, full scale and very quiet clips."""
    import numpy as np

    runner = _runner(subject)
    samples = windows(runner.spec, 1).shape[1]
    for what, y in extremes(samples).items():
        for name, values in runner(y[None]).items():
            expect(np.isfinite(values).all(), f"layer {name} of {what} is not finite")


def features_are_deterministic(subject: Subject) -> None:
    """The same clips give the same bits, prepared twice and computed twice with other clips in between."""
    first, second = _runner(subject), Runner(subject)
    clips = windows(first.spec, first.size)
    expected = first(clips)
    first(clips * clips.dtype.type(0.25))
    _expect_close(first(clips), expected, 0.0, "computed again after other clips")
    _expect_close(second(clips), expected, 0.0, "prepared again")


def batch_equals_stacked_singles(subject: Subject) -> None:
    """A clip's feature is the same alone and with others beside it."""
    spec = subject.spec()
    if spec.rows_together:
        raise CheckRefused(
            f"{subject.name} depends on its batch on purpose: "
            f"{spec.rows_together} consecutive clips are computed together"
        )
    runner = _runner(subject)
    clips = windows(spec, runner.size)
    together = runner(clips)
    for row in range(len(clips)):
        alone = runner(clips[row : row + 1])
        from_batch = {name: values[row : row + 1] for name, values in together.items()}
        _expect_close(from_batch, alone, spec.tolerance, "in a batch and alone")


def order_does_not_matter(subject: Subject) -> None:
    """Reversed clips give reversed features."""
    spec = subject.spec()
    _refuse_together(subject)
    runner = _runner(subject)
    clips = windows(spec, runner.size)
    back = {name: values[::-1] for name, values in runner(clips[::-1].copy()).items()}
    _expect_close(back, runner(clips), spec.tolerance, "in reversed order")


def input_is_left_as_it_was(subject: Subject) -> None:
    """The batch is not written to."""
    runner = _runner(subject)
    given = runner.input(windows(runner.spec, runner.size))
    before = given.clone()
    with one_thread():
        runner.network(given)
    expect(bool((given == before).all()), "the batch it was given was changed in place")


def threads_do_not_disturb_each_other(subject: Subject) -> None:
    """A prepared function called by two threads at once gives what it gives when called alone."""
    runner = _runner(subject)
    clips = windows(runner.spec, runner.size)
    batches = [clips, clips * clips.dtype.type(0.5)] * 3
    expected = [runner(batch) for batch in batches[:2]] * 3
    with ThreadPoolExecutor(2) as pool:
        for features, alone in zip(pool.map(runner, batches), expected, strict=True):
            _expect_close(features, alone, runner.spec.tolerance, "computed by two threads at once")


def short_clips_are_filled(subject: Subject) -> None:
    """A clip of a few samples, filled by the window's rule, gives finite features of the same shape."""
    import numpy as np

    from mxt.audio.window import cut

    runner = _runner(subject)
    assert runner.spec.sample_rate is not None
    y = signals(1, SHORT_SAMPLES, runner.spec.sample_rate)[0]
    short = cut(y, runner.spec.window, runner.spec.sample_rate)
    for layer in runner.spec.layers:
        values, where = runner(short)[layer.name], f"layer {layer.name} of a clip of {SHORT_SAMPLES} samples"
        expect(values.shape == (1, layer.dimension), f"{where} has the shape {values.shape}")
        expect(np.isfinite(values).all(), f"{where} is not finite")


def signals_made_while_read_give_the_same_features(subject: Subject) -> None:
    """A backbone that reads signals in pieces gives what it gives for tensors."""
    if not isinstance(subject.build(), ReadsPieces):
        raise NotApplicable("it takes only tensors")
    runner = _runner(subject)
    clips = windows(runner.spec, runner.size)
    features = runner.network([in_pieces(y) for y in clips])
    _expect_close(features, runner(clips), runner.spec.tolerance, "of a signal that is made while it is read")


def weights_are_verified(subject: Subject) -> None:
    """Weight sets have a hash and a file name, and a file of junk is refused with a typed error."""
    spec = subject.entry.spec
    if not spec.weights:
        raise NotApplicable("it has no weights")
    for file in (file for weights in spec.weights for file in weights.files):
        which = f"weight set {file.name}"
        hexadecimal = len(file.sha256) == 64 and set(file.sha256) <= set("0123456789abcdef")
        expect(hexadecimal, f"{which}: sha256 is 64 lower-case hexadecimal digits, not {file.sha256!r}")
        expect(file.licence or file.note, f"{which}: state its licence, or say in a note that none is stated")
    for file in (file for weights in spec.weights for file in (weights, *weights.parts)):
        is_name = file.filename == Path(file.filename).name
        expect(is_name, f"weight set {file.name}: {file.filename!r} is not a file name")
    with tempfile.TemporaryDirectory(prefix="mxt-check-") as folder:
        for file in spec.weights[0].files:
            junk = Path(folder) / file.filename
            junk.parent.mkdir(exist_ok=True)
            junk.write_bytes(b"these are no weights" * 100)
        junk = Path(folder) / spec.weights[0].filename
        _expect_typed(lambda: subject.build().prepare(junk, "cpu"), "a --weights-file of junk")


def agrees_with_the_gpu(subject: Subject) -> None:
    """CPU and CUDA give the same features."""
    import torch

    if not torch.cuda.is_available():
        raise CheckSkipped("there is no CUDA device")
    cpu, cuda = _runner(subject), Runner(subject, "cuda")
    clips = windows(cpu.spec, cpu.size)
    _expect_close(cuda(clips), cpu(clips), max(DEVICE_TOLERANCE, cpu.spec.tolerance), "on CUDA")


def _runner(subject: Subject) -> Runner:
    spec = subject.spec()
    if spec.rows_together:
        raise NotApplicable(f"{spec.rows_together} clips are computed together, which only mxt extract does")
    if "runner" not in subject.kept:
        subject.kept["runner"] = Runner(subject)
    return cast(Runner, subject.kept["runner"])


def _refuse_together(subject: Subject) -> None:
    if subject.spec().rows_together:
        raise CheckRefused(f"{subject.name} depends on its batch on purpose")


def _expect_typed(call: Callable[[], object], what: str) -> None:
    try:
        call()
    except MxtError:
        return
    except Exception as error:
        raise ContractBroken(f"{what} ends in {type(error).__name__}: {error}; raise WeightsError") from error
    raise ContractBroken(f"{what} is accepted without an error")


def _expect_close(
    features: Mapping[str, Array], expected: Mapping[str, Array], tolerance: float, how: str
) -> None:
    """Largest difference, relative to the layer's largest value, at most `tolerance`."""
    import numpy as np

    for name, values in expected.items():
        scale = max(float(np.abs(values).max(initial=0.0)), 1e-12)
        difference = float(np.abs(features[name].astype(np.float64) - values).max(initial=0.0)) / scale
        expect(
            difference <= tolerance,
            f"layer {name} {how} differs by {difference:.2g} of its largest value (allowed: {tolerance:.2g})",
        )


CHECKS = (
    layers_are_those_stated,
    features_are_finite,
    features_are_deterministic,
    batch_equals_stacked_singles,
    order_does_not_matter,
    input_is_left_as_it_was,
    threads_do_not_disturb_each_other,
    short_clips_are_filled,
    signals_made_while_read_give_the_same_features,
    weights_are_verified,
    agrees_with_the_gpu,
)
VARIANT_CHECKS = (layers_are_those_stated, features_are_finite, batch_equals_stacked_singles)
