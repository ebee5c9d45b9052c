"""The whole explanation: sections, numbers, claims; and what is refused."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from trainlab.errors import ExplainError, SpecError
from trainlab.execution import train_all
from trainlab.explain import InitExplanation, Section, init
from trainlab.explain.questions.init.evidence import named_experiment
from trainlab.explain.questions.init.learning import Learnt, learning_section, with_stack, with_weights
from trainlab.explain.questions.init.sizes import Claim, Size, _best_words, _claims, _outcome, outcome_words  # pyright: ignore[reportPrivateUsage]  # pyright: ignore[reportPrivateUsage]
from trainlab.spec import Experiment, Normal
from trainlab.stats import holm, paired_difference, rate, read_family

TINY: dict[str, Any] = {
    "network": {"widths": [2, 4, 3, 1]},
    "loss": "mse",
    "optimizer": {"name": "adam", "lr": 0.05},
    "epochs": 60,
}


@pytest.fixture(scope="module")
def tiny() -> tuple[InitExplanation, list[Section]]:
    told: list[Section] = []
    made = Experiment.from_dict(TINY)
    options: dict[str, Any] = {"schemes": ["he_normal", "normal(std=0.5)"], "activation": "relu"}
    return init(made, seeds=12, depth=3, width=16, **options, on_section=told.append), told


@pytest.mark.trains
def test_sections_are_told_in_order(tiny: tuple[InitExplanation, list[Section]]) -> None:
    result, told = tiny
    names = ["schemes", "example", "default", "signals", "symmetry", "sizes", "learning"]
    assert [part.name for part in told] == names
    assert result.sections == tuple(told)
    assert len(result.pictures) == 2 + 1 + 3
    assert all(part.pictures or part.tables for part in told)


@pytest.mark.trains
def test_it_prints_plots_and_serialises(tiny: tuple[InitExplanation, list[Section]]) -> None:
    result, _ = tiny
    data = json.loads(result.to_json())
    assert data["question"] == "init"
    numbers = data["numbers"]
    assert set(numbers) == {
        *("schemes", "example", "torch", "stack", "experiment", "network", "symmetry", "learning"),
        *("sizes", "claims", "gradient_ratios", "seeds", "module"),
    }
    assert [each["scheme"] for each in numbers["stack"]["signals"]] == ["he_normal", "normal(std=0.5)"]
    assert len(numbers["learning"]) == 2 * 3 * 4
    assert (len(numbers["sizes"]), len(numbers["claims"])) == (12, 4)
    assert result._repr_html_().count("<svg") == len(result.pictures)
    assert "XOR" not in result.title
    assert "12 seeds" in result.verdict
    assert "xor only" in result.verdict


@pytest.mark.trains
def test_rates_are_those_of_training_it_oneself(tiny: tuple[InitExplanation, list[Section]]) -> None:
    result, _ = tiny
    made = Experiment.from_dict(TINY)
    found = next(each for each in result.sizes if (each.draw, each.value) == ("normal", 1.5))
    (runs,) = train_all([with_weights(made, Normal(std=1.5))], range(12), engine="fast")
    assert found.solved == rate(int(runs.solved.sum()), 12)
    stack = with_stack(made, init=Normal(std=0.5), activation="tanh", depth=2, width=8)
    assert stack.network.label == "2-8-8-1"
    assert stack.network.activations == ("tanh", "tanh", "linear")
    (again,) = train_all([stack], range(12), engine="fast")
    learnt = next(
        e for e in result.learning if (e.scheme, e.activation, e.depth) == ("normal(std=0.5)", "tanh", 2)
    )
    assert learnt.solved.k == int(again.solved.sum())


class Fake:
    def __init__(self, solved: list[bool]) -> None:
        self.solved = np.array(solved)


def test_claims_are_paired_and_corrected_together() -> None:
    rng = np.random.default_rng(0)
    runs: Any = {
        ("x", draw, value): Fake(list(rng.random(300) < share))
        for draw, shares in (("normal", (0.2, 0.6, 0.6)), ("uniform", (0.9, 0.5, 0.55)))
        for value, share in zip((0.5, 1.0, 1.5), shares, strict=True)
    }
    found = _claims(["x"], runs)
    assert [(each.draw, each.value) for each in found] == [
        ("normal", 0.5),
        ("normal", 1.5),
        ("uniform", 0.5),
        ("uniform", 1.5),
    ]
    raw = [
        paired_difference(runs["x", each.draw, 1.0].solved, runs["x", each.draw, each.value].solved)
        for each in found
    ]
    assert [each.difference.value for each in found] == raw
    adjusted = [each.difference.p_adjusted for each in found]
    assert adjusted == pytest.approx(list(holm([each.p for each in raw])))
    assert [each.outcome for each in found] == ["upheld", "bounded", "refuted", "bounded"]
    assert outcome_words(found, 0.5) == "upheld for x (normal); refuted for x (uniform)"
    assert outcome_words(found, 0.5, "normal") == "upheld for x"


@pytest.mark.parametrize(
    ("read", "usual", "solved", "outcome"),
    [
        ("hurts", 500, 300, "upheld"),
        ("helps", 500, 700, "refuted"),
        ("shown to be small", 990, 991, "refuted"),
        ("no difference seen", 500, 510, "bounded"),
        ("shown to be small", 3, 2, "too few learn"),
    ],
)
def test_how_a_claim_comes_out(read: Any, usual: int, solved: int, outcome: str) -> None:
    assert _outcome(read, rate(usual, 1000), rate(solved, 1000)) == outcome


def test_few_learn_is_said() -> None:
    found: Any = rate(1, 1000)
    claim = Claim(
        case="deep",
        draw="normal",
        value=0.5,
        usual=found,
        solved=found,
        difference=read_family({"": paired_difference(np.zeros(9, dtype=bool), np.zeros(9, dtype=bool))})[""],
        outcome="too few learn",
    )
    assert outcome_words([claim], 0.5) == "too few learn to tell for deep (normal)"


def test_the_usual_subject_is_the_deepest_network_with_a_and_b() -> None:
    about = named_experiment("xor44", None)
    assert (about.name, about.network) == ("Model 3 with A+B", "Model 3")
    assert [case.name for case in about.cases] == ["Model 1", "Model 2", "Model 3"]
    assert about.cases[2].experiment == about.experiment
    assert about.experiment.optimizer.lr == 0.02
    other = named_experiment("xor44", "Model 1:none")
    assert other.name == "Model 1"
    assert other.experiment.network.label == "2-5-4-1"
    alone = named_experiment(Experiment.from_dict(TINY), None)
    assert [case.name for case in alone.cases] == ["2-4-3-1"]


def test_a_network_without_hidden_layers_and_softmax_outputs() -> None:
    flat = Experiment.from_dict({**TINY, "network": "2-1", "epochs": 5})
    result = init(flat, seeds=3, depth=1, width=4, schemes=["default"])
    assert "no hidden layer" in " ".join(result.section("symmetry").text)
    made = {
        "task": {"name": "blobs", "classes": 3, "features": 2, "one_hot": True},
        "network": {"widths": [2, 4, 3], "output_activation": "softmax"},
        "loss": "mse",
        "optimizer": "adam",
        "epochs": 5,
    }
    result = init(Experiment.from_dict(made), seeds=3, depth=2, width=4, schemes=["default"])
    assert result.learning[0].solved.n == 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"schemes": ["glorott"]}, r"scheme = 'glorott': must be 'zero'"),
        ({"activation": "tanhh"}, r"activation = 'tanhh': must be .* Did you mean 'tanh'\?"),
        ({"activation": "softmax"}, r"activation = 'softmax': must be 'linear'"),
        ({"depth": 0}, r"depth = 0: must be a whole number from 1 to 1,000\."),
        ({"depth": 2.5}, r"depth = 2\.5: must be a whole number"),
        ({"width": 0}, r"width = 0: must be a whole number from 1 to 1,000\."),
        ({"width": True}, r"width = True: must be a whole number"),
        ({"depth": 20, "width": 1000}, r"a stack of 20,000,000 weights; at most 300,000 are allowed"),
        ({"seeds": 0}, r"seeds = 0: must be a whole number from 1 to 1,000,000\."),
    ],
)
def test_what_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ExplainError, match=message):
        init("xor44", **options)


def test_a_cell_that_is_none() -> None:
    with pytest.raises(SpecError, match="network 'Model 9'"):
        init("xor44", cell="Model 9:A")


OUTPUTS: list[tuple[dict[str, Any], str]] = [
    ({}, "with a linear output, trained"),
    (
        {"loss": "bce", "network": {"widths": [2, 3, 1], "output_activation": "sigmoid"}},
        "with a sigmoid output",
    ),
    (
        {
            "task": {"name": "blobs", "classes": 3, "features": 2, "one_hot": True},
            "network": {"widths": [2, 5, 3], "output_activation": "log_softmax"},
            "loss": "nll",
        },
        "with a log_softmax output",
    ),
]


@pytest.mark.parametrize(("parts", "words"), OUTPUTS, ids=[words for _, words in OUTPUTS])
def test_the_output_that_was_trained_is_the_one_spoken_of(parts: dict[str, Any], words: str) -> None:
    made = Experiment.from_dict({**TINY, **parts})
    stack = with_stack(made, init=Normal(), activation="tanh", depth=1, width=8)
    assert stack.network.activations[-1] in words
    share = rate(1, 2)
    found = [Learnt(scheme="normal", activation="tanh", depth=1, solved=share, diverged=share)]
    assert words in learning_section(found, made, "it").text[0]


def test_where_one_deviation_is_best_its_neighbours_are_named_if_their_intervals_overlap() -> None:
    none = rate(0, 100)

    def at(value: float, k: int) -> Size:
        return Size(case="net", draw="normal", value=value, solved=rate(k, 100), diverged=none)

    alone = _best_words([at(0.5, 10), at(1.0, 90), at(1.5, 20)], "net")
    assert alone == "net: most seeds are solved at std 1, 90 of 100 seeds (90.0 %, 82.6 to 94.5 %)."
    assert "; the interval at 1.5 overlaps with that" in _best_words([at(1.0, 90), at(1.5, 88)], "net")
    assert "; the intervals at 0.5 and 1.5 overlap" in _best_words(
        [at(0.5, 87), at(1.0, 90), at(1.5, 88)], "net"
    )
