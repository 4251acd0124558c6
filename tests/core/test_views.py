from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxt.core.errors import UnknownName, UsageError
from mxt.core.specs import Layer
from mxt.core.views import Part, choose_layers, layers_text, parse_view, ranges_text

FIVE = tuple(Layer(n, f"block{n}", 32) for n in range(1, 6))
MANY = tuple(Layer(n, f"layer_{n}", 8) for n in range(1, 13))


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("convnet", [Part("convnet")]),
        ("convnet:135", [Part("convnet", "135")]),
        ("convnet:12345+mfcc", [Part("convnet", "12345"), Part("mfcc")]),
        ("convnet-keras2-peak:1,3 + my.label", [Part("convnet-keras2-peak", "1,3"), Part("my.label")]),
        ("musicnn:penultimate", [Part("musicnn", "penultimate")]),
    ],
)
def test_view_is_labels_with_layers_joined_by_plus(text, parts):
    assert list(parse_view(text)) == parts


@pytest.mark.parametrize("text", ["", "+", "convnet:", "a b", "convnet:1+", "convnet+convnet", ":1", "a/b"])
def test_what_is_no_view_is_a_usage_error(text):
    with pytest.raises(UsageError, match=r"view|twice"):
        parse_view(text)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("135", [1, 3, 5]),
        ("1,3,5", [1, 3, 5]),
        ("531", [1, 3, 5]),
        ("block2,4", [2, 4]),
        ("block3", [3]),
        ("all", [1, 2, 3, 4, 5]),
        (None, [1, 2, 3, 4, 5]),
        ("5", [5]),
    ],
)
def test_layers_are_named_by_digits_numbers_or_names(text, numbers):
    assert [layer.number for layer in choose_layers(text, FIVE, of="convnet")] == numbers


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("2-4", [2, 3, 4]),
        ("block2-block4", [2, 3, 4]),
        ("block2-4", [2, 3, 4]),
        ("1,3-5", [1, 3, 4, 5]),
        ("4 - 2", [2, 3, 4]),
    ],
)
def test_a_range_names_the_layers_between_its_ends(text, numbers):
    assert [layer.number for layer in choose_layers(text, FIVE, of="convnet")] == numbers


def test_names_with_hyphens_are_names_before_they_are_ranges():
    layers = tuple(Layer(n, name, 8) for n, name in enumerate(("1-3", "conv-1", "conv-2", "out"), start=1))
    for text, numbers in (("1-3", [1]), ("conv-1", [2]), ("conv-1-conv-2", [2, 3]), ("1-2", [1, 2])):
        assert [layer.number for layer in choose_layers(text, layers, of="net")] == numbers


@pytest.mark.parametrize("text", ["1-6", "0-2", "1-", "-3", "block1-block9"])
def test_a_range_that_ends_outside_names_the_layers_there_are(text):
    with pytest.raises(UnknownName, match=r"1 \(block1\), 2 \(block2\)"):
        choose_layers(text, FIVE, of="convnet")


@given(st.sets(st.sampled_from(MANY), min_size=1))
def test_text_with_ranges_chooses_the_same_layers_again(chosen):
    ordered = [layer for layer in MANY if layer in chosen]
    text = ranges_text(ordered, [layer.name for layer in ordered])
    assert choose_layers(text, MANY, of="net") == tuple(ordered)


def test_bare_digits_are_one_number_where_there_are_more_than_nine_layers():
    assert [layer.number for layer in choose_layers("12", MANY, of="net")] == [12]
    with pytest.raises(UnknownName, match=r"12 \(layer_12\)"):
        choose_layers("135", MANY, of="net")


@pytest.mark.parametrize("text", ["6", "136", "block9", "1,x", "0"])
def test_unknown_layer_names_those_there_are(text):
    with pytest.raises(UnknownName, match=r"1 \(block1\), 2 \(block2\)"):
        choose_layers(text, FIVE, of="convnet")


def test_no_layer_at_all_is_a_usage_error():
    with pytest.raises(UsageError, match="no layer chosen"):
        choose_layers(",", FIVE, of="convnet")


@given(st.sets(st.sampled_from(FIVE), min_size=1) | st.sets(st.sampled_from(MANY), min_size=1))
def test_text_of_chosen_layers_chooses_them_again(chosen):
    layers = FIVE if chosen <= set(FIVE) else MANY
    ordered = tuple(layer for layer in layers if layer in chosen)
    assert choose_layers(layers_text(ordered, layers), layers, of="net") == ordered
