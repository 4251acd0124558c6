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


SET = """
from dataclasses import dataclass
from pathlib import Path
from mxt.plugin import *

@dataclass(frozen=True)
class Pair:
    def prepare(self, weights, device):
        import json, torch
        try:
            columns = json.loads((weights / "config.json").read_text())["columns"]
            scale = float((weights / "scale.txt").read_text())
        except (ValueError, OSError) as error:
            raise WeightsError(f"{weights}: {error}") from error
        return lambda x: {"only": (x[:, :columns] * scale).numpy()}

def part(name, filename):
    return WeightsFile(name, filename, "http://127.0.0.1:9/" + filename, HASHES[filename], size=3)

PAIR = WeightsFile("base", "pair", licence="CC0", citation="Somebody 2017",
                   parts=(part("config", "config.json"), part("scale", "scale.txt")))

@hookimpl
def mxt_stages():
    return [StageSpec(kind="backbone", name="pair", summary="a backbone", target=":Pair", sample_rate=16000,
                      layers=(Layer(1, "only", 2),), weights=(PAIR,))]
"""
FILES = {"config.json": '{"columns": 2}', "scale.txt": "0.5"}


@pytest.fixture
def pair(mxt, tmp_path):
    """The command line with a plugin whose weights are two files, which lie in the folder ``mine``."""
    for name, text in FILES.items():
        write(tmp_path / "mine" / name, text)
    hashes = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in FILES.items()}
    (tmp_path / "pair.py").write_text(f"HASHES = {hashes}\n{SET}")
    return lambda *args: mxt("--plugin", tmp_path / "pair.py", *args)


def of_pair(pair):
    (line,) = (x for x in json.loads(pair("weights", "--json").out)["weights"] if x["name"] == "pair:base")
    return line


def test_a_set_is_one_line_of_the_list_with_its_files(pair):
    line = of_pair(pair)
    assert (line["status"], line["size"], line["filename"]) == ("missing", 6, "pair")
    assert [(part["filename"], part["status"]) for part in line["parts"]] == [
        ("pair/config.json", "missing"),
        ("pair/scale.txt", "missing"),
    ]
    out = pair("weights").out
    for words in ("weights pair:base (default) · missing · 6 B", "file    pair/config.json, sha256", "CC0"):
        assert words in out


def test_a_set_is_imported_file_by_file_or_together(pair, tmp_path):
    mine = tmp_path / "mine"
    first = pair("weights", "import", mine / "config.json")
    assert first.out.startswith("pair:base is still missing pair/scale.txt: ")
    assert of_pair(pair)["status"] == "missing"
    both = pair("weights", "import", mine / "config.json", mine / "scale.txt")
    assert both.out == f"pair:base is present: {tmp_path / 'weights' / 'pair'}\n"
    assert of_pair(pair)["status"] == "present"


def test_nothing_of_several_files_is_imported_if_one_is_unknown(pair, tmp_path):
    found = pair("weights", "import", tmp_path / "mine" / "config.json", write(tmp_path / "x.bin", "another"))
    assert found.code == 1
    assert "x.bin does not hold known weights" in found.err
    assert of_pair(pair)["status"] == "missing"


def test_missing_files_of_a_set_are_named_with_the_ways_to_get_them(pair):
    found = pair("weights", "fetch", "pair")
    assert found.code == 1
    assert "weights pair:base: pair/config.json" in found.err
    assert "no connection" in found.err


def test_a_damaged_file_of_a_set_is_named_by_verify(pair, tmp_path):
    pair("weights", "import", *(tmp_path / "mine" / name for name in FILES))
    assert pair("weights", "verify").code == 0
    write(tmp_path / "weights" / "pair" / "scale.txt", "0.7")
    found = pair("weights", "verify")
    assert found.code == 1
    assert "pair:base: DAMAGED" in found.out
    assert "next: mxt weights fetch pair:base" in found.out


def test_a_set_takes_part_in_extraction_and_the_contract(pair, tmp_path):
    pair("weights", "import", *(tmp_path / "mine" / name for name in FILES))
    (tmp_path / "sounds").mkdir()
    with wave.open(str(tmp_path / "sounds" / "1.wav"), "wb") as file:
        file.setparams((1, 2, 16000, 0, "NONE", ""))
        file.writeframes(b"\x00\x10\x00\xf0" * 8000)
    assert pair("ingest", "sounds", "--quiet").code == 0
    usual = json.loads(pair("extract", "--backbone", "pair", "--json").out)
    assert usual["done"] == 1
    write(tmp_path / "mine" / "scale.txt", "0.7")
    own = json.loads(pair("extract", "--backbone", "pair", "--weights-file", "mine", "--json").out)
    assert own["done"] == 1
    assert own["fingerprint"] != usual["fingerprint"]
    (tmp_path / "mine" / "scale.txt").unlink()
    refused = pair("extract", "--backbone", "pair", "--weights-file", "mine")
    assert "is not a folder that has scale.txt" in refused.err
    checked = pair("plugins", "check", tmp_path / "pair.py")
    assert "pass    weights are verified" in checked.out
    assert "FAIL" not in checked.out
