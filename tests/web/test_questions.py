"""What a page may ask, read strictly: whatever is wrong names the field, its value and what is allowed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from web.experiments import xor

from trainlab import Experiment, TrainlabError
from trainlab.errors import SpecError
from trainlab.spec import Scaling, Split, TaskSpec
from trainlab.spec.decode import decode_value
from trainlab.tasks import build, generated
from trainlab.web import experiment_forms
from trainlab.web.experiment_forms import COUNTED, experiment_of
from trainlab.web.questions import Limits, Population, read_question

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


LIMITS = Limits()
HUGE = "1" + "0" * 400


def test_an_experiment_is_read_as_a_study_file_has_it():
    assert experiment_of(xor(), LIMITS) == Experiment.from_dict(xor())
    told = Experiment.from_dict(xor(sampling="single", after=xor())).to_dict()
    assert experiment_of(told, LIMITS).to_dict() == told


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"task": {"name": "file", "path": "/etc/passwd"}},
            "task = 'file': no files are read here; trainlab run",
        ),
        ({"task": "file"}, "task.path: this field is required"),
        ({"loss": {"name": "custom", "function": "f"}}, "loss = 'custom': no functions of one's own are run"),
        ({"loss": "custom"}, "loss = 'custom': no functions of one's own are run here"),
        (
            {"task": {"name": "moons", "points": 9_000_000}},
            "task.points: 9,000,000 examples, and at most 10,000",
        ),
        (
            {"task": {"name": "parity", "bits": 16}},
            "task.bits: 65,536 examples, and at most 10,000 are allowed",
        ),
        (
            {"task": {"name": "blobs", "points": 9_000, "features": 4_000}},
            "task.features: 9,000 examples of 4,000 numbers are more than 1,000,000 numbers, the most here",
        ),
        (
            {"network": "2-3000-3000-1"},
            "network.widths = '2-3000-3000-1': 9,015,001 parameters, and at most 20,000",
        ),
        (
            {"epochs": 9_000_000},
            "epochs = 9,000,000: .* the work that a question may take here; lower the epochs",
        ),
        (
            {"epochs": int(HUGE)},
            "epochs = a value too long|epochs = 1000.*: must be a whole number ≥ 1 and ≤",
        ),
        ({"epochs": "many"}, "epochs = 'many': must be a whole number"),
        ({"epochs": -1}, "epochs = -1: must be a whole number ≥ 1"),
        ({"sampling": {"name": "single", "steps_per_epoch": 90_000_000}}, "epochs = 150: .* the work"),
        (
            {"record": {"loss_every": 1}, "epochs": 90_000},
            "record: 25,629,696 numbers of all runs, and at most 20,000,000 are kept here; record more",
        ),
        (
            {"task": {"name": "points", "inputs": [[0, 1], [1e39, 0]], "targets": [0, 1]}},
            r"task.inputs = 1e\+39: must be at most 3.4e\+38 in size, the largest number of 32 bits",
        ),
        (
            {"task": {"name": "points", "inputs": [[0, 1], [1, 0]], "targets": [0, -1e39]}},
            r"task.targets = 1e\+39: must be at most 3.4e\+38 in size",
        ),
        (
            {"after": xor(task={"name": "file", "path": "x.csv"})},
            "after.task = 'file': no files are read here",
        ),
        ({"after": xor(epochs=9_000_000)}, "after.epochs = 9,000,000: .* the work"),
        (
            {"after": xor(after=xor(after=xor(after=xor())))},
            "after: at most 4 trainings may continue one another",
        ),
        ({"after": "before"}, "after = 'before': must be a table of fields"),
        ({"network": {}}, "network.widths: this field is required"),
        ({"optimizer": {"name": "adam", "lr": -1}}, "optimizer.lr = -1.0: must be a finite number ≥ 0"),
        ({"optimiser": "adam"}, "optimiser: unknown field; .* Did you mean 'optimizer'"),
        ({"schedule": {"name": "lambda", "factor": "__import__('os')"}}, "schedule.factor = "),
    ],
)
def test_what_can_t_be_carried_out_here_is_refused(changes: dict[str, Any], message: str):
    with pytest.raises(TrainlabError, match=f"^{message}"):
        experiment_of(xor(**changes), LIMITS, seeds=256)


def test_a_missing_network_is_named():
    with pytest.raises(TrainlabError, match=r"^network: this field is required\.$"):
        experiment_of({"task": "xor"}, LIMITS)


def test_tables_within_tables_have_an_end():
    deep: dict[str, Any] = {}
    for _ in range(200):
        deep = {"after": deep}
    with pytest.raises(TrainlabError, match="nested too deeply"):
        experiment_of(deep, LIMITS)


def test_too_many_seeds_are_refused():
    with pytest.raises(
        TrainlabError, match=r"^seeds = 1,025: at most 1,024 are allowed here; trainlab run does"
    ):
        experiment_of(xor(), LIMITS, seeds=1025)


def test_the_limit_of_work_is_for_all_seeds_together():
    experiment_of(xor(), Limits(work=20_000), seeds=1)
    with pytest.raises(
        TrainlabError, match=r"^epochs = 150: more than the work that a question may take here"
    ):
        experiment_of(xor(), Limits(work=20_000), seeds=1 + 1)
    with pytest.raises(
        TrainlabError, match=r"^epochs = 150: 19 times the work that a question may take here"
    ):
        experiment_of(xor(), Limits(work=20_000), seeds=20)


def test_nothing_large_is_made_before_it_is_refused(monkeypatch: pytest.MonkeyPatch):
    def never(**_: object) -> None:
        raise AssertionError("the examples were made")

    monkeypatch.setattr(experiment_forms.Experiment, "from_dict", never)
    monkeypatch.setattr(generated, "moons", never)
    with pytest.raises(TrainlabError, match="at most 10,000"):
        experiment_of(xor(task={"name": "moons", "points": 20_000}), LIMITS)


@pytest.mark.computes
def test_tasks_without_a_number_of_points_have_as_many_as_is_said():
    pytest.importorskip("sklearn")
    for name, count in COUNTED.items():
        task = decode_value(TaskSpec, name, where="task")
        assert build(task, Split(), Scaling()).points == count


def test_own_points_are_counted():
    points = {"name": "points", "inputs": [[0, 0], [0, 1], [1, 0], [1, 1]], "targets": [0, 1, 1, 0]}
    assert experiment_of(xor(task=points), LIMITS).data().points == 4
    with pytest.raises(TrainlabError, match=r"^task\.inputs: 4 examples, and at most 3 are allowed here"):
        experiment_of(xor(task=points), Limits(examples=3))
