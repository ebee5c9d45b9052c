from __future__ import annotations

from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainlab.budgets import Budget, budget, counting
from trainlab.budgets.counting import DeepCounts, ShallowCounts

FLAGS = {"yes": [1], "no": [0], "any": [0, 1]}


def count_forwards(parameters, inputs, outputs, hidden_bias, output_bias, modulus):
    """Count from the inputs on: ways[s][u] is the number of prefixes that spend s and end in width u.

    The other direction than the package's, over dictionaries, modulo a prime, without any bound on widths.
    """
    ways = [{} for _ in range(parameters + 1)]
    ways[0][inputs] = 1
    total = 0
    for spent, row in enumerate(ways):
        left = parameters - spent
        for width, number in row.items():
            total += number * sum(left == (width + bias) * outputs for bias in FLAGS[output_bias])
            for fan_in in (width + bias for bias in FLAGS[hidden_bias]):
                if fan_in + outputs > left:
                    continue
                for v in range(1, (left - outputs) // fan_in + 1):
                    later = ways[spent + fan_in * v]
                    later[v] = (later.get(v, 0) + number) % modulus
        row.clear()
    return total % modulus


def test_the_published_figures_for_44_parameters():
    everything = budget(44, inputs=2, outputs=1, hidden_bias="any", output_bias="any", min_width=1)
    assert everything.count() == 592_109_928_932
    assert budget(44, inputs=2, outputs=1, min_width=2).count() == 4_520
    assert budget(44, inputs=2, outputs=1, hidden_bias="yes", min_width=2).count() == 30


def test_the_assignments_three_networks_are_among_the_thirty():
    names = [
        str(network) for network in budget(44, inputs=2, outputs=1, hidden_bias="yes", min_width=2).list()
    ]
    assert len(names) == 30
    for name in ("2-5-4-1", "2-11-1 (no bias: output)", "2-2-2-2-2-2-2-2-1 (no bias: output)"):
        assert name in names


@pytest.mark.parametrize("ends", [(2, 1), (1, 1), (7, 3)])
@pytest.mark.parametrize("rules", [("any", "any"), ("yes", "no"), ("no", "yes")])
def test_200_parameters_agree_with_a_count_in_the_other_direction(ends, rules):
    asked = Budget(
        parameters=200, inputs=ends[0], outputs=ends[1], hidden_bias=rules[0], output_bias=rules[1]
    )
    modulus = 2**61 - 1
    assert asked.count() % modulus == count_forwards(200, *ends, *rules, modulus)


def test_400_parameters_are_exact():
    count = budget(400, inputs=2, outputs=1).count()
    modulus = 2**61 - 1
    assert len(str(count)) == 113
    assert count % modulus == count_forwards(400, 2, 1, "any", "any", modulus)


@pytest.mark.computes
def test_1000_parameters_are_exact():
    count = budget(1000, inputs=2, outputs=1).count()
    assert len(str(count)) == 283
    # What count_forwards(1000, 2, 1, "any", "any", 2**61 - 1) gives, which takes it six seconds.
    assert count % (2**61 - 1) == 1293130840029145527


@pytest.mark.computes
def test_1000_parameters_take_few_sums():
    # What the time is made of: one sum of a slice for each state. (Measured: 0.4 s.)
    asked = budget(1000, inputs=2, outputs=1)
    counts = counting.counts_of(asked._rules)
    assert isinstance(counts, DeepCounts)
    states = sum(map(bool, counts._tables[1].values))
    assert list(counts._tables) == [1]
    assert 200_000 < states <= 250_000
    assert len(counts._tables[1].values) < 510_000


@given(
    parameters=st.integers(1, 90),
    inputs=st.integers(1, 5),
    outputs=st.integers(1, 5),
    hidden_bias=st.sampled_from(["yes", "no", "any"]),
    output_bias=st.sampled_from(["yes", "no", "any"]),
    min_width=st.integers(1, 4),
    depths=st.tuples(st.integers(0, 3), st.integers(0, 3)).map(sorted),
)
@settings(max_examples=150, deadline=None)
def test_table_and_direct_summation_agree(depths, **question):
    asked = Budget(**question, min_depth=depths[0], max_depth=depths[1])
    rules = asked._rules
    possible = rules.possible_depth()
    if possible >= 1 and rules.shallowest <= possible:
        start = (0, rules.parameters, rules.inputs)
        assert DeepCounts(rules, possible)(*start) == ShallowCounts(rules, possible)(*start)


@pytest.mark.parametrize("outputs", [1, 3])
def test_counts_of_single_depths_add_up(outputs):
    question = {"parameters": 60, "inputs": 2, "outputs": outputs, "min_width": 2}
    by_depth = [Budget(**question, min_depth=d, max_depth=d).count() for d in range(31)]
    assert by_depth[-1] == 0
    assert sum(by_depth) == Budget(**question).count()
    assert sum(by_depth[5:]) == Budget(**question, min_depth=5).count()
    assert sum(by_depth[:8]) == Budget(**question, max_depth=7).count()


def test_depth_0_is_the_linear_network():
    assert [str(network) for network in budget(6, inputs=2, outputs=2, max_depth=0).list()] == ["2-2"]
    assert [str(network) for network in budget(4, inputs=2, outputs=2, max_depth=0).list()] == [
        "2-2 (no bias)"
    ]
    assert budget(4, inputs=2, outputs=2, min_depth=1, max_depth=1).count() == 1


@pytest.mark.computes
def test_300_000_parameters_are_counted_where_few_layers_are_allowed():
    asked = budget(300_000, inputs=784, outputs=10, max_depth=2)
    networks = list(asked.list())
    assert len(networks) == asked.count() > 0
    assert all(network.parameters == 300_000 and len(network.biases) <= 3 for network in networks)


def test_a_thousand_hidden_layers_need_no_recursion():
    asked = budget(1001, inputs=1, outputs=1, hidden_bias="no", output_bias="no", max_width=1)
    (only,) = asked.list()
    assert only.widths == (1,) * 1002
    assert asked.sample(1, seed=0) == [only]


def test_the_first_networks_of_twelve_digits_come_at_once():
    first = list(islice(budget(44, inputs=2, outputs=1).list(), 1000))
    assert len({(network.widths, network.biases) for network in first}) == 1000
    assert all(network.parameters == 44 for network in first)


def test_nothing_fits():
    asked = budget(5, inputs=2, outputs=1, min_width=3)
    assert asked.count() == 0
    assert list(asked.list()) == []
    assert budget(10, inputs=2, outputs=1, min_depth=50).count() == 0
