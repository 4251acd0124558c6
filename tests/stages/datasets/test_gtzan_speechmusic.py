"""GTZAN speech/music as distributed."""

from __future__ import annotations

from mxt.stages.datasets.gtzan_speechmusic import GtzanSpeechMusic

FILES = (
    "music_speech/music_wav/bagpipe.wav",
    "music_speech/music_wav/ballad.wav",
    "music_speech/speech_wav/voices.wav",
)


def test_the_two_folders_are_recognised(tree):
    assert GtzanSpeechMusic().detect(tree(*FILES)).score > 0.9
    assert GtzanSpeechMusic().detect(tree("music_wav/a.wav")).score == 0
    assert GtzanSpeechMusic().detect(tree("music/a.wav", "speech/b.wav")).score == 0


def test_the_folder_is_the_class_and_missing_clips_are_counted(tree, load):
    clips, remarks = load(GtzanSpeechMusic(), tree(*FILES))
    assert [clip.targets["class"] for clip in clips] == ["music", "music", "speech"]
    assert remarks["incomplete"] == ["3 of 128 clips, 125 are missing: music 62 of 64, speech 63 of 64"]


def test_a_complete_copy_needs_no_remark(tree, load):
    _, remarks = load(
        GtzanSpeechMusic(),
        tree(*(f"{kind}_wav/{number}.wav" for kind in ("music", "speech") for number in range(64))),
    )
    assert remarks == {}
