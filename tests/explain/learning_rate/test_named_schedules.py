"""Schedules as words and tables, the worked example, and every one against PyTorch's object."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from explain.learning_rate.schedules import CLOSED, compared
from msgspec.structs import replace

from trainlab.engine import get_engine
from trainlab.engine.reference import ReferenceEngine
from trainlab.errors import ExplainError, SpecError, TrainlabError
from trainlab.explain.questions.learning_rate.comparison import plateau_rates, recorded
from trainlab.explain.questions.learning_rate.one_step import torch_rates
from trainlab.explain.questions.learning_rate.schedules import TEN, rates_of, read_schedules, step_example
from trainlab.spec import Experiment, OneCycleLR, StepLR, Warmup, experiment_from_toml, experiment_to_toml
from trainlab.spec.schedules import CosineAnnealingLR


def experiment(**changes: Any) -> Experiment:
    given = {"network": "2-3-1", "loss": "mse", "epochs": 60, "optimizer": {"name": "sgd", "lr": 0.2}}
    return Experiment.from_dict({**given, **changes})


@pytest.mark.parametrize("name", [*TEN, CLOSED, "warmup"])
def test_random_settings_give_the_rates_of_pytorchs_objects(name: str) -> None:
    found = compared(name, 4)
    # PyTorch's own cosine goes from step to step and loses digits; its closed formula doesn't.
    assert found.relative < (1e-10 if name == "cosine_annealing" else 1e-13)


def test_a_wrong_setting_would_be_seen() -> None:
    ours = rates_of(read_schedules(["step:step_size=30"], experiment())[0].of(experiment()))
    other = rates_of(read_schedules(["step:step_size=29"], experiment())[0].of(experiment()))
    assert np.abs(ours - other).max() > 0.1


def test_the_worked_example_to_the_letter() -> None:
    found = step_example()
    assert [(first, last) for first, last, _ in found] == [(0, 29), (30, 59), (60, 89), (90, 99)]
    np.testing.assert_allclose([each for _, _, each in found], [0.05, 0.005, 0.0005, 0.00005], rtol=1e-14)


def test_the_ten_and_one_chained_if_none_are_named() -> None:
    found = read_schedules(None, experiment())
    assert [each.label for each in found] == [*TEN, "warmup+cosine_annealing"]
    assert found[-1].warmup.total_iters == 6
    assert found[-1].title == "LinearLR, CosineAnnealingLR"
    assert read_schedules([], experiment()) == ()


@pytest.mark.parametrize(
    "optimizer", ["sgd", "adam", "adamw", "nadam", "rmsprop", "adagrad", "adadelta", "lion"]
)
@pytest.mark.parametrize("epochs", [1, 2, 7, 300])
def test_what_is_left_out_fits_any_experiment(optimizer: str, epochs: int) -> None:
    made = experiment(optimizer=optimizer, epochs=epochs, sampling="single")
    for each in read_schedules(None, made):
        rates = rates_of(each.of(made))
        assert rates.shape == (4 * epochs,)
        assert (rates >= 0).all()
        assert rates.max() <= made.optimizer.lr * (1 + 1e-12)


WRITTEN: list[tuple[Any, Any]] = [
    ("step:step_size=30,gamma=0.5", StepLR(step_size=30, gamma=0.5)),
    (" step : step_size = 30 , per = step ", StepLR(step_size=30, per="step")),
    ("step:per='step',step_size=3", StepLR(step_size=3, per="step")),
    ({"name": "step", "step_size": 30, "gamma": 0.1}, StepLR(step_size=30, gamma=0.1)),
    (StepLR(step_size=4), StepLR(step_size=4)),
    ("one_cycle:max_lr=2,three_phase=true", OneCycleLR(max_lr=2.0, three_phase=True, cycle_momentum=False)),
    ("cosine_annealing", CosineAnnealingLR()),
]


@pytest.mark.parametrize(("given", "meant"), WRITTEN, ids=str)
def test_a_schedule_is_read_as_it_is_meant(given: Any, meant: Any) -> None:
    found = read_schedules([given], experiment())[0]
    assert (found.schedule, found.warmup) == (meant, Warmup())


def test_lists_formulas_and_warm_up() -> None:
    lists, formula, power, warm, table = read_schedules(
        [
            "multi_step:milestones=[10,20],gamma=0.5",
            "lambda:factor=max(0.1, 1 - t / 50)",
            "multiplicative:factor=0.95",
            "warmup:total_iters=5,start_factor=0.1+exponential:gamma=0.9",
            {"name": "exponential", "gamma": 0.9, "warmup": {"total_iters": 5, "start_factor": 0.2}},
        ],
        experiment(),
    )
    assert lists.schedule.milestones == (10, 20)
    assert formula.schedule.factor == "max(0.1, 1 - t / 50)"
    assert power.schedule.factor == "0.95"
    assert warm.schedule == table.schedule
    assert warm.warmup == replace(table.warmup, start_factor=0.1)
    assert table.label == "warmup:total_iters=5,start_factor=0.2+exponential:gamma=0.9"


def test_the_toml_shown_makes_the_same_schedule() -> None:
    made = experiment()
    for each in read_schedules(None, made):
        parts = each.toml.replace(" }, schedule", " }\nschedule")
        text = experiment_to_toml(made)
        start, _, rest = text.partition("[network]")
        kept = "\n".join(line for line in start.splitlines() if not line.startswith(("schedule", "warmup")))
        tables = [
            block
            for block in ("[network]" + rest).split("\n\n")
            if not block.startswith(("[schedule]", "[warmup]"))
        ]
        again = experiment_from_toml(kept + "\n" + parts + "\n\n" + "\n\n".join(tables))
        assert again == each.of(made)


def test_one_given_twice_is_taken_once() -> None:
    assert len(read_schedules(["step", "step", "exponential"], experiment())) == 2


WRONG: list[tuple[Any, str]] = [
    (["stepp"], "schedule = 'stepp': must be 'constant', 'step'"),
    (["stepp"], "Did you mean 'step'?"),
    ([""], "schedule = '': must be"),
    (["step:size=3"], "schedule.size: unknown field; known are"),
    (["step:step_size=0"], "step_size = 0: must be a whole number ≥ 1"),
    (["step:step_size=x"], "schedule.step_size = 'x': must be a whole number"),
    (["step:step_size=nan"], "step_size"),
    (["exponential:gamma=nan"], "gamma = nan: must be a finite number ≥ 0"),
    (["step:"], "no setting follows ':'"),
    (["step:gamma"], "'gamma' is no setting"),
    (["lambda:factor=import os"], "factor = 'import os': must be a formula of t"),
    (["lambda:factor=-1"], "factor"),
    (["one_cycle:total_steps=5"], "schedule.total_steps = 5: the training has 60"),
    (["warmup:total_iters=-1+step"], "total_iters = -1: must be a whole number ≥ 0"),
    (["warmup+"], "schedule = '': must be"),
    (["warmup"], "schedule = 'warmup': must be"),
    ([{"step_size": 3}], "schedule"),
    ([3], "schedules: 3 is no schedule"),
    ("step", "schedules = 'step': must be a list of schedules, as in ['step']"),
    (["reduce_on_plateau:on=held_out"], "schedule.on = 'held_out': no examples are held out"),
]


@pytest.mark.parametrize(("given", "words"), WRONG, ids=str)
def test_a_schedule_that_cant_be_is_refused_in_a_line(given: Any, words: str) -> None:
    with pytest.raises((ExplainError, SpecError)) as caught:
        read_schedules(given, experiment())
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value, TrainlabError)


@pytest.mark.parametrize("warm", [False, True])
def test_plateau_rates_are_those_that_each_network_of_the_reference_engine_had(
    warm: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    from trainlab.engine.reference import loop as room

    words = "reduce_on_plateau:factor=0.5,patience=2,threshold=0.05"
    base = experiment(epochs=40, sampling="single")
    made = read_schedules([f"warmup:total_iters=7+{words}" if warm else words], base)[0].of(base)
    made = replace(made, record=recorded(made, made.record))
    seen: list[float] = []
    apply = room.Rates.apply

    def spy(self: Any) -> None:
        apply(self)
        seen.append(self._optimizer.param_groups[0]["lr"])

    monkeypatch.setattr(room.Rates, "apply", spy)
    runs = ReferenceEngine(dtype="float64").train(made, range(3))[0]
    theirs = np.array(seen).reshape(3, 40, 4)
    ours = plateau_rates(runs)
    assert ours is not None
    np.testing.assert_allclose(ours, theirs[:, :, 0], rtol=1e-12)
    assert (theirs == theirs[:, :, :1]).all()
    assert len({tuple(each) for each in ours.tolist()}) > 1  # each network its own
    steady = get_engine("fast").train(base, range(2))[0]
    assert plateau_rates(steady) is None


ISSUE = """\
network = "2-4-1"
loss = "mse"
epochs = 90
optimizer = { name = "sgd", lr = 0.05 }
schedule = { name = "step", step_size = 30, gamma = 0.1 }
"""


def test_the_line_of_a_file_works_in_every_engine() -> None:
    made = experiment_from_toml(ISSUE)
    assert made.schedule == StepLR(step_size=30, gamma=0.1)
    np.testing.assert_allclose(torch_rates(torch, made), rates_of(made), rtol=1e-12)
    runs = {name: get_engine(name).train(made, range(3))[0] for name in ("fast", "torch", "reference")}
    for name in ("fast", "torch"):
        np.testing.assert_allclose(runs[name].parameters, runs["reference"].parameters, rtol=2e-5, atol=2e-6)
    steady = experiment_from_toml(
        ISSUE.replace('schedule = { name = "step", step_size = 30, gamma = 0.1 }', "")
    )
    assert (
        np.abs(get_engine("fast").train(steady, range(3))[0].parameters - runs["fast"].parameters).max()
        > 1e-3
    )
