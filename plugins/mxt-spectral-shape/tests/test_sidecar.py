from __future__ import annotations

from pathlib import Path

import pytest
from mxt_spectral_shape.sidecar import Sidecar

from mxt.plugin import Clip, Listing, Remark, TableError


def listing(root: Path, files: dict[str, bytes]) -> Listing:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return Listing(str(root), tuple(sorted(files)))


def test_label_is_the_first_line_of_the_text(tmp_path):
    found = listing(
        tmp_path, {"a/1.wav": b"", "a/1.txt": b"  rain \nin May\n", "2.flac": b"", "2.txt": "Vögel".encode()}
    )
    clips = {clip.path: clip.targets["label"] for clip in Sidecar().clips(found) if isinstance(clip, Clip)}
    assert clips == {"a/1.wav": "rain", "2.flac": "Vögel"}


def test_what_has_no_partner_is_remarked_and_unlabelled(tmp_path):
    found = list(
        Sidecar().clips(listing(tmp_path, {"1.wav": b"", "1.txt": b"", "2.wav": b"", "3.txt": b"dog"}))
    )
    assert [clip.targets["label"] for clip in found if isinstance(clip, Clip)] == [None, None]
    assert {(remark.kind, remark.text) for remark in found if isinstance(remark, Remark)} == {
        ("audio without a text", "2.wav"),
        ("text without audio", "3.txt"),
    }


def test_score_is_the_share_of_audio_files_with_a_text(tmp_path):
    half = listing(tmp_path, {"1.wav": b"", "1.txt": b"dog", "2.wav": b""})
    assert Sidecar().detect(half).score == pytest.approx(0.45)
    assert Sidecar().detect(Listing(str(tmp_path), ("1.wav",))).score == 0


def test_other_suffixes_are_a_parameter(tmp_path):
    found = listing(tmp_path, {"1.wav": b"", "1.lab": b"dog"})
    assert [
        clip.targets["label"] for clip in Sidecar(suffix=".lab").clips(found) if isinstance(clip, Clip)
    ] == ["dog"]


def test_text_that_is_no_text_names_its_file(tmp_path):
    found = listing(tmp_path, {"1.wav": b"", "1.txt": b"\xff\xfe\x00"})
    with pytest.raises(TableError, match=r"1\.txt cannot be read"):
        list(Sidecar().clips(found))


TRACK = b"0.101385\t0.367520\tSP\n\\\t6441.064453\t12296.577148\n0.506924\t3.041545\tCRER\n"
RAVEN = (
    b"Selection\tView\tChannel\tBegin Time (s)\tEnd Time (s)\tSpecies\n1\tSpectrogram 1\t1\t1.9\t4.1\tWOTH\n"
)


@pytest.mark.parametrize("text", [TRACK, RAVEN, b"", b"\xff\xfe\x00"])
def test_a_text_that_is_no_label_is_not_claimed(tmp_path, text):
    found = listing(tmp_path, {"spinetail.wav": b"", "spinetail.txt": text})
    assert Sidecar().detect(found).score == 0


def test_label_tracks_among_labels_lower_the_score(tmp_path):
    found = Sidecar().detect(listing(tmp_path, {"1.wav": b"", "1.txt": b"dog", "2.wav": b"", "2.txt": TRACK}))
    assert found.score == pytest.approx(0.45)
    assert found.reason == "2 of 2 audio files have a .txt file beside them, 1 of 2 of these hold a label"


def test_a_table_beside_a_recording_is_remarked_and_no_label(tmp_path):
    clip, remark = sorted(
        Sidecar().clips(listing(tmp_path, {"1.wav": b"", "1.txt": TRACK})),
        key=lambda item: type(item).__name__,
    )
    assert isinstance(clip, Clip)
    assert clip.targets == {"label": None}
    assert remark == Remark("a table rather than a label", "1.txt")
