from __future__ import annotations

import pytest

from mxt.cli.extract_words import layers_text
from mxt.core.specs import Layer

BLOCKS = [Layer(number, f"block{number}", 32) for number in range(1, 6)]
NAMED = [Layer(1, "timbral", 408), Layer(2, "penultimate", 200), Layer(3, "tags", 50)]


@pytest.mark.parametrize(
    ("layers", "chosen", "text"),
    [
        (BLOCKS, ["block1", "block3", "block5"], "layers 1 3 5 of 5"),
        (BLOCKS, ["block2"], "layer 2 of 5"),
        (BLOCKS, [layer.name for layer in BLOCKS], "layers 1 2 3 4 5 of 5"),
        (NAMED, ["penultimate"], "layer penultimate of 3"),
        (NAMED, ["timbral", "tags"], "layers timbral tags of 3"),
        (NAMED, [layer.name for layer in NAMED], "all 3 layers"),
        (NAMED[:1], ["timbral"], "1 layer"),
    ],
)
def test_layers_of_a_view_are_told_by_number_or_name(layers, chosen, text):
    assert layers_text(layers, chosen) == text
