from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "one_file_plugin.py"


def test_who_brings_what_is_listed(mxt):
    found = json.loads(mxt("--plugin", EXAMPLE, "plugins", "--json").out)
    by_name = {line["name"]: line for line in found["plugins"]}
    assert "convnet" in by_name["mxt"]["stages"]["backbone"]
    assert by_name["mxt"]["origin"]["kind"] == "built-in"
    of_file = by_name["file:one_file_plugin.py"]["origin"]
    assert (of_file["kind"], of_file["path"], of_file["editable"]) == ("file", str(EXAMPLE), True)


def test_broken_plugin_is_listed_with_its_cause(mxt, tmp_path):
    (tmp_path / "bad.py").write_text(
        "from mxt.plugin import hookimpl\n@hookimpl\ndef mxt_stage():\n    return []\n"
    )
    out = mxt("--plugin", tmp_path / "bad.py", "plugins").out
    assert (
        f"problem: file {tmp_path / 'bad.py'}: unknown hook 'mxt_stage'; there is one hook: mxt_stages" in out
    )
    assert "mxt_stage" in out


def test_checks_of_a_good_file_pass(mxt):
    for args in ((EXAMPLE,), ("loudness", "--plugin", EXAMPLE), ("one_file_plugin.py", "--plugin", EXAMPLE)):
        found = mxt("plugins", "check", *args)
        assert found.code == 0
        assert "pass    batch equals stacked singles" in found.out
        assert "n/a     weights are verified: it has no weights" in found.out


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


@pytest.mark.parametrize("name", ["gone.py", "a/gone"])
def test_path_of_nothing_is_said_so(mxt, name):
    found = mxt("plugins", "check", name)
    assert (found.code, f"{name}: no such file or folder" in found.err) == (1, True)


def test_folder_without_pyproject_is_no_package(mxt, tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    assert "is not a package: it has no pyproject.toml" in mxt("plugins", "check", "a/b").err


def test_one_cause_of_many_failures_is_told_once(mxt, tmp_path):
    (tmp_path / "wrong.py").write_text(EXAMPLE.read_text().replace('target=":Loudness"', 'target=":Loudnes"'))
    out = mxt("plugins", "check", "wrong.py").out
    assert out.count("has no attribute 'Loudnes'") == 1
    assert "FAIL    features are finite: the same" in out


def test_loader_is_checked_on_a_sample_of_its_layout(mxt, tmp_path):
    (tmp_path / "sample").mkdir()
    (tmp_path / "sample" / "owl_1.wav").write_bytes(b"")
    checked = mxt("plugins", "check", EXAMPLE.with_name("every_kind_plugin.py"), "--sample", "sample")
    assert (checked.code, "pass    clips lie in the listing" in checked.out) == (0, True)
    assert "--sample gone: no such folder" in mxt("plugins", "check", EXAMPLE, "--sample", "gone").err


def test_unknown_plugin_lists_the_nearest(mxt):
    found = mxt("plugins", "check", "mfc")
    assert (found.code, "did you mean mfcc" in found.err) == (2, True)


def test_unknown_subcommand_is_wrong_usage(mxt):
    assert mxt("plugins", "chck").code == 2


def test_copy_of_a_file_clashes_and_is_said_so(mxt, tmp_path):
    shutil.copy(EXAMPLE, tmp_path / "copy.py")
    found = mxt("--plugin", EXAMPLE, "--plugin", tmp_path / "copy.py", "plugins")
    assert "problem: file:copy.py, file:one_file_plugin.py: backbone 'loudness' is brought by" in found.out
