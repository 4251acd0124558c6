"""Tables as people write them."""

from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxt.core.errors import TableError, UsageError
from mxt.stages.datasets.table_reading import read_table
from mxt.stages.datasets.table_rows import CellRows

HEAD, ROWS = ("file", "label"), [("a.wav", "Hörspiel"), ("b.wav", "déjà vu")]


def text(delimiter):
    return "\r\n".join(delimiter.join(row) for row in [HEAD, *ROWS]) + "\r\n"


def read(tmp_path, content, name="labels.csv", **known):
    path = tmp_path / name
    path.write_bytes(content)
    return read_table(path, name, **known)


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
@pytest.mark.parametrize(
    "encode",
    [
        lambda t: t.encode(),
        lambda t: codecs.BOM_UTF8 + t.encode(),
        lambda t: t.encode("utf-16"),
        lambda t: t.encode("utf-16-le"),
        lambda t: t.encode("utf-16-be"),
        lambda t: t.encode("utf-32"),
        lambda t: t.encode("cp1252"),
    ],
    ids=["utf-8", "utf-8 with mark", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"],
)
def test_delimiter_encoding_and_mark_are_found_out(tmp_path, delimiter, encode):
    table = read(tmp_path, encode(text(delimiter)))
    assert table.headings == HEAD
    assert [tuple(row.values()) for row in table.rows] == ROWS
    assert table.remarks == ()


def test_german_text_without_mark_is_read(tmp_path):
    table = read(
        tmp_path,
        "datei;gattung\nmünchen.wav;Märchen für Kinder\nköln.wav;Hörspiel über Straßen\n".encode("cp1252"),
    )
    assert table.rows[0] == {"datei": "münchen.wav", "gattung": "Märchen für Kinder"}


@pytest.mark.parametrize(
    ("encoding", "content"),
    [
        ("cp1250", "plik;gatunek\nżółw.wav;muzyka ludowa z gór\nświt.wav;ścieżka dźwiękowa\n"),
        ("cp949", "파일,라벨\n음악.wav,조용한 노래\n북.wav,축제\n"),
        ("shift_jis", "ファイル,ラベル\n音楽.wav,静かな曲\n太鼓.wav,祭りの音\n"),
    ],
)
def test_other_scripts_are_read(tmp_path, encoding, content):
    first = content.split("\n")[1].replace(";", ",").split(",")
    assert (
        list(read(tmp_path, content.encode(encoding), known=frozenset({first[0], "x.wav"})).rows[0].values())
        == first
    )


def test_an_encoding_that_is_known_is_used(tmp_path):
    content = "文件,标签\n音乐.wav,安静\n".encode("gb18030")
    assert read(tmp_path, content, encoding="gb18030").rows == [{"文件": "音乐.wav", "标签": "安静"}]
    with pytest.raises(UsageError, match="no encoding is called 'gb'"):
        read(tmp_path, content, encoding="gb")


def test_labels_with_the_other_delimiter_do_not_confuse(tmp_path):
    table = read(tmp_path, b"file,labels\na.wav,rock;pop\nb.wav,rock;jazz\n")
    assert table.rows[0] == {"file": "a.wav", "labels": "rock;pop"}


def test_quotes_hold_delimiters_and_lines(tmp_path):
    table = read(tmp_path, b'file,text\n"a, b.wav","two\nlines"\nc.wav,"say ""hi"""\n')
    assert [row["text"] for row in table.rows] == ["two\nlines", 'say "hi"']
    assert table.rows[0]["file"] == "a, b.wav"
    assert table.lines == [3, 4]


@given(
    st.lists(st.sampled_from(["a", "b", "label", "label 2"]), min_size=1, max_size=4),
    st.lists(st.lists(st.sampled_from(["", "x", "y"]), max_size=5), max_size=6),
)
def test_rows_in_columns_are_the_rows_with_missing_cells_empty(headings, rows):
    columns = CellRows(headings)
    for line, cells in enumerate(rows, 2):
        columns.append(line, cells)
    expected = [dict(zip(headings, [*cells, *[""] * 4][: len(headings)], strict=True)) for cells in rows]
    assert columns == expected
    assert [columns[i] for i in range(len(columns))] == columns[:] == expected
    assert columns[::2] == expected[::2]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_as_on_any_system(tmp_path, end):
    table = read(tmp_path, end.join(["file,label", "a.wav,x", "", "b.wav,y"]).encode())
    assert [row["file"] for row in table.rows] == ["a.wav", "b.wav"]
    assert table.lines == [2, 4]


def test_a_lone_quote_does_not_swallow_the_rest(tmp_path):
    table = read(tmp_path, b'file\ttitle\na.wav\t"unfinished\nb.wav\tx\n', "labels.tsv")
    assert len(table.rows) == 2


def test_a_table_without_headings_is_known_by_the_files_in_it(tmp_path):
    table = read(tmp_path, b"x/a.wav,rock\nx/b.wav,pop\n", known=frozenset({"a.wav"}))
    assert table.headings == ("column 1", "column 2")
    assert len(table.rows) == 2
    assert table.remarks[0].kind == "table without headings"


def test_one_column_is_a_table(tmp_path):
    assert read(tmp_path, b"file\na.wav\nb.wav\n").rows == [{"file": "a.wav"}, {"file": "b.wav"}]


def test_uneven_rows_and_double_headings_are_named_with_their_line(tmp_path):
    table = read(tmp_path, b"file,label,label\na.wav,x,y\n\nb.wav,x\nc.wav,x,y,z\nd.wav,1,2\ne.wav,1,2\n")
    assert table.headings == ("file", "label", "label 2")
    assert [(remark.kind, remark.text.partition(":")[0]) for remark in table.remarks] == [
        ("repeated heading", "labels.csv"),
        ("row with too few columns", "labels.csv, line 4"),
        ("row with too many columns", "labels.csv, line 5"),
    ]


def test_json_lines_keep_their_types(tmp_path):
    table = read(
        tmp_path,
        b'{"file_name": "a.wav", "tags": ["x", "y"], "bpm": 120.5}\n\n{"file_name": "b.wav", "new": true}\n',
        "m.jsonl",
    )
    assert table.headings == ("file_name", "tags", "bpm", "new")
    assert table.rows[0]["tags"] == ["x", "y"]
    assert table.lines == [1, 3]


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        (b'{"file": "a.wav"}\n{"file": \n', "x.jsonl", "x.jsonl, line 2: not JSON"),
        (b'{"file": "a.wav"}\n["b"]\n', "x.jsonl", "x.jsonl, line 2: an object is expected"),
        (b"\n\n", "x.csv", "x.csv is empty"),
        (codecs.BOM_UTF8 + b"file\n\xff\xfe\xfa\n", "x.csv", "is not utf-8-sig text"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_line(tmp_path, content, name, message):
    with pytest.raises(TableError, match=message):
        read(tmp_path, content, name)


def test_a_table_that_is_not_there_is_said_so(tmp_path):
    with pytest.raises(TableError, match="cannot be read: No such file"):
        read_table(tmp_path / "x.csv", "x.csv")


@pytest.mark.parametrize(
    "line",
    ['{"file": ' + "[" * 200 + "]" * 200 + "}", '{"file": ' + "[" * 100_000, '{"file": 1' + "0" * 5000 + "}"],
)
def test_json_that_python_itself_gives_up_on_is_told_with_its_line(tmp_path, line):
    (tmp_path / "t.jsonl").write_text('{"file": "a.wav"}\n' + line)
    with pytest.raises(TableError, match=r"^t\.jsonl, line 2: not JSON \("):
        read_table(tmp_path / "t.jsonl", "t.jsonl")


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
@pytest.mark.parametrize("place", [2, 3, 15, 20])
def test_a_nul_byte_does_not_make_another_encoding_of_a_table(tmp_path, suffix, place):
    text = {
        "csv": b"file,label\na.wav,caf\xc3\xa9\nb.wav,rock\n",
        "jsonl": b'{"file":"a.wav","label":"caf\xc3\xa9"}\n{"file":"b.wav","label":"rock"}\n',
    }[suffix]
    (tmp_path / "t").with_suffix(f".{suffix}").write_bytes(text[:place] + b"\0" + text[place:])
    found = read_table((tmp_path / "t").with_suffix(f".{suffix}"), "t")
    assert (found.headings, [row["label"] for row in found.rows]) == (("file", "label"), ["café", "rock"])
    assert found.remarks[0].kind == "NUL bytes ignored"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("label", ["rock", "摇滚", "рок"])
def test_utf_16_without_a_mark_is_still_recognised(tmp_path, encoding, label):
    (tmp_path / "t.csv").write_bytes(f"file,label\na.wav,{label}\n".encode(encoding))
    found = read_table(tmp_path / "t.csv", "t.csv")
    assert (found.rows, found.encoding) == ([{"file": "a.wav", "label": label}], encoding)


@pytest.mark.parametrize("encoding", ["idna", "punycode", "undefined", "a\0b"])
def test_an_encoding_that_raises_what_it_likes_is_told_in_a_line(tmp_path, encoding):
    (tmp_path / "t.csv").write_bytes(b"file,label\nb\xff" + b"a" * 80 + b".wav,rock\n")
    with pytest.raises((TableError, UsageError), match=r"encoding|text"):
        read_table(tmp_path / "t.csv", "t.csv", encoding=encoding)
