from __future__ import annotations

from itertools import islice

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from trainlab.budgets import Architecture, Budget, budget
from trainlab.errors import BudgetError

BIAS = st.sampled_from(["yes", "no", "any"])
QUESTIONS = st.builds(
    dict,
    parameters=st.integers(1, 40),
    inputs=st.integers(1, 4),
    outputs=st.integers(1, 4),
    hidden_bias=BIAS,
    output_bias=BIAS,
    min_width=st.integers(1, 3),
    max_width=st.none() | st.integers(3, 6),
    min_depth=st.integers(0, 3),
    max_depth=st.none() | st.integers(3, 6),
)


def place(network: Architecture):
    """Return the documented order as a sort key: ends first, then wider, then biased layers first."""
    hidden = zip(network.widths[1:-1], network.biases[:-1], strict=True)
    return [(-width, not bias) for width, bias in hidden]


@pytest.mark.computes
@given(question=QUESTIONS)
@settings(max_examples=150, deadline=None)
def test_every_listed_network_answers_the_question(question):
    for network in islice(Budget(**question).list(), 300):
        hidden = network.widths[1:-1]
        assert sum(layer.parameters for layer in network.layers) == question["parameters"]
        assert network.parameters == question["parameters"]
        assert (network.widths[0], network.widths[-1]) == (question["inputs"], question["outputs"])
        assert question["min_depth"] <= len(hidden)
        assert question["max_depth"] is None or len(hidden) <= question["max_depth"]
        assert all(width >= question["min_width"] for width in hidden)
        assert question["max_width"] is None or all(width <= question["max_width"] for width in hidden)
        for rule, flags in (("hidden_bias", network.biases[:-1]), ("output_bias", network.biases[-1:])):
            assert question[rule] == "any" or set(flags) <= {question[rule] == "yes"}


@given(question=QUESTIONS)
@settings(max_examples=100, deadline=None)
def test_unrank_is_the_list(question):
    asked = Budget(**question)
    assume(asked.count() <= 500)
    listed = list(asked.list())
    assert [asked.unrank(i) for i in range(asked.count())] == listed
    assert len(set(listed)) == len(listed)
    assert listed == sorted(listed, key=place)


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_unrank_keeps_the_order_where_the_list_is_endless(data):
    asked = budget(44, inputs=2, outputs=1)
    i = data.draw(st.integers(0, asked.count() - 2))
    one, two = asked.unrank(i), asked.unrank(i + 1)
    assert one.parameters == two.parameters == 44
    assert place(one) < place(two)


def test_the_ends_of_the_list():
    asked = budget(44, inputs=2, outputs=1)
    assert asked.unrank(0) == next(asked.list())
    assert asked.unrank(asked.count() - 1).widths == (2, *(1,) * 42, 1)


@pytest.mark.parametrize(
    ("index", "words"), [(30, "past the end"), (-1, "whole number from 0"), (1.0, "whole number")]
)
def test_an_index_out_of_range_says_so(index, words):
    asked = budget(44, inputs=2, outputs=1, hidden_bias="yes", min_width=2)
    with pytest.raises(BudgetError, match=f"index={index}.*{words}"):
        asked.unrank(index)
