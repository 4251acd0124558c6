from __future__ import annotations

import hashlib
import json
import wave

import pytest

NET = """
from dataclasses import dataclass
from mxt.plugin import *

@dataclass(frozen=True)
class Net:
    pass

def weights(name):
    return WeightsFile(name, name + ".bin", source="http://127.0.0.1:9/" + name, sha256=HASHES[name], size=3,
                       licence="none stated", citation="Somebody 2017")

@hookimpl
def mxt_stages():
    return [StageSpec(kind="backbone", name="net", summary="a backbone", target=":Net", sample_rate=16000,
                      layers=(Layer(1, "only", 2),), weights=(weights("one"), weights("two")))]
"""


@pytest.fixture
def net(mxt, tmp_path):
    """The command line with a plugin that has two weight sets, whose files hold their names."""
    plugin = tmp_path / "net.py"
    plugin.write_text(
        f"HASHES = { {name: hashlib.sha256(name.encode()).hexdigest() for name in ('one', 'two')} }\n{NET}"
    )
    return lambda *args: mxt("--plugin", plugin, *args)


def write(path, text):
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


def statuses(net):
    return {
        line["name"]: line["status"]
        for line in json.loads(net("weights", "--json").out)["weights"]
        if line["name"].startswith("net:")
    }


def test_weights_are_listed_with_status_and_where_they_come_from(net, tmp_path):
    assert statuses(net) == {"net:one": "missing", "net:two": "missing"}
    write(tmp_path / "weights" / "one.bin", "one")
    write(tmp_path / "weights" / "two.bin", "not two")
    assert statuses(net) == {"net:one": "present", "net:two": "damaged"}
    out = net("weights").out
    for word in (
        str(tmp_path / "weights"),
        "net:one (default)",
        "none stated",
        "http://127.0.0.1:9/one",
        "Somebody 2017",
        "convnet:released",
    ):
        assert word in out


def test_imported_file_is_known_by_its_hash(net, tmp_path):
    mine = write(tmp_path / "downloaded", "two")
    assert net("weights", "import", mine).out.startswith("net:two is present: ")
    assert statuses(net) == {"net:one": "missing", "net:two": "present"}


def test_file_that_is_none_of_the_weights_is_not_imported(net, tmp_path):
    found = net("weights", "import", write(tmp_path / "one.bin", "another"))
    assert found.code == 1
    assert hashlib.sha256(b"another").hexdigest() in found.err
    assert f"one.bin has {hashlib.sha256(b'one').hexdigest()}" in found.err


def test_damaged_weights_are_named_by_verify(net, tmp_path):
    write(tmp_path / "weights" / "one.bin", "one")
    assert net("weights", "verify").code == 0
    write(tmp_path / "weights" / "two.bin", "not two")
    found = net("weights", "verify")
    assert found.code == 1
    assert "net:two: DAMAGED" in found.out
    assert "next: mxt weights fetch net:two" in found.out


@pytest.mark.parametrize("name", ["net:one", "net", "one", "one.bin"])
def test_missing_network_gives_the_ways_to_get_the_file(net, name):
    found = net("weights", "fetch", name)
    assert found.code == 1
    assert "no connection" in found.err
    assert "mxt weights import FILE" in found.err


def test_unknown_weights_list_the_nearest(net):
    found = net("weights", "fetch", "net:won")
    assert found.code == 2
    assert "net:one" in found.err


def test_present_weights_are_not_fetched_again(net, tmp_path):
    write(tmp_path / "weights" / "one.bin", "one")
    found = net("weights", "fetch", "net:one")
    assert (found.code, found.err) == (0, "")


def test_weights_that_are_there_need_no_network(net, tmp_path, monkeypatch):
    monkeypatch.setenv("MXT_OFFLINE", "1")
    file = write(tmp_path / "weights" / "one.bin", "one")
    assert net("weights", "fetch", "net:one").out == f"net:one is present: {file}\n"
    assert "is not there, and MXT_OFFLINE forbids fetching it" in net("weights", "fetch", "net:two").err


def test_what_is_advised_for_a_stage_from_a_file_names_the_file(net, tmp_path):
    plugin = f"--plugin {tmp_path / 'net.py'}"
    (tmp_path / "sounds" / "dog").mkdir(parents=True)
    with wave.open(str(tmp_path / "sounds" / "dog" / "1.wav"), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(b"\x00\x10\x00\xf0" * 4000)
    assert net("ingest", "sounds", "--quiet").code == 0
    for words in (("weights", "fetch", "net:two"), ("extract", "--backbone", "net")):
        missing = net(*words, "--quiet")
        assert f"mxt weights import FILE {plugin}" in missing.err
        assert f"mxt weights fetch net:{'two' if 'fetch' in words else 'one'} {plugin}" in missing.err
        assert missing.err.count("\n") == 1
    write(tmp_path / "weights" / "two.bin", "not two")
    assert f"next: mxt weights fetch net:two {plugin}\n" in net("weights", "verify").out
    assert f"next: mxt extract --backbone net {plugin}\n" in net("stages", "backbones", "net").out
    assert str(tmp_path / "net.py") in [
        line["to_check"] for line in json.loads(net("plugins", "--json").out)["plugins"]
    ]
