"""Rows of dots with intervals, on a page."""

from __future__ import annotations

import re
from pathlib import Path

import matplotlib as mpl
import pytest
from matplotlib.figure import Figure

from mxt.drawing.page import BLUE, GREY, files_of, page, safe_name, short, shown
from mxt.drawing.rows import APART, GAP, Group, Row, draw_rows, height_of
from mxt.evaluation.interval import Interval

SCORE, OTHER = Interval(0.8, 0.7, 0.9), Interval(0.5, 0.4, 0.6)
PAIR = Row("both", ((SCORE, BLUE), (OTHER, GREY)), ("0.800", "0.500"))
ALONE = Row("alone", ((SCORE, BLUE),), ("0.800",))


def test_each_value_is_a_dot_on_its_interval_and_two_of_a_row_stand_apart() -> None:
    axis = Figure().subplots()
    draw_rows(axis, [Group([ALONE, PAIR])])
    dots = [(float(line.get_xdata()[0]), float(line.get_ydata()[0])) for line in axis.lines]
    assert dots == [(0.8, 0.0), (0.8, pytest.approx(1 - APART)), (0.5, pytest.approx(1 + APART))]
    ends = [tuple(line.get_segments()[0][:, 0]) for line in axis.collections]
    assert ends == [(0.7, 0.9), (0.7, 0.9), (0.4, 0.6)]


def test_lines_cross_the_rows_of_their_group_only() -> None:
    axis = Figure().subplots()
    draw_rows(axis, [Group([ALONE], "first", chance=0.1), Group([ALONE, ALONE], "second", quoted=0.95)])
    lines = [
        line.get_segments()[0] for line in axis.collections if len(set(line.get_segments()[0][:, 0])) == 1
    ]
    first, second = [(line[0, 0], *line[:, 1]) for line in lines]
    assert first == (0.1, 0.5, 1.5)
    assert second == pytest.approx((0.95, 2.5 + GAP, 4.5 + GAP))
    assert height_of([Group([ALONE], "first"), Group([ALONE, ALONE])]) == 4 + 2 * GAP


def test_a_value_outside_its_interval_or_without_one_is_drawn_all_the_same(tmp_path: Path) -> None:
    odd = (Interval(0.3, 0.4, 0.5), Interval(0.3, float("nan"), float("nan")))
    with page(tmp_path / "a.png", width=3, height=2) as (_, (axis,)):
        draw_rows(axis, [Group([Row("odd", ((score, BLUE),), ()) for score in odd])])
    assert (tmp_path / "a.png").stat().st_size > 1000


def test_names_are_shown_as_they_are_and_long_ones_are_cut(tmp_path: Path) -> None:
    with (
        mpl.rc_context({"svg.fonttype": "none"}),
        page(tmp_path / "a.svg", width=5, height=2) as (_, (axis,)),
    ):
        draw_rows(
            axis, [Group([Row("$x^2$ & <b>", ((SCORE, BLUE),), ()), Row("n" * 90, ((SCORE, BLUE),), ())])]
        )
    text = (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert "$x^2$ &amp; &lt;b&gt;" in text
    assert re.search(r">n{39}…<", text)
    assert short("x" * 40) == "x" * 40
    assert shown("\udcff") == "\\udcff"


@pytest.mark.parametrize("suffix", ["png", "svg", "pdf", "jpg"])
def test_equal_pages_are_equal_files(tmp_path: Path, suffix: str) -> None:
    paths = [tmp_path / f"{name}.{suffix}" for name in "ab"]
    for path in paths:
        with page(path, width=3, height=2) as (_, (axis,)):
            draw_rows(axis, [Group([PAIR], "title", chance=0.1)], headings=("score",))
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_a_picture_that_fails_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no"), page(tmp_path / "a.png", width=3, height=2):
        raise ValueError("no")
    assert not list(tmp_path.iterdir())


def test_files_are_named_by_what_they_show_and_dots_in_names_stay(tmp_path: Path) -> None:
    names = [path.name for path in files_of(tmp_path / "a-svm.C=8")]
    assert names == ["a-svm.C=8.png", "a-svm.C=8.svg", "a-svm.C=8.csv"]
    assert safe_name("genres", "convnet:1,3", "", "nested") == "genres-convnet_1_3-nested"
