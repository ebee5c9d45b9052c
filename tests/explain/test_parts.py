"""Some sections of an explanation alone: what they say is the same, and nothing else is trained for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest
import torch

from trainlab.draw import json_text
from trainlab.engine import Runs
from trainlab.errors import EngineError, ExplainError
from trainlab.explain import Explanation, Section, chain_rule, init, learning_rate, loss, neuron, populations
from trainlab.explain.populations import Populations, work
from trainlab.explain.questions.chain_rule.question import PARTS as CHAIN_RULE
from trainlab.explain.questions.init.question import PARTS as INIT
from trainlab.explain.questions.learning_rate.comparison import compare_schedules, plateaus_alone
from trainlab.explain.questions.learning_rate.question import PARTS as LEARNING_RATE
from trainlab.explain.questions.learning_rate.schedules import read_schedules
from trainlab.explain.questions.loss.question import PARTS as LOSS
from trainlab.explain.questions.neuron.question import PARTS as NEURON
from trainlab.report import explanation_html
from trainlab.spec import Experiment

SMALL = Experiment.from_dict({"network": "2-3-1", "task": "xor", "epochs": 4, "loss": "mse"})
Ask = Callable[..., Explanation]
FIVE: dict[str, tuple[Ask, tuple[str, ...], dict[str, Any]]] = {
    "neuron": (neuron, tuple(part.name for part in NEURON), {"trained": False}),
    "learning-rate": (
        learning_rate,
        tuple(part.name for part in LEARNING_RATE),
        {"rates": (1e-3, 1.0), "schedules": ["step"]},
    ),
    "init": (init, tuple(part.name for part in INIT), {"schemes": ["he_normal"], "depth": 2, "width": 4}),
    "loss": (loss, tuple(part.name for part in LOSS), {"loss": ["mse"]}),
    "chain-rule": (chain_rule, tuple(part.name for part in CHAIN_RULE), {}),
}
TRAINED = {
    "neuron": {"stacks"},
    "learning-rate": {"effects", "range-test", "comparison"},
    "init": {"symmetry", "sizes", "learning"},
    "loss": {"population", "outliers"},
    "chain-rule": {"population"},
}
"""Of each question the sections that need trained networks."""
FEWER_NUMBERS = {("chain-rule", "layers")}
"""Sections whose numbers another one adds to: what trained networks say of the same."""


@pytest.mark.trains
@pytest.mark.parametrize("name", FIVE)
def test_a_section_alone_is_that_of_the_whole(name: str) -> None:
    ask, parts, options = FIVE[name]
    whole = ask(SMALL, seeds=2, workers=1, **options)
    assert [section.name for section in whole.sections] == list(parts)
    for part in parts:
        alone = ask(SMALL, seeds=2, workers=1, parts=part, **options)
        assert alone.sections == (whole.section(part),)
        assert alone.numbers.keys() <= whole.numbers.keys()
        if (name, part) not in FEWER_NUMBERS:
            # As text, in which a number that isn't finite equals itself.
            assert json_text({key: whole.numbers[key] for key in alone.numbers}) == json_text(alone.numbers)
    assert whole.answer is not None
    assert len(whole.verdicts) == 1


@pytest.mark.parametrize("name", FIVE)
def test_what_needs_no_training_trains_nothing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    ask, parts, options = FIVE[name]
    monkeypatch.setattr(Populations, "train_seeds", _refuse)
    cheap = [part for part in parts if part not in TRAINED[name]]
    seen: list[Section] = []
    found = ask(SMALL, seeds=1000, parts=cheap, on_section=seen.append, **options)
    assert [section.name for section in found.sections] == cheap
    assert found.sections == tuple(seen)
    assert (found.answer, found.verdict, found.verdicts) == (None, "", ())


def _refuse(*_given: object, **_options: object) -> list[Runs]:
    raise AssertionError("nothing should be trained")


def test_some_parts_print_themselves_and_make_a_page() -> None:
    found = chain_rule(SMALL, parts=["paths", "forward"])
    assert [section.name for section in found.sections] == ["forward", "paths"]
    assert found.to_dict()["answer"] is None
    printed = str(found)
    assert printed.startswith("What is the chain rule?\nForward: from the inputs to the loss\n")
    assert "Every path from" in printed
    assert "<details><summary>Forward: from the inputs to the loss" in found._repr_html_()
    page = explanation_html(found)
    assert '<section id="paths"' in page
    assert 'class="say"' not in page
    assert page.count("<svg") == 2
    assert found.paths
    assert (found.steps, found.flows) == ((), ())
    assert "layers" not in found.numbers


def test_parts_of_a_module() -> None:
    module = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Tanh(), torch.nn.Linear(3, 1))
    batch = {"inputs": [[0.0, 1.0], [1.0, 1.0]], "targets": [[1.0], [0.0]], "loss": "mse"}
    assert [each.name for each in chain_rule(module, parts="graph", **batch).sections] == ["graph"]
    assert [each.name for each in init(module, parts="symmetry", **batch).sections] == ["symmetry"]
    with pytest.raises(ExplainError, match=r"parts = 'paths': must be 'graph'\.$"):
        chain_rule(module, parts="paths", **batch)


def test_a_part_with_nothing_to_show_says_so_and_why() -> None:
    found = learning_rate(SMALL, schedules=(), seeds=2, parts=["schedules", "comparison"])
    why = "Nothing to show: schedules is empty; leave it out for all of them."
    assert [(each.heading, each.text) for each in found.sections] == [
        ("Schedules", (why,)),
        ("Comparison", (why,)),
    ]
    assert str(found).splitlines() == [found.title, "Schedules", why, "", "Comparison", why]


def test_the_grid_of_rates_alone_trains_no_range_test(monkeypatch: pytest.MonkeyPatch) -> None:
    trained: list[int] = []
    train_seeds = Populations.train_seeds

    def counted(self: Populations, experiments: Sequence[Experiment], seeds: range) -> list[Runs]:
        trained.append(len(experiments))
        return train_seeds(self, experiments, seeds)

    monkeypatch.setattr(Populations, "train_seeds", counted)
    found = learning_rate(SMALL, rates=[0.1, 1.0], schedules=(), seeds=2, workers=1, parts="effects")
    assert trained == [3]
    assert len(found.rates) == 2


@pytest.mark.parametrize("name", FIVE)
def test_a_part_that_there_is_not(name: str) -> None:
    ask, parts, _ = FIVE[name]
    with pytest.raises(ExplainError) as caught:
        ask(SMALL, parts=f"{parts[1]}s")
    assert str(caught.value).startswith(f"parts = '{parts[1]}s': must be '{parts[0]}', '{parts[1]}', ")
    assert str(caught.value).endswith(f" Did you mean '{parts[1]}'?")
    with pytest.raises(ExplainError, match="parts = 3: must be a list, as in"):
        ask(SMALL, parts=3)


def test_layers_alone_say_nothing_of_training() -> None:
    """Null would say that it can't be told."""
    found = chain_rule(SMALL, parts="layers").numbers["layers"]
    assert found["population"].keys() == {"before"}


def test_schedules_alone_have_the_seeds_of_the_whole_comparison(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, int]] = []

    def train_seeds(_self: Populations, experiments: Sequence[Experiment], seeds: range) -> list[Runs]:
        asked.append((len(experiments), len(seeds)))
        raise EngineError("asked")

    monkeypatch.setattr(Populations, "train_seeds", train_seeds)
    monkeypatch.setattr(populations, "MOST_WORK", 100 * work([SMALL]))
    chosen = read_schedules(["reduce_on_plateau", "step", "cosine_annealing"], SMALL)
    for train in (compare_schedules, plateaus_alone):
        with pytest.raises(EngineError, match="asked"):
            train(SMALL, chosen, Populations(seeds=1000))
    (many, seeds), (few, alone) = asked
    assert many > few == 1
    assert seeds == alone < 100
