"""Verify and repair as a person meets them: damage, repair, extract, and everything is as before."""

from __future__ import annotations

import pytest

from mxt.core.errors import StoreReadOnly
from mxt.extraction.request import ExtractRequest
from mxt.store.layout import Store
from mxt.workflows.extract import extract
from mxt.workflows.verify import verify


def contents(folder):
    return {
        str(p.relative_to(folder)): p.read_bytes()
        for p in sorted(folder.rglob("*"))
        if p.is_file() and not p.name.startswith("lock")
    }


@pytest.mark.parametrize("damage", ["flip", "delete", "cut"])
def test_extract_after_a_repair_restores_just_what_was_damaged(damage, store, registry):
    extract(store, ExtractRequest(backbone="tiny"), registry)
    table = Store.open(store).features.find("tiny")
    before = contents(table.path)
    chunk = table.path / "layer2.both" / "c.1.0"
    whole = chunk.read_bytes()
    if damage == "delete":
        chunk.unlink()
    else:
        chunk.write_bytes(whole[:20] if damage == "cut" else whole[:30] + bytes([whole[30] ^ 8]) + whole[31:])

    report = verify(store)
    assert not report.sound
    assert {(f.place, f.part, f.first, f.last) for f in report.findings} <= {
        ("tiny", "layer2.both", 64, 127),
        ("tiny", "layer2.both", 64, 71),
    }
    assert verify(store, repair=True).tables[0].opened == 8
    assert extract(store, ExtractRequest(backbone="tiny"), registry).computed == 8
    assert contents(table.path) == before
    assert verify(store).findings == ()


def test_looking_needs_no_permission_and_repair_does(store):
    (store / "mxt.json").write_text('{"schema": 99}')
    assert verify(store).sound
    with pytest.raises(StoreReadOnly, match="newer mxt"):
        verify(store, repair=True)
