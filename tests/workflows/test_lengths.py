from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from mxt.cli.main import main
from mxt.core.errors import InputError, UsageError
from mxt.core.specs import Layer
from mxt.drawing.charts import lengths_chart
from mxt.extraction.request import ExtractRequest
from mxt.ingestion.requests import IngestRequest
from mxt.registry import Registry
from mxt.results.lengths import Lengths, LengthsRequest
from mxt.results.request import EvaluateRequest
from mxt.store.layout import Store
from mxt.workflows.extract import extract
from mxt.workflows.ingest import ingest
from mxt.workflows.lengths import lengths

RATE = 8000
QUICK = EvaluateRequest(head="linear", settings=("C=1", "folds=4"))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, registry: Registry) -> Path:
    """Clips that are alike for half a second and differ then: only long excerpts tell the classes apart."""
    folder = tmp_path_factory.mktemp("late")
    rng = np.random.default_rng(0)
    for name, level in (("quiet", 0.02), ("loud", 0.4)):
        (folder / "late" / name).mkdir(parents=True)
        for number in range(16):
            y = 0.1 * rng.standard_normal(2 * RATE)
            y[RATE // 2 :] *= level / 0.1
            soundfile.write(folder / "late" / name / f"{number}.wav", np.clip(y, -1, 1), RATE)
    ingest(folder / "store", IngestRequest(folder / "late"), registry)
    extract(folder / "store", ExtractRequest(backbone="tiny", settings=("scale=2",)), registry)
    return folder / "store"


@pytest.fixture(scope="module")
def found(store: Path, registry: Registry) -> Lengths:
    return lengths(store, LengthsRequest((2.0, 0.5), QUICK), registry)


def test_scores_grow_with_what_is_heard(found: Lengths) -> None:
    short, long = (row.score("tiny-scale2") for row in found.rows)
    assert [row.seconds for row in found.rows] == [0.5, 2.0]
    assert short is not None
    assert long is not None
    assert short.interval.low < 0.5 < long.interval.low
    change = found.changes["tiny-scale2"]
    assert change.clear
    assert change.value == pytest.approx(long.value - short.value)


def test_excerpts_as_long_as_the_clips_need_nothing_new(found: Lengths) -> None:
    assert found.computed == 32, "the short ones alone"


def test_it_is_the_same_view_at_every_length(found: Lengths, store: Path) -> None:
    assert found.views == ("tiny-scale2",)
    assert [table.label for table in Store.open(store).features.tables()] == ["tiny-scale2"]


def test_the_command_prints_a_table_and_draws_it(
    store: Path, plugin: Path, tmp_path: Path, found: Lengths, capsys: pytest.CaptureFixture[str]
) -> None:
    del found  # its features are there
    words = [
        "lengths",
        "--seconds",
        "0.5,2",
        "--store",
        str(store),
        "--plugin",
        str(plugin),
        "--head",
        "linear",
        "--set",
        "C=1",
        "-q",
    ]
    with pytest.raises(SystemExit, match="0"):
        main([*words, "--chart", str(tmp_path / "a.png")])
    shown = capsys.readouterr().out
    assert "tiny-scale2: +" in shown
    assert "from 0.5 to 2 s (95 %: " in shown
    assert "0 features computed; data sets: late-excerpt0-0.5, late-excerpt0-2" in shown
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_the_chart_has_every_length_and_view(found: Lengths, tmp_path: Path) -> None:
    import matplotlib as mpl

    with mpl.rc_context({"svg.fonttype": "none"}):
        lengths_chart(found, tmp_path / "a.svg")
    text = (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert all(word in text for word in (">0.5<", ">2<", "tiny-scale2", "seconds of each clip"))


def test_one_length_is_no_comparison(store: Path, registry: Registry) -> None:
    with pytest.raises(UsageError, match="at least two lengths"):
        lengths(store, LengthsRequest((1.0, 1.0)), registry)


def test_features_that_were_imported_cannot_be_computed_for_excerpts(store: Path, registry: Registry) -> None:
    Store.open(store).features.create("0" * 64, "brought", {}, [Layer(1, "all", 2)])
    with pytest.raises(InputError, match="brought was not computed by mxt"):
        lengths(store, LengthsRequest((1.0, 2.0), EvaluateRequest(features=("brought",))), registry)


@pytest.mark.usefixtures("found")
def test_what_is_meant_where_no_data_set_is_named_stays_the_same(store: Path) -> None:
    catalogue = Store.open(store, read_only=True).catalogue
    assert catalogue.dataset().name == "late"
    assert len(catalogue.datasets()) == 3
