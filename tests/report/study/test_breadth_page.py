"""Whole results of experiments that aren't XOR: a regression, classes, nothing kept."""

import json
from typing import Any

import pytest

import trainlab
from trainlab.spec import Accuracy, Experiment, LossBelow, Solved, Within
from trainlab.spec.record import solved_words

CASES: dict[str, dict[str, Any]] = {
    "regression": {
        "network": {"widths": "1-4-1", "output_activation": "linear"},
        "task": {"name": "curve", "points": 30},
        "split": {"held_out": 0.2},
        "solved": {"loss": 0.01, "on": "held_out"},
        "loss": "log_cosh",
    },
    "classes": {
        "network": {"widths": "4-4-3", "output_activation": "linear"},
        "task": "iris",
        "scaling": {"inputs": "standard"},
        "loss": "cross_entropy",
        "solved": {"accuracy": 0.9},
        "optimizer": {"name": "adam", "lr": 0.05},
        "stopping": "solved",
    },
    "nothing kept": {
        "network": "2-3-1",
        "record": {"curves": 0, "predictions": 0, "parameters": False},
    },
}
SAID = {
    "regression": [
        "(log_cosh)",
    ],
    "classes": [
        "when it classifies at least 90 % of the examples correctly",
        "loss (cross-entropy)",
        "iris only",
    ],
    "nothing kept": ["were not kept", "XOR only"],
}


@pytest.mark.parametrize("name", CASES)
def test_a_whole_page(name: str):
    experiment = Experiment.from_dict({"epochs": 30, **CASES[name]})
    result = trainlab.run(experiment, seeds=3, engine="reference", workers=1)
    page = trainlab.study_html(result).replace("\u00a0", " ")
    for words in SAID[name]:
        assert words in page, words
    cell = json.loads(result.to_json())["cells"][0]
    assert (cell["right"] is None) == (name == "regression")
    assert cell["solved"]["n"] == 3
    topics = {verdict.topic for verdict in result.verdicts}
    # None has all its targets told one by one, so each is judged by what counts as solved, or by its measure.
    assert topics == ({"solved"} if result.measure is None else {"solved", "score"})
    assert len(str(result)) > 0


@pytest.mark.parametrize(
    ("solved", "words"),
    [
        (Within(within=0.25), "when every prediction is less than 0.25 from its target"),
        (
            Within(on="held_out"),
            "when every prediction of the held-out examples is less than 0.1 from its target",
        ),
        (Accuracy(accuracy=0.955), "when it classifies at least 95.5 % of the examples correctly"),
        (
            Accuracy(on="held_out"),
            "when it classifies at least 100 % of the held-out examples correctly",
        ),
        (LossBelow(loss=0.5), "when its loss is below 0.5"),
    ],
)
def test_solved_in_words(solved: Solved, words: str):
    assert solved_words(solved) == words
