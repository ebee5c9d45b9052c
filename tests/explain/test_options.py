"""Options that several questions share: the same is allowed for all, and refused before anything runs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import trainlab
from trainlab.errors import EngineError, ExplainError, SpecError, TrainlabError
from trainlab.explain import Section, chain_rule, init, learning_rate, loss, neuron
from trainlab.explain.network import first_telling, network_numbers
from trainlab.explain.options import MOST_SEEDS, check_place, check_seeds, listed, whole
from trainlab.spec import Experiment

FIVE: dict[str, Callable[..., Any]] = {
    "neuron": neuron,
    "learning_rate": learning_rate,
    "init": init,
    "loss": loss,
    "chain_rule": chain_rule,
}
SHARED: list[tuple[dict[str, Any], str]] = [
    ({"seeds": 0}, "seeds = 0: must be a whole number from 1 to 1,000,000."),
    ({"seeds": 1.5}, "seeds = 1.5: must be a whole number from 1 to 1,000,000."),
    ({"seeds": True}, "seeds = True: must be a whole number from 1 to 1,000,000."),
    ({"seeds": "7"}, "seeds = '7': must be a whole number from 1 to 1,000,000."),
    ({"seeds": 1_000_001}, "seeds = 1000001: must be a whole number from 1 to 1,000,000."),
    ({"engine": "fasst"}, "engine = 'fasst': must be 'auto'"),
    ({"engine": 3}, "engine = 3: must be 'auto'"),
    ({"workers": 0}, "workers = 0: must be a whole number from 1 to 1,024."),
    ({"workers": 1.5}, "workers = 1.5: must be a whole number from 1 to 1,024."),
    ({"store": 5}, "store = 5: must be the name of a folder, or None."),
    ({"source": "xor44", "cell": ""}, "cell = '': means 0 cells; name one, as in 'Model"),
    ({"cell": 3}, "cell = 3: must be a text, as in 'Model 1:A+B'."),
    ({"source": 3}, "source: is a int; give an Experiment, a Study, the name of a file or of an example"),
    ({"source": None}, "source: is a NoneType; give an Experiment, a Study"),
]
OWN: list[tuple[str, dict[str, Any], str]] = [
    ("learning_rate", {"rates": 0.1}, "rates = 0.1: must be a list, as in [1e-3, 1e-2]."),
    ("learning_rate", {"schedules": 5}, "schedules = 5: must be a list, as in ['step']."),
    ("chain_rule", {"weight": 3}, "weight = 3: must be a text, as in 'w2[1,3]'."),
    ("chain_rule", {"network": 5}, "network = 5: must be widths, as in '2-8-8-1' or [2, 8, 8, 1]."),
    ("chain_rule", {"seed": 1.5}, "seed = 1.5: must be a whole number from 0 to 9,999,999."),
    (
        "chain_rule",
        {"point": "1"},
        "point = '1': the data have 16 examples; give a whole number from 1 to 16.",
    ),
    ("neuron", {"seed": True}, "seed = True: must be a whole number from 0 to 9,999,999."),
    ("neuron", {"trained": "no"}, "trained = 'no': must be True or False."),
    ("init", {"schemes": 5}, "schemes = 5: must be a list, as in ['he_normal']."),
    ("init", {"depth": 1.5}, "depth = 1.5: must be a whole number from 1 to 1,000."),
    ("init", {"loss": "mse"}, "loss: is for a torch.nn.Module; an experiment has its own loss."),
    ("loss", {"loss": 5}, "loss: must be a loss's name, as 'mse', or a list of names."),
    ("chain_rule", {"loss": "mse"}, "loss: is for a torch.nn.Module; an experiment has its own loss."),
]
REFUSED = [(name, options, words) for name in FIVE for options, words in SHARED] + OWN


@pytest.mark.parametrize(("name", "options", "words"), REFUSED, ids=[f"{n} {w[:40]}" for n, _, w in REFUSED])
def test_refused_before_anything_is_told(name: str, options: dict[str, Any], words: str) -> None:
    seen: list[Section] = []
    with pytest.raises((ExplainError, EngineError, SpecError)) as caught:
        FIVE[name](**options, on_section=seen.append)
    assert words in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
    assert seen == []


SMALL = {"network": "2-3-1", "epochs": 4, "loss": "mse"}
QUICK: dict[str, dict[str, Any]] = {
    "learning_rate": {"rates": np.geomspace(1e-3, 1.0, 2), "schedules": ["step"]},
    "init": {"schemes": "he_normal", "depth": 2, "width": 4},
}


@pytest.mark.parametrize("name", ["neuron", "learning_rate", "init", "chain_rule"])
def test_a_single_seed_is_enough_and_numbers_name_the_network(name: str, tmp_path: Path) -> None:
    found = FIVE[name](Experiment.from_dict(SMALL), seeds=np.int64(1), store=tmp_path, **QUICK.get(name, {}))
    assert found.numbers["network"] == {"label": "2-3-1", "widths": [2, 3, 1], "parameters": 13}
    assert ("module" in found.numbers) == (name in ("init", "chain_rule"))
    assert found.to_json()


def test_whole_numbers() -> None:
    assert whole("x", np.int32(3), least=1, most=3) == 3
    assert check_seeds(MOST_SEEDS) == MOST_SEEDS
    assert check_place("layer", 2, 2, "2-5-1 has", "layers") == 2
    with pytest.raises(ExplainError, match=r"layer = 3: 2-5-1 has 2 layers; give a whole number from"):
        check_place("layer", 3, 2, "2-5-1 has", "layers")


def test_lists() -> None:
    assert listed("x", None, example="1") == ()
    assert listed("x", "ab", example="1") == ("ab",)
    assert listed("x", np.array([1.0, 2.0]), example="1") == (1.0, 2.0)
    for wrong in (3, {"a": 1}, b"ab"):
        with pytest.raises(ExplainError, match=r"x = .*: must be a list, as in \[1\]\."):
            listed("x", wrong, example="1")


def test_a_network_in_numbers() -> None:
    made = Experiment.from_dict({"network": {"widths": "2-5-1", "bias": False}})
    assert network_numbers(made) == {"label": "2-5-1", "widths": [2, 5, 1], "parameters": 15}


def test_the_first_example_that_tells_something() -> None:
    assert first_telling(np.array([[0.0, 0.0], [0.0, -1.0], [1.0, 0.0]])) == 2
    assert first_telling(np.zeros((3, 2, 2))) == 1


def test_the_room_itself_is_no_question() -> None:
    with pytest.raises(TrainlabError, match=r"call one of them: explain\.neuron\(\), explain\.loss\(\)"):
        trainlab.explain("xor44")  # pyright: ignore[reportCallIssue]
