"""Options of the wrong type are refused before anything runs, in the project's own words."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import trainlab
from trainlab.errors import SpecError

TINY = trainlab.Experiment.from_dict({"network": "2-2-1", "epochs": 2})
FUNCTIONS: dict[Callable[..., Any], dict[str, Any]] = {
    trainlab.study: {"spec": trainlab.Study(baseline=TINY)},
    trainlab.run: {"experiment": TINY},
    trainlab.endings: {"spec": TINY},
    trainlab.spike: {"spec": TINY},
    trainlab.race: {"spec": TINY},
    trainlab.smallest_budget: {"spec": TINY, "budgets": [trainlab.budget(9, inputs=2, outputs=1)]},
    trainlab.map_plane: {"spec": TINY, "x": "optimizer.lr=0.1..1", "y": "epochs=1..2"},
}
WRONG = {
    "a whole number": ("seeds", "max_seeds", "why", "fidelity", "sides", "workers", "draw", "longer"),
    "True or False": ("fresh", "every_point", "every_budget"),
    "text": ("engine", "cell", "x", "y"),
    "the path of a folder": ("store",),
    "a list of cells, such as ['Model 1:A']": ("only",),
    "a function": ("on_progress",),
    "a budget, as in trainlab.budget(44, inputs=2, outputs=1)": ("networks",),
    "a list of budgets, as in [trainlab.budget(44, inputs=2, outputs=1)]": ("budgets",),
    "a number": ("share",),
}
VALUES = (1.5, b"x", object(), np.ones((2, 2)), {1}, float("nan"), [[1.0]])


@pytest.mark.parametrize("value", ["0.02", b"x", True, [0.02], np.ones(1), object()])
def test_a_width_that_is_no_number_is_refused(value: Any):
    with pytest.raises(SpecError, match=r"^until_width = .*: must be a number\.$"):
        trainlab.study(trainlab.Study(baseline=TINY), until_width=value)


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__name__)
def test_every_option_of_the_wrong_type_is_named(function: Callable[..., Any]):
    given, checked = FUNCTIONS[function], 0
    for wanted, names in WRONG.items():
        for name in set(names) & inspect.signature(function).parameters.keys():
            for value in VALUES if wanted != "a number" else VALUES[1:5]:
                with pytest.raises(SpecError) as caught:
                    function(**{**given, name: value})
                message = str(caught.value)
                assert message.startswith(f"{name} = "), message
                assert message.endswith(f": must be {wanted}."), message
                assert "\n" not in message
                checked += 1
    assert checked >= 5 * len(VALUES)


def test_huge_and_numpys_whole_numbers():
    with pytest.raises(SpecError, match="workers = a value too long to show: must be a whole number up to"):
        trainlab.run(TINY, workers=10**5000)
    with pytest.raises(SpecError, match="workers = 0: must be a whole number"):
        trainlab.run(TINY, seeds=1, workers=np.int64(0))  # type: ignore[arg-type]
