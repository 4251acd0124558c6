from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from mxt.core.errors import InputError, PluginError, UnknownName
from mxt.registry import BUILT_IN, PipelineRequest, build_registry, make_pipeline

HOOK = "@hookimpl\ndef mxt_stages():\n    return "
EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "one_file_plugin.py"


def of(registry, distribution):
    return [entry for entry in registry.stages if entry.distribution == distribution]


def causes(registry, word):
    return [problem.cause for problem in registry.problems if word in problem.source]


def test_built_ins_come_through_the_hook_without_problems():
    registry = build_registry()
    assert {"convnet", "random_convnet", "mfcc"} <= set(registry.names("backbone"))
    assert {entry.origin for entry in of(registry, "mxt")} == {BUILT_IN}
    assert causes(registry, "mxt (built-in)") == []


def test_entry_point_brings_its_stage(install, backbone_source):
    install("good-plugin", backbone_source)
    (entry,) = of(build_registry(), "good-plugin")
    assert (entry.spec.name, entry.source) == ("tiny", None)
    origin = entry.origin
    assert (origin.kind, origin.point, origin.module) == ("entry point", "good-plugin", origin.value)
    assert origin.value.startswith("good_plugin")
    assert not origin.editable


@pytest.mark.parametrize(
    ("source", "cause"),
    [
        ("import no_such_module_anywhere", "ModuleNotFoundError: No module named 'no_such_module_anywhere'"),
        ("def broken(:", "SyntaxError"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("@hookimpl\ndef mxt_stage():\n    return []", "mxt_stage"),
        ("@hookimpl\ndef mxt_stages(too, many):\n    return []", "too"),
        ("def mxt_stages():\n    return []", "no hook mxt_stages"),
        ("@hookimpl\ndef mxt_stages():\n    raise RuntimeError('no luck')", "RuntimeError: no luck"),
        ("@hookimpl\ndef mxt_stages():\n    yield 1 / 0", "ZeroDivisionError"),
        ("@hookimpl\ndef mxt_stages():\n    return ['tiny']", "'tiny', which is not a StageSpec"),
        ("@hookimpl\ndef mxt_stages():\n    return None", "TypeError|no hook"),
        (
            HOOK + "[StageSpec(kind='backbone', name='tiny', summary='', target='MODULE:T')]",
            "states its sample_rate",
        ),
        (
            HOOK + "[StageSpec(kind='bakbone', name='tiny', summary='', target='MODULE:T')]",
            "bakbone",
        ),
        (
            HOOK + "[StageSpec(kind='head', name='a b', summary='', target='Tiny')]",
            "a b",
        ),
    ],
    ids=lambda text: text.splitlines()[-1].strip()[:40],
)
def test_broken_plugin_is_contained_and_listed_with_its_cause(install, backbone_source, source, cause):
    install("broken-plugin", source)
    install("good-plugin", backbone_source)
    registry = build_registry()
    assert [entry.spec.name for entry in of(registry, "good-plugin")] == ["tiny"]
    assert of(registry, "broken-plugin") == []
    (found,) = causes(registry, "broken-plugin")
    assert any(word in found for word in cause.split("|"))
    assert "convnet" in registry.names("backbone")


def test_one_bad_spec_does_not_take_the_good_ones_with_it(install, backbone_source):
    install(
        "half-good",
        backbone_source.replace("return specs()", "return specs('fine') + specs('bad', sample_rate=None)"),
    )
    registry = build_registry()
    assert [entry.spec.name for entry in of(registry, "half-good")] == ["fine"]
    assert len(causes(registry, "half-good")) == 1


def test_two_stages_of_one_name_are_an_error_that_names_both(install, backbone_source):
    install("plugin-one", backbone_source)
    install("plugin-two", backbone_source)
    registry = build_registry()
    assert "tiny" not in registry.names("backbone")
    with pytest.raises(PluginError, match=r"plugin-one .* and by plugin-two"):
        registry.find("backbone", "tiny")
    assert len(causes(registry, "plugin-one, plugin-two")) == 1


def test_built_in_is_never_silently_replaced(install, backbone_source):
    install("usurper", backbone_source.replace('name="tiny"', 'name="convnet"'))
    registry = build_registry()
    with pytest.raises(PluginError, match=r"convnet.* mxt \(built-in\) and by usurper"):
        registry.find("backbone", "convnet")
    assert registry.find("backbone", "mfcc").distribution == "mxt"


def test_stages_of_one_name_but_different_kinds_live_together(install, backbone_source):
    install("plugin-one", backbone_source)
    install(
        "plugin-two",
        HOOK + "[StageSpec(kind='head', name='tiny', summary='x', target='MODULE:T')]",
    )
    registry = build_registry()
    assert registry.find("head", "tiny").distribution == "plugin-two"
    assert registry.find("backbone", "tiny").distribution == "plugin-one"


def test_order_of_plugin_files_does_not_matter(tmp_path):
    files = []
    for name in ("b", "a"):
        files.append(tmp_path / f"{name}.py")
        files[-1].write_text(EXAMPLE.read_text().replace('"loudness"', f'"loudness_{name}"'))
    assert build_registry(files) == build_registry(files[::-1])
    assert [entry.spec.name for entry in of(build_registry(files), "file:a.py")] == ["loudness_a"]


def test_one_file_plugin_is_a_module_of_its_own():
    registry = build_registry([EXAMPLE])
    entry = registry.find("backbone", "loudness")
    assert (entry.distribution, entry.source) == ("file:one_file_plugin.py", EXAMPLE)
    stage = registry.create("backbone", "loudness", {"floor_db": "-60"})
    assert stage.floor_db == -60
    assert build_registry([EXAMPLE, EXAMPLE]) == registry


def test_edited_file_has_another_fingerprint_and_other_features(tmp_path):
    import torch

    file = tmp_path / "mine.py"
    file.write_text(EXAMPLE.read_text())
    before = build_registry([file])
    # of equal length, within one second: Python's bytecode cache would not notice
    file.write_text(EXAMPLE.read_text().replace("peak_db - rms_db", "rms_db - peak_db"))
    after = build_registry([file])
    fingerprints, features = [], []
    for registry in (before, after):
        pipeline = make_pipeline(registry, PipelineRequest(backbone="loudness"))
        fingerprints.append(pipeline.fingerprint)
        network = registry.build(pipeline.backbone).prepare(None, "cpu")
        features.append(network(torch.tensor([[0.5, -0.25, 0.0]]))["level"])
    assert fingerprints[0] != fingerprints[1]
    assert (features[0][0, :2] == features[1][0, :2]).all()
    assert features[0][0, 2] == -features[1][0, 2]


def test_renamed_or_moved_file_keeps_its_features_apart_by_name_only(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    for place in (tmp_path / "mine.py", tmp_path / "elsewhere" / "mine.py"):
        place.write_text(EXAMPLE.read_text())
    first, second = (
        make_pipeline(build_registry([place]), PipelineRequest(backbone="loudness")).fingerprint
        for place in (tmp_path / "mine.py", tmp_path / "elsewhere" / "mine.py")
    )
    assert first == second


def test_plugin_file_that_is_not_there_is_said_so(tmp_path):
    with pytest.raises(InputError, match=r"nowhere\.py: no such file"):
        build_registry([tmp_path / "nowhere.py"])


def test_broken_plugin_file_is_contained(tmp_path):
    (tmp_path / "bad.py").write_text("import no_such_module_anywhere")
    registry = build_registry([tmp_path / "bad.py", EXAMPLE])
    assert registry.find("backbone", "loudness")
    assert causes(registry, "bad.py") == ["ModuleNotFoundError: No module named 'no_such_module_anywhere'"]
    with pytest.raises(
        UnknownName,
        match=r"not loaded: file .*bad\.py: ModuleNotFoundError: No module named 'no_such_module_anywhere'",
    ):
        registry.find("backbone", "tiny_one")


@pytest.mark.parametrize("how", ["says so", "no list of files"])
def test_edited_module_of_an_editable_install_has_another_fingerprint(install, backbone_source, how):
    path = install("editable-plugin", backbone_source, editable=how == "says so", record=how == "says so")
    (entry,) = of(build_registry(), "editable-plugin")
    assert entry.source == path
    before = make_pipeline(build_registry(), PipelineRequest(backbone="tiny")).fingerprint
    path.write_text(path.read_text() + "\n# another thought\n")
    assert make_pipeline(build_registry(), PipelineRequest(backbone="tiny")).fingerprint != before


def test_module_of_an_ordinary_install_is_identified_by_its_version_alone(install, backbone_source):
    path = install("plain-plugin", backbone_source)
    before = make_pipeline(build_registry(), PipelineRequest(backbone="tiny")).fingerprint
    path.write_text(path.read_text() + "\n# patched by hand\n")
    assert make_pipeline(build_registry(), PipelineRequest(backbone="tiny")).fingerprint == before


def test_editable_stage_whose_module_is_nowhere_is_a_problem(install, backbone_source):
    install("lost-plugin", backbone_source.replace("MODULE:Tiny", "MODULE_gone:Tiny"), editable=True)
    registry = build_registry()
    assert of(registry, "lost-plugin") == []
    assert "No module named" in causes(registry, "lost-plugin")[0]


def test_broken_plugin_does_not_break_help(install, monkeypatch):
    path = install("broken-plugin", "raise RuntimeError('at import')")
    monkeypatch.setenv("PYTHONPATH", str(path.parent))
    done = subprocess.run(
        [sys.executable, "-m", "mxt", "plugins"], capture_output=True, text=True, check=True
    )
    assert "broken-plugin (entry point" in done.stdout
    assert "RuntimeError: at import" in done.stdout
    assert subprocess.run([sys.executable, "-m", "mxt", "--help"], capture_output=True, check=True).stdout


def test_distribution_with_broken_metadata_is_contained(install, backbone_source):
    path = install("odd-plugin", backbone_source)
    (info,) = path.parent.glob("*.dist-info")
    (info / "direct_url.json").write_text("{ not json")
    registry = build_registry()
    assert of(registry, "odd-plugin") == []
    assert "JSONDecodeError" in causes(registry, "odd-plugin")[0]
    (info / "METADATA").unlink()
    assert "convnet" in build_registry().names("backbone")
