from __future__ import annotations

import json
import shutil
from pathlib import Path

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "one_file_plugin.py"


def test_who_brings_what_is_listed(mxt):
    found = json.loads(mxt("--plugin", EXAMPLE, "plugins", "--json").out)
    by_name = {line["name"]: line for line in found["plugins"]}
    assert "backbone convnet" in by_name["mxt"]["stages"]
    assert by_name["mxt"]["origin"] == "built-in"
    assert by_name["file:one_file_plugin.py"]["origin"] == f"file {EXAMPLE}"
    assert by_name["file:one_file_plugin.py"]["edited"] is True


def test_broken_plugin_is_listed_with_its_cause(mxt, tmp_path):
    (tmp_path / "bad.py").write_text("from mxt.plugin import hookimpl\n@hookimpl\ndef mxt_stage():\n    return []\n")
    out = mxt("--plugin", tmp_path / "bad.py", "plugins").out
    assert f"problem: file {tmp_path / 'bad.py'}: unknown hook 'mxt_stage'; there is one hook: mxt_stages" in out
    assert "mxt_stage" in out


def test_checks_of_a_good_file_pass(mxt):
    for args in ((EXAMPLE,), ("loudness", "--plugin", EXAMPLE), ("one_file_plugin.py", "--plugin", EXAMPLE)):
        found = mxt("plugins", "check", *args)
        assert found.code == 0
        assert "pass    batch equals stacked singles" in found.out
        assert "skip    weights are verified: it has no weights" in found.out


def test_failed_check_is_named_and_exits_with_1(mxt, tmp_path):
    wrong = tmp_path / "wrong.py"
    wrong.write_text(EXAMPLE.read_text().replace(", axis=1).astype(np.float32)", ", axis=1)"))
    found = mxt("plugins", "check", wrong)
    assert found.code == 1
    assert "FAIL    layers are those stated: layer level is float64, not float32" in found.out
    report = json.loads(mxt("plugins", "check", wrong, "--json").out)
    assert report["counts"]["failed"] == 1


def test_file_that_cannot_be_loaded_is_an_error_with_its_cause(mxt, tmp_path):
    (tmp_path / "bad.py").write_text("import no_such_module_anywhere")
    found = mxt("plugins", "check", tmp_path / "bad.py")
    assert found.code == 1
    assert "No module named 'no_such_module_anywhere'" in found.err


def test_unknown_plugin_lists_the_nearest(mxt):
    found = mxt("plugins", "check", "mfc")
    assert (found.code, "did you mean mfcc" in found.err) == (2, True)


def test_unknown_subcommand_is_wrong_usage(mxt):
    assert mxt("plugins", "chck").code == 2


def test_copy_of_a_file_clashes_and_is_said_so(mxt, tmp_path):
    shutil.copy(EXAMPLE, tmp_path / "copy.py")
    found = mxt("--plugin", EXAMPLE, "--plugin", tmp_path / "copy.py", "plugins")
    assert "problem: file:copy.py, file:one_file_plugin.py: backbone 'loudness' is brought by" in found.out
