"""What a page may ask, read strictly: whatever is wrong names the field, its value and what is allowed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from trainlab.errors import SpecError
from trainlab.web.questions import Population, read_question

POPULATION: dict[str, Any] = {"ask": "population", "experiment": {}}


def test_a_question_is_read():
    assert read_question(json.dumps(POPULATION | {"seeds": 8}).encode()) == Population(experiment={}, seeds=8)


@pytest.mark.parametrize(
    ("question", "message"),
    [
        (7, 'question: must be an object with its kind as "ask".'),
        ({"ask": "plan"}, "ask = 'plan': must be 'population', .* or 'exercise'. Did you mean 'plane'?"),
        ({"ask": ["x"]}, "ask = '': must be 'population', "),
        ({"ask": "population"}, "experiment: this field is required."),
        (POPULATION | {"experiment": []}, r"experiment = \[\]: must be a table."),
        (POPULATION | {"seeds": 0}, "seeds = 0: must be a whole number ≥ 1."),
        (POPULATION | {"seeds": 10**6}, "seeds = 1000000: must be a whole number ≤ 100000."),
        (POPULATION | {"seeds": 2.5}, "seeds = 2.5: must be a whole number."),
        (
            POPULATION | {"store": "/"},
            "store: unknown field; known are 'experiment', 'first_seed' or 'seeds'.",
        ),
        (
            {"ask": "take-away", "experiment": {}, "form": "pdf"},
            "form = 'pdf': must be 'pytorch', 'toml', 'json' or 'html'.",
        ),
        (
            {"ask": "plane", "experiment": {}, "x": {"path": "a", "values": []}, "y": {}, "cells": []},
            r"x.values = \[\]: must be a list of a length ≥ 1.",
        ),
    ],
)
def test_what_is_wrong_is_named(question: object, message: str):
    with pytest.raises(SpecError, match=f"^{message}"):
        read_question(json.dumps(question).encode())
