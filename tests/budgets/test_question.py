from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import trainlab.budgets
from trainlab.budgets import Budget, budget
from trainlab.budgets.question import why_none
from trainlab.errors import BudgetError

GOOD = {"parameters": 44, "inputs": 2, "outputs": 1}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"parameters": 0}, r"parameters=0: must be a whole number from 1 to 1,000,000,000,000,000\."),
        ({"parameters": "44"}, r"parameters='44': must be a whole number from 1 to 1,000,000,000,000,000\."),
        ({"inputs": 2.0}, r"inputs=2\.0: must be a whole number from 1 to 1,000,000,000,000,000\."),
        ({"outputs": True}, r"outputs=True: must be a whole number from 1 to 1,000,000,000,000,000\."),
        (
            {"hidden_bias": "yse"},
            r"hidden_bias='yse' is not known; allowed are 'yes', 'no' or 'any': choose one of them\. "
            r"Did you mean 'yes'\?",
        ),
        ({"output_bias": "none"}, r"output_bias='none' is not known.*Did you mean 'no'\?"),
        ({"hidden_bias": True}, r"hidden_bias=True is not known; allowed are 'yes', 'no' or 'any'"),
        ({"min_width": 0}, r"min_width=0: must be a whole number from 1 to 1,000,000,000,000,000\."),
        ({"max_width": 0}, r"max_width=0: must be a whole number from 1 to 1,000,000,000,000,000\."),
        (
            {"min_width": 5, "max_width": 3},
            r"max_width=3 is below min_width=5; allowed are limits with min_width <= max_width: "
            r"raise max_width or lower min_width\.",
        ),
        ({"min_depth": -1}, r"min_depth=-1: must be a whole number from 0 to 1,000,000,000,000,000\."),
        ({"min_depth": 3, "max_depth": 2}, r"max_depth=2 is below min_depth=3"),
        (
            {"parameters": 20_000},
            r"parameters=20000 with these limits takes a table of more than 2 GB to count; allowed is less: "
            r"lower parameters or max_width, raise min_width, or set max_depth to 3 or less",
        ),
        (
            {"parameters": 10**9, "max_depth": 3},
            r"parameters=1000000000 with these limits takes about .* steps to count; allowed are 3e\+07: "
            r"lower parameters or max_width, or set max_depth to 2 or less\.",
        ),
    ],
    ids=str,
)
def test_a_wrong_question_is_refused_when_asked(wrong, message):
    with pytest.raises(BudgetError, match=message):
        Budget(**(GOOD | wrong))


def test_a_huge_question_is_refused_quickly_whatever_its_limits():
    for limits in ({}, {"min_depth": 10**6}, {"max_depth": 10**6}, {"max_width": 7}):
        with pytest.raises(BudgetError, match="more than 2 GB"):
            budget(10**9, inputs=2, outputs=1, **limits)
    assert budget(10**9, inputs=2, outputs=1, min_depth=10**9 + 1).count() == 0


def test_budget_is_frozen_comparable_and_hashable():
    one, two = budget(44, inputs=2, outputs=1), Budget(**GOOD)
    assert one == two
    assert hash(one) == hash(two)
    assert one != budget(45, inputs=2, outputs=1)
    with pytest.raises(AttributeError):
        one.parameters = 45  # type: ignore[misc]


def test_options_reach_the_question():
    options = {
        "hidden_bias": "yes",
        "output_bias": "no",
        "min_width": 2,
        "max_width": 9,
        "min_depth": 1,
        "max_depth": 8,
    }
    asked = budget(44, inputs=2, outputs=1, **options)
    assert asked.to_dict() == GOOD | options | {"count": asked.count()}
    assert asked == Budget(**GOOD, **options)


def test_to_dict_survives_json():
    asked = budget(300, inputs=2, outputs=1)
    assert json.loads(json.dumps(asked.to_dict()))["count"] == asked.count()


def test_it_prints_a_sentence():
    assert str(budget(44, inputs=2, outputs=1, hidden_bias="yes", min_width=2)) == (
        "30 fully connected networks from 2 inputs to 1 output have exactly 44 trainable parameters "
        "(hidden bias yes; output bias any; hidden widths ≥ 2; hidden layers ≥ 0), for example "
        "2-11-1 (no bias: output), 2-8-2-1 (no bias: output), 2-6-2-3-1 (no bias: output)."
    )
    assert str(budget(3, inputs=2, outputs=1, max_depth=0)) == (
        "1 fully connected network from 2 inputs to 1 output has exactly 3 trainable parameters "
        "(hidden bias any; output bias any; hidden widths ≥ 1; hidden layers 0), namely 2-1."
    )
    assert str(budget(5, inputs=2, outputs=1, min_width=3, max_depth=2)) == (
        "No fully connected network from 2 inputs to 1 output has exactly 5 trainable parameters "
        "(hidden bias any; output bias any; hidden widths ≥ 3; hidden layers 0 to 2). "
        "The nearest numbers that some have: 3 and 9."
    )


@pytest.mark.parametrize(
    ("parameters", "limits", "words"),
    [
        (44, {"min_width": 30}, "The nearest numbers that some have: 3 and 90."),
        (44, {"min_width": 30, "min_depth": 1}, "The smallest under these limits has 90."),
        (
            44,
            {"min_width": 30, "min_depth": 1, "hidden_bias": "yes"},
            "The smallest under these limits has 120.",
        ),
        (44, {"max_width": 3, "max_depth": 2}, "The largest under these limits has 25."),
        (44, {"max_depth": 0}, "The largest under these limits has 3."),
        (5000, {"min_width": 60, "max_depth": 1, "hidden_bias": "no"}, "don't add up to it"),
    ],
)
def test_no_result_says_why(parameters: int, limits: dict[str, Any], words: str):
    asked = budget(parameters, inputs=2, outputs=1, **limits)
    assert asked.count() == 0
    assert words in str(asked)


@pytest.mark.parametrize("limits", [{}, {"min_depth": 2}, {"hidden_bias": "yes"}, {"output_bias": "no"}])
def test_the_smallest_and_the_largest_are_those_of_a_list(limits: dict[str, Any]):
    bounds = {"min_width": 2, "max_width": 3, "max_depth": 2, **limits}
    sizes = [size for size in range(1, 60) if budget(size, inputs=3, outputs=2, **bounds).count()]
    assert f"smallest under these limits has {sizes[0]}." in why_none(
        budget(1, inputs=3, outputs=2, **bounds)
    )
    assert f"largest under these limits has {sizes[-1]}." in why_none(
        budget(99, inputs=3, outputs=2, **bounds)
    )


@pytest.mark.computes
def test_it_prints_counts_of_any_size():
    assert str(budget(44, inputs=2, outputs=1)).startswith("592,109,928,932 fully connected networks")
    assert str(budget(1000, inputs=2, outputs=1)).startswith("4.57 × 10^282 fully connected networks")


def test_it_shows_a_small_table_in_a_notebook():
    html = budget(44, inputs=2, outputs=1, hidden_bias="yes", min_width=2)._repr_html_()
    assert "<caption>44 trainable parameters, 2 inputs to 1 output: 30 networks</caption>" in html
    assert html.count("<td>") == 11
    assert "<td>2-11-1 (no bias: output)</td>" in html
    assert "… and 20 more" in html


def test_the_public_names():
    assert trainlab.budgets.__all__ == [
        "Architecture",
        "BiasRule",
        "Budget",
        "Layer",
        "LayerTable",
        "bias_flags",
        "budget",
        "layer_table",
    ]


def test_numpys_whole_numbers_are_pythons():
    asked = budget(np.int64(44), inputs=np.int64(2), outputs=1, max_width=np.int64(9))
    assert asked == budget(44, inputs=2, outputs=1, max_width=9)
    assert json.loads(json.dumps(asked.to_dict()))["max_width"] == 9
