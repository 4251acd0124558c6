"""What a data set loader has to keep."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Any

from mxt.core.errors import MxtError, UsageError
from mxt.core.identity import clip_id, microseconds
from mxt.core.records import Clip, Detection, Listing, Remark
from mxt.core.stages import FeatureSet, FeatureSetLoader, PackedLoader
from mxt.testing.material import sample_folders
from mxt.testing.subject import CheckSkipped, ContractBroken, NotApplicable, Subject, expect

SOUNDS = (".wav", ".flac", ".mp3", ".ogg", ".opus", ".aiff", ".aif", ".au", ".m4a")
LARGEST_SAMPLE = 100_000_000  # bytes: the checks copy it


def detection_is_a_score_with_a_reason(subject: Subject) -> None:
    """Between 0 and 1 with a reason, for an empty folder, foreign files and every sample layout."""
    loader = subject.build()
    with sample_folders() as folders:
        root = folders["one folder per class"].root
        foreign = {
            "an empty folder": Listing(root, ()),
            "foreign files": Listing(root, ("notes.odt", "x/y.zip")),
        }
        for what, listing in (folders | foreign).items():
            try:
                detection = loader.detect(listing)
            except Exception as error:
                raise ContractBroken(
                    f"{what}: detect ends in {type(error).__name__}: {error}; foreign files have the score 0"
                ) from error
            returned = type(detection).__name__
            expect(isinstance(detection, Detection), f"{what}: detect returns {returned}, not a Detection")
            expect(0 <= detection.score <= 1, f"{what}: the score is {detection.score}, not between 0 and 1")
            expect(detection.reason.strip(), f"{what}: no reason is given")
        expect(loader.detect(foreign["an empty folder"]).score == 0, "an empty folder is recognised")


def clips_lie_in_the_listing(subject: Subject) -> None:
    """Only clips and remarks; paths are those of the listing; ids are unique; target columns are the same."""
    with _recognised(subject) as (loader, listing):
        _expect_clips(loader)
        items = list(loader.clips(listing))
        known = all(isinstance(item, (Clip, Remark)) for item in items)
        expect(known, "clips yields something that is neither a Clip nor a Remark")
        clips = [item for item in items if isinstance(item, Clip)]
        expect(clips, f"no clip in a layout that it recognises ({listing.files[0]}, …)")
        outside = [clip.path for clip in clips if clip.path not in listing.files]
        expect(not outside, f"a clip's path is not in the listing: {outside[:1]}")
        ids = [clip_id(clip.path, microseconds(clip.start), microseconds(clip.end)) for clip in clips]
        expect(len(set(ids)) == len(ids), "two clips have the same id")
        expect(len({tuple(clip.targets) for clip in clips}) == 1, "clips differ in their target columns")
        are_targets = all(_is_target(value) for clip in clips for value in clip.targets.values())
        expect(are_targets, "a target is not text, a number, a tuple or None")


def _expect_clips(loader: Any) -> None:
    """Say that a check is not for a loader whose recordings are not files."""
    if isinstance(loader, FeatureSetLoader):
        raise NotApplicable("it loads features, without audio")
    if isinstance(loader, PackedLoader):
        raise NotApplicable("its recordings are inside other files")


def feature_sets_fit_their_clips(subject: Subject) -> None:
    """Features have one row per clip, layers as stated, unique ids, and sources in the listing."""
    with _recognised(subject) as (loader, listing):
        if not isinstance(loader, FeatureSetLoader):
            raise NotApplicable("it loads audio")
        sets = list(loader.feature_sets(listing))
        expect(sets, f"no feature set in a layout that it recognises ({listing.files[0]}, …)")
        for feature_set in sets:
            _check_feature_set(feature_set, listing)


def _check_feature_set(feature_set: FeatureSet, listing: Listing) -> None:
    name, clips, sources = feature_set.name, feature_set.clips, feature_set.sources
    expect(clips, f"{name} has no clips")
    ids = [clip_id(clip.path, microseconds(clip.start), microseconds(clip.end)) for clip in clips]
    expect(len(set(ids)) == len(ids), f"two clips of {name} have the same id")
    outside = [path for path in sources if path not in listing.files]
    expect(sources and not outside, f"a source of {name} is not in the listing: {outside[:1]}")
    for block in feature_set.blocks:
        for layer in block.layers:
            shape, expected = tuple(block.arrays[layer.name].shape), (len(clips), layer.dimension)
            which = f"{block.label}, {layer.name} of {name}"
            expect(shape == expected, f"{which}: the shape is {shape}, expected {expected}")


def what_is_loaded_is_the_same_every_time(subject: Subject) -> None:
    """The same clips, or features, in the same order."""
    with _recognised(subject) as (loader, listing):
        expect(_loaded(loader, listing) == _loaded(subject.build(), listing), "two loadings differ")


def folder_is_left_as_it_was(subject: Subject) -> None:
    """Nothing is written below the root."""
    with _recognised(subject) as (loader, listing):
        before = _contents(listing.root)
        _loaded(loader, listing)
        expect(_contents(listing.root) == before, "loading changed the folder")


def audio_is_not_opened(subject: Subject) -> None:
    """Clips are named from paths and tables alone: ingest opens the audio, in workers that may crash."""
    with _recognised(subject) as (loader, listing):
        _expect_clips(loader)
        expected = list(loader.clips(listing))
        for path in listing.files:
            if PurePosixPath(path).suffix.lower() in SOUNDS:
                (Path(listing.root) / path).write_bytes(b"this is no audio")
        expect(
            list(subject.build().clips(listing)) == expected, "what lies in the audio files changes the clips"
        )


def foreign_files_end_in_typed_errors(subject: Subject) -> None:
    """Files of another layout give clips, nothing, or an error of mxt's own."""
    loader = subject.build()
    with sample_folders() as folders:
        empty = Listing(folders["gtzan"].root, ())
        for what, listing in (folders | {"an empty folder": empty}).items():
            try:
                _loaded(loader, listing)
            except MxtError:
                continue
            except Exception as error:
                raise ContractBroken(
                    f"{what} ends in {type(error).__name__}: {error}; raise InputError or TableError"
                ) from error


@contextmanager
def _recognised(subject: Subject) -> Iterator[tuple[Any, Listing]]:
    """The loader and a sample of its layout: the one given, or the one that it scores highest."""
    loader = subject.build()
    if subject.sample is not None:
        with _copy(subject.sample) as listing:
            detection = loader.detect(listing)
            expect(detection.score > 0, f"the sample {subject.sample} is not recognised: {detection.reason}")
            yield loader, listing
        return
    with sample_folders() as folders:
        best = max(folders.values(), key=lambda listing: float(loader.detect(listing).score))
        if loader.detect(best).score <= 0:
            raise CheckSkipped(
                "it recognises none of the layouts mxt knows; give a small folder in its own with --sample"
            )
        yield loader, best


@contextmanager
def _copy(folder: Path) -> Iterator[Listing]:
    """A listing of a copy, so that checks may change it."""
    files = [path.relative_to(folder) for path in sorted(folder.rglob("*")) if path.is_file()]
    files = [path for path in files if not any(part.startswith(".") for part in path.parts)]
    if not files:
        raise UsageError(f"the sample {folder} has no files")
    if sum((folder / path).stat().st_size for path in files) > LARGEST_SAMPLE:
        raise UsageError(
            f"the sample {folder} is larger than {LARGEST_SAMPLE / 1e6:.0f} MB; a few files will do"
        )
    with TemporaryDirectory(prefix="mxt-check-") as top:
        for path in files:
            (Path(top) / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(folder / path, Path(top) / path)
        yield Listing(root=top, files=tuple(path.as_posix() for path in files))


def _loaded(loader: Any, listing: Listing) -> list[object]:
    """All that is loaded, as values that can be compared."""
    if isinstance(loader, PackedLoader):
        return list(loader.packed(listing))
    if not isinstance(loader, FeatureSetLoader):
        return list(loader.clips(listing))
    return [
        (
            loaded.name,
            list(loaded.clips),
            loaded.sources,
            loaded.remarks,
            [
                (block.label, block.layers, {name: values.tolist() for name, values in block.arrays.items()})
                for block in loaded.blocks
            ],
        )
        for loaded in loader.feature_sets(listing)
    ]


def _is_target(value: object) -> bool:
    if isinstance(value, tuple):
        return all(isinstance(item, str) for item in value)
    return value is None or (isinstance(value, (str, float, int)) and not isinstance(value, bool))


def _contents(root: str) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(Path(root).rglob("*")) if path.is_file()}


CHECKS = (
    detection_is_a_score_with_a_reason,
    clips_lie_in_the_listing,
    feature_sets_fit_their_clips,
    what_is_loaded_is_the_same_every_time,
    folder_is_left_as_it_was,
    audio_is_not_opened,
    foreign_files_end_in_typed_errors,
)
