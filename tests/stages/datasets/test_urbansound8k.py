"""UrbanSound8K as distributed."""

from __future__ import annotations

import pytest

from mxt.core.errors import TableError
from mxt.core.records import Listing
from mxt.stages.datasets.table import Table
from mxt.stages.datasets.urbansound8k import CLASSES, FOLD_CLIPS, UrbanSound8K

TABLE = (
    "slice_file_name,fsID,start,end,salience,fold,classID,class\n"
    "100032-3-0-0.wav,100032,0.0,0.317551,1,5,3,dog_bark\n"
    "100263-2-0-117.wav,100263,58.5,62.5,1,5,2,children_playing\n"
    "100263-2-0-121.wav,100263,60.5,64.5,2,10,2,children_playing\n"
)
FILES = ("audio/fold5/100032-3-0-0.wav", "audio/fold5/100263-2-0-117.wav")
METADATA = {"metadata/UrbanSound8K.csv": TABLE}


def test_it_takes_precedence_over_the_loader_of_tables(tree):
    listing = tree(*FILES, files=METADATA)
    assert UrbanSound8K().detect(listing).score > Table().detect(listing).score > 0


def test_whole_files_have_class_fold_and_the_recording_as_group(tree, load):
    clips, _ = load(UrbanSound8K(), tree(*FILES, files=METADATA))
    first = clips[1]
    assert (first.path, first.start, first.end) == (FILES[1], None, None)
    assert (first.targets, first.fold, first.group) == ({"class": "children_playing"}, "5", "100263")
    assert first.fields == {"original_start": "58.5", "original_end": "62.5", "salience": "1", "classID": "2"}


def test_rows_without_their_file_are_missing_clips_and_folds_are_counted(tree, load):
    clips, remarks = load(UrbanSound8K(), tree(*FILES, files=METADATA))
    assert clips[2].path == "audio/fold10/100263-2-0-121.wav"
    assert remarks["incomplete"] == [
        "2 of 8,732 clips, 8,730 are missing; nothing of fold 1, 2, 3, 4, 6, 7, 8, 9, 10"
    ]
    assert sum(FOLD_CLIPS.values()) == 8732


def test_without_metadata_the_names_tell_the_same(tree, load):
    with_table, _ = load(UrbanSound8K(), tree(*FILES, files=METADATA))
    clips, remarks = load(UrbanSound8K(), Listing("/nowhere", FILES))
    assert [(c.path, c.targets, c.fold, c.group) for c in clips] == [
        (c.path, c.targets, c.fold, c.group) for c in with_table[:2]
    ]
    assert "no metadata" in remarks


def test_a_file_the_table_does_not_name_is_used_and_named(tree, load):
    clips, remarks = load(UrbanSound8K(), tree(*FILES, "audio/fold1/1-9-0-0.wav", files=METADATA))
    assert clips[-1].targets == {"class": CLASSES[9]}
    assert remarks["file without a row"] == ["audio/fold1/1-9-0-0.wav"]


def test_a_table_without_its_columns_is_refused(tree):
    with pytest.raises(TableError, match="no column fsID, classID"):
        list(
            UrbanSound8K().clips(
                tree(
                    *FILES,
                    files={"metadata/UrbanSound8K.csv": TABLE.replace("fsID", "x").replace("classID", "z")},
                )
            )
        )
