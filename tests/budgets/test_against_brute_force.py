from __future__ import annotations

import pytest
from budgets.brute_force import every_network

from trainlab.budgets import budget

SETTINGS = [
    (13, {"inputs": 1, "outputs": 1}),
    (15, {"inputs": 2, "outputs": 1}),
    (16, {"inputs": 3, "outputs": 2, "min_depth": 1}),
    (17, {"inputs": 2, "outputs": 1, "hidden_bias": "no"}),
    (24, {"inputs": 2, "outputs": 1, "hidden_bias": "yes", "output_bias": "no"}),
    (24, {"inputs": 4, "outputs": 3, "hidden_bias": "yes", "output_bias": "yes"}),
    (40, {"inputs": 2, "outputs": 1, "min_width": 2}),
    (40, {"inputs": 3, "outputs": 2, "min_width": 2, "hidden_bias": "yes"}),
    (40, {"inputs": 1, "outputs": 5, "min_width": 2, "output_bias": "yes"}),
    (40, {"inputs": 5, "outputs": 1, "min_width": 2, "max_width": 3, "hidden_bias": "no"}),
    (40, {"inputs": 2, "outputs": 2, "min_width": 3, "max_width": 4}),
    (40, {"inputs": 2, "outputs": 1, "max_width": 1, "hidden_bias": "no", "output_bias": "no"}),
    (40, {"inputs": 2, "outputs": 1, "max_depth": 0}),
    (40, {"inputs": 2, "outputs": 1, "max_depth": 1}),
    (40, {"inputs": 2, "outputs": 3, "max_depth": 2}),
    (40, {"inputs": 2, "outputs": 1, "max_depth": 3}),
    (40, {"inputs": 2, "outputs": 1, "min_depth": 2, "max_depth": 3, "hidden_bias": "yes"}),
    (40, {"inputs": 2, "outputs": 1, "max_depth": 4, "hidden_bias": "yes", "output_bias": "no"}),
    (40, {"inputs": 2, "outputs": 1, "min_width": 2, "min_depth": 3, "max_depth": 5}),
    (40, {"inputs": 2, "outputs": 1, "min_width": 2, "min_depth": 4}),
    (40, {"inputs": 2, "outputs": 1, "min_width": 2, "min_depth": 5, "max_depth": 5}),
    (20, {"inputs": 2, "outputs": 2, "min_depth": 4, "max_depth": 5, "max_width": 2}),
    (17, {"inputs": 1, "outputs": 1, "hidden_bias": "no", "min_depth": 7}),
    (40, {"inputs": 9, "outputs": 4, "max_width": 2, "hidden_bias": "yes"}),
    (40, {"inputs": 20, "outputs": 1, "min_width": 1, "hidden_bias": "yes", "output_bias": "any"}),
    (32, {"inputs": 2, "outputs": 20}),
]


def test_two_things_the_oracle_must_get_right_by_hand():
    found = every_network(4, inputs=1, outputs=1)
    assert found[1] == {((1, 1), (False,))}
    assert found[2] == {((1, 1), (True,)), ((1, 1, 1), (False, False))}
    # 1-1-1 with one bias (2 ways), 1-1-1-1 without any.
    assert len(found[3]) == 3


@pytest.mark.parametrize(("most", "setting"), SETTINGS, ids=str)
def test_count_and_list_are_brute_forces_on_all_budgets(most, setting):
    oracle = every_network(most, **setting)
    for parameters in range(1, most + 1):
        asked = budget(parameters, **setting)
        listed = [(network.widths, network.biases) for network in asked.list()]
        assert asked.count() == len(oracle[parameters]), parameters
        assert len(listed) == len(set(listed)), parameters
        assert set(listed) == oracle[parameters], parameters


def test_the_settings_are_not_vacuous():
    totals = [sum(map(len, every_network(most, **setting).values())) for most, setting in SETTINGS]
    assert all(total > 0 for total in totals)
    assert sum(totals) > 20_000
