"""Writing a feature table."""

from __future__ import annotations

import tempfile
import threading
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mxt.core.errors import Reason, StoreBusy
from mxt.store.features import DONE, FAILED, OPEN
from mxt.store.layout import Store


def test_rows_are_appended_once_in_the_given_order(table, keys):
    with table.writer() as writer:
        assert writer.assign(keys(5)).tolist() == [0, 1, 2, 3, 4]
    with table.writer() as writer:
        assert writer.assign([*keys(2, first=4), *keys(1, first=2)]).tolist() == [4, 5, 2]
    assert table.keys().tobytes() == b"".join(keys(6))


def test_clips_of_one_content_share_a_row(table, keys):
    (key,) = keys(1)
    with table.writer() as writer:
        assert writer.assign([key, key]).tolist() == [0, 0]


def test_assigned_rows_are_on_disk_before_work_starts(table, keys):
    with table.writer() as writer:
        writer.assign(keys(70))
        assert table.keys().tobytes() == b"".join(keys(70))
        assert table.counts() == (70, 0, 0)


def test_a_row_waits_for_its_chunk(table, child, keys):
    with table.writer() as writer:
        rows = writer.assign(keys(64)).tolist()
        for row, key in zip(rows[:63], keys(63), strict=True):
            writer.put(row, child.features_of(key))
        assert table.counts() == (64, 0, 0)
        writer.put(63, child.features_of(keys(64)[63]))
        assert table.counts() == (0, 64, 0)


def test_many_rows_are_settled_as_one_by_one(table, child, keys):
    features = [child.features_of(key) for key in keys(70)]
    together = {name: np.stack([values[name] for values in features]) for name in features[0]}
    with table.writer() as writer:
        rows = writer.assign(np.frombuffer(b"".join(keys(70)), np.uint8).reshape(-1, 32))
        writer.put_all(rows, together)
    for name, values in together.items():
        np.testing.assert_array_equal(table.layer(name), values)
    with table.writer() as writer:
        writer.assign(keys(1, first=80))
        wrong = {name: np.full((1, values.shape[1]), np.nan, np.float32) for name, values in together.items()}
        with pytest.raises(ValueError, match="must be finite"):
            writer.put_all(np.array([70]), wrong)
        with pytest.raises(ValueError, match="expected the layers"):
            writer.put_all(np.array([70, 71]), wrong)


def test_the_last_chunk_is_complete_with_fewer_rows(table, child, keys):
    with table.writer() as writer:
        for row, key in zip(writer.assign(keys(3)), keys(3), strict=True):
            writer.put(int(row), child.features_of(key))
        assert table.counts() == (0, 3, 0)


def test_work_older_than_the_limit_is_committed_in_unfinished_chunks(table, child, keys):
    now = 0.0
    with table.writer(flush_seconds=10, clock=lambda: now) as writer:
        writer.assign(keys(64))
        writer.put(7, child.features_of(keys(64)[7]))
        now = 9.0
        writer.put(3, child.features_of(keys(64)[3]))
        assert table.counts() == (64, 0, 0)
        now = 10.0
        writer.fail(5, Reason.TOO_SHORT)
        assert table.counts() == (61, 2, 1)
        values = table.layer("one")
    assert np.flatnonzero(~np.isnan(values).any(axis=1)).tolist() == [3, 7]


def test_leaving_commits_what_is_finished_even_after_an_interrupt(table, child, keys):
    def interrupted():
        with table.writer() as writer:
            writer.assign(keys(64))
            writer.put(0, child.features_of(keys(1)[0]))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert table.counts() == (63, 1, 0)


def test_layers_are_written_before_reason_and_state(table, child, keys):
    seen = {}

    def look(point):
        seen[point] = (
            int((~np.isnan(table.layer("two"))).all(axis=1).sum()),
            int((table.reasons() > 0).sum()),
            table.counts(),
        )

    with table.writer(fault=look) as writer:
        writer.assign(keys(2))
        writer.fail(0, Reason.EMPTY)
        writer.put(1, child.features_of(keys(2)[1]))
    assert seen["before layers"] == (0, 0, (2, 0, 0))
    assert seen["after layers"] == (1, 0, (2, 0, 0))
    assert seen["before state"] == (1, 1, (2, 0, 0))
    assert seen["committed"] == (1, 1, (0, 1, 1))


def test_failed_rows_are_opened_again_and_may_then_succeed(filled, child):
    failed = np.flatnonzero(filled.states() == FAILED)
    done = np.flatnonzero(filled.states() == DONE)
    with filled.writer() as writer:
        writer.retry([*failed.tolist(), int(done[0])])
        assert writer.open_rows().tolist() == failed.tolist()
        for row in failed.tolist():
            writer.put(row, child.features_of(filled.keys()[row].tobytes()))
    assert filled.counts() == (0, 150, 0)
    assert not filled.reasons().any()


def test_a_settled_row_is_refused(filled, child):
    with filled.writer() as writer, pytest.raises(ValueError, match="settled already"):
        writer.put(1, child.features_of(child.key_of(1)))


@pytest.mark.parametrize(
    ("features", "match"),
    [
        ({"one": np.zeros(3, np.float32)}, "expected the layers"),
        ({"one": np.zeros(4, np.float32), "two": np.zeros(5, np.float32)}, "expected the layers"),
        ({"one": np.full(3, np.nan, np.float32), "two": np.zeros(5, np.float32)}, "finite"),
    ],
)
def test_features_that_do_not_fit_are_refused(table, keys, features, match):
    with table.writer() as writer:
        writer.assign(keys(1))
        with pytest.raises(ValueError, match=match):
            writer.put(0, features)


@pytest.mark.parametrize("key", [b"short", bytes(32)])
def test_what_is_no_audio_key_is_refused(table, key):
    with table.writer() as writer, pytest.raises(ValueError, match="32 bytes"):
        writer.assign([key])


def test_a_second_writer_in_this_process_is_refused(table):
    with table.writer(), pytest.raises(StoreBusy, match=r"being written by process \d+ on \S+ since 20"):
        table.writer().__enter__()


def test_a_second_writer_in_another_thread_is_refused(table):
    caught = []

    def second():
        try:
            with table.writer():
                pass
        except StoreBusy as error:
            caught.append(error)

    with table.writer():
        thread = threading.Thread(target=second)
        thread.start()
        thread.join()
    assert len(caught) == 1


def test_a_second_writer_in_another_process_is_refused(store, table, run_child):
    with table.writer():
        refused = run_child(store.root, 5)
    assert "StoreBusy: feature table synthetic is being written by process" in refused.stderr


def test_two_tables_are_written_at_once(store, table, layers):
    other = store.features.create("cd" * 32, "other", {}, layers)
    with table.writer() as one, other.writer() as two:
        assert one.assign([b"1" * 32]).tolist() == two.assign([b"2" * 32]).tolist()


def test_the_lock_of_a_dead_process_is_free(store, table, run_child):
    run_child(store.root, 5, "assigned", 1)
    assert (table.path / "lock.holder").exists()
    with table.writer() as writer:
        assert len(writer.open_rows()) == 5


def test_a_long_wait_between_batches_does_not_lose_a_reader(table, child, keys):
    with table.writer() as writer:
        writer.assign(keys(130))
        for row in range(64):
            writer.put(row, child.features_of(keys(64)[row]))
        X, state = table.read(keys(130), ["one", "two"])
    assert state.tolist() == [DONE] * 64 + [OPEN] * 66
    assert np.isnan(X[64:]).all()
    assert not np.isnan(X[:64]).any()


steps = st.lists(
    st.one_of(
        st.tuples(st.just("assign"), st.lists(st.integers(0, 180), min_size=1, max_size=90)),
        st.tuples(st.just("settle"), st.lists(st.integers(0, 180), max_size=120)),
        st.tuples(st.sampled_from(["flush", "reopen", "retry"]), st.just([])),
    ),
    min_size=2,
    max_size=10,
)


@settings(max_examples=25, deadline=None)
@given(steps=steps)
def test_any_sequence_of_steps_leaves_what_a_dictionary_would(steps, child):
    with tempfile.TemporaryDirectory() as folder:
        table = child.make_table(Store.open(Path(folder) / "store", create=True))
        rows: dict[bytes, int] = {}
        settled: dict[int, int] = {}
        writer = table.writer().__enter__()
        for step, clips in steps:
            wanted = [child.key_of(clip) for clip in clips]
            if step == "assign":
                for key in wanted:
                    rows.setdefault(key, len(rows))
                assert writer.assign(wanted).tolist() == [rows[key] for key in wanted]
            for key in dict.fromkeys(wanted) if step == "settle" else ():
                row = rows.get(key)
                if row is None or row in settled:
                    continue
                settled[row] = FAILED if child.fails(key) else DONE
                if child.fails(key):
                    writer.fail(row, Reason.NOT_AUDIO)
                else:
                    writer.put(row, child.features_of(key))
            if step == "flush":
                writer.flush()
            if step == "reopen":
                writer.__exit__(None, None, None)
                writer = table.writer().__enter__()
            if step == "retry":
                writer.flush()
                writer.retry(list(range(len(rows))))
                settled = {row: state for row, state in settled.items() if state == DONE}
            assert writer.open_rows().tolist() == [row for row in range(len(rows)) if row not in settled]
        writer.__exit__(None, None, None)

        X, state = table.read(list(rows), ["one", "two"])
        assert state.tolist() == [settled.get(row, OPEN) for row in rows.values()]
        for key, row in rows.items():
            expected = (
                np.concatenate(list(child.features_of(key).values()))
                if settled.get(row) == DONE
                else np.full(8, np.nan)
            )
            np.testing.assert_array_equal(X[row], expected)
