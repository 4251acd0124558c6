from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mxt.audio.picture import brightness, resized


@settings(max_examples=40, deadline=None)
@given(rows=st.integers(1, 40), columns=st.integers(2, 400), height=st.integers(1, 60), width=st.integers(2, 120), slab=st.integers(1, 150))
def test_resizing_in_slabs_is_torchs_bilinear_resizing_of_the_whole(rows, columns, height, width, slab):
    # a picture one column wide is left out: torch 2.11 then copies the first row into all others
    x = torch.rand(3, rows, columns, generator=torch.Generator().manual_seed(rows * columns))
    expected = torch.nn.functional.interpolate(x[None], (height, width), mode="bilinear", antialias=True, align_corners=False)[0]
    found = resized(x.split(slab, dim=-1), columns=columns, height=height, width=width)
    torch.testing.assert_close(found, expected, atol=3e-5, rtol=0)


def test_without_a_size_a_picture_stays_as_it_is():
    x = torch.rand(4, 10)
    torch.testing.assert_close(resized(x.split(3, dim=-1), columns=10), x, atol=0, rtol=0)


def test_the_mean_brightness_of_a_long_picture_survives():
    x = torch.rand(2, 100_000)
    found = resized(x.split(999, dim=-1), columns=100_000, width=100)
    assert float(found.mean()) == pytest.approx(float(x.mean()), abs=1e-3)


def test_brightness_runs_from_the_floor_to_the_reference():
    found = brightness(torch.tensor([-200.0, -80.0, -40.0, 0.0, 6.0]), reference_db=0.0, floor_db=-80.0)
    torch.testing.assert_close(found, torch.tensor([0.0, 0.0, 0.5, 1.0, 1.0]))
