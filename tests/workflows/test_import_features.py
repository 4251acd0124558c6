"""Features computed elsewhere come into the store with their checks."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest

from mxt.core.errors import InputError, StoreError, UnknownName, UsageError
from mxt.ingestion.requests import ImportRequest, IngestRequest
from mxt.registry import build_registry
from mxt.results.request import EvaluateRequest
from mxt.results.views import load_view
from mxt.store.layout import Store
from mxt.workflows.evaluate import evaluate
from mxt.workflows.export import ExportRequest, export
from mxt.workflows.import_features import import_features
from mxt.workflows.info import info
from mxt.workflows.ingest import ingest
from mxt.workflows.remove import prune
from mxt.workflows.verify import verify


@pytest.fixture
def ids(store: Path) -> list[str]:
    """Ids of the clips in catalogue order."""
    opened = Store.open(store, read_only=True)
    return [clip.id for clip in opened.catalogue.clips(opened.catalogue.dataset().name) if clip.usable]


@pytest.fixture
def X(ids: list[str]) -> np.ndarray:
    return np.random.default_rng(7).standard_normal((len(ids), 6)).astype(np.float32)


def read(store: Path, view: str) -> tuple[np.ndarray, list[str]]:
    matrix = load_view(Store.open(store, read_only=True), None, view)
    return matrix.X, matrix.ids


def write_csv(
    path: Path,
    ids: list[str],
    X: np.ndarray,
    *,
    heading: str = "clip",
    extra: dict[str, list[str]] | None = None,
) -> Path:
    extra = extra or {}
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([heading, *extra, *(f"f{k}" for k in range(X.shape[1]))])
        for row, name in enumerate(ids):
            writer.writerow([name, *(values[row] for values in extra.values()), *X[row].tolist()])
    return path


def test_an_npz_in_any_order_becomes_a_table_of_its_layers(store, ids, X, tmp_path):
    order = np.random.default_rng(1).permutation(len(ids))
    np.savez(tmp_path / "mine.npz", ids=np.array(ids)[order], low=X[order, :2], high=X[order, 2:])
    found = import_features(store, ImportRequest(tmp_path / "mine.npz", label="openl3"))
    assert (found.label, found.used, found.written, dict(found.layers), dict(found.matched)) == (
        "openl3",
        72,
        72,
        {"low": 2, "high": 4},
        {"path": 72},
    )
    np.testing.assert_array_equal(read(store, "openl3")[0], X)
    np.testing.assert_array_equal(read(store, "openl3:high")[0], X[:, 2:])
    assert read(store, "openl3")[1] == ids


def test_a_csv_leaves_out_what_says_something_of_the_clips(store, ids, X, tmp_path):
    path = write_csv(
        tmp_path / "f.csv", ids, X, extra={"label": ["x"] * 72, "fold": ["1"] * 72, "note": ["n"] * 72}
    )
    found = import_features(store, ImportRequest(path))
    assert (found.label, found.passed_over, dict(found.layers)) == ("f", ("note",), {"features": 6})
    np.testing.assert_allclose(read(store, "f")[0], X, rtol=1e-6)


def test_a_parquet_may_hold_lists_as_layers(store, ids, X, tmp_path):
    import pyarrow as pa
    from pyarrow import parquet

    parquet.write_table(pa.table({"path": ids, "embedding": X.tolist()}), tmp_path / "e.parquet")
    assert dict(import_features(store, ImportRequest(tmp_path / "e.parquet")).layers) == {"embedding": 6}
    np.testing.assert_allclose(read(store, "e")[0], X, rtol=1e-6)


@pytest.mark.parametrize("suffix", ["npz", "csv", "parquet"])
def test_what_mxt_exports_comes_back_equal(store, ids, X, tmp_path, suffix):
    np.savez(tmp_path / "mine.npz", ids=np.array(ids), X=X)
    import_features(store, ImportRequest(tmp_path / "mine.npz"))
    export(store, ExportRequest("mine", tmp_path / f"out.{suffix}"))
    import_features(store, ImportRequest(tmp_path / f"out.{suffix}", label="again"))
    np.testing.assert_array_equal(read(store, "again")[0], X)


def test_a_bare_array_needs_the_word_that_it_is_in_catalogue_order(store, X, tmp_path):
    np.save(tmp_path / "x.npy", X)
    with pytest.raises(UsageError, match=r"x\.npy has no clip ids: .* --in-catalogue-order"):
        import_features(store, ImportRequest(tmp_path / "x.npy"))
    assert import_features(store, ImportRequest(tmp_path / "x.npy", in_catalogue_order=True)).matched == {
        "order": 72
    }
    np.testing.assert_array_equal(read(store, "x")[0], X)


def test_an_array_of_another_number_of_rows_is_refused(store, X, tmp_path):
    np.save(tmp_path / "x.npy", X[1:])
    with pytest.raises(InputError, match="71 rows; the data set has 72 usable clips"):
        import_features(store, ImportRequest(tmp_path / "x.npy", in_catalogue_order=True))


def test_rows_in_catalogue_order_may_be_those_of_all_clips_or_of_the_usable_ones(collection, tmp_path):
    root = tmp_path / "some"
    for path in sorted((collection / "bell").glob("*.wav"))[:6]:
        (root / "bell").mkdir(parents=True, exist_ok=True)
        (root / "bell" / path.name).write_bytes(path.read_bytes())
    broken = sorted(root.rglob("*.wav"))[2]
    broken.write_bytes(b"no audio")
    store = tmp_path / "other-store"
    ingest(store, IngestRequest(root, loader="folder"), build_registry())
    X = np.arange(6, dtype=np.float32)[:, None] + np.zeros((6, 2), np.float32)
    np.save(tmp_path / "all.npy", X)
    np.save(tmp_path / "usable.npy", np.delete(X, 2, axis=0))
    for name in ("all", "usable"):
        import_features(store, ImportRequest(tmp_path / f"{name}.npy", in_catalogue_order=True))
        assert read(store, name)[0][:, 0].tolist() == [0, 1, 3, 4, 5]


def test_the_same_array_in_another_order_of_clips_is_another_table(store, X, tmp_path, collection):
    np.save(tmp_path / "x.npy", X)
    first = import_features(store, ImportRequest(tmp_path / "x.npy", in_catalogue_order=True))
    table = tmp_path / "order.csv"
    names = [
        path.relative_to(collection).as_posix() for path in sorted(collection.rglob("*.wav"), reverse=True)
    ]
    table.write_text("file_name,label\n" + "".join(f"{name},{name.partition('/')[0]}\n" for name in names))
    shutil.copytree(collection, tmp_path / "copy")
    shutil.copy(table, tmp_path / "copy" / "order.csv")
    ingest(store, IngestRequest(tmp_path / "copy" / "order.csv", name="reversed"), build_registry())
    second = import_features(store, ImportRequest(tmp_path / "x.npy", in_catalogue_order=True))
    assert second.fingerprint != first.fingerprint
    np.testing.assert_array_equal(read(store, second.label)[0], X)


def test_rows_without_a_clip_and_clips_without_a_row_are_named(store, ids, X, tmp_path):
    np.savez(tmp_path / "m.npz", clip=np.array([*ids[1:], "nobody.wav"]), X=X)
    found = import_features(store, ImportRequest(tmp_path / "m.npz"))
    assert (found.unknown, found.missing, found.used) == (("nobody.wav",), (ids[0],), 71)
    assert load_view(Store.open(store, read_only=True), None, "m").n_missing == 1


def test_names_without_folder_or_suffix_mean_a_clip_where_that_is_clear(store, ids, X, tmp_path):
    np.savez(
        tmp_path / "m.npz", id=np.array([name.rpartition("/")[2].removesuffix(".wav") for name in ids]), X=X
    )
    found = import_features(store, ImportRequest(tmp_path / "m.npz"))
    assert set(found.matched) == {"stem"}
    np.testing.assert_array_equal(read(store, "m")[0], X)


def test_numbers_that_are_not_finite_fail_their_clip_and_are_named(store, ids, X, tmp_path):
    bad = X.astype(np.float64)
    bad[2, 1], bad[5, 0] = np.nan, 1e200
    np.savez(tmp_path / "m.npz", id=np.array(ids), X=bad)
    found = import_features(store, ImportRequest(tmp_path / "m.npz"))
    assert (found.not_finite, found.used) == ((ids[2], ids[5]), 70)
    assert load_view(Store.open(store, read_only=True), None, "m").n_failed == 2
    assert [left.clip for left in info(store, "m", build_registry()).failures] == [ids[2], ids[5]]


def test_a_missing_number_of_a_csv_is_not_finite(store, ids, X, tmp_path):
    path = write_csv(tmp_path / "f.csv", ids, X)
    path.write_text(path.read_text().replace(str(float(X[3, 2])), "", 1))
    assert import_features(store, ImportRequest(path)).not_finite == (ids[3],)


def test_a_row_there_twice_is_fine_where_its_numbers_are_equal_and_refused_where_not(store, ids, X, tmp_path):
    np.savez(tmp_path / "m.npz", id=np.array([*ids, ids[0]]), X=np.vstack([X, X[:1]]))
    assert import_features(store, ImportRequest(tmp_path / "m.npz")).repeated == (ids[0],)
    np.savez(tmp_path / "n.npz", id=np.array([*ids, ids[0]]), X=np.vstack([X, X[1:2]]))
    with pytest.raises(InputError, match="is there twice, in rows 1 and 73, with different numbers"):
        import_features(store, ImportRequest(tmp_path / "n.npz"))


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        (
            {"id": np.array(["a", "b"]), "X": np.ones((3, 2))},
            "the rows do not agree: X 3, clip ids 2|features 3, clip ids 2",
        ),
        ({"id": np.array(["a", "b"]), "X": np.ones((2, 2)), "Y": np.ones((3, 2))}, "the rows do not agree"),
        ({"id": np.array(["a", ""]), "X": np.ones((2, 2))}, "row 2 has no clip id"),
        ({"id": np.array(["a", "b"])}, "no features"),
        ({"id": np.array(["a", "b"]), "X": np.ones((2, 2))}, "none of its 2 rows belongs to a clip"),
        ({"id": np.array(["a", None]), "X": np.ones((2, 2))}, "cannot be read"),
    ],
)
def test_files_that_cannot_be_features_of_these_clips_are_refused(store, tmp_path, arrays, message):
    np.savez(tmp_path / "m.npz", **arrays)
    with pytest.raises(InputError, match=message):
        import_features(store, ImportRequest(tmp_path / "m.npz"))


@pytest.mark.parametrize("name", ["m.npz", "m.parquet", "m.npy"])
def test_a_file_that_is_not_what_its_suffix_says_is_refused(store, tmp_path, name):
    (tmp_path / name).write_bytes(b"hello")
    with pytest.raises(InputError, match=f"{name} cannot be read"):
        import_features(store, ImportRequest(tmp_path / name, in_catalogue_order=True))


def test_other_suffixes_and_missing_files_and_columns_are_named(store, ids, X, tmp_path):
    with pytest.raises(UsageError, match="files of features end in"):
        import_features(store, ImportRequest(tmp_path / "m.mat"))
    with pytest.raises(InputError, match="no such file"):
        import_features(store, ImportRequest(tmp_path / "m.csv"))
    with pytest.raises(UnknownName, match=r"no column of f\.csv called 'clipp'; did you mean clip"):
        import_features(store, ImportRequest(write_csv(tmp_path / "f.csv", ids, X), id_column="clipp"))


def test_a_column_of_ids_may_be_named_and_ids_stay_text(store, ids, X, tmp_path):
    path = write_csv(tmp_path / "f.csv", ids, X, heading="stimulus")
    with pytest.raises(UsageError, match="--id-column"):
        import_features(store, ImportRequest(path))
    assert import_features(store, ImportRequest(path, id_column="stimulus")).used == 72


def test_importing_again_changes_nothing_and_another_label_is_refused(store, ids, X, tmp_path):
    np.savez(tmp_path / "m.npz", id=np.array(ids), X=X)
    first = import_features(store, ImportRequest(tmp_path / "m.npz", label="a"))
    again = import_features(store, ImportRequest(tmp_path / "m.npz"))
    assert (again.written, again.fingerprint, again.label) == (0, first.fingerprint, "a")
    with pytest.raises(UsageError, match="in the table a already"):
        import_features(store, ImportRequest(tmp_path / "m.npz", label="b"))
    np.savez(tmp_path / "n.npz", id=np.array(ids), X=X + 1)
    with pytest.raises(StoreError, match="another feature table is called a"):
        import_features(store, ImportRequest(tmp_path / "n.npz", label="a"))


def test_a_clip_whose_audio_changed_has_no_features_rather_than_those_of_before(
    collection, ids, X, store, tmp_path
):
    np.savez(tmp_path / "m.npz", id=np.array(ids), X=X)
    import_features(store, ImportRequest(tmp_path / "m.npz"))
    other = tmp_path / "other"
    for place, name in enumerate(ids):
        (other / name).parent.mkdir(parents=True, exist_ok=True)
        (other / name).write_bytes((collection / (ids[1] if place == 0 else name)).read_bytes())
    ingest(store, IngestRequest(other, name="other", loader="folder"), build_registry())
    matrix = load_view(Store.open(store, read_only=True), "other", "m")
    assert (matrix.n_missing, len(matrix.clips)) == (1, 71)
    assert ids[0] not in matrix.ids


def test_imported_features_are_evaluated_told_about_kept_by_prune_and_intact(store, ids, tmp_path):
    classes = sorted({name.partition("/")[0] for name in ids})
    X = np.eye(len(classes))[[classes.index(name.partition("/")[0]) for name in ids]]
    np.savez(tmp_path / "m.npz", id=np.array(ids), X=X)
    import_features(store, ImportRequest(tmp_path / "m.npz"))
    result = evaluate(store, EvaluateRequest(head="linear", settings=("C=1",)), build_registry())
    assert result.datasets[0].views[0].view == "m"
    told = info(store, "m", build_registry())
    assert told.attributes["kind"] == "imported"
    assert told.commands[0].startswith("mxt import m.npz --dataset ")
    assert (told.coverage[0].done, told.coverage[0].missing) == (72, 0)
    assert prune(store, dry_run=True).items == ()
    assert not [finding for finding in verify(store).findings if finding.damage]


def test_rows_that_verify_opened_are_stored_again(store, ids, X, tmp_path):
    np.savez(tmp_path / "m.npz", id=np.array(ids), X=X)
    import_features(store, ImportRequest(tmp_path / "m.npz"))
    table = Store.open(store).features.find("m")
    chunk = table.path / "layer1.features" / "c.0.0"
    chunk.write_bytes(b"damaged")
    verify(store, repair=True)
    found = import_features(store, ImportRequest(tmp_path / "m.npz"))
    assert 0 < found.written <= 64
    np.testing.assert_array_equal(read(store, "m")[0], X)
