"""What users see of results is what it was; `scripts/golden` makes the copies anew.

What is said of faults is compared where their trainings are asked (`tests/diagnosis/test_rules.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from golden import results, sentences
from golden.cases import as_its_copy
from golden.results import QUESTIONS, explained

from trainlab.draw.formats import NOISE
from trainlab.explain import Explanation


@pytest.mark.parametrize("name", [*results.CASES, *sentences.CASES])
def test_a_result_is_as_its_golden_copy(name: str):
    as_its_copy(name)


SMALL = ("difference", "gradient", "loss", "error", "change by each weight", "∂", "apart", "autograd")
"""What headings and rows of tables are called whose numbers are as small as they say."""


def _noise(data: object) -> Iterator[str]:
    """Find numbers of tables that are nothing beside their column's or row's others, though not small."""
    for table in _tables(data):
        rows = [row for row in table["rows"] if isinstance(row, list)]
        for row in rows:
            for at, cell in enumerate(row):
                beside = [*row, *(each[at] for each in rows)]
                size = max((abs(other) for other in beside if isinstance(other, float)), default=0.0)
                words = f"{table.get('title')}, {table['headers'][at]}, {row[0]}"
                small = any(word in words.lower() for word in SMALL)
                if isinstance(cell, float) and 0 < abs(cell) <= NOISE * size and not small:
                    yield f"{words}: {cell} beside {size}"


def _tables(data: object) -> Iterator[dict[str, Any]]:
    if isinstance(data, dict):
        if "headers" in data and "rows" in data:
            yield data
        for each in data.values():
            yield from _tables(each)
    elif isinstance(data, list):
        for each in data:
            yield from _tables(each)


@pytest.mark.parametrize("ask", QUESTIONS, ids=lambda ask: ask.__name__)
def test_no_table_shows_rounding_noise(ask: Callable[[], Explanation]):
    assert list(_noise(explained(ask).to_dict())) == []


def test_noise_in_a_table_is_found():
    table = {"title": "Best", "headers": ["", "p(0)"], "rows": [["MSE", 3.09e-17], ["target", 0.866]]}
    assert list(_noise({"sections": [table]})) == ["Best, p(0), MSE: 3.09e-17 beside 0.866"]
    assert not list(_noise({**table, "title": "Loss"}))
