"""The whole answer: its parts agree with each other and with the engines, and wrong use is refused."""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np
import pytest

from trainlab.engine import get_engine
from trainlab.errors import EngineError, ExplainError, SpecError, TrainlabError
from trainlab.explain import LearningRateExplanation, Section, learning_rate
from trainlab.explain.questions.learning_rate.evidence import named_experiment
from trainlab.explain.questions.learning_rate.grid import at_rate, population
from trainlab.spec import Experiment, Study
from trainlab.stats import paired_difference

Told = tuple[LearningRateExplanation, list[Section]]
SEEDS = 24
NAMES = [
    "step",
    "quadratic",
    "sharpness",
    "effects",
    "range-test",
    "schedules",
    "comparison",
    "checks",
]
OPTIONS: dict[str, Any] = {"rates": "1e-3..10:7", "seeds": SEEDS, "engine": "fast"}


def small(**changes: Any) -> Experiment:
    given = {
        "network": {"widths": "2-4-1", "output_activation": "linear"},
        "loss": "mse",
        "init": {"weight": "normal"},
        "optimizer": {"name": "sgd", "lr": 0.05, "momentum": 0.9},
        "epochs": 120,
    }
    return Experiment.from_dict({**given, **changes})


@pytest.fixture(scope="module")
def told() -> tuple[LearningRateExplanation, list[Section]]:
    sections: list[Section] = []
    return learning_rate(small(), **OPTIONS, on_section=sections.append), sections


@pytest.mark.trains
def test_sections_come_as_they_are_ready_and_stay(
    told: Told,
) -> None:
    found, sections = told
    assert [part.name for part in sections] == NAMES
    assert found.sections == tuple(sections)
    assert found.question == "learning-rate"
    assert (found.title, found.subject) == ("What is the learning rate for?", "2-4-1")
    assert len(found.pictures) == 5


@pytest.mark.trains
def test_the_numbers_are_json_and_say_what_the_fields_say(
    told: Told,
) -> None:
    found, _ = told
    data = json.loads(found.to_json())
    numbers = data["numbers"]
    assert list(numbers) == [
        "experiment",
        "network",
        "cell",
        "seeds",
        "step",
        "stability",
        "sharpness",
        "rates",
        "regimes",
        "range_test",
        "suggestion",
        "schedules",
        "comparison",
        "checks",
    ]
    assert [each["solved"]["k"] for each in numbers["rates"]] == [point.solved.k for point in found.rates]
    assert Experiment.from_dict(numbers["experiment"]) == small()
    assert numbers["regimes"]["works"]["low"] == found.rates[found.regimes.low].rate
    assert len(numbers["schedules"]) == 11
    assert len(numbers["comparison"]) == 12
    assert all(each["difference"] < 1e-8 for each in numbers["checks"])
    assert len(numbers["checks"]) == 1 + 10
    assert all(part.heading in found._repr_html_() for part in found.sections)


@pytest.mark.trains
def test_populations_are_those_that_the_engine_trains(
    told: Told,
) -> None:
    found, _ = told
    fast = get_engine("fast")
    for point in found.rates[::3]:
        runs = fast.train(population(at_rate(small(), point.rate)), range(SEEDS))[0]
        assert (point.solved.k, point.diverged.k) == (int(runs.solved.sum()), int(runs.diverged.sum()))
    own, suggested = (each.point.rate for each in found.suggestion[:2])
    fresh = [
        fast.train(population(at_rate(small(), each)), range(SEEDS, 2 * SEEDS))[0]
        for each in (own, suggested)
    ]
    assert found.suggestion[1].difference.value == paired_difference(fresh[0].solved, fresh[1].solved)
    assert (found.suggestion[0].label, own) == ("own rate", 0.05)
    for named, each in list(zip(found.schedules, found.comparison[1:], strict=True))[:4]:
        runs = fast.train(named.of(small()), range(SEEDS))[0]
        assert each.label == named.label
        assert each.point.solved.k == int(runs.solved.sum())


@pytest.mark.trains
def test_the_verdict_says_where_it_works_and_what_was_tested(
    told: Told,
) -> None:
    found, _ = told
    assert f"of {SEEDS} seeds" in found.verdict
    assert "Tested on xor only" in found.verdict
    assert "The range test suggests" in found.verdict
    assert "Of 11 schedules" in found.verdict


@pytest.mark.trains
def test_the_worked_example_is_in_the_page(told: Told) -> None:
    table = told[0].section("schedules").tables[0]
    assert list(table.rows) == [
        ["0 to 29", "0.05"],
        ["30 to 59", "0.005"],
        ["60 to 89", "0.0005"],
        ["90 to 99", "0.00005"],
    ]


@pytest.mark.trains
def test_schedules_of_ones_own_and_none() -> None:
    some = learning_rate(
        small(), **OPTIONS, schedules=["step:step_size=40", {"name": "exponential", "gamma": 0.99}]
    )
    assert [each.label for each in some.comparison] == [
        "constant",
        "step:step_size=40",
        "exponential:gamma=0.99",
    ]
    assert "Of 2 schedules" in some.verdict
    none = learning_rate(small(), **OPTIONS, schedules=[])
    assert [part.name for part in none.sections] == [each for each in NAMES if each[:3] not in ("sch", "com")]
    assert "schedule" not in none.verdict


def test_an_experiment_with_a_schedule_and_warm_up_is_compared_with_its_own() -> None:
    made = small(
        schedule={"name": "cyclic", "base_lr": 0.01, "max_lr": 0.1, "step_size_up": 20},
        warmup={"total_iters": 5},
    )
    found = learning_rate(made, **OPTIONS, schedules=["step"])
    assert [each.label for each in found.comparison] == ["constant", "the experiment's own", "step"]
    assert "brings its own rates" in " ".join(found.section("effects").text)


@pytest.mark.trains
@pytest.mark.parametrize(
    "changes",
    [
        {"optimizer": "adam", "loss": "l1", "network": {"widths": "2-4-1", "activation": "relu"}},
        {"optimizer": {"name": "sgd", "lr": 0.0}},
        {"epochs": 1, "record": {"solved_every": 0, "loss_every": 0, "gradient_every": 0}},
        {"init": {"weight": {"name": "constant", "val": 0.0}}, "loss": "l1"},
        {
            "init": {"weight": {"name": "constant", "val": 1e30}},
            "network": {"widths": "2-4-1", "activation": "linear"},
        },
        {"optimizer": {"name": "sgd", "lr": 0.05, "momentum": 0.9, "dampening": 1.0}},
        {"optimizer": {"name": "sgd", "lr": 0.05, "momentum": 1.0}},
        {"optimizer": {"name": "sgd", "lr": 0.05, "momentum": 1.5}},
    ],
    ids=str,
)
def test_odd_experiments_are_answered_as_well(changes: dict[str, Any]) -> None:
    found = learning_rate(small(**changes), rates="1e-3..1:3", seeds=4, engine="fast", schedules=["step"])
    assert len(found.sections) == len(NAMES)
    json.loads(found.to_json())
    assert "nan" not in found.verdict.lower()


@pytest.mark.trains
def test_without_torch_everything_but_the_checks_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    found = learning_rate(small(), **OPTIONS, schedules=["step"])
    assert found.numbers["checks"] == []
    assert "PyTorch is not installed here" in found.section("checks").text[0]


def test_what_is_asked_about(tmp_path: Any) -> None:
    assert named_experiment("xor44", None)[0] == "Model 2:B+E"
    assert named_experiment("xor44", "Model 1:none")[0] == "Model 1"
    assert named_experiment("xor44", ":A+B")[0] == "Model 1:A+B"
    assert named_experiment("second_notebook", None)[0] == "2-11-1"
    study = Study(baseline=small())
    assert named_experiment(study, None) == ("2-4-1", small())


@pytest.mark.trains
def test_the_default_shows_all_three_regimes() -> None:
    found = learning_rate(rates="1e-5..10:7", seeds=20, engine="fast", schedules=["reduce_on_plateau"])
    assert {found.regimes.of(place) for place in range(7)} == {"too small", "works", "too large"}
    assert found.regimes.diverging is not None
    band = found.section("schedules").pictures[0]
    assert "5–95 % of networks" in band.text
    rates = np.array(found.numbers["schedules"][0]["rates"])
    assert rates[0] == 0.02
    assert (np.diff(rates) <= 0).all()


WRONG: list[tuple[dict[str, Any], type[TrainlabError], str]] = [
    ({"source": 3}, ExplainError, "source: is a int; give an Experiment, a Study, the name of a file"),
    ({"source": "nowhere.toml"}, SpecError, "nowhere.toml: no such file"),
    ({"source": "xor44", "cell": "Model 9:A"}, SpecError, "'Model 9'"),
    ({"source": "xor44", "cell": ""}, SpecError, "means 0 cells"),
    ({"rates": "0..1"}, ExplainError, "finite number above 0"),
    ({"rates": [0.1]}, ExplainError, "1 different rates"),
    ({"rates": [0.1, float("nan")]}, ExplainError, "nan is no learning rate"),
    ({"schedules": ["stepp"]}, SpecError, "Did you mean 'step'?"),
    ({"schedules": ["step:size=3"]}, SpecError, "schedule.size: unknown field"),
    ({"seeds": 0}, ExplainError, "seeds = 0: must be a whole number from 1"),
    ({"seeds": 1.5}, ExplainError, "seeds = 1.5"),
    ({"engine": "fasst"}, EngineError, "Did you mean 'fast'?"),
]


@pytest.mark.parametrize(("options", "kind", "words"), WRONG, ids=[words for _, _, words in WRONG])
def test_wrong_use_is_refused_before_anything_is_shown(
    options: dict[str, Any], kind: type[TrainlabError], words: str
) -> None:
    shown: list[Section] = []
    with pytest.raises(kind) as caught:
        learning_rate(**options, on_section=shown.append)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert shown == []


def test_no_limit_is_said_in_answer_and_section() -> None:
    made = small(optimizer={"name": "sgd", "lr": 0.05, "momentum": 1.5})
    found = learning_rate(made, rates="1e-3..1:3", seeds=4, engine="fast", schedules=[])
    assert "converges at no rate: momentum 1.5 forgets nothing" in found.verdict
    assert "There is no limit: momentum 1.5" in " ".join(found.section("sharpness").text)
    assert {row[2] for row in found.section("sharpness").tables[0].rows} == {"none"}
    assert found.stability[0].limit > 0  # plain descent still has one
