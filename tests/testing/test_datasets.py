"""Checks of data set loaders, each shown to fail on a stage that is wrong in just that."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mxt.core.errors import UsageError
from mxt.core.records import Clip, Detection
from mxt.core.specs import Layer
from mxt.core.stages import FeatureBlock, FeatureSet
from mxt.testing import CheckSkipped, ContractBroken


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
        ("Twice", "clips lie in the listing", "two clips have the same id"),
        ("YieldsText", "clips lie in the listing", "neither a Clip nor a Remark"),
        ("ChangingColumns", "clips lie in the listing", "differ in their target columns"),
        ("Counts", "what is loaded is the same every time", "two loadings differ"),
        ("LeavesAFile", "folder is left as it was", "changed the folder"),
        ("OpensAudio", "audio is not opened", "changes the clips"),
        ("Unguarded", "foreign files end in typed errors", "IndexError"),
    ],
)
def test_wrong_loader_is_found(run, stage, check, message):
    with pytest.raises(ContractBroken, match=message):
        run("dataset", stage, check)


@dataclass(frozen=True)
class OfFeatures(Flats):
    """One set of features, of two clips, a column each."""

    def feature_sets(self, listing):
        clips = tuple(Clip(f"{n}", targets={"label": "a"}) for n in range(2))
        yield FeatureSet(
            "set",
            clips,
            listing.files[:1],
            (FeatureBlock("mine", (Layer(1, "only", 1),), {"only": self.values()}, {}),),
        )

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
def test_wrong_loader_of_features_is_found(run, stage, check, message):
    with pytest.raises(ContractBroken, match=message):
        run("dataset", stage, check)


@dataclass(frozen=True)
class Strange(Flats):
    """Takes folders that have a `birds.json` only."""

    def detect(self, listing):
        return Detection(float("birds.json" in listing.files), "birds.json")

    def clips(self, listing):
        return (clip for clip in super().clips(listing) if clip.path.endswith(".wav"))


@dataclass(frozen=True)
class StrangeOpensAudio(Strange):
    def clips(self, listing):
        return (
            replace(clip, fields={"bytes": str((Path(listing.root) / clip.path).stat().st_size)})
            for clip in super().clips(listing)
        )


@dataclass(frozen=True)
class Divides(Flats):
    def detect(self, listing):
        return Detection(
            sum(path.endswith(".wav") for path in listing.files) / len(listing.files), "share of sounds"
        )


@pytest.fixture
def sample(tmp_path):
    """A folder in the layout of `Strange`."""
    for name in ("birds.json", "owl/1.wav", "crow/1.wav", ".hidden"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    return tmp_path


def test_detection_that_fails_names_the_folder_it_failed_on(run):
    with pytest.raises(ContractBroken, match="an empty folder: detect ends in ZeroDivisionError"):
        run("dataset", "Divides", "detection is a score with a reason")


def test_loader_of_an_unknown_layout_is_skipped_without_a_sample_of_it(run):
    with pytest.raises(CheckSkipped, match=r"none of the layouts mxt knows.*--sample"):
        run("dataset", "Strange", "clips lie in the listing")


def test_loader_of_an_unknown_layout_is_checked_on_a_copy_of_a_sample(checks, run, sample):
    found = {check.name: check.outcome().result for check in checks("dataset", "Strange", sample=sample)}
    # a bare spec is in no module, and this loader has audio
    assert {name for name, result in found.items() if result != "passed"} == {
        "plugin is light to import",
        "feature sets fit their clips",
    }
    assert {path.read_text() for path in sample.rglob("*.wav")} == {"x"}
    with pytest.raises(ContractBroken, match="changes the clips"):
        run("dataset", "StrangeOpensAudio", "audio is not opened", sample=sample)


def test_sample_that_is_not_recognised_or_too_large_is_refused(run, sample, monkeypatch):
    (sample / "birds.json").unlink()
    with pytest.raises(ContractBroken, match=r"is not recognised: birds\.json"):
        run("dataset", "Strange", "clips lie in the listing", sample=sample)
    monkeypatch.setattr("mxt.testing.datasets.LARGEST_SAMPLE", 1)
    with pytest.raises(UsageError, match="is larger than"):
        run("dataset", "Strange", "clips lie in the listing", sample=sample)


@pytest.mark.parametrize("stage", ["Flats", "OfFeatures"])
def test_good_loader_passes(checks, stage):
    assert [check.name for check in checks("dataset", stage) if check.outcome().result == "failed"] == []
