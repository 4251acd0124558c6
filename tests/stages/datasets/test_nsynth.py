from __future__ import annotations

import json
from pathlib import Path

import pytest

from mxt.core.errors import InputError
from mxt.core.records import Clip, Listing, Remark
from mxt.stages.datasets.nsynth import NSynth


def listing(root: Path) -> Listing:
    return Listing(
        str(root), tuple(sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()))
    )


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for part, notes in {
        "train": ["synth_lead_synthetic_003-060-075", "organ_electronic_001-021-025"],
        "test": ["bass_acoustic_002-040-127"],
    }.items():
        folder = tmp_path / f"nsynth-{part}"
        (folder / "audio").mkdir(parents=True)
        entries = {}
        for note in notes:
            instrument, pitch, velocity = note.split("-")
            family, source, _ = instrument.rsplit("_", 2)
            entries[note] = {
                "instrument_str": instrument,
                "instrument_family_str": family,
                "instrument_source_str": source,
                "pitch": int(pitch),
                "velocity": int(velocity),
                "qualities_str": ["bright", "dark"],
            }
            (folder / "audio" / f"{note}.wav").touch()
        (folder / "examples.json").write_text(json.dumps(entries))
    return tmp_path


def clips(root: Path) -> dict[str, Clip]:
    return {
        item.path.rpartition("/")[2]: item for item in NSynth().clips(listing(root)) if isinstance(item, Clip)
    }


def test_a_note_has_its_targets_its_part_and_its_instrument_as_group(root: Path) -> None:
    assert NSynth().detect(listing(root)).score > 0.95
    found = clips(root)["synth_lead_synthetic_003-060-075.wav"]
    assert dict(found.targets) == {
        "family": "synth_lead",
        "source": "synthetic",
        "instrument": "synth_lead_synthetic_003",
        "pitch": 60.0,
        "velocity": 75.0,
    }
    assert (found.group, found.split, found.fields) == (
        "synth_lead_synthetic_003",
        "train",
        {"qualities": "bright,dark"},
    )
    assert clips(root)["bass_acoustic_002-040-127.wav"].split == "test"


def test_names_tell_the_same_without_the_table(root: Path) -> None:
    before = {name: clip.targets for name, clip in clips(root).items()}
    for table in root.rglob("examples.json"):
        table.unlink()
    assert NSynth().detect(listing(root)).score > 0.9
    assert {name: clip.targets for name, clip in clips(root).items()} == before
    assert [item.kind for item in NSynth().clips(listing(root)) if isinstance(item, Remark)] == [
        "no metadata"
    ]


def test_a_part_alone_knows_which_it_is(root: Path) -> None:
    assert {clip.split for clip in clips(root / "nsynth-train").values()} == {"train"}


def test_entries_without_files_are_clips_that_are_missing_and_files_without_entries_are_remarked(
    root: Path,
) -> None:
    audio = root / "nsynth-train" / "audio"
    (audio / "organ_electronic_001-021-025.wav").rename(audio / "organ_electronic_001-022-025.wav")
    assert {"organ_electronic_001-021-025.wav", "organ_electronic_001-022-025.wav"} <= set(clips(root))
    remarks = [item for item in NSynth().clips(listing(root)) if isinstance(item, Remark)]
    assert remarks == [Remark("note without an entry", "nsynth-train/audio/organ_electronic_001-022-025.wav")]


def test_a_broken_table_is_named(root: Path) -> None:
    (root / "nsynth-test" / "examples.json").write_text("[1, 2")
    with pytest.raises(InputError, match=r"nsynth-test/examples.json cannot be read"):
        list(NSynth().clips(listing(root)))


def test_other_names_are_not_its_own(tmp_path: Path) -> None:
    (tmp_path / "bass-01.wav").touch()
    assert NSynth().detect(listing(tmp_path)).score == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[" * 100_000, r"examples\.json cannot be read: nested too deeply"),
        (
            '{"bass_acoustic_002-040-127": {"pitch": "\\ud800"}}',
            r"the pitch of bass_acoustic_002-040-127 should be a number, not '",
        ),
        (
            '{"bass_acoustic_002-040-127": {"velocity": 1' + 400 * "0" + "}}",
            "the velocity of bass_acoustic_002-040-127 should be a number",
        ),
    ],
)
def test_entries_that_cannot_be_read_are_named(root: Path, text: str, message: str) -> None:
    (root / "nsynth-test" / "examples.json").write_text(text)
    with pytest.raises(InputError, match=message):
        clips(root)
