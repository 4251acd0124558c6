"""Which layers a search tries."""

from __future__ import annotations

from itertools import pairwise

import pytest

from mxt.core.errors import UnknownName, UsageError
from mxt.core.specs import INPUT, Layer
from mxt.core.views import choose_layers
from mxt.evaluation.candidates import by_depth, candidates, default_kinds, joined, strategies


def network(n: int, *, width: int = 8) -> list[Layer]:
    """Layers 1 to n - 1, then what enters the first of them, as for networks of transformers."""
    return [*(Layer(k, f"layer{k}", width) for k in range(1, n)), Layer(n, INPUT, width)]


def names(layers: list[Layer], *kinds: str) -> list[str]:
    written = [layer.name if len(layers) > 9 else str(layer.number) for layer in layers]
    return [strategy.name for strategy in candidates(layers, written, kinds, of="net")]


def test_all_combinations_are_those_of_earlier_versions_in_their_order() -> None:
    five = [Layer(k, f"block{k}", 32) for k in range(1, 6)]
    assert candidates(five, "12345", ["all"], of="convnet") == list(strategies("12345"))


def test_single_layers_and_pairs_are_named_as_views_name_them() -> None:
    assert names(network(4), "single") == ["1", "2", "3", "4"]
    assert names(network(4), "pairs") == ["12", "13", "14", "23", "24", "34"]
    assert names(network(12), "pairs")[:2] == ["layer1,layer2", "layer1,layer3"]


def test_prefixes_grow_from_the_input_and_are_written_as_ranges() -> None:
    many = network(13)
    tried = names(many, "prefixes")
    assert tried[:2] == [INPUT, "layer1,input"]
    assert tried[-1] == "layer1-layer12,input"
    chosen = [{layer.name for layer in choose_layers(text, many, of="net")} for text in tried]
    assert all(smaller < larger for smaller, larger in pairwise(chosen))
    assert [len(layers) for layers in chosen] == [*range(1, 14)]


def test_kinds_that_share_candidates_try_each_once() -> None:
    tried = names(network(5), "prefixes", "single", "pairs", "weighted")
    assert len(tried) == len(set(tried)) == 5 + 10 + 3 + 1
    assert tried[-1] == "weighted"


def test_a_gap_between_chosen_layers_is_no_range() -> None:
    layers = [layer for layer in network(13) if layer.number in (1, 2, 3, 7)]
    written = [layer.name for layer in layers]
    assert candidates(layers, written, ["prefixes"], of="net")[-1].name == "layer1-layer3,layer7"


def test_depth_begins_at_the_input_whatever_its_number() -> None:
    assert by_depth(network(4)) == [3, 0, 1, 2]
    assert by_depth([Layer(1, "a", 1), Layer(2, "b", 1)]) == [0, 1]


def test_what_is_tried_by_default_depends_on_the_number_of_layers() -> None:
    assert default_kinds(6) == ("all",)
    assert default_kinds(7) == ("single", "prefixes")


@pytest.mark.parametrize(
    ("kind", "n", "count"), [("all", 9, "511"), ("pairs", 24, "276"), ("all", 33, "8,58")]
)
def test_too_many_candidates_are_refused_with_their_number(kind: str, n: int, count: str) -> None:
    with pytest.raises(UsageError, match=rf"--candidates {kind} of the {n} layers of net are {count}"):
        names(network(n), kind)


def test_layers_that_differ_in_width_cannot_be_weighted_and_some_that_agree_are_named() -> None:
    layers = [Layer(1, "a", 4), Layer(2, "b", 8), Layer(3, "c", 8)]
    with pytest.raises(UsageError, match=r"those of net differ: name some that agree, such as .* net:23$"):
        names(layers, "weighted")
    with pytest.raises(UsageError, match="no two of them agree"):
        names(layers[:2], "weighted")


def test_an_unknown_kind_names_those_there_are() -> None:
    with pytest.raises(UnknownName, match="single, weighted"):
        names(network(3), "triples")


def test_what_is_beside_stands_alone_and_joins_a_weighting_too() -> None:
    tried = joined(candidates(network(3), "123", ["weighted"], of="net"), [("mfcc", (3,))])
    assert [(one.name, one.blocks, one.weighted) for one in tried] == [
        ("weighted", (0, 1, 2), 3),
        ("mfcc", (3,), 0),
        ("weighted+mfcc", (0, 1, 2, 3), 3),
    ]
