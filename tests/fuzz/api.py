"""The public functions, called with values of the wrong type: each answers, or raises a TrainlabError."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

import trainlab
from trainlab.errors import TrainlabError

VALUES: tuple[Any, ...] = (
    *(None, True, "", "x", "\x1b[31m", b"x", 0, -1, 10**400, 1.5, float("nan"), float("inf"), -float("inf")),
    *(
        1j,
        (),
        [],
        {},
        {"x": 1},
        [None],
        ["x"],
        [[1.0], [1.0, 2.0]],
        {1},
        object(),
        object,
        range(3),
        lambda: 1,
    ),
    *(
        np.int64(2),
        np.float32(0.5),
        np.float64("nan"),
        np.array(3),
        np.ones((2, 2)),
        np.array(["x"]),
        Path("x"),
    ),
    ("x" * 10_000),
)
"""What stands where something else is asked for. Some of them are right for some arguments."""

Call = tuple[Callable[..., Any], dict[str, Any]]


@cache
def calls() -> dict[str, Call]:
    """Return the public functions, each with arguments that are right and cost next to nothing."""
    tiny = trainlab.Experiment.from_dict({"network": "2-2-1", "epochs": 2})
    change = trainlab.Change.from_dict("A", {"epochs": 3})
    plan = trainlab.Study(baseline=tiny, changes=(change,), seeds=2)
    trained: dict[str, Any] = {
        "engine": "fast",
        "store": None,
        "workers": 1,
        "fresh": False,
        "on_progress": None,
    }
    looks: dict[str, Any] = {"cell": None, **trained}
    pages = {name: {"result": None} for name in ("study", "race", "map", "smallest", "spike", "explanation")}
    return {
        "Network": (
            trainlab.Network,
            {"widths": (2, 2, 1), "bias": True, "output_bias": None, "dropout": 0.0},
        ),
        "Network of": (
            trainlab.Network,
            {"widths": (2, 2, 1), "activation": "tanh", "output_activation": None},
        ),
        "Experiment": (trainlab.Experiment, {name: getattr(tiny, name) for name in tiny.__struct_fields__}),
        "Experiment.from_dict": (trainlab.Experiment.from_dict, {"data": {"network": "2-2-1"}}),
        "Change": (trainlab.Change, {name: getattr(change, name) for name in change.__struct_fields__}),
        "Change.from_dict": (
            trainlab.Change.from_dict,
            {"name": "A", "data": {"epochs": 3}, "label": "", "then": None},
        ),
        "Study": (trainlab.Study, {name: getattr(plan, name) for name in plan.__struct_fields__}),
        "load_study": (trainlab.load_study, {"spec": "xor44"}),
        "budget": (
            trainlab.budget,
            {"parameters": 9, "inputs": 2, "outputs": 1, "hidden_bias": "any", "output_bias": "any"}
            | {"min_width": 1, "max_width": None, "min_depth": 0, "max_depth": None},
        ),
        "arrays": (
            trainlab.arrays,
            {"inputs": [[0.0, 1.0], [1.0, 0.0]], "targets": [0.0, 1.0], "kind": "auto", "folder": "arrays"},
        ),
        "custom_loss": (trainlab.custom_loss, {"name": "fuzzed", "function": _square, "derivative": None}),
        "run": (trainlab.run, {"experiment": tiny, "seeds": 2, "why": 0, "fidelity": 0, **trained}),
        "study": (
            trainlab.study,
            {"spec": plan, "seeds": 2, "only": (), "why": 0, "fidelity": 0, "sides": 0}
            | {"until_width": None, "max_seeds": 8, **trained},
        ),
        "endings": (trainlab.endings, {"spec": tiny, "seeds": 2, "longer": 2, **looks}),
        "spike": (trainlab.spike, {"spec": tiny, "seed": None, "seeds": 2, **looks}),
        "race": (
            trainlab.race,
            {"spec": plan, "networks": None, "draw": None, "draw_seed": 0, "seeds": 2, "max_seeds": 4}
            | {"budget_seeds": None, **looks},
        ),
        "smallest_budget": (
            trainlab.smallest_budget,
            {"spec": plan, "budgets": [trainlab.budget(9, inputs=2, outputs=1)], "share": 0.9, "seeds": 2}
            | {"every_budget": False, "max_seeds": 4, **looks},
        ),
        "map_plane": (
            trainlab.map_plane,
            {"spec": tiny, "x": "optimizer.lr=0.1..1", "y": "epochs=1..2", "size": (2, 2), "seeds": 1}
            | {"every_point": False, **looks},
        ),
        "watch": (trainlab.watch, {"solved": None}),
        **{f"{name}_html": (getattr(trainlab, f"{name}_html"), given) for name, given in pages.items()},
        "diagnosis_html": (trainlab.diagnosis_html, {"report": None, "title": "x"}),
        "seeds_html": (trainlab.seeds_html, {"found": None, "title": "x"}),
        "doctor": (trainlab.doctor, {"train": None, "solved": None, "seeds": 5, "budget": 1.0}),
        "seeds": (trainlab.seeds, {"training": None, "n": 2, "solved": None, "metric": "", "workers": 1}),
    }


def wrong_calls() -> Iterator[tuple[str, str, int]]:
    """Yield every function, argument, and number of a value for it."""
    for name, (_, arguments) in calls().items():
        for argument in arguments:
            for number, value in enumerate(VALUES):
                if not _is_own_fault(argument, value):
                    yield name, argument, number


def _is_own_fault(argument: str, value: object) -> bool:
    """Whether it is a function of the caller's, who hears of its own exceptions."""
    return argument == "on_progress" and callable(value)


def call_with(name: str, argument: str, number: int) -> None:
    """Call a function with one argument replaced; raises whatever isn't a TrainlabError of one line."""
    function, arguments = calls()[name]
    said = ""
    try:
        function(**{**arguments, argument: VALUES[number]})
    except TrainlabError as error:
        said = str(error)
    assert "\n" not in said, said


def call_wrongly(rng: random.Random) -> None:
    """Call a public function with one or two of its arguments replaced."""
    name = rng.choice(list(calls()))
    function, arguments = calls()[name]
    wrong = rng.sample(list(arguments), min(len(arguments), rng.choice((1, 1, 2))))
    chosen = {argument: rng.choice(VALUES) for argument in wrong}
    if not any(_is_own_fault(argument, value) for argument, value in chosen.items()):
        function(**{**arguments, **chosen})


def _square(output: float, target: float) -> float:
    return (output - target) ** 2
