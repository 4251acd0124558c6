"""Bundles are read as they were written, or refused with a line that says what is wrong."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import shutil
import stat
import zipfile

import numpy as np
import pytest

from mxt.models.bundle import ARRAYS, MANIFEST, MEMBERS, VALUES, BundleError, read_bundle, write_bundle


def members(path):
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rewrite(path, contents, *, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return path


def with_true_hashes(contents):
    """`contents` with a manifest that fits them: what somebody does who knows the format."""
    manifest = json.loads(contents[MANIFEST])
    manifest["members"] = {
        name: {"sha256": hashlib.sha256(contents[name]).hexdigest(), "bytes": len(contents[name])}
        for name in (VALUES, ARRAYS)
    }
    return {**contents, MANIFEST: json.dumps(manifest).encode()}


@pytest.fixture
def copy(bundle, tmp_path):
    return shutil.copy(bundle, tmp_path / "copy.mxt")


@pytest.fixture
def whole(bundle):
    return members(bundle)


def test_a_model_that_was_written_and_read_says_the_same(model, bundle):
    read = read_bundle(bundle)
    X = np.random.default_rng(0).normal(size=(20, len(model.mean))) * model.scale + model.mean
    for one, other in zip(model.say(X), read.say(X), strict=True):
        np.testing.assert_array_equal(one, other)
    assert (read.classes, read.card, read.scores, read.parts) == (
        model.classes,
        model.card,
        model.scores,
        model.parts,
    )
    assert read.name == "timbres"


def test_equal_models_make_equal_bundles(bundle, tmp_path):
    again = tmp_path / "again.mxt"
    write_bundle(again, read_bundle(bundle))
    assert again.read_bytes() == bundle.read_bytes()


def test_a_bundle_holds_json_and_numbers_only(bundle, whole):
    assert tuple(whole) == MEMBERS
    assert b"pickle" not in bundle.read_bytes()
    with zipfile.ZipFile(bundle) as archive:
        assert all(entry.compress_type == zipfile.ZIP_STORED for entry in archive.infolist())


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.99])
def test_a_bundle_that_was_cut_is_refused(bundle, copy, share):
    content = bundle.read_bytes()
    with open(copy, "wb") as file:
        file.write(content[: int(share * len(content))])
    with pytest.raises(BundleError, match=r"not a whole bundle .*cut"):
        read_bundle(copy)


def test_every_bit_that_flips_is_noticed_or_changes_nothing(bundle, copy, model):
    content = bytearray(bundle.read_bytes())
    X = np.random.default_rng(0).normal(size=(3, len(model.mean))) * model.scale + model.mean
    expected = read_bundle(bundle).say(X)
    for place in np.random.default_rng(1).integers(len(content), size=150):
        flipped = bytearray(content)
        flipped[place] ^= 1 << int(place) % 8
        copy.write_bytes(flipped)
        try:
            said = read_bundle(copy).say(X)
        except BundleError:
            continue
        np.testing.assert_array_equal(said[0], expected[0])


def test_values_edited_by_hand_are_noticed(whole, copy):
    edited = whole[VALUES].replace(b'"task": "classification"', b'"task": "multilabel"    ')
    rewrite(copy, {**whole, VALUES: edited})
    with pytest.raises(BundleError, match=r"model\.json is not what was written .*edited or damaged"):
        read_bundle(copy)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"task": "classification"', '"task": "regression"'),
        ('"kernel": "(rbf|linear)"', '"kernel": "sigmoid"'),
        ('"target": "label"', '"target": 3'),
        ('"array": "head.vectors"', '"array": "head.nothing"'),
        ('"array": "head.vectors"', '"array": "mean"'),
        ('"kind": "machine"', '"kind": "os.system"'),
        (r'"doubt": 0\.', '"doubt": 7.'),
    ],
)
def test_values_edited_with_their_hash_still_have_to_fit_together(whole, copy, old, new):
    edited, changes = re.subn(old, new, whole[VALUES].decode())
    assert changes
    rewrite(copy, with_true_hashes({**whole, VALUES: edited.encode()}))
    with pytest.raises(BundleError, match="do not fit together"):
        read_bundle(copy)


def test_arrays_of_another_shape_do_not_fit(whole, copy):
    from safetensors.numpy import load, save

    arrays = load(whole[ARRAYS])
    arrays["mean"] = arrays["mean"][:-1]
    rewrite(copy, with_true_hashes({**whole, ARRAYS: save(arrays)}))
    with pytest.raises(BundleError, match=r"mean has the shape"):
        read_bundle(copy)


@pytest.mark.parametrize("name", ["../outside.txt", "/tmp/outside.txt", "C:\\outside.txt", "head.pickle"])
def test_foreign_members_are_refused_and_nothing_is_written(whole, copy, tmp_path, name):
    rewrite(copy, {**whole, name: b"hello"})
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(BundleError, match="is no part of a bundle"):
        read_bundle(copy)
    assert sorted(tmp_path.rglob("*")) == before
    assert not (tmp_path.parent / "outside.txt").exists()


def test_a_zip_bomb_is_refused_before_it_unpacks(whole, copy):
    rewrite(copy, {**whole, ARRAYS: bytes(300 << 20)}, compression=zipfile.ZIP_DEFLATED)
    assert os.path.getsize(copy) < 1 << 20
    with pytest.raises(BundleError, match="is compressed"):
        read_bundle(copy)


def test_a_bomb_of_members_that_overlap_is_refused(copy, whole):
    large = {**whole, VALUES: bytes(1 << 20), ARRAYS: bytes(1 << 20)}
    stream = io.BytesIO()
    rewrite(stream, large)
    content = stream.getvalue()
    entry = (
        content.rfind(ARRAYS.encode()) - 46
    )  # of the central directory: both sizes claim more than there is
    claimed = (1 << 30).to_bytes(4, "little") * 2
    copy.write_bytes(content[: entry + 20] + claimed + content[entry + 28 :])
    with pytest.raises(BundleError, match=r"claim more bytes|not a whole bundle"):
        read_bundle(copy)


def test_two_members_of_one_name_are_refused(whole, copy):
    with zipfile.ZipFile(copy, "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr(VALUES, whole[VALUES])
    with pytest.raises(BundleError, match="two members of one name"):
        read_bundle(copy)


def test_a_missing_member_is_named(whole, copy):
    rewrite(copy, {name: content for name, content in whole.items() if name != ARRAYS})
    with pytest.raises(BundleError, match=r"has no arrays\.safetensors"):
        read_bundle(copy)


def test_a_bundle_of_a_newer_version_says_so(whole, copy):
    manifest = json.loads(whole[MANIFEST]) | {"format": 99, "mxt": "9.0"}
    rewrite(copy, {**whole, MANIFEST: json.dumps(manifest).encode()})
    with pytest.raises(BundleError, match=r"newer mxt \(9\.0, format 99; .*upgrade"):
        read_bundle(copy)


def test_json_nested_without_end_is_refused(whole, copy):
    rewrite(copy, with_true_hashes({**whole, VALUES: b"[" * 100_000 + b"]" * 100_000}))
    with pytest.raises(BundleError, match="cannot be read"):
        read_bundle(copy)


def test_a_pipe_is_not_waited_for(tmp_path):
    pipe = tmp_path / "pipe.mxt"
    os.mkfifo(pipe)
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    with pytest.raises(BundleError, match="not a regular file"):
        read_bundle(pipe)


def test_a_bundle_that_is_not_there_is_named(tmp_path):
    with pytest.raises(BundleError, match=r"none\.mxt cannot be read: No such file"):
        read_bundle(tmp_path / "none.mxt")
