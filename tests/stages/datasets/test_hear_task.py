"""Tasks of HEAR as its preprocessing writes them."""

from __future__ import annotations

import json

import pytest

from mxt.core.errors import InputError
from mxt.stages.datasets.folder import Folder
from mxt.stages.datasets.hear_task import HearTask
from mxt.stages.datasets.table import Table

METADATA = {
    "task_name": "digits",
    "embedding_type": "scene",
    "prediction_type": "multiclass",
    "split_mode": "trainvaltest",
    "splits": ["train", "valid", "test"],
}
LABELS = {"train": {"a.wav": ["3"], "b.wav": ["4"]}, "valid": {"c.wav": ["3"]}, "test": {"d.wav": ["4"]}}


@pytest.fixture
def task(tree):
    """A function that lists a task with this metadata, these labels and audio at these rates."""

    def make(labels=LABELS, rates=(48000,), at="", **metadata):
        texts = {
            f"{at}task_metadata.json": json.dumps({**METADATA, "splits": list(labels), **metadata}),
            f"{at}labelvocabulary.csv": "idx,label\n0,3\n1,4\n",
            **{f"{at}{split}.json": json.dumps(entries) for split, entries in labels.items()},
        }
        audio = [f"{at}{rate}/{split}/{name}" for rate in rates for split in labels for name in labels[split]]
        return tree(*audio, files=texts)

    return make


def test_it_takes_precedence_over_the_general_loaders(task):
    listing = task()
    others = max(Folder().detect(listing).score, Table().detect(listing).score)
    assert HearTask().detect(listing).score > others


def test_another_folder_is_not_a_task(tree):
    assert (
        HearTask().detect(tree("48000/train/a.wav", files={"labelvocabulary.csv": "idx,label\n"})).score == 0
    )


def test_clips_have_their_label_and_their_split(task, load):
    clips, remarks = load(HearTask(), task())
    assert [(clip.path, clip.targets, clip.split, clip.fold) for clip in clips] == [
        ("48000/train/a.wav", {"label": "3"}, "train", None),
        ("48000/train/b.wav", {"label": "4"}, "train", None),
        ("48000/valid/c.wav", {"label": "3"}, "valid", None),
        ("48000/test/d.wav", {"label": "4"}, "test", None),
    ]
    assert remarks == {}


def test_folds_are_folds(task, load):
    labels = {"fold00": {"a.wav": ["3"]}, "fold01": {"b.wav": ["4"]}}
    clips, _ = load(HearTask(), task(labels, split_mode="new_split_kfold"))
    assert [(clip.split, clip.fold) for clip in clips] == [(None, "fold00"), (None, "fold01")]


def test_several_labels_are_kept_and_none_is_known_to_be_none(task, load):
    labels = {"train": {"a.wav": ["Bark", "Siren", "Bark"], "b.wav": []}}
    clips, _ = load(HearTask(), task(labels, prediction_type="multilabel"))
    assert [clip.targets["label"] for clip in clips] == [("Bark", "Siren"), ()]


def test_the_highest_sample_rate_is_used_and_the_others_are_counted(task, load):
    clips, remarks = load(HearTask(), task(rates=(16000, 48000, 22050)))
    assert {clip.path.split("/")[0] for clip in clips} == {"48000"}
    assert remarks["another sample rate"] == [
        "4 files at 16000 Hz; 48000 Hz is used",
        "4 files at 22050 Hz; 48000 Hz is used",
    ]


def test_a_task_one_folder_below_is_found(task, load):
    clips, _ = load(HearTask(), task(at="tasks/digits-v1-full/"))
    assert clips[0].path == "tasks/digits-v1-full/48000/train/a.wav"


def test_several_tasks_are_refused_by_name(task):
    task(at="tasks/a/")
    listing = task(at="tasks/b/")
    both = listing.__class__(
        listing.root, tuple(sorted((*listing.files, *(f.replace("/b/", "/a/") for f in listing.files))))
    )
    assert HearTask().detect(both).reason == "2 tasks of HEAR"
    with pytest.raises(InputError, match=r"has 2 tasks of HEAR.*: tasks/a, tasks/b"):
        list(HearTask().clips(both))


def test_a_task_of_events_is_refused(task):
    events = {"train": {"a.wav": [{"label": "knock", "start": 10.0, "end": 20.0}]}}
    listing = task(events, embedding_type="event", prediction_type="multilabel")
    with pytest.raises(
        InputError, match="digits is a task of event and multilabel; mxt has features of whole clips"
    ):
        list(HearTask().clips(listing))


@pytest.mark.parametrize("labels", [[], ["3", "4"], "3", None])
def test_a_class_that_is_not_one_label_is_refused_with_its_clip(task, labels):
    with pytest.raises(InputError, match=r"train\.json: a\.wav has .*, expected one label"):
        list(HearTask().clips(task({"train": {"a.wav": labels}})))


def test_a_file_of_labels_that_is_missing_is_named(task):
    listing = task(splits=["train", "dev"])
    with pytest.raises(InputError, match=r"dev\.json cannot be read"):
        list(HearTask().clips(listing))


def test_a_task_without_audio_is_refused(task):
    with pytest.raises(InputError, match="has no audio: no folder such as 48000"):
        list(HearTask().clips(task(rates=())))
