"""The weights folder, against a small server of our own."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from mxt.core.errors import WeightsError
from mxt.core.specs import WeightsFile
from mxt.core.weights import ensure, fetch, import_file, locate, status, weights_dir
from mxt.core.weights_file import of_ones_own

CONTENT = os.urandom(1 << 20)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@dataclass
class Behaviour:
    """What the server does, and what it was asked for.

    `cuts`: bytes after which the connection is cut, one entry a request; `ranges`: whether it knows them.
    """

    content: bytes = CONTENT
    cuts: list[int] = field(default_factory=list)
    ranges: bool = True
    status: int = 200
    asked: list[str | None] = field(default_factory=list)


@pytest.fixture
def server(monkeypatch) -> Iterator[tuple[str, Behaviour]]:
    behaviour = Behaviour()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            wanted = self.headers.get("Range")
            behaviour.asked.append(wanted)
            if behaviour.status != 200:
                self.send_error(behaviour.status)
                return
            start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and behaviour.ranges else 0
            total = len(behaviour.content)
            if start >= total:
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{total}")
                self.end_headers()
                return
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(total - start))
            self.end_headers()
            end = start + behaviour.cuts.pop(0) if behaviour.cuts else total
            self.wfile.write(behaviour.content[start:end])

        def log_message(self, *_):
            pass

    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{http.server_address[1]}/net.bin", behaviour
        http.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("MXT_WEIGHTS_DIR", str(tmp_path / "weights"))
    monkeypatch.delenv("MXT_OFFLINE", raising=False)
    return tmp_path / "weights"


FILE = WeightsFile(
    "released", "net.bin", sha256=SHA256, size=len(CONTENT), licence="none stated", citation="Somebody 2017"
)


@dataclass
class Heard:
    """A progress that remembers."""

    lines: list[str] = field(default_factory=list)
    steps: list[tuple[str, int | None]] = field(default_factory=list)
    done: int = 0

    def step(self, what, total, *, unit=""):
        self.steps.append((what, total))
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None

    def advance(self, n=1):
        self.done += n

    def say(self, line):
        self.lines.append(line)


def at(server, **changes) -> WeightsFile:
    return replace(FILE, source=server[0], **changes)


def set_at(server) -> WeightsFile:
    """A set of two files with one content, so that the server serves both."""
    parts = tuple(
        WeightsFile(name, filename, server[0], SHA256, len(CONTENT))
        for name, filename in (("config", "config.json"), ("model", "model.bin"))
    )
    return WeightsFile("base", "net", licence="none stated", citation="Somebody 2017", parts=parts)


def leftovers(folder):
    return sorted(name for name in os.listdir(folder) if not name.endswith(".lock"))


def test_first_use_fetches_with_a_note_of_source_licence_and_citation(server, folder):
    heard = Heard()
    path = ensure(at(server), heard, called="convnet:released")
    assert path.read_bytes() == CONTENT
    assert heard.steps == [("net.bin", len(CONTENT))]
    assert heard.done == len(CONTENT)
    note = "\n".join(heard.lines)
    assert "convnet:released" in note
    assert server[0] in note
    assert "none stated" in note
    assert "Somebody 2017" in note
    assert leftovers(folder) == ["net.bin"]


def test_second_use_asks_nobody(server):
    file = at(server)
    heard = Heard()
    assert ensure(file) == ensure(file, heard) == locate(file)
    assert server[1].asked == [None]
    assert heard.lines == []


def test_cut_connection_is_taken_up_where_it_was_cut(server, folder):
    server[1].cuts = [300_000]
    assert fetch(at(server)).read_bytes() == CONTENT
    (first, second) = server[1].asked
    assert first is None
    assert second is not None
    assert 0 < int(second.removeprefix("bytes=").rstrip("-")) <= 300_000
    assert leftovers(folder) == ["net.bin"]


def test_next_command_continues_what_earlier_ones_fetched(server):
    server[1].cuts = [200_000, 200_000, 200_000]
    with pytest.raises(WeightsError, match=r"connection was cut .*fetching again continues"):
        fetch(at(server))
    assert status(at(server)) == "missing"
    heard = Heard()
    assert fetch(at(server), heard).read_bytes() == CONTENT
    assert server[1].asked[-1] is not None
    assert heard.done == len(CONTENT)


def test_server_without_ranges_is_asked_from_the_start(server):
    server[1].cuts, server[1].ranges = [300_000], False
    assert fetch(at(server)).read_bytes() == CONTENT


def test_whole_file_left_under_its_partial_name_is_taken(server, folder):
    folder.mkdir()
    (folder / f".net.bin.{SHA256[:12]}.part").write_bytes(CONTENT)
    assert fetch(at(server)).read_bytes() == CONTENT


def test_partial_file_longer_than_the_file_is_thrown_away(server, folder):
    folder.mkdir()
    (folder / f".net.bin.{SHA256[:12]}.part").write_bytes(CONTENT + b"more")
    assert fetch(at(server)).read_bytes() == CONTENT


def test_partial_file_of_something_else_is_thrown_away(server, folder):
    folder.mkdir()
    (folder / f".net.bin.{SHA256[:12]}.part").write_bytes(b"an earlier release")
    assert fetch(at(server)).read_bytes() == CONTENT


def test_another_file_at_the_address_is_refused_and_not_kept(server, folder):
    server[1].content = b"something else" * 1000
    with pytest.raises(WeightsError, match=r"(?s)holds another file.*mxt weights import FILE") as caught:
        fetch(at(server))
    assert SHA256 in str(caught.value)
    assert leftovers(folder) == []


@pytest.mark.parametrize("code", [404, 500])
def test_answer_of_the_server_is_told(server, code):
    server[1].status = code
    with pytest.raises(WeightsError, match=f"server answered {code}"):
        fetch(at(server))


def test_missing_weights_without_network_give_one_message_with_three_ways():
    file = replace(FILE, source="http://127.0.0.1:9/net.bin")
    with pytest.raises(WeightsError, match="no connection") as caught:
        ensure(file, called="convnet:released")
    message = str(caught.value)
    for part in (
        "net.bin (1.0 MB)",
        SHA256,
        "mxt weights fetch convnet:released",
        "http://127.0.0.1:9/net.bin by hand",
        "mxt weights import FILE",
        "MXT_WEIGHTS_DIR=FOLDER",
    ):
        assert part in message


def test_offline_a_damaged_file_is_said_to_be_there_and_not_what_it_should_be(server, folder, monkeypatch):
    monkeypatch.setenv("MXT_OFFLINE", "1")
    folder.mkdir()
    (folder / "net.bin").write_bytes(b"damaged")
    with pytest.raises(WeightsError, match="is not the file it should be, and MXT_OFFLINE forbids"):
        ensure(at(server))


def test_offline_means_no_attempt(server, monkeypatch):
    monkeypatch.setenv("MXT_OFFLINE", "1")
    with pytest.raises(WeightsError, match="MXT_OFFLINE forbids"):
        ensure(at(server))
    assert server[1].asked == []


def test_damaged_file_is_not_used_and_fetched_again(server, folder):
    folder.mkdir()
    (folder / "net.bin").write_bytes(b"damaged")
    assert status(at(server)) == "damaged"
    with pytest.raises(WeightsError, match="is not the file it should be"):
        locate(at(server))
    assert ensure(at(server)).read_bytes() == CONTENT


def test_two_at_once_fetch_once(server):
    paths = []
    threads = [threading.Thread(target=lambda: paths.append(ensure(at(server)))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(paths) == 3
    assert server[1].asked == [None]


def test_read_only_folder_that_has_the_file_serves_it(folder):
    folder.mkdir()
    (folder / "net.bin").write_bytes(CONTENT)
    folder.chmod(0o555)
    try:
        assert ensure(FILE) == folder / "net.bin"
    finally:
        folder.chmod(0o755)


def test_read_only_folder_without_the_file_says_so(server, folder, monkeypatch):
    folder.mkdir()
    monkeypatch.setattr(os, "access", lambda *_: False)  # root may write into folders that nobody may
    with pytest.raises(WeightsError, match=r"is not in .*weights, which cannot be written"):
        fetch(at(server))
    assert server[1].asked == []


def test_imported_file_is_verified_and_copied(tmp_path, folder):
    mine = tmp_path / "downloaded.bin"
    mine.write_bytes(CONTENT)
    assert import_file(FILE, mine) == folder / "net.bin"
    assert status(FILE) == "present"
    assert import_file(FILE, folder / "net.bin") == folder / "net.bin"


def test_another_file_is_not_imported(tmp_path, folder):
    mine = tmp_path / "downloaded.bin"
    mine.write_bytes(b"other")
    with pytest.raises(
        WeightsError, match=rf"expected sha256 {SHA256}, got {hashlib.sha256(b'other').hexdigest()}"
    ):
        import_file(FILE, mine)
    assert not folder.exists()


def test_folder_is_in_the_users_cache_where_nothing_is_said(monkeypatch):
    monkeypatch.delenv("MXT_WEIGHTS_DIR")
    assert weights_dir().parts[-2:] == ("mxt", "weights")


def test_a_set_of_files_is_fetched_together_into_a_folder_of_its_own(server, folder):
    heard, wanted = Heard(), set_at(server)
    assert status(wanted) == "missing"
    assert ensure(wanted, heard, called="net:base") == locate(wanted) == folder / "net"
    assert leftovers(folder) == ["net"]
    assert leftovers(folder / "net") == ["config.json", "model.bin"]
    assert {(folder / "net" / name).read_bytes() for name in leftovers(folder / "net")} == {CONTENT}
    assert heard.steps == [("config.json", len(CONTENT)), ("model.bin", len(CONTENT))]
    assert sum("none stated" in line for line in heard.lines) == 2
    assert status(wanted) == "present"


def test_of_a_set_only_what_is_missing_or_damaged_is_fetched(server, folder):
    wanted = set_at(server)
    (folder / "net").mkdir(parents=True)
    (folder / "net" / "config.json").write_bytes(CONTENT)
    assert status(wanted) == "missing"
    with pytest.raises(WeightsError, match=r"weights net:base: net/model\.bin .* is not there"):
        locate(wanted, called="net:base")
    ensure(wanted)
    assert server[1].asked == [None]
    (folder / "net" / "model.bin").write_bytes(b"damaged")
    assert status(wanted) == "damaged"
    with pytest.raises(WeightsError, match=r"net/model\.bin .* is not the file it should be"):
        locate(wanted)
    ensure(wanted)
    assert server[1].asked == [None, None]


def test_what_stands_for_a_set_changes_with_every_file_of_it(server):
    wanted = set_at(server)
    config, model = wanted.parts
    others = {replace(wanted, parts=(config, replace(model, sha256="0" * 64))).digest}
    others |= {replace(wanted, parts=(config,)).digest, replace(wanted, parts=()).digest}
    assert len({wanted.digest, *others}) == 4
    assert replace(wanted, parts=(model, config)).digest == wanted.digest
    assert FILE.digest == FILE.sha256
    assert wanted.total_bytes == 2 * FILE.total_bytes == 2 * len(CONTENT)


def test_files_of_ones_own_in_place_of_a_set_have_their_own_hashes(server, tmp_path):
    for name in ("config.json", "model.bin"):
        (tmp_path / name).write_bytes(CONTENT)
    own = of_ones_own("file", set_at(server), tmp_path)
    assert own.digest == set_at(server).digest
    assert locate(own) == tmp_path
    (tmp_path / "model.bin").write_bytes(b"another")
    assert status(own) == "damaged"
