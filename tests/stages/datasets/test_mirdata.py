"""Data sets of mirdata: with a stand-in of its public interface, and with mirdata itself where it is."""

from __future__ import annotations

import importlib
import json
import logging
import sys
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from mxt.core.errors import InputError, PluginError, UnknownName, UsageError
from mxt.stages.datasets.mirdata import Mirdata


class Track:
    """A track as mirdata makes them: attributes, properties of metadata, annotations in files."""

    def __init__(self, track_id: str, home: str) -> None:
        self.track_id = track_id
        self.audio_path = None if track_id == "scores only" else f"{home}/set/audio/{track_id}.wav"
        self.notes_path = f"{home}/set/notes/{track_id}.txt"
        self.style = track_id.partition("_")[0]
        self._home = home

    @property
    def drummer(self) -> str:
        return f"drummer{int(self.track_id[-1]) % 2}"

    @property
    def split(self):
        return json.loads(Path(self._home, "set", "splits.json").read_text()).get(self.track_id)

    @cached_property
    def tempo(self) -> float:
        return float(Path(self._home, "set", "tempo.txt").read_text())

    @cached_property
    def beats(self) -> annotations.BeatData:
        raise AssertionError("timed annotations are not read")

    @property
    def audio(self):
        raise AssertionError("audio is not opened")


@dataclass
class Library(ModuleType):
    """What the loader uses of mirdata."""

    ids: tuple[str, ...] = ("rock_1", "rock_2", "jazz_1", "jazz_2", "scores only")
    index_is_here: bool = True
    calls: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__("mirdata")

    def list_datasets(self) -> list[str]:
        return ["small_set", "other_set"]

    def initialize(self, name: str, *, data_home: str) -> SimpleNamespace:
        library = self

        class Dataset:
            @property
            def track_ids(self) -> list[str]:
                if not library.index_is_here:
                    raise FileNotFoundError("This dataset's index must be downloaded.")
                return list(library.ids)

            def track(self, track_id: str) -> Track:
                return Track(track_id, data_home)

        return Dataset()


@pytest.fixture
def library(monkeypatch):
    made = Library()
    monkeypatch.setitem(sys.modules, "mirdata", made)
    return made


SPLITS = json.dumps({"rock_1": "training", "rock_2": "test", "jazz_1": "2"})


@pytest.fixture
def listing(tree):
    recordings = [f"set/audio/{name}.wav" for name in ("rock_1", "rock_2", "jazz_1")]
    return tree(*recordings, files={"set/splits.json": SPLITS, "set/tempo.txt": "120"})


def test_tracks_are_clips_with_labels_groups_splits_and_folds(library, listing, load):
    clips, remarks = load(Mirdata("small_set"), listing)
    assert [clip.path for clip in clips] == [f"set/audio/{track_id}.wav" for track_id in library.ids[:4]]
    assert [clip.targets for clip in clips] == [{"style": s} for s in ("rock", "rock", "jazz", None)]
    assert [clip.group for clip in clips] == ["drummer1", "drummer0", "drummer1", None]
    assert [(clip.split, clip.fold) for clip in clips[:3]] == [("train", None), ("test", None), (None, "2")]
    assert clips[0].fields["tempo"] == "120"
    assert remarks["mirdata"] == ["small_set: 3 of 4 recordings are here"]
    assert remarks["target"] == ["style; --target chooses another one: tempo"]


@pytest.mark.usefixtures("library")
def test_a_column_is_chosen_by_its_name(listing, load):
    clips, _ = load(Mirdata("small_set", target=("drummer",), group_column="style"), listing)
    assert (clips[0].targets, clips[0].group) == ({"drummer": "drummer1"}, "rock")
    with pytest.raises(UnknownName, match="no column of mirdata:small_set called 'genre'"):
        load(Mirdata("small_set", target=("genre",)), listing)


@pytest.mark.usefixtures("library")
def test_recordings_are_found_from_a_folder_inside_the_data_set(listing, load):
    inside = type(listing)(f"{listing.root}/set/audio", ("jazz_1.wav", "rock_1.wav", "rock_2.wav"))
    clips, _ = load(Mirdata("small_set"), inside)
    assert [clip.path for clip in clips] == ["rock_1.wav", "rock_2.wav", "jazz_1.wav", "jazz_2.wav"]
    assert clips[0].split == "train", "metadata are read from where the data set begins"


@pytest.mark.usefixtures("library")
def test_recordings_in_another_format_are_found_by_name(tree, load):
    clips, _ = load(Mirdata("small_set"), tree("rock_1.flac", "jazz_2.flac"))
    assert [clip.path for clip in clips if clip.fields] == ["rock_1.flac", "jazz_2.flac"]


@pytest.mark.usefixtures("library")
def test_a_column_that_cannot_be_read_is_said(tree, load):
    _, remarks = load(Mirdata("small_set"), tree("set/audio/rock_1.wav", files={"set/splits.json": SPLITS}))
    assert "tempo: rock_1: [Errno 2]" in remarks["column that mirdata cannot read"][0]


def test_an_index_that_is_not_here_is_not_fetched(library, listing, load):
    library.index_is_here = False
    with pytest.raises(InputError, match=r"initialize\('small_set'\)\.download\(\['index'\]\)"):
        load(Mirdata("small_set"), listing)


@pytest.mark.usefixtures("library")
def test_unknown_and_missing_names_are_refused(listing, load):
    with pytest.raises(UnknownName, match="did you mean small_set"):
        load(Mirdata("small_sett"), listing)
    with pytest.raises(UsageError, match="mxt ingest mirdata:NAME PATH"):
        load(Mirdata(), listing)


def test_without_mirdata_the_line_that_installs_it_is_told(monkeypatch, listing, load):
    monkeypatch.setitem(sys.modules, "mirdata", None)
    with pytest.raises(PluginError, match=r"needs mirdata.*pip install 'mxt\[mirdata\]'"):
        load(Mirdata("small_set"), listing)


@pytest.fixture
def genres(monkeypatch, tree):
    """Three recordings in the layout of GTZAN, and its index in mirdata's form."""
    library = pytest.importorskip("mirdata")
    module = importlib.import_module("mirdata.datasets.gtzan_genre")
    paths = [f"gtzan_genre/genres/{name[:-6]}/{name}.wav" for name in ("blues.00000", "hiphop.00001")]
    listing = tree(*paths, files={"index.json": "{}"})
    ids = {Path(path).stem: path for path in (*paths, "gtzan_genre/genres/rock/rock.00002.wav")}
    index = {
        "version": "1.0",
        "tracks": {
            id_: {"audio": [path, "0" * 32], "beats": [None, None], "tempo": [f"{id_}.bpm", None]}
            for id_, path in ids.items()
        },
    }
    Path(listing.root, "index.json").write_text(json.dumps(index))
    monkeypatch.setattr(
        module.Dataset, "_index", property(lambda _: json.loads(Path(listing.root, "index.json").read_text()))
    )
    return library, listing


def test_gtzan_is_read_by_mirdata_itself(genres, load):
    _, listing = genres
    clips, remarks = load(Mirdata("gtzan_genre"), listing)
    assert [clip.targets["genre"] for clip in clips] == ["blues", "hip-hop", None]
    assert remarks["mirdata"] == ["gtzan_genre: 2 of 3 recordings are here"]
    assert set(Mirdata("gtzan_genre").published_md5(listing).values()) == {"0" * 32}


def test_logging_is_left_as_it_was(genres, load):
    handlers, level = list(logging.getLogger().handlers), logging.getLogger().level
    load(Mirdata("gtzan_genre"), genres[1])
    assert (logging.getLogger().handlers, logging.getLogger().level) == (handlers, level)
