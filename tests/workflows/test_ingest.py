"""From a folder or table to a data set."""

from __future__ import annotations

import json
import os
import shutil
import struct
import wave
from pathlib import Path

import pytest

from mxt.core.errors import InputError, Reason, Refused, StoreReadOnly, UnknownName, UsageError
from mxt.ingestion.names import default_name
from mxt.ingestion.requests import IngestRequest
from mxt.registry import build_registry
from mxt.store.layout import Store
from mxt.workflows.info import info
from mxt.workflows.ingest import ingest

REGISTRY = build_registry()


def tone(path: Path, number: int = 1, *, seconds: float = 0.2) -> Path:
    """A short file whose content is told by its number."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        samples = [(number * (i % 40) * 31) % 9000 - 4500 for i in range(int(seconds * 8000))]
        file.writeframes(struct.pack(f"<{len(samples)}h", *samples))
    return path


@pytest.fixture
def genres(tmp_path):
    """Two classes of three."""
    root = tmp_path / "genres"
    for place, genre in enumerate(("rock", "pop")):
        for number in range(3):
            tone(root / genre / f"{genre}.{number}.wav", 1 + 3 * place + number)
    return root


@pytest.fixture
def run(tmp_path):
    """Ingest into one store."""

    def run_(path, registry=REGISTRY, **options):
        (result,) = ingest(tmp_path / "store", IngestRequest(path, jobs=1, **options), registry)
        return result

    run_.store = tmp_path / "store"
    return run_


def clips(run, name=None):
    catalogue = Store.open(run.store, read_only=True).catalogue
    return {clip.id: clip for clip in catalogue.clips(catalogue.dataset(name).name)}


def test_a_folder_of_classes_is_catalogued(run, genres):
    result = run(genres)
    assert (result.name, result.loader, result.summary.used, result.summary.left_out) == (
        "genres",
        "folder",
        6,
        {},
    )
    assert result.summary.targets[0].classes == {"pop": 3, "rock": 3}
    assert result.summary.seconds == pytest.approx(1.2)
    found = clips(run)["rock/rock.1.wav"]
    assert (found.targets, found.file.measurement.sample_rate, found.usable) == (
        {"label": "rock"},
        8000,
        True,
    )


def test_a_second_ingest_reads_nothing(run, genres):
    assert run(genres).read == 6
    again = run(genres)
    assert again.read == 0
    assert (again.changes.new, again.changes.changed, again.changes.gone, again.changes.first) == (
        (),
        (),
        (),
        False,
    )


def test_new_changed_and_gone_files_are_told_and_only_those_are_read(run, genres):
    run(genres)
    tone(genres / "rock" / "new.wav", 77)
    tone(genres / "rock" / "rock.0.wav", 78, seconds=0.4)
    (genres / "pop" / "pop.2.wav").unlink()
    result = run(genres)
    assert result.read == 2
    assert (result.changes.new, result.changes.changed, result.changes.gone) == (
        ("rock/new.wav",),
        ("rock/rock.0.wav",),
        ("pop/pop.2.wav",),
    )


def test_a_touched_file_is_read_again_but_has_not_changed(run, genres):
    run(genres)
    os.utime(genres / "rock" / "rock.0.wav", (1, 1))
    result = run(genres)
    assert (result.read, result.changes.changed) == (1, ())


def test_rehash_reads_everything(run, genres):
    run(genres)
    assert run(genres, rehash=True).read == 6


def test_a_renamed_file_is_not_read_again(run, genres):
    run(genres)
    (genres / "rock" / "rock.0.wav").rename(genres / "rock" / "renamed.wav")
    before = clips(run)["rock/rock.0.wav"].key
    assert run(genres).read == 0
    assert clips(run)["rock/renamed.wav"].key == before


def test_relabelling_by_moving_a_file_is_told_and_reads_nothing(run, genres):
    run(genres)
    (genres / "rock" / "rock.0.wav").rename(genres / "pop" / "rock.0.wav")
    result = run(genres)
    assert (result.read, result.changes.new, result.changes.gone) == (
        0,
        ("pop/rock.0.wav",),
        ("rock/rock.0.wav",),
    )


def test_a_moved_folder_is_the_same_data_set(run, genres):
    run(genres)
    moved = genres.parent / "elsewhere" / "genres"
    moved.parent.mkdir()
    genres.rename(moved)
    result = run(moved)
    assert (result.read, result.changes.moved_from, result.root) == (0, str(genres), str(moved))


def test_a_copied_folder_has_the_same_keys(run, genres):
    run(genres)
    before = {name: clip.key for name, clip in clips(run).items()}
    copy = genres.parent / "copy" / "genres"
    shutil.copytree(genres, copy, copy_function=shutil.copyfile)
    result = run(copy)
    assert (result.read, result.changes.changed) == (6, ())
    assert {name: clip.key for name, clip in clips(run).items()} == before


def test_another_folder_of_the_same_name_is_refused_unless_that_is_meant(run, genres):
    run(genres)
    other = genres.parent / "other" / "genres"
    for number in range(6):
        tone(other / f"class{number % 2}" / f"{number}.wav", 50 + number, seconds=0.3)
    with pytest.raises(Refused, match=r"holds other files: choose another --name, or replace it with --yes"):
        run(other)
    assert run(other, name="second").summary.used == 6
    assert run(other, yes=True).changes.first
    assert set(clips(run, "genres")) == {f"class{number % 2}/{number}.wav" for number in range(6)}


def test_many_gone_files_need_a_word(run, tmp_path):
    root = tmp_path / "many"
    for number in range(20):
        tone(root / ("a" if number % 2 else "b") / f"{number}.wav", number + 1)
    run(root)
    for number in range(6):
        (root / ("a" if number % 2 else "b") / f"{number}.wav").unlink()
    with pytest.raises(Refused, match="6 of the 20 files of many are no longer in"):
        run(root)
    assert len(clips(run)) == 20
    assert len(run(root, yes=True).changes.gone) == 6


def test_a_second_ingest_keeps_loader_and_parameters(run, tmp_path):
    for digit in range(2):
        tone(tmp_path / "digits" / f"{digit}_ann.wav", digit + 1)
    run(tmp_path / "digits", params={"pattern": "{digit}_{speaker}.wav"})
    result = run(tmp_path / "digits")
    assert result.why.startswith("as last time")
    assert clips(run)["1_ann.wav"].targets == {"digit": "1"}


def test_what_cannot_be_used_is_listed_with_its_reason(run, genres):
    (genres / "rock" / "text.wav").write_text("no audio at all, though long enough to be looked at" * 50)
    (genres / "rock" / "nothing.wav").write_bytes(b"")
    (genres / "rock" / "cover.jpg").write_bytes(b"\xff\xd8\xff")
    (genres / "rock" / ".hidden.wav").write_bytes(b"x")
    (genres / "rock" / "gone.wav").symlink_to("nowhere.wav")
    os.mkfifo(genres / "rock" / "pipe.wav")
    (genres / "rock" / "folder.wav").mkdir()
    result = run(genres)
    found = clips(run)
    assert {name: clip.reason for name, clip in found.items() if clip.reason and "nothing" not in name} == {
        "rock/text.wav": Reason.NOT_AUDIO,
        "rock/cover.jpg": Reason.NOT_AUDIO,
        "rock/.hidden.wav": Reason.HIDDEN,
        "rock/gone.wav": Reason.MISSING,
        "rock/pipe.wav": Reason.NOT_A_FILE,
        "rock/folder.wav": Reason.NOT_A_FILE,
    }
    assert found["rock/nothing.wav"].reason in (Reason.EMPTY, Reason.NOT_AUDIO)
    assert (result.summary.used, result.summary.hidden, result.summary.others) == (6, 1, 1)
    assert sum(result.summary.left_out.values()) == 5


def test_a_file_that_failed_is_not_read_again_but_an_unreadable_one_is(run, genres):
    (genres / "rock" / "text.wav").write_text("no audio" * 500)
    assert run(genres).read == 7
    assert run(genres).read == 0


def test_duplicates_are_told_and_those_with_different_labels_by_name(run, genres):
    shutil.copy(genres / "rock" / "rock.0.wav", genres / "rock" / "again.wav")
    shutil.copy(genres / "rock" / "rock.1.wav", genres / "pop" / "stolen.wav")
    pairs = run(genres).summary.duplicates
    assert {(pair.clips, pair.labels) for pair in pairs} == {
        (("rock/again.wav", "rock/rock.0.wav"), ()),
        (("pop/stolen.wav", "rock/rock.1.wav"), ("pop", "rock")),
    }


def test_class_names_that_are_nearly_one_are_told(run, tmp_path):
    for number, name in enumerate(["Hip Hop", "hip-hop", "rock"]):
        tone(tmp_path / "x" / name / "1.wav", number + 1)
    assert run(tmp_path / "x").summary.alike == (("Hip Hop", "hip-hop"),)


def test_groups_to_choose_from_are_told(run, tmp_path):
    for number in range(8):
        tone(tmp_path / "x" / f"{number % 2}_{'abcd'[number // 2]}_{number}.wav", number + 1)
    summary = run(tmp_path / "x", params={"pattern": "{digit}_{speaker}_{take}.wav"}).summary
    assert summary.candidates == {"speaker": 4}
    assert summary.groups == {}


def table(root: Path, text: str, name: str = "labels.csv") -> Path:
    root.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text, encoding="utf-8")
    return root / name


def test_a_table_may_be_named_itself_also_from_a_folder_beside_the_audio(run, tmp_path):
    tone(tmp_path / "birds" / "audio" / "a.wav", 1)
    tone(tmp_path / "birds" / "audio" / "b.wav", 2)
    named = table(tmp_path / "birds" / "metadata", "file,label\na.wav,owl\nb.wav,crow\n")
    result = run(named)
    assert (result.name, result.loader) == ("metadata", "table")
    assert {name: clip.targets for name, clip in clips(run).items() if clip.usable} == {
        "audio/a.wav": {"label": "owl"},
        "audio/b.wav": {"label": "crow"},
    }


def test_a_table_is_one_of_the_parameters_so_that_the_folder_can_be_ingested_again(run, tmp_path):
    for number in range(4):
        tone(tmp_path / "x" / f"{number}.wav", number + 1)
    for table, labels in (("a.csv", "abab"), ("z.csv", "cdcd")):
        (tmp_path / "x" / table).write_text(
            "file,label\n" + "".join(f"{number}.wav,{label}\n" for number, label in enumerate(labels))
        )
    first = run(tmp_path / "x" / "z.csv", name="x")
    assert dict(first.params)["table"] == "z.csv"
    command = info(run.store, "x", REGISTRY).commands[0]
    assert command == f"mxt ingest {tmp_path / 'x'} --name x --loader table --set table=z.csv"
    again = run(tmp_path / "x", name="x", loader="table", settings=["table=z.csv"])
    assert again.changes.relabelled == ()
    other = run(tmp_path / "x" / "a.csv", name="x")
    assert (dict(other.params)["table"], len(other.changes.relabelled)) == ("a.csv", 4)
    with pytest.raises(InputError, match=r"there is no table b\.csv"):
        run(tmp_path / "x", name="x", loader="table", settings=["table=b.csv"])


def test_rows_without_files_and_files_without_rows_are_told(run, tmp_path):
    tone(tmp_path / "x" / "a.wav", 1)
    tone(tmp_path / "x" / "b.wav", 2)
    table(tmp_path / "x", "file,label\na.wav,owl\nc.wav,crow\n")
    summary = run(tmp_path / "x").summary
    assert summary.remarks["file without a row"] == ("b.wav",)
    assert summary.left_out == {"missing": 1}
    assert clips(run)["c.wav"].reason is Reason.MISSING


def test_segments_have_keys_of_their_own_and_bad_ones_are_left_out(run, tmp_path):
    tone(tmp_path / "x" / "a.wav", 1, seconds=2)
    rows = "a.wav,0,1,x\na.wav,1,2,y\na.wav,1.5,9,y\na.wav,5,6,x\na.wav,1,1,x\na.wav,,,z\na.wav,0,,z\n"
    table(tmp_path / "x", "file,start,end,label\n" + rows)
    result = run(tmp_path / "x")
    found = clips(run)
    assert {name: clip.reason for name, clip in found.items() if name != "labels.csv"} == {
        "a.wav#0-1": Reason.NONE,
        "a.wav#1-2": Reason.NONE,
        "a.wav#1.5-9": Reason.NONE,
        "a.wav#5-6": Reason.TOO_SHORT,
        "a.wav#1-1": Reason.TOO_SHORT,
        "a.wav": Reason.NONE,
    }
    assert len({clip.key for clip in found.values() if clip.usable}) == 4
    assert (found["a.wav#1.5-9"].duration, found["a.wav"].key.hex()) == (
        0.5,
        found["a.wav"].file.measurement.sha256,
    )
    assert result.read == 1
    assert result.summary.remarks["segment ends beyond its file"][0].startswith("a.wav#1.5-9")
    assert result.summary.remarks["clip in two rows"] == ("a.wav",)


def test_times_that_lie_beyond_the_files_are_no_segments_unless_that_is_said(run, tmp_path):
    for number in range(4):
        tone(tmp_path / "x" / f"{number}.wav", number + 1)
    table(
        tmp_path / "x",
        "file,start,end,label\n" + "".join(f"{n}.wav,{n * 10},{n * 10 + 4},c\n" for n in range(4)),
    )
    result = run(tmp_path / "x")
    assert result.summary.used == 4
    assert "3 of 4 begin beyond" in result.summary.remarks["start and end are no segments"][0]
    assert clips(run)["3.wav"].fields["start"] == "30"
    assert run(tmp_path / "x", settings=["segments=yes"]).summary.left_out == {"too short": 3}


def test_one_clip_in_rows_that_disagree_has_no_label(run, tmp_path):
    tone(tmp_path / "x" / "a.wav", 1)
    tone(tmp_path / "x" / "b.wav", 2)
    table(tmp_path / "x", "file,label\na.wav,owl\na.wav,crow\nb.wav,owl\n")
    summary = run(tmp_path / "x").summary
    assert summary.remarks["clip in rows that disagree"] == (
        "a.wav: label: owl and crow; taken as unlabelled",
    )
    assert summary.targets[0].unlabelled == 1


def test_a_dry_run_opens_and_writes_nothing(run, genres):
    (genres / "rock" / "text.wav").write_text("no audio")
    result = run(genres, dry_run=True)
    assert result.dry_run
    assert (result.summary.used, result.read, result.summary.seconds) == (7, 0, None)
    assert not run.store.exists()


def test_a_store_inside_the_folder_is_no_part_of_it(genres):
    inside = genres / "mxt-store"
    ingest(inside, IngestRequest(genres, jobs=1), REGISTRY)
    assert ingest(inside, IngestRequest(genres, jobs=1), REGISTRY)[0].summary.clips == 6
    assert {Path(clip.id).parts[0] for clip in Store.open(inside).catalogue.clips("genres")} == {
        "rock",
        "pop",
    }


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda root: root / "missing", "no such folder or table"),
        (lambda root: tone(root / "one.wav"), "is one audio file; name the folder it is in"),
        (lambda root: table(root, "x", "notes.txt"), "is neither a folder nor a table"),
        (lambda root: table(root / "e", "x", "notes.txt").parent, "no file looks like audio"),
        (
            lambda root: table(root / "t", "file,label\na.wav,x\n"),
            "none of the 1 clips|no column names the files",
        ),
    ],
)
def test_a_path_that_cannot_be_used_is_said_in_one_line(run, tmp_path, make, message):
    with pytest.raises(InputError, match=message) as caught:
        run(make(tmp_path))
    assert "\n" not in str(caught.value)
    assert not run.store.exists()


def test_unknown_loaders_and_parameters_are_usage_errors(run, genres):
    with pytest.raises(UnknownName, match="did you mean folder"):
        run(genres, loader="folders")
    with pytest.raises(UnknownName, match="no parameter"):
        run(genres, params={"colour": "red"})
    with pytest.raises(UsageError, match="label_level"):
        run(genres, settings=["label_level=deep"])
    with pytest.raises(UsageError, match="'my_name' would do"):
        run(genres, name="my name")


def test_a_store_that_cannot_be_written_is_said_so(run, genres):
    run(genres)
    (run.store / "mxt.json").write_text(json.dumps({"schema": 99}))
    with pytest.raises(StoreReadOnly, match="newer mxt"):
        run(genres)


def test_undecodable_names_are_catalogued(run, tmp_path):
    root = os.fsencode(tmp_path / "x")
    for folder in (b"a", b"b"):
        os.makedirs(root + b"/" + folder)
        shutil.copy(os.fsencode(tone(tmp_path / "t.wav", folder[0])), root + b"/" + folder + b"/caf\xe9.wav")
    assert run(tmp_path / "x").summary.used == 2
    assert run(tmp_path / "x").read == 0


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/music/My Genres/", "My_Genres"),
        ("/x/birds.csv", "birds"),
        ("/x/metadata.csv", "x"),
        ("/", "root"),
        ("/a/b/..", "a"),
        ("/x/été", "été"),
    ],
)
def test_a_data_set_is_called_like_its_folder(path, name):
    assert default_name(Path(path)) == name


BAD_LOADER = """
import dataclasses
from mxt.plugin import Clip, Detection, StageSpec, hookimpl

@dataclasses.dataclass(frozen=True)
class Loader:
    def detect(self, listing):
        raise RuntimeError("detect")
    def clips(self, listing):
        yield Clip("../outside.wav", targets={"label": "x"})
        yield Clip("rock/rock.0.wav", targets={"label": "y"})

@hookimpl
def mxt_stages():
    return [StageSpec(kind="dataset", name="odd", summary="s", target=f"{__name__}:Loader")]
"""


def test_a_loader_that_breaks_while_recognising_keeps_none_from_working_and_files_outside_are_not_used(
    run, genres, tmp_path
):
    plugin = tmp_path / "odd.py"
    plugin.write_text(BAD_LOADER)
    registry = build_registry([plugin])
    result = run(genres, registry=registry)
    assert (result.loader, result.summary.remarks["loader that failed"]) == (
        "folder",
        ("odd: RuntimeError('detect')",),
    )
    tone(tmp_path / "outside.wav")
    summary = run(genres, registry=registry, loader="odd", name="odd").summary
    assert (summary.used, summary.left_out) == (1, {"missing": 1})
