"""Networks of the library transformers as backbones, tried on tiny random checkpoints."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from mxt.core.errors import InputError, UsageError, WeightsError
from mxt.extraction.request import ExtractRequest
from mxt.registry import Registry, build_registry
from mxt.testing import checks_for

transformers = pytest.importorskip("transformers", reason="needs mxt[transformers]")
sys.path.insert(0, str(Path(__file__).parent))
from tiny_checkpoints import SAVE, save_checkpoint  # noqa: E402

REGISTRY = build_registry()
EAGER = {"attn_implementation": "eager"}


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory):
    """A function that gives the folder of an architecture, saved once."""
    root, saved = tmp_path_factory.mktemp("checkpoints"), {}
    transformers.utils.logging.disable_progress_bar()

    def folder(architecture: str) -> Path:
        if architecture not in saved:
            saved[architecture] = save_checkpoint(architecture, root / architecture)
        return saved[architecture]

    yield folder
    transformers.utils.logging.enable_progress_bar()


@pytest.fixture
def own(checkpoints, tmp_path):
    """A copy of the wav2vec2 folder that a test may change."""
    return Path(shutil.copytree(checkpoints("wav2vec2"), tmp_path / "own"))


def chosen(model: Path | str, **params):
    return REGISTRY.choose("backbone", "transformers", {"model": str(model), **params})


def network(model: Path, **params):
    return Registry.build(chosen(model, **params)).prepare(None, "cpu")


def noise(samples: int, seed: int = 1) -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(seed).normal(scale=0.1, size=samples).astype(np.float32))


def own_forward(folder: Path, y: np.ndarray) -> list[np.ndarray]:
    """Hidden layers of one clip by the library alone, [1, ...], in its own order."""
    extractor = transformers.AutoFeatureExtractor.from_pretrained(folder)
    model = transformers.AutoModel.from_pretrained(
        folder, **({} if folder.name == "encodec" else EAGER)
    ).eval()
    given = extractor(y, sampling_rate=extractor.sampling_rate, return_tensors="pt")
    with torch.inference_mode():
        if folder.name == "encodec":
            outputs = []
            for layer in model.encoder.layers:
                layer.register_forward_hook(lambda layer, _given, output: outputs.append((layer, output)))
            last = model.encoder(given["input_values"])
            kept = [
                output
                for layer, output in outputs
                if "Conv1d" in str(type(layer)) or "LSTM" in str(type(layer))
            ]
            assert torch.equal(kept[-1], last)
            return [output.numpy() for output in kept]
        part = {"whisper": lambda: model.encoder, "clap": lambda: model.audio_model}.get(
            folder.name, lambda: model
        )()
        inputs = {key: given[key] for key in ("input_values", "input_features", "is_longer") if key in given}
        return [hidden.numpy() for hidden in part(**inputs, output_hidden_states=True).hidden_states]


def frames_of(architecture: str, hidden: np.ndarray) -> np.ndarray:
    """[frames, dimension] of a hidden layer in which every frame is valid."""
    if architecture == "ast":
        return hidden[0, 2:]
    if hidden.ndim == 4:
        return hidden[0].reshape(hidden.shape[1], -1).T
    return hidden[0].T if architecture == "encodec" else hidden[0]


@pytest.mark.parametrize("architecture", SAVE)
def test_every_layer_is_the_librarys_own(checkpoints, architecture):
    folder = checkpoints(architecture)
    samples = {"ast": 16_000, "whisper": 32_000}.get(architecture, 15_000)  # those fill their windows
    y = noise(samples)
    own = [frames_of(architecture, hidden) for hidden in own_forward(folder, y.numpy())]
    expected = [*own[1:], own[0]]
    features = network(folder, pool="mean_std")(y[None])
    assert len(features) == len(expected)
    for values, frames in zip(features.values(), expected, strict=True):
        both = np.concatenate([frames.mean(axis=0, dtype=np.float64), frames.std(axis=0, dtype=np.float64)])
        np.testing.assert_allclose(values[0], both, rtol=0, atol=1e-5)


@pytest.mark.parametrize("architecture", SAVE)
def test_a_clips_features_do_not_depend_on_the_clips_beside_it(checkpoints, architecture):
    run = network(checkpoints(architecture))
    clips = [noise(samples, samples) for samples in (15_000, 700, 5_000, 40_000)]
    together = run(clips)
    for row, clip in enumerate(clips):
        for name, values in network(checkpoints(architecture))([clip]).items():
            np.testing.assert_array_equal(values[0], together[name][row])


@pytest.mark.parametrize("architecture", SAVE)
def test_the_contract_is_kept(checkpoints, architecture):
    entry = REGISTRY.find("backbone", "transformers")
    checks = list(checks_for(entry, REGISTRY, params={"model": str(checkpoints(architecture))}))
    outcomes = [check.outcome() for check in checks]
    assert [outcome for outcome in outcomes if outcome.result == "failed"] == []
    assert sum(outcome.result == "passed" for outcome in outcomes) >= 16


@pytest.mark.parametrize(("samples", "frames"), [(16_000, 50), (16_100, 51), (32_000, 100)])
def test_frames_of_whisper_after_the_end_of_a_clip_are_left_out(checkpoints, samples, frames):
    folder = checkpoints("whisper")
    y = noise(samples)
    last = own_forward(folder, y.numpy())[-1]
    np.testing.assert_allclose(
        network(folder)(y[None])["layer2"][0], last[0, :frames].mean(axis=0), rtol=0, atol=1e-5
    )


def test_patches_of_the_spectrogram_transformer_after_the_end_of_a_clip_are_left_out(checkpoints):
    folder = checkpoints("ast")
    y = noise(8_000)  # 48 spectra: patches begin at 0, 10, 20, 30, 40
    patches = own_forward(folder, y.numpy())[-1][0, 2:].reshape(2, 9, 16)
    expected = patches[:, :5].reshape(-1, 16).mean(axis=0)
    np.testing.assert_allclose(network(folder)(y[None])["layer2"][0], expected, rtol=0, atol=1e-5)


def test_a_long_clip_is_the_mean_over_the_frames_of_its_windows(checkpoints):
    folder = checkpoints("hubert")
    y = noise(40_000)
    parts = [own_forward(folder, y[start : start + 16_000].numpy())[-1][0] for start in (0, 16_000, 32_000)]
    assert len({len(part) for part in parts}) == 2  # the last window is shorter
    expected = np.concatenate(parts).mean(axis=0)
    features = network(folder, window_seconds=1)(y[None])["layer3"]
    np.testing.assert_allclose(features[0], expected, rtol=0, atol=1e-5)


def test_a_folder_that_is_renamed_keeps_its_fingerprint(own):
    first = ExtractRequest("transformers", model=str(own)).pipeline(REGISTRY)
    second = ExtractRequest("transformers", model=str(own.rename(own.parent / "other"))).pipeline(REGISTRY)
    assert first.fingerprint == second.fingerprint
    assert (first.label, second.label) == ("transformers-own", "transformers-other")


@pytest.mark.parametrize("name", ["config.json", "preprocessor_config.json", "model.safetensors"])
def test_a_file_that_is_changed_changes_the_fingerprint(own, name):
    before = ExtractRequest("transformers", model=str(own)).pipeline(REGISTRY).fingerprint
    if name.endswith(".json"):
        (own / name).write_text((own / name).read_text() + "\n")
    else:
        from safetensors.torch import load_file, save_file

        values = load_file(own / name)
        save_file({key: value + 1 for key, value in values.items()}, own / name, metadata={"format": "pt"})
    assert ExtractRequest("transformers", model=str(own)).pipeline(REGISTRY).fingerprint != before


def test_pickled_weights_are_refused(own):
    (own / "model.safetensors").unlink()
    (own / "pytorch_model.bin").write_bytes(b"\x80\x04.")
    with pytest.raises(InputError, match=r"pytorch_model\.bin, and reading a pickle can run anything"):
        chosen(own)


@pytest.mark.parametrize("name", ["config.json", "preprocessor_config.json"])
def test_code_that_comes_with_a_model_is_refused_and_not_run(own, name):
    values = json.loads((own / name).read_text())
    values["auto_map"] = {"AutoModel": "trap.Trap", "AutoConfig": "trap.Trap"}
    (own / name).write_text(json.dumps(values))
    (own / "trap.py").write_text(f"open({str(own / 'it ran')!r}, 'w')")
    with pytest.raises(InputError, match="'auto_map': it needs code that comes with the model"):
        chosen(own)
    assert not (own / "it ran").exists()


@pytest.mark.parametrize(
    ("key", "value", "needed"),
    [
        ("custom_pipelines", {"net": {"impl": "trap.Trap"}}, "code that comes with the model"),
        ("quantization_config", {"quant_method": "bitsandbytes"}, "other packages"),
        ("transformers_weights", "other.safetensors", "weights in other files"),
        ("transformers_weights", "adapter_model.bin", "weights in other files"),
        ("attn_implementation", "someone/kernel", "code of the Hugging Face Hub, someone/kernel"),
        ("_attn_implementation", {"": "someone/kernel@main"}, "code of the Hugging Face Hub"),
        ("audio_config", {"auto_map": {"AutoModel": "trap.Trap"}}, "code that comes with the model"),
    ],
)
def test_what_would_run_other_code_or_read_other_files_is_refused(own, key, value, needed):
    values = json.loads((own / "config.json").read_text())
    (own / "config.json").write_text(json.dumps({**values, key: value}))
    with pytest.raises(InputError, match=f"it needs {needed}.*, and mxt never runs or reads that"):
        chosen(own)


def test_every_file_that_prepares_audio_is_looked_at_and_part_of_the_fingerprint(own):
    before = ExtractRequest("transformers", model=str(own)).pipeline(REGISTRY).fingerprint
    extractor = json.loads((own / "preprocessor_config.json").read_text())
    processor = {"feature_extractor": extractor}  # transformers prefers this one
    (own / "processor_config.json").write_text(json.dumps(processor))
    assert ExtractRequest("transformers", model=str(own)).pipeline(REGISTRY).fingerprint != before
    processor["feature_extractor"]["auto_map"] = {"AutoFeatureExtractor": "trap.Trap"}
    (own / "processor_config.json").write_text(json.dumps(processor))
    with pytest.raises(InputError, match=r"processor_config\.json has 'auto_map'"):
        chosen(own)


@pytest.mark.parametrize("name", ["config.json", "preprocessor_config.json", "README.md"])
def test_no_file_behind_a_link_that_leaves_the_folder_is_read(own, name):
    (own.parent / "secret").write_text("license: mine\n")
    (own / name).unlink(missing_ok=True)
    (own / name).symlink_to(own.parent / "secret")
    with pytest.raises(InputError, match=f"{name} is '{name}', outside the folder of the model"):
        chosen(own)


def test_an_index_that_names_a_file_elsewhere_is_refused(own):
    (own / "model.safetensors").rename(own.parent / "other.safetensors")
    index = {"weight_map": {"a": "../other.safetensors"}}
    (own / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(InputError, match=r"which is not a \.safetensors file beside it"):
        chosen(own)


def test_a_pickle_that_is_called_safetensors_is_not_read(own):
    trap = b"cposix\nmkdir\n(S'" + str(own / "it ran").encode() + b"'\ntR."
    (own / "model.safetensors").write_bytes(trap)
    with pytest.raises(InputError, match="transformers does not read it"):
        network(own)
    assert not (own / "it ran").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda own: (own / "config.json").write_text('{"a":' * 9000 + "1" + "}" * 9000),
            "is not JSON",
        ),
        (
            lambda own: (own / "config.json").write_text(
                '{"model_type": "hubert", "num_hidden_layers": 1000000000}'
            ),
            "does not say how many hidden layers",
        ),
        (lambda own: (own / "config.json").unlink(), r"has no config\.json"),
        (lambda own: (own / "config.json").write_text("{"), "is not JSON"),
        (
            lambda own: (own / "config.json").write_text('{"model_type": "no such"}'),
            "does not know this network",
        ),
        (lambda own: (own / "preprocessor_config.json").unlink(), r"has no preprocessor_config\.json"),
        (lambda own: (own / "model.safetensors").unlink(), r"has no weights: no model\.safetensors"),
        (lambda own: (own / "adapter_config.json").write_text("{}"), "an adapter to another network"),
    ],
)
def test_a_folder_that_is_no_network_is_refused(own, change, message):
    change(own)
    with pytest.raises(InputError, match=message):
        chosen(own)


def test_weights_behind_a_link_that_leaves_the_folder_are_refused(own):
    (own / "model.safetensors").rename(own.parent / "elsewhere.safetensors")
    (own / "model.safetensors").symlink_to(own.parent / "elsewhere.safetensors")
    with pytest.raises(InputError, match="outside the folder of the model"):
        chosen(own)


def test_weights_that_lack_a_layer_are_refused_rather_than_filled_at_random(own):
    from safetensors.torch import load_file, save_file

    values = load_file(own / "model.safetensors")
    kept = {key: value for key, value in values.items() if "layers.1." not in key}
    save_file(kept, own / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(
        WeightsError, match=r"its weights are not those of its config\.json: encoder\.layers\.1"
    ):
        network(own)


@pytest.mark.parametrize(
    ("architecture", "left_out", "refused"),
    [
        ("wav2vec2", "feature_projection.", True),
        ("wav2vec2", "masked_spec_embed", False),
        ("whisper", "decoder.", False),
        ("whisper", "encoder.layers.0", True),
        ("clap", "text_model.", False),
        ("clap", "audio_model.audio_encoder.layers.0.blocks.0", True),
    ],
)
def test_weights_may_lack_only_what_hidden_layers_do_not_need(
    checkpoints, architecture, left_out, refused, tmp_path
):
    from safetensors.torch import load_file, save_file

    folder = Path(shutil.copytree(checkpoints(architecture), tmp_path / "part"))
    values = load_file(folder / "model.safetensors")
    kept = {key: value for key, value in values.items() if left_out not in key}
    assert len(kept) < len(values)
    save_file(kept, folder / "model.safetensors", metadata={"format": "pt"})
    if refused:
        with pytest.raises(WeightsError, match="its weights are not those of its config"):
            network(folder)
    else:
        network(folder)


def test_a_model_that_is_not_on_this_machine_is_not_fetched(monkeypatch, tmp_path):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    commit = "0" * 40
    with pytest.raises(
        InputError,
        match=f"mxt fetches no models by itself; with network: hf download o/n --revision {commit}",
    ):
        chosen(f"o/n@{commit}")


def test_a_model_of_the_hub_is_read_from_its_cache(own, monkeypatch, tmp_path):
    commit, cache = "0123456789abcdef0123456789abcdef01234567", tmp_path / "hub"
    snapshot = cache / "models--someone--net" / "snapshots" / commit
    (snapshot.parent.parent / "blobs").mkdir(parents=True)
    snapshot.mkdir(parents=True)
    for file in own.iterdir():  # as huggingface_hub lays it out: links to blobs
        file.rename(snapshot.parent.parent / "blobs" / file.name)
        (snapshot / file.name).symlink_to(Path("..", "..", "blobs", file.name))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(cache))
    spec = chosen(f"someone/net@{commit}").spec
    assert len(spec.layers) == 4
    assert all(file.sha256 for file in spec.files)


def test_another_name_is_a_usage_error():
    with pytest.raises(UsageError, match="is a folder or ORG/NAME@REVISION"):
        chosen("no-such-folder")
