from __future__ import annotations

from unittest import mock

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mxt.audio.picture import brightness, resized


@settings(max_examples=40, deadline=None)
@given(
    rows=st.integers(1, 40),
    columns=st.integers(2, 400),
    height=st.integers(1, 60),
    width=st.integers(2, 120),
    slab=st.integers(1, 150),
)
def test_a_long_picture_is_resized_in_slabs_as_torch_does_the_whole(rows, columns, height, width, slab):
    x = torch.rand(3, rows, columns, generator=torch.Generator().manual_seed(rows * columns))
    whole = resized(x.split(slab, dim=-1), columns=columns, height=height, width=width)
    with mock.patch("mxt.audio.picture.LONG_COLUMNS", 0):
        in_slabs = resized(x.split(slab, dim=-1), columns=columns, height=height, width=width)
    torch.testing.assert_close(in_slabs, whole, atol=3e-5, rtol=0)


@settings(max_examples=40, deadline=None)
@given(
    rows=st.integers(1, 40), columns=st.integers(1, 400), height=st.integers(1, 60), width=st.integers(1, 120)
)
def test_a_new_pixel_is_the_mean_under_a_triangle(rows, columns, height, width):
    x = torch.rand(rows, columns, generator=torch.Generator().manual_seed(rows * columns))
    expected = triangles(rows, height) @ x.double().numpy() @ triangles(columns, width).T
    np.testing.assert_allclose(
        resized([x], columns=columns, height=height, width=width).numpy(), expected, atol=3e-5
    )


def triangles(old, new):
    """Weights [new, old], straight from the definition."""
    reach = max(old / new, 1)
    centres = (np.arange(new)[:, None] + 0.5) * old / new
    weights = np.maximum(0, 1 - np.abs(np.arange(old) + 0.5 - centres) / reach)
    return weights / weights.sum(1, keepdims=True)


def test_without_a_size_a_picture_stays_as_it_is():
    x = torch.rand(4, 10)
    torch.testing.assert_close(resized(x.split(3, dim=-1), columns=10), x, atol=0, rtol=0)


def test_the_mean_brightness_of_a_long_picture_survives():
    x = torch.rand(2, 100_000)
    output = resized(x.split(999, dim=-1), columns=100_000, width=100)
    assert float(output.mean()) == pytest.approx(float(x.mean()), abs=1e-3)


def test_brightness_runs_from_the_floor_to_the_reference():
    output = brightness(torch.tensor([-200.0, -80.0, -40.0, 0.0, 6.0]), reference_db=0.0, floor_db=-80.0)
    torch.testing.assert_close(output, torch.tensor([0.0, 0.0, 0.5, 1.0, 1.0]))
