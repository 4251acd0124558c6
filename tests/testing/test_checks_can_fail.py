"""Every check, shown to fail on a stage that is wrong in just that."""

from __future__ import annotations

import dataclasses
import sys
import types
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

import numpy as np
import pytest

from mxt.core.params import Param
from mxt.core.records import Clip, Detection
from mxt.core.specs import Layer, StageSpec, WeightsFile, Window
from mxt.core.stages import Evaluation, FeatureBlock, FeatureSet
from mxt.registry import Registered, Registry
from mxt.testing import CheckRefused, CheckSkipped, ContractBroken, checks_for

MODULE = "stages_of_this_test"


@pytest.fixture(autouse=True)
def stage_module(monkeypatch):
    module = types.ModuleType(MODULE)
    for name, value in globals().items():
        if isinstance(value, type) and value.__module__ == __name__:
            setattr(module, name, value)
    module.wide = lambda spec, params, _weights: replace(spec, layers=(Layer(1, "only", 3),)) if params.get("mode") == "wide" else spec
    module.together = lambda spec, params, _weights: replace(spec, rows_together=256) if params.get("mode") == "wide" else spec
    monkeypatch.setitem(sys.modules, MODULE, module)


def spec_of(kind: str, stage: str, **changes: Any) -> StageSpec:
    given: dict[str, Any] = {"kind": kind, "name": "subject", "summary": "under check", "target": f"{MODULE}:{stage}"}
    if kind == "backbone":
        given |= {"sample_rate": 4000, "window": Window.fixed(0.25), "batch_windows": 3, "layers": (Layer(1, "only", 2),)}
    return StageSpec(**given | changes)


def run(kind: str, stage: str, check: str, **changes: Any) -> None:
    """Run the check of this name, of the subject as it is without other parameters."""
    entry = Registered(spec_of(kind, stage, **changes), "", "")
    checks = {each.name: each for each in reversed(list(checks_for(entry, Registry((entry,)))))}
    checks[check].run()


# backbones


@dataclass(frozen=True)
class Good:
    """Two numbers of a clip that keep the contract."""

    def prepare(self, weights, device):
        return lambda batch: {"only": self.numbers(batch.cpu().numpy())}

    def numbers(self, y):
        return np.stack([np.abs(y).mean(1), y.std(1)], axis=1).astype(np.float32)


@dataclass(frozen=True)
class MissingLayer(Good):
    def prepare(self, weights, device):
        return lambda batch: {"other": self.numbers(batch.numpy())}


@dataclass(frozen=True)
class OneColumn(Good):
    def numbers(self, y):
        return super().numbers(y)[:, :1]


@dataclass(frozen=True)
class DoublePrecision(Good):
    def numbers(self, y):
        return super().numbers(y).astype(np.float64)


@dataclass(frozen=True)
class ReturnsTensors(Good):
    def prepare(self, weights, device):
        import torch

        return lambda batch: {"only": torch.from_numpy(self.numbers(batch.numpy()))}


@dataclass(frozen=True)
class LogOfSilence(Good):
    def numbers(self, y):
        with np.errstate(divide="ignore"):
            return np.log(super().numbers(y))


@dataclass(frozen=True)
class Random(Good):
    def numbers(self, y):
        return super().numbers(y) + np.random.default_rng().random((len(y), 2)).astype(np.float32)


@dataclass(frozen=True)
class Remembers(Good):
    def prepare(self, weights, device):
        seen = []

        def features(batch):
            seen.append(1)
            return {"only": self.numbers(batch.numpy()) * np.float32(len(seen))}

        return features


@dataclass(frozen=True)
class BatchMaximum(Good):
    def numbers(self, y):
        return super().numbers(y / max(np.abs(y).max(), 1e-9))


@dataclass(frozen=True)
class Position(Good):
    def numbers(self, y):
        return super().numbers(y) + np.arange(len(y), dtype=np.float32)[:, None]


@dataclass(frozen=True)
class WritesToItsInput(Good):
    def numbers(self, y):
        found = super().numbers(y)
        y *= 0.5
        return found


@dataclass(frozen=True)
class SharedBuffer(Good):
    def prepare(self, weights, device):
        import time

        buffer = np.zeros((3, 2), np.float32)

        def features(batch):
            buffer[:] = self.numbers(batch.numpy())
            time.sleep(0.01)
            return {"only": buffer.copy()}

        return features


@dataclass(frozen=True)
class NeedsRepetition(Good):
    def numbers(self, y):
        if (y[:, -10:] == 0).all() and (y[0] != 0).any():
            raise ValueError("zeros at the end")
        return super().numbers(y)


@dataclass(frozen=True)
class TakesAnyWeights(Good):
    pass


@dataclass(frozen=True)
class UntypedWeightsError(Good):
    def prepare(self, weights, device):
        raise KeyError("no such tensor")


@dataclass(frozen=True)
class Moded(Good):
    mode: str = "plain"


MODE = (Param("mode", "choice", "plain", "what", choices=("plain", "wide")),)
GOOD_WEIGHTS = (WeightsFile("w", "w.bin", sha256="a" * 64, licence="MIT"),)
NO_HASH = (WeightsFile("w", "w.bin", licence="MIT"),)
NO_LICENCE = (WeightsFile("w", "w.bin", sha256="a" * 64),)


@pytest.mark.parametrize(
    ("stage", "check", "message", "changes"),
    [
        ("MissingLayer", "layers are those stated", r"\['other'\], the spec has \['only'\]", {}),
        ("OneColumn", "layers are those stated", r"shape \(3, 1\), expected \(3, 2\)", {}),
        ("DoublePrecision", "layers are those stated", "float64, not float32", {}),
        ("ReturnsTensors", "layers are those stated", "Tensor, not a NumPy array", {}),
        ("LogOfSilence", "features are finite", "of silence is not finite", {}),
        ("Random", "features are deterministic", "computed again", {}),
        ("Remembers", "features are deterministic", "computed again after other clips", {}),
        ("BatchMaximum", "batch equals stacked singles", "in a batch and alone differs", {}),
        ("Position", "order does not matter", "in reversed order", {}),
        ("WritesToItsInput", "input is left as it was", "changed in place", {}),
        ("SharedBuffer", "threads do not disturb each other", "two threads at once", {}),
        ("TakesAnyWeights", "weights are verified", "taken without an error", {"weights": GOOD_WEIGHTS}),
        ("UntypedWeightsError", "weights are verified", "KeyError.*raise WeightsError", {"weights": GOOD_WEIGHTS}),
        ("Good", "weights are verified", "64 lower-case", {"weights": NO_HASH}),
        ("Good", "weights are verified", "say its licence", {"weights": NO_LICENCE}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_wrong_backbone_is_found(stage, check, message, changes):
    with pytest.raises(ContractBroken, match=message):
        run("backbone", stage, check, **changes)


def test_backbone_that_fails_on_a_filled_clip_is_found():
    with pytest.raises(ValueError, match="zeros at the end"):
        run("backbone", "NeedsRepetition", "short clips are filled", window=Window.fixed(0.25, pad="zero"))


@pytest.mark.parametrize("check", ["layers are those stated", "features are finite", "features are deterministic",
    "batch equals stacked singles", "order does not matter", "input is left as it was", "threads do not disturb each other",
    "short clips are filled"])  # fmt: skip
@pytest.mark.parametrize("window", [Window.fixed(0.25), Window.whole(), Window.sliding(0.25, 0.1)], ids=lambda window: window.kind)
def test_good_backbone_passes(check, window):
    run("backbone", "Good", check, window=window)


def test_difference_between_devices_is_found(monkeypatch):
    from mxt.testing import backbones

    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    original = backbones.Runner
    monkeypatch.setattr(
        backbones, "Runner", lambda subject, device="cpu": original(subject) if device == "cpu" else _Doubled(original(subject))
    )
    with pytest.raises(ContractBroken, match="on CUDA differs"):
        run("backbone", "Good", "agrees with the gpu")


class _Doubled:
    def __init__(self, runner):
        self.runner = runner

    def __call__(self, clips):
        return {name: 2 * values for name, values in self.runner(clips).items()}


def test_batch_mode_is_refused_by_name():
    entry = Registered(spec_of("backbone", "Moded", params=MODE, resolve=f"{MODULE}:together"), "", "")
    checks = [check for check in checks_for(entry, Registry((entry,))) if check.subject.params]
    (invariance,) = (check for check in checks if check.name == "batch equals stacked singles")
    with pytest.raises(CheckRefused, match="subject mode=wide depends on its batch on purpose"):
        invariance.run()
    assert invariance.outcome().result == "refused"


def test_every_choice_is_checked():
    entry = Registered(spec_of("backbone", "Moded", params=MODE, resolve=f"{MODULE}:wide"), "", "")
    failed = [str(check) for check in checks_for(entry, Registry((entry,))) if check.outcome().result == "failed"]
    assert failed == ["backbone subject mode=wide: layers are those stated"]


def test_checks_of_missing_weights_are_skipped_and_say_which(monkeypatch, tmp_path):
    monkeypatch.setenv("MXT_WEIGHTS_DIR", str(tmp_path))
    with pytest.raises(CheckSkipped, match="mxt weights fetch subject:w"):
        run("backbone", "Good", "features are finite", weights=GOOD_WEIGHTS)


# what every stage has to keep


@dataclass
class NotFrozen:
    gain: float = 1.0


@dataclass(frozen=True)
class OtherFields:
    loudness: float = 1.0


@dataclass(frozen=True)
class Gain:
    gain: float = 1.0


@dataclass(frozen=True)
class Rounds:
    gain: float = 1.0

    def __post_init__(self):
        object.__setattr__(self, "gain", float(round(self.gain)))


@dataclass(frozen=True)
class HoldsAFunction:
    gain: float = 1.0
    made: Any = dataclasses.field(default_factory=lambda: lambda: None, init=False)


@dataclass(frozen=True)
class TakesNegative:
    gain: float = 1.0

    def __post_init__(self):
        if self.gain < 0.25:
            raise ValueError("too small")


GAIN = (Param("gain", "float", 1.0, "factor"),)


@pytest.mark.parametrize(
    ("stage", "check", "message", "changes"),
    [
        ("Gain", "spec is valid", "states its layers", {"params": GAIN, "layers": ()}),
        ("Gain", "spec is valid", "summary is one line", {"params": GAIN, "summary": "a\nb"}),
        ("Gain", "spec is valid", "gain has no help", {"params": (replace(GAIN[0], help=""),)}),
        ("Gain", "spec is valid", "version is 1 or more", {"params": GAIN, "version": 0}),
        ("Gain", "spec is plain", "no plain value", {"params": (replace(GAIN[0], default=object()),)}),
        ("Gain", "spec is plain", "no plain value", {"params": (replace(GAIN[0], default=float("nan")),)}),
        ("Gain", "defaults are valid", "does not pass its own check", {"params": (replace(GAIN[0], minimum=2),)}),
        ("Gain", "defaults are valid", "its check makes 1.0", {"params": (replace(GAIN[0], default=1),)}),
        ("Gain", "defaults are valid", "read as", {"params": (Param("gain", "list", ("a,b", "c"), "words", item="str"),)}),
        ("NotFrozen", "stage is a frozen dataclass of its parameters", "not a frozen dataclass", {"params": GAIN}),
        ("Gain", "stage is a frozen dataclass of its parameters", "differ: gain", {}),
        ("Rounds", "stage is a frozen dataclass of its parameters", "was 0.4, the stage has 0.0",
         {"params": (replace(GAIN[0], default=0.4),)}),
        ("HoldsAFunction", "stage is a frozen dataclass of its parameters", "something besides the parameters", {"params": GAIN}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_wrong_stage_is_found(stage, check, message, changes):
    with pytest.raises(ContractBroken, match=message):
        run("backbone", stage, check, **changes)


def test_untyped_error_for_a_wrong_value_is_found(monkeypatch):
    # a parameter that takes everything, and a stage that then fails in its own way
    monkeypatch.setattr(Param, "check", lambda _self, value: value)
    with pytest.raises(ContractBroken, match="not in a usage error"):
        run("normalizer", "TakesNegative", "errors are typed", params=(replace(GAIN[0], minimum=0),))


def test_wrong_value_that_is_taken_is_found(monkeypatch):
    monkeypatch.setattr(Param, "check", lambda _self, value: value)
    with pytest.raises(ContractBroken, match="taken without an error"):
        run("normalizer", "Gain", "errors are typed", params=GAIN)


@pytest.mark.parametrize(
    ("source", "message"),
    [("import torch", "imports .*torch"), ("import numpy, sklearn", "imports .*sklearn"), ("1 / 0", "ZeroDivisionError")],
)
def test_heavy_or_broken_plugin_module_is_found(tmp_path, monkeypatch, source, message):
    module = f"heavy_plugin_{abs(hash(source))}"
    (tmp_path / f"{module}.py").write_text(source)
    monkeypatch.syspath_prepend(str(tmp_path))
    checks = {check.name: check for check in checks_for(spec_of("head", "Gain"), Registry(), plugin=module)}
    with pytest.raises(ContractBroken, match=message):
        checks["plugin is light to import"].run()


def test_light_plugin_module_passes():
    checks = {check.name: check for check in checks_for(spec_of("head", "Gain"), Registry(), plugin="mxt.plugin")}
    checks["plugin is light to import"].run()


# normalizers and renderers


@dataclass(frozen=True)
class Halves:
    def __call__(self, y, *, sample_rate, levels):
        return y * y.dtype.type(0.5)


@dataclass(frozen=True)
class ByItsOwnPeak:
    def __call__(self, y, *, sample_rate, levels):
        return y / max(np.abs(y).max(), y.dtype.type(1e-9))


@dataclass(frozen=True)
class ByUnaskedPeak:
    def __call__(self, y, *, sample_rate, levels):
        return y / np.float32(levels.peak)


@dataclass(frozen=True)
class Widens:
    def __call__(self, y, *, sample_rate, levels):
        return y.astype(np.float64)


@dataclass(frozen=True)
class InPlace:
    def __call__(self, y, *, sample_rate, levels):
        y *= y.dtype.type(0.5)
        return y


@dataclass(frozen=True)
class Dithers:
    def __call__(self, y, *, sample_rate, levels):
        return y + np.random.default_rng().random(len(y)).astype(np.float32)


@dataclass(frozen=True)
class Doubles:
    """Two copies, which can be had in pieces; what is changed about them is for those that inherit."""

    copies = 2

    def __call__(self, y, *, sample_rate, levels):
        return np.concatenate([y, y])

    def pieces(self, y, *, sample_rate, levels):
        yield y
        yield y[:1000]
        yield y[1000:]


@dataclass(frozen=True)
class Miscounts(Doubles):
    copies = 3


@dataclass(frozen=True)
class OtherPieces(Doubles):
    def pieces(self, y, *, sample_rate, levels):
        yield y
        yield -y


@pytest.mark.parametrize(
    ("stage", "check", "message", "changes"),
    [
        ("Miscounts", "pieces are what the call returns", "3 copies of", {"whole_clip": True}),
        ("OtherPieces", "pieces are what the call returns", "not what the call returns", {"whole_clip": True}),
        ("Halves", "levels asked for are known", "needs loudness", {"needs": ("loudness",)}),
        ("Widens", "signal keeps its shape and type", "got float64", {}),
        ("ByUnaskedPeak", "signal keeps its shape and type", "not finite", {}),
        ("InPlace", "signal given is left as it was", "changed in place", {}),
        ("ByItsOwnPeak", "part is treated as the whole", "otherwise than within", {}),
        ("Dithers", "normalizing is deterministic", "two calls differ", {}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_wrong_normalizer_is_found(stage, check, message, changes):
    with pytest.raises(ContractBroken, match=message):
        run("normalizer", stage, check, **changes)


@dataclass(frozen=True)
class Rows:
    """A picture of 10 bands: the signal in rows."""

    def prepare(self, sample_rate, device):
        return lambda y: self.picture(y)

    def picture(self, y):
        return y[:, :22_000].reshape(len(y), 10, -1)


@dataclass(frozen=True)
class Flat(Rows):
    def picture(self, y):
        return y


@dataclass(frozen=True)
class AsArray(Rows):
    def picture(self, y):
        return super().picture(y).numpy()


@dataclass(frozen=True)
class Logarithm(Rows):
    def picture(self, y):
        return super().picture(y).abs().log()


@dataclass(frozen=True)
class RelativeToTheBatch(Rows):
    def picture(self, y):
        return super().picture(y) / y.abs().max()


@dataclass(frozen=True)
class Scales(Rows):
    def picture(self, y):
        y.mul_(0.5)
        return super().picture(y).clone()


@dataclass(frozen=True)
class ReadsTheBeginning(Rows):
    reads_pieces = True

    def picture(self, y):
        if isinstance(y, list):
            import torch

            y = torch.stack([torch.from_numpy(np.resize(each.read(0, 1000), len(each))) for each in y])
        return super().picture(y)


@pytest.mark.parametrize(
    ("stage", "check", "message"),
    [
        ("ReadsTheBeginning", "signals made while read give the same picture", "gives another picture"),
        ("Flat", "picture has bands and frames", "bands, frames"),
        ("AsArray", "picture has bands and frames", "not ndarray"),
        ("Logarithm", "picture has bands and frames", "not finite"),
        ("RelativeToTheBatch", "pictures do not depend on each other", "in a batch and alone"),
        ("Scales", "waveforms are left as they were", "changed in place"),
    ],
)
def test_wrong_renderer_is_found(stage, check, message):
    with pytest.raises(ContractBroken, match=message):
        run("renderer", stage, check)


def test_good_stack_passes():
    run("normalizer", "Doubles", "pieces are what the call returns", whole_clip=True)


def test_good_normalizer_and_renderer_pass():
    for kind, stage in (("normalizer", "Halves"), ("renderer", "Rows")):
        entry = Registered(spec_of(kind, stage), "", "")
        assert {check.outcome().result for check in checks_for(entry, Registry((entry,)))} == {"passed", "skipped"}


# data sets


@dataclass(frozen=True)
class Flats:
    """Each file is a clip; the label is its first letter."""

    def detect(self, listing):
        return Detection(0.5 if listing.files else 0.0, "because")

    def clips(self, listing):
        for path in listing.files:
            yield Clip(path, targets={"label": path[0]})


@dataclass(frozen=True)
class TooSure(Flats):
    def detect(self, listing):
        return Detection(2.0, "because")


@dataclass(frozen=True)
class NoReason(Flats):
    def detect(self, listing):
        return Detection(0.5, "")


@dataclass(frozen=True)
class RecognisesNothingness(Flats):
    def detect(self, listing):
        return Detection(0.5, "because")


@dataclass(frozen=True)
class AbsolutePaths(Flats):
    def clips(self, listing):
        return [Clip(f"/{path}") for path in listing.files]


@dataclass(frozen=True)
class Twice(Flats):
    def clips(self, listing):
        return [*super().clips(listing), *super().clips(listing)]


@dataclass(frozen=True)
class YieldsText(Flats):
    def clips(self, listing):
        return list(listing.files)


@dataclass(frozen=True)
class ChangingColumns(Flats):
    def clips(self, listing):
        return [Clip(path, targets={path: "x"}) for path in listing.files]


@dataclass(frozen=True)
class Counts(Flats):
    seen: Any = dataclasses.field(default_factory=list, init=False)

    def clips(self, listing):
        SEEN.append(1)
        return [Clip(path, fields={"n": str(len(SEEN) + n)}) for n, path in enumerate(listing.files)]


SEEN: list[int] = []


@dataclass(frozen=True)
class LeavesAFile(Flats):
    def clips(self, listing):
        from pathlib import Path

        (Path(listing.root) / "cache.json").write_text("{}")
        return super().clips(listing)


@dataclass(frozen=True)
class OpensAudio(Flats):
    def clips(self, listing):
        from pathlib import Path

        for path in listing.files:
            yield Clip(path, fields={"bytes": str((Path(listing.root) / path).stat().st_size)})


@dataclass(frozen=True)
class Unguarded(Flats):
    def clips(self, listing):
        return [listing.files[0], *super().clips(listing)]


@pytest.mark.parametrize(
    ("stage", "check", "message"),
    [
        ("TooSure", "detection is a score with a reason", "not between 0 and 1"),
        ("NoReason", "detection is a score with a reason", "no reason"),
        ("RecognisesNothingness", "detection is a score with a reason", "an empty folder is recognised"),
        ("AbsolutePaths", "clips lie in the listing", "not in the listing"),
        ("Twice", "clips lie in the listing", "two clips have one id"),
        ("YieldsText", "clips lie in the listing", "neither Clip nor Remark"),
        ("ChangingColumns", "clips lie in the listing", "differ in their target columns"),
        ("Counts", "what is loaded is the same every time", "two loadings differ"),
        ("LeavesAFile", "folder is left as it was", "changed the folder"),
        ("OpensAudio", "audio is not opened", "changes the clips"),
        ("Unguarded", "foreign files end in typed errors", "IndexError"),
    ],
)
def test_wrong_loader_is_found(stage, check, message):
    with pytest.raises(ContractBroken, match=message):
        run("dataset", stage, check)


@dataclass(frozen=True)
class OfFeatures(Flats):
    """One set of features, of two clips, a column each."""

    def feature_sets(self, listing):
        clips = tuple(Clip(f"{n}", targets={"label": "a"}) for n in range(2))
        yield FeatureSet("set", clips, listing.files[:1], (FeatureBlock("mine", (Layer(1, "only", 1),), {"only": self.values()}, {}),))

    def values(self):
        return np.zeros((2, 1))


@dataclass(frozen=True)
class TooManyRows(OfFeatures):
    def values(self):
        return np.zeros((3, 1))


@dataclass(frozen=True)
class OtherFeatures(OfFeatures):
    def values(self):
        return np.random.default_rng().random((2, 1))


@dataclass(frozen=True)
class ForeignSource(OfFeatures):
    def feature_sets(self, listing):
        return [replace(each, sources=("elsewhere.csv",)) for each in super().feature_sets(listing)]


@pytest.mark.parametrize(
    ("stage", "check", "message"),
    [
        ("TooManyRows", "feature sets fit their clips", r"the shape is \(3, 1\), expected \(2, 1\)"),
        ("ForeignSource", "feature sets fit their clips", "not in the listing"),
        ("OtherFeatures", "what is loaded is the same every time", "two loadings differ"),
    ],
)
def test_wrong_loader_of_features_is_found(stage, check, message):
    with pytest.raises(ContractBroken, match=message):
        run("dataset", stage, check)


def test_loader_of_an_unknown_layout_is_skipped():
    @dataclass(frozen=True)
    class Strange(Flats):
        def detect(self, listing):
            return Detection(0.0, "not mine")

    setattr(sys.modules[MODULE], "Strange", Strange)  # noqa: B010
    with pytest.raises(CheckSkipped, match="none of the sample layouts"):
        run("dataset", "Strange", "clips lie in the listing")


def test_good_loader_passes():
    for stage in ("Flats", "OfFeatures"):
        entry = Registered(spec_of("dataset", stage), "", "")
        failed = [check.name for check in checks_for(entry, Registry((entry,))) if check.outcome().result == "failed"]
        assert failed == []


# heads and protocols


@dataclass(frozen=True)
class Trees:
    def estimator(self, task, *, seed):
        from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

        kind = DecisionTreeRegressor if task == "regression" else DecisionTreeClassifier
        return kind(max_features=2, random_state=self.state(seed))

    def state(self, seed):
        return seed

    def grid(self, task, *, n_features):
        return {"max_depth": [1, None]}


_states = count()


@dataclass(frozen=True)
class Unseeded(Trees):
    def state(self, seed):
        return next(_states)

    def estimator(self, task, *, seed):
        return super().estimator(task, seed=seed).set_params(max_depth=1)


@dataclass(frozen=True)
class OneObject(Trees):
    def estimator(self, task, *, seed):
        return _kept.setdefault(task, super().estimator(task, seed=seed))


_kept: dict[str, Any] = {}


@dataclass(frozen=True)
class NoTask(Trees):
    def estimator(self, task, *, seed):
        from mxt.core.errors import EvaluationError

        raise EvaluationError("not mine")


@dataclass(frozen=True)
class StrangeGrid(Trees):
    def grid(self, task, *, n_features):
        return {"depth": [1]}


@dataclass(frozen=True)
class EmptyGrid(Trees):
    def grid(self, task, *, n_features):
        return [{"max_depth": []}]


@pytest.mark.parametrize(
    ("stage", "check", "message"),
    [
        ("OneObject", "estimator is fresh and clonable", "one object"),
        ("NoTask", "estimator is fresh and clonable", "none of the tasks"),
        ("Unseeded", "estimator learns and predicts", "same seed gives other predictions"),
        ("StrangeGrid", "grid names parameters there are", "names depth"),
        ("EmptyGrid", "grid names parameters there are", "no values for max_depth"),
    ],
)
def test_wrong_head_is_found(stage, check, message):
    with pytest.raises(ContractBroken, match=message):
        run("head", stage, check)


@pytest.mark.parametrize(
    ("choices", "message"),
    [({"folds": 10}, "not dict"), (Evaluation(folds=1), "folds are 2 or more"), (Evaluation(outer="leave"), "outer is")],  # type: ignore[arg-type]
)
def test_wrong_protocol_is_found(choices, message):
    @dataclass(frozen=True)
    class Wrong:
        def choices(self, task):
            return choices

    setattr(sys.modules[MODULE], "Wrong", Wrong)  # noqa: B010
    with pytest.raises(ContractBroken, match=message):
        run("protocol", "Wrong", "choices are an evaluation")


def test_good_head_passes():
    entry = Registered(spec_of("head", "Trees"), "", "")
    assert [check.name for check in checks_for(entry, Registry((entry,))) if check.outcome().result == "failed"] == []
