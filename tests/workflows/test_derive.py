from __future__ import annotations

import hashlib
import re
import shutil
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given, settings
from hypothesis import strategies as st

from mxt.cli.main import main
from mxt.core.errors import InputError, Reason, Refused, UnknownName, UsageError
from mxt.core.identity import audio_key, clip_id
from mxt.core.records import ClipRecord, DatasetRecord, FileRecord, Measurement
from mxt.extraction.request import ExtractRequest
from mxt.ingestion.cuts import part
from mxt.ingestion.records import Derived
from mxt.ingestion.requests import DeriveRequest, IngestRequest
from mxt.registry import Registry
from mxt.results.request import EvaluateRequest
from mxt.store.layout import Store
from mxt.workflows.derive import derive
from mxt.workflows.derive_again import derive_again
from mxt.workflows.evaluate import evaluate
from mxt.workflows.extract import extract
from mxt.workflows.info import DatasetInfo, info
from mxt.workflows.ingest import ingest
from mxt.workflows.ls import ls
from mxt.workflows.remove import remove


@pytest.fixture
def parent(store: Path) -> str:
    return Store.open(store).catalogue.dataset().name


def clips_of(store: Path, name: str) -> list[ClipRecord]:
    return Store.open(store).catalogue.clips(name)


def clip(seconds: float, start_us: int | None = None, end_us: int | None = None) -> ClipRecord:
    file = FileRecord(
        "a/b.wav", 1, 1, 1, Measurement("0" * 64, seconds, 8000, 1, int(8000 * seconds), 0.5, 0.5, 0.1)
    )
    id_ = clip_id(file.path, start_us, end_us)
    return ClipRecord(id_, file, audio_key("0" * 64, start_us, end_us), start_us=start_us, end_us=end_us)


def test_an_excerpt_is_a_segment_with_a_key_of_its_own(store: Path, parent: str) -> None:
    found = derive(store, DeriveRequest("excerpt", {"start": 0.25, "length": 0.5}))
    assert (found.name, found.parent, found.how) == (
        f"{parent}-excerpt0.25-0.75",
        parent,
        "excerpt --start 0.25 --length 0.5",
    )
    (first, *_), (whole, *_) = clips_of(store, found.name), clips_of(store, parent)
    assert first.id == f"{whole.id}#0.25-0.75"
    assert (first.start_us, first.end_us, first.targets, first.file) == (
        250_000,
        750_000,
        whole.targets,
        whole.file,
    )
    assert first.key != whole.key
    assert found.summary.seconds == pytest.approx(0.5 * found.summary.used)


def test_an_excerpt_that_is_all_of_a_clip_is_the_clip() -> None:
    assert part(clip(3.0), 0.0, 30.0) == clip(3.0)
    assert part(clip(9.0, 1_000_000, 4_000_000), 0.0, 3.0) == clip(9.0, 1_000_000, 4_000_000)


def test_a_clip_that_ends_before_the_excerpt_begins_is_left_out_with_its_reason() -> None:
    found = part(clip(3.0), 3.0, 1.0)
    assert (found.key, found.reason) == (None, Reason.TOO_SHORT)
    assert found.detail == "the excerpt begins at 3 s, the clip has 3.000 s"


@settings(max_examples=60, deadline=None)
@given(st.floats(0.1, 20), st.floats(0, 5), st.floats(0.05, 20), st.floats(0, 5), st.floats(0.1, 10))
def test_parts_lie_inside_their_clips(
    seconds: float, begin: float, length: float, start: float, excerpt: float
) -> None:
    whole = clip(seconds + begin + length, round(begin * 1e6), round((begin + length) * 1e6))
    found = part(whole, start, excerpt)
    assert whole.start_us is not None
    assert whole.end_us is not None
    if found.usable:
        assert found.start_us is not None
        assert found.end_us is not None
        assert whole.start_us <= found.start_us < found.end_us <= whole.end_us
        assert found.duration <= excerpt + 2e-6


def test_windows_are_whole_and_grouped_by_their_recording(store: Path) -> None:
    found = derive(store, DeriveRequest("windows", {"length": 0.5, "hop": 0.25}))
    clips = clips_of(store, found.name)
    by_file = Counter(each.file.path for each in clips)
    for path, number in by_file.items():
        windows = [each for each in clips if each.file.path == path]
        whole = windows[0].file.measurement
        assert whole is not None
        assert number == 1 + int((whole.duration - 0.5) / 0.25 + 1e-6)
        assert {each.group for each in windows} == {path}
        assert all(each.duration == pytest.approx(0.5) for each in windows)
        assert [each.start_us for each in windows] == [250_000 * place for place in range(number)]


def test_loudness_classes_are_of_equal_size_and_in_order(store: Path, parent: str) -> None:
    found = derive(store, DeriveRequest("loudness-classes", {"parts": 5, "only": (), "measure": "rms"}))
    clips = clips_of(store, found.name)
    sizes = Counter(each.targets["loudness"] for each in clips)
    assert sorted(sizes.values()) == [14, 14, 14, 15, 15]
    levels = {
        name: [m.rms for each in clips if each.targets["loudness"] == name and (m := each.file.measurement)]
        for name in sizes
    }
    assert all(max(levels[f"Loud{n}"]) <= min(levels[f"Loud{n + 1}"]) for n in range(1, 5))
    assert Store.open(store).catalogue.dataset(found.name).targets == ("loudness", "label")
    ends = derive(
        store, DeriveRequest("loudness-classes", {"parts": 5, "only": ("Loud1", "Loud5"), "measure": "rms"})
    )
    assert (ends.parent, ends.name) == (parent, f"{parent}-loudness5-Loud1_Loud5")
    assert {each.id for each in clips_of(store, ends.name)} == {
        each.id for each in clips if each.targets["loudness"] in ("Loud1", "Loud5")
    }


@pytest.mark.parametrize("measure", ["peak", "lufs"])
def test_loudness_is_measured_in_segments_too(store: Path, measure: str) -> None:
    cut = derive(store, DeriveRequest("excerpt", {"start": 0.0, "length": 0.6}))
    found = derive(
        store,
        DeriveRequest("loudness-classes", {"parts": 2, "only": (), "measure": measure}, parent=cut.name),
    )
    assert found.parent == cut.name
    assert found.summary.targets[0].classes == {"Loud1": 36, "Loud2": 36}


def test_small_classes_are_left_behind(
    store: Path, collection: Path, tmp_path: Path, registry: Registry
) -> None:
    small = shutil.copytree(collection, tmp_path / "small")
    for path in sorted((small / "bell").iterdir())[4:]:
        path.unlink()
    ingest(store, IngestRequest(small), registry)
    assert derive(store, DeriveRequest("min-class-size", {"size": 4, "target": None})).summary.clips == 64
    found = derive(store, DeriveRequest("min-class-size", {"size": 5, "target": None}))
    assert "bell" not in found.summary.targets[0].classes
    assert found.name == "small-min5"
    with pytest.raises(InputError, match="no class of 'label' has 13 clips; the largest has 12"):
        derive(store, DeriveRequest("min-class-size", {"size": 13, "target": None}))


def test_some_classes_are_kept_by_name(store: Path) -> None:
    found = derive(store, DeriveRequest("classes", {"names": ("bow", "reed"), "target": None}))
    assert found.summary.targets[0].classes == {"bow": 12, "reed": 12}
    with pytest.raises(UnknownName, match="no class of label called 'bowl'; did you mean bow"):
        derive(store, DeriveRequest("classes", {"names": ("bowl",), "target": None}))


@pytest.mark.parametrize("suffix", [".txt", ".csv"])
def test_clips_that_a_file_names_are_left_out(store: Path, parent: str, tmp_path: Path, suffix: str) -> None:
    clips = clips_of(store, parent)
    names = [clips[0].id, clips[1].file.path.rpartition("/")[2], "nobody.wav"]
    listed = tmp_path / f"faults{suffix}"
    lines = (
        ["# heard by ear", *names] if suffix == ".txt" else ["why,clip", *(f"cut,{name}" for name in names)]
    )
    listed.write_text("\n".join(lines))
    found = derive(store, DeriveRequest("without", {"file": str(listed)}))
    gone = {each.id for each in clips} - {each.id for each in clips_of(store, found.name)}
    assert clips[0].id in gone
    assert len(gone) + sum(map(len, found.summary.remarks.values())) == 3
    assert found.summary.remarks["named and not there"] == ("nobody.wav",)


def run(store: Path, name: str | None, registry: Registry) -> None:
    extract(store, ExtractRequest(backbone="tiny", dataset=name), registry)


def test_derived_sets_are_extracted_evaluated_listed_described_and_removed(
    store: Path, parent: str, registry: Registry, capsys: pytest.CaptureFixture[str]
) -> None:
    run(store, parent, registry)
    some = derive(store, DeriveRequest("classes", {"names": ("bell", "bow", "reed"), "target": None}))
    assert some.views == ("tiny",), "these clips have features already"
    cut = derive(store, DeriveRequest("excerpt", {"start": 0.0, "length": 0.5}))
    assert cut.views == ()
    run(store, cut.name, registry)
    found = evaluate(
        store,
        EvaluateRequest(datasets=(some.name, cut.name), head="linear", settings=("C=1", "folds=3")),
        registry,
    )
    assert [(each.dataset, each.clips) for each in found.datasets] == [(some.name, 36), (cut.name, 72)]
    assert [entry.name for entry in ls(store).datasets] == sorted([parent, some.name, cut.name])
    described = info(store, cut.name, registry)
    assert isinstance(described, DatasetInfo)
    assert described.commands[0].startswith("mxt ingest ")
    assert (
        described.commands[1]
        == f"mxt derive excerpt --start 0 --length 0.5 --dataset {parent} --name {cut.name}"
    )
    with pytest.raises(SystemExit, match="0"):
        main(["info", cut.name, "--store", str(store)])
    assert re.search(rf"derived +from {parent}: excerpt --start 0 --length 0.5", capsys.readouterr().out)
    remove(store, [cut.name], yes=True)
    assert cut.name not in {entry.name for entry in ls(store).datasets}


def test_features_of_a_segment_are_those_of_the_same_audio_as_a_file(
    store: Path, registry: Registry, tmp_path: Path
) -> None:
    import soundfile

    cut = derive(store, DeriveRequest("excerpt", {"start": 0.25, "length": 0.5}))
    run(store, cut.name, registry)
    first = clips_of(store, cut.name)[0]
    record = Store.open(store).catalogue.dataset(cut.name)
    y, rate = soundfile.read(Path(record.root, first.file.path))
    (tmp_path / "alone").mkdir()
    start = round(0.25 * rate)
    soundfile.write(tmp_path / "alone" / "a.wav", y[start : start + round(0.5 * rate)], rate, subtype="FLOAT")
    ingest(store, IngestRequest(tmp_path / "alone"), registry)
    run(store, "alone", registry)
    import mxt

    features = mxt.open(store)
    alone, _ = features.features("tiny", dataset="alone")
    derived, ids = features.features("tiny", dataset=cut.name)
    np.testing.assert_allclose(derived[ids.index(first.id)], alone[0], rtol=2e-3)


def test_a_changed_parent_is_said_and_derived_sets_are_made_again(
    store: Path, parent: str, collection: Path, tmp_path: Path, registry: Registry
) -> None:
    name = derive(store, DeriveRequest("classes", {"names": ("bow", "reed"), "target": None})).name
    halves = derive(
        store, DeriveRequest("windows", {"length": 0.5, "hop": 0.5}, parent=name, name="halves")
    ).name
    smaller = shutil.copytree(collection, tmp_path / parent)
    (next((smaller / "bow").iterdir())).unlink()
    ingest(store, IngestRequest(smaller, name=parent), registry)
    described = info(store, name, registry)
    assert isinstance(described, DatasetInfo)
    assert (
        described.outdated
        == f"{parent}, which it was derived from, has changed since: mxt derive again {name}"
    )
    again = derive_again(store)
    assert [(each.name, each.parent) for each in again] == [(name, parent), (halves, name)]
    assert len(again[0].changes.gone) == 1
    assert again[0].summary.targets[0].classes == {"reed": 12, "bow": 11}
    described = info(store, halves, registry)
    assert isinstance(described, DatasetInfo)
    assert described.outdated == ""
    assert described.record.root == str(smaller)


def test_names_are_not_taken_from_others_silently(
    store: Path, parent: str, collection: Path, registry: Registry
) -> None:
    def named(name: str, classes: tuple[str, ...], **more: bool) -> Derived:
        options = {"names": classes, "target": None}
        return derive(store, DeriveRequest("classes", options, parent=parent, name=name, **more))

    named("pair", ("bow", "reed"))
    assert named("pair", ("bow", "reed")).changes.first is False
    with pytest.raises(
        Refused, match=f"pair is derived from {parent} by classes bow,reed: choose another --name"
    ):
        named("pair", ("bow", "bell"))
    assert named("pair", ("bow", "bell"), yes=True).summary.targets[0].classes == {"bow": 12, "bell": 12}
    with pytest.raises(UsageError, match="cannot be derived from itself"):
        named(parent, ("bow",))
    with pytest.raises(Refused, match=f"pair is derived from {parent}"):
        ingest(store, IngestRequest(collection, name="pair"), registry)
    assert ingest(store, IngestRequest(collection, name="pair", yes=True), registry)[0].loader == "folder"
    with pytest.raises(Refused, match="pair is a data set that was ingested"):
        named("pair", ("bow",))
    with pytest.raises(UsageError, match="pair is not derived"):
        derive_again(store, ["pair"])


def test_nothing_left_is_an_error_and_changes_nothing(store: Path, parent: str) -> None:
    with pytest.raises(
        InputError, match=f"nothing usable is left of {parent} after: excerpt --start 60 --length 1"
    ):
        derive(store, DeriveRequest("excerpt", {"start": 60.0, "length": 1.0}))
    assert [entry.name for entry in ls(store).datasets] == [parent]


def test_the_command_line_derives_from_the_data_set_last_ingested(
    store: Path, parent: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in (["excerpt", "--length", "0.5"], ["loudness-classes", "--parts", "3", "-q"]):
        with pytest.raises(SystemExit, match="0"):
            main(["derive", *words, "--store", str(store)])
        assert f"derived from {parent}: {words[0]}" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="0"):
        main(["derive", "again", "--store", str(store), "-q"])
    assert capsys.readouterr().out.count("since last time: nothing changed") == 2


def notes_of(store: Path, sizes: dict[str, int]) -> None:
    """Catalogue so many notes of each instrument, without audio."""
    clips = []
    for instrument, size in sizes.items():
        for pitch in range(size):
            path = f"audio/{instrument}-{pitch:03}-075.wav"
            sha256 = hashlib.sha256(path.encode()).hexdigest()
            file = FileRecord(path, 1, 1, 1, Measurement(sha256, 4.0, 16000, 1, 64000, 0.5, 0.5, 0.1))
            targets = {"family": instrument.rsplit("_", 2)[0], "instrument": instrument}
            clips.append(ClipRecord(path, file, audio_key(sha256), targets=targets, group=instrument))
    catalogue = Store.open(store, create=True).catalogue
    catalogue.replace_clips(
        DatasetRecord("nsynth", "/x", "nsynth", {}, ("family", "instrument"), "", ""), clips
    )


def test_subsets_of_nsynth_are_the_fullest_instruments(tmp_path: Path) -> None:
    sizes = {
        f"{family}_acoustic_00{number}": size + number
        for family, size in {"bass": 30, "brass": 20, "flute": 25, "organ": 10, "vocal": 5}.items()
        for number in range(3)
    }
    notes_of(tmp_path / "s", sizes)
    found = derive(tmp_path / "s", DeriveRequest("nsynth", {"subset": "family", "families": ()}))
    assert found.name == "nsynth-family"
    assert found.summary.targets[0].classes == {"bass": 63, "flute": 53, "brass": 43}
    organs = derive(tmp_path / "s", DeriveRequest("nsynth", {"subset": "organ", "families": ()}))
    assert organs.summary.targets[0].classes == {"organ_acoustic_002": 12, "organ_acoustic_001": 11}
    assert organs.summary.targets[0].name == "instrument"
    chosen = derive(
        tmp_path / "s", DeriveRequest("nsynth", {"subset": "family", "families": ("organ", "vocal", "bass")})
    )
    assert set(chosen.summary.targets[0].classes) == {"organ", "vocal", "bass"}
    with pytest.raises(InputError, match="8 families of 2 instruments are needed; there are 5"):
        derive(tmp_path / "s", DeriveRequest("nsynth", {"subset": "instrument", "families": ()}))


def test_derived_sets_do_not_change_which_one_is_meant_where_none_is_named(store: Path, parent: str) -> None:
    made = derive(store, DeriveRequest("excerpt", {"start": 0.0, "length": 0.5}))
    assert Store.open(store).catalogue.dataset().name == parent
    assert [each.name for each in derive_again(store)] == [made.name]
    assert Store.open(store).catalogue.dataset().name == parent


@pytest.mark.parametrize("text", ["", "# none\n", "nothing.wav\nnobody\n"])
def test_a_list_that_names_no_clip_makes_no_copy(store: Path, parent: str, tmp_path: Path, text: str) -> None:
    (tmp_path / "list.txt").write_text(text)
    with pytest.raises(
        InputError, match=rf"list\.txt names no clip of {parent}, so that nothing would be left out"
    ):
        derive(store, DeriveRequest("without", {"file": str(tmp_path / "list.txt")}))
    assert len(Store.open(store).catalogue.datasets()) == 1


def test_windows_that_are_longer_than_every_clip_are_refused(store: Path, parent: str) -> None:
    with pytest.raises(
        InputError, match=rf"no clip of {parent} is as long as a window of 30 s: the longest lasts \d"
    ):
        derive(store, DeriveRequest("windows", {"length": 30.0, "hop": 30.0}))


def test_clips_shorter_than_a_window_are_said_to_be_kept_whole(tmp_path: Path, registry: Registry) -> None:
    for name, seconds in (("a", 0.4), ("b", 1.0)):
        (tmp_path / "c" / name).mkdir(parents=True)
        soundfile.write(tmp_path / "c" / name / "1.wav", np.zeros(int(seconds * 8000)) + 0.1, 8000)
    ingest(tmp_path / "store", IngestRequest(tmp_path / "c"), registry)
    found = derive(tmp_path / "store", DeriveRequest("windows", {"length": 0.5, "hop": 0.5}))
    assert found.summary.clips == 3
    assert found.summary.remarks["shorter than a window, kept whole"] == ("a/1.wav: 0.400 s",)
