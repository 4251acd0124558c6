from __future__ import annotations

import pytest
import torch

from mxt.core.errors import PluginError
from mxt.stages.backbones.pictures import brightness, calibration_pictures, to_pictures


def test_a_picture_of_the_wanted_size_is_taken_as_it_is():
    colour = torch.rand(2, 3, 30, 30)
    assert torch.equal(to_pictures(colour, size=30), colour)


def test_grey_is_the_same_in_all_colours():
    grey = torch.rand(2, 30, 30)
    assert torch.equal(to_pictures(grey, size=30), torch.stack([grey] * 3, dim=1))


@pytest.mark.parametrize(("bands", "frames"), [(1, 1), (20, 500), (299, 10), (7, 31)])
def test_an_even_picture_stays_even_whatever_its_size(bands, frames):
    found = to_pictures(torch.full((1, bands, frames), 0.25), size=30)
    assert found.shape == (1, 3, 30, 30)
    torch.testing.assert_close(found, torch.full_like(found, 0.25))


def test_shrinking_averages_rather_than_skips():
    stripes = torch.tensor([0.0, 1.0]).repeat(300)[None, None].expand(1, 60, 600)
    torch.testing.assert_close(
        to_pictures(stripes, size=30)[..., 1:-1].mean(), torch.tensor(0.5), atol=0.01, rtol=0
    )
    assert to_pictures(stripes, size=30)[..., 1:-1].std() < 0.02


def test_decibels_become_brightness_and_are_bounded():
    found = brightness(torch.tensor([-200.0, -80, -40, 0, 20]))
    torch.testing.assert_close(found, torch.tensor([0.0, 0, 0.5, 1, 1]))


@pytest.mark.parametrize("shape", [(1, 40, 3000), (2, 3, 40, 3000)])
def test_a_long_rendering_is_resized_piece_by_piece_to_the_same_picture(shape, monkeypatch):
    decibels = torch.rand(shape, generator=torch.Generator().manual_seed(1)) * 100 - 90
    expected = to_pictures(decibels, size=30, decibels=True)
    monkeypatch.setattr("mxt.audio.picture.LONG_COLUMNS", 1000)
    torch.testing.assert_close(to_pictures(decibels, size=30, decibels=True), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("shape", [(2, 4, 10, 10), (10, 10), (1, 1, 1, 10, 10)])
def test_another_shape_is_refused(shape):
    with pytest.raises(PluginError, match="a picture is"):
        to_pictures(torch.zeros(shape), size=30)


def test_calibration_pictures_have_contrast_and_are_always_the_same():
    first = calibration_pictures(size=64)
    assert torch.equal(first, calibration_pictures(size=64))
    assert first.std(dim=(1, 2, 3)).min() > 0.05
    assert ((first >= 0) & (first <= 1)).all()
