"""What the doctor heard, read back from TensorBoard's files and MLflow's stores."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mlflow
import pytest
import torch
from callbacks.event_files import events, scalars
from callbacks.rings import Rings, loaders
from mlflow.entities import Run
from tensorboardX import SummaryWriter
from torch import nn

import trainlab
import trainlab.callbacks.mlflow
import trainlab.callbacks.tensorboard
from trainlab.callbacks.doctor import tag
from trainlab.diagnosis import Watch
from trainlab.diagnosis.signals.series import Series


@pytest.fixture(scope="module")
def watched() -> Watch:
    """A training in which the scheduler halves the rate, and one parameter's numbers are kept by hand."""
    torch.manual_seed(0)
    net = Rings(listed=True)
    optimizer = torch.optim.SGD([*net.parameters(), *net.hidden[0].parameters()], lr=0.1)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 13, 0.5)
    watched = trainlab.watch(net)
    watched.start()
    for _ in range(3):
        for x, y in loaders()[0]:
            optimizer.zero_grad()
            nn.functional.cross_entropy(net(x), y).backward()
            optimizer.step()
            scheduler.step()
    watched.stop()
    return watched


def test_signals_are_named_by_signal_and_place(watched: Watch):
    places = {(one.signal, one.place) for one in watched.signals}
    assert {
        ("loss", ""),
        ("learning rate", ""),
        ("gradient norm", ""),
        ("update ratio", "out.weight"),
        ("rms gradient", "hidden[0].weight"),
        ("silent units", "relu after hidden[1]"),
    } <= places
    assert ("update ratio", "hidden[1].weight") not in places  # in no optimizer: no step, no numbers


def test_signals_are_what_was_trained(watched: Watch):
    """Against the same training without a probe, the numbers worked out by hand."""
    torch.manual_seed(0)
    net = Rings(listed=True)
    optimizer = torch.optim.SGD([*net.parameters(), *net.hidden[0].parameters()], lr=0.1)
    x, y = next(iter(loaders()[0]))
    loss = nn.functional.cross_entropy(net(x), y)
    loss.backward()
    learning = [*net.parameters(), *net.hidden[0].parameters()]
    norm = math.sqrt(sum(float(one.grad.square().sum()) for one in learning))
    gradient = float(net.out.weight.grad.square().mean().sqrt())
    before = net.out.weight.detach().clone()
    optimizer.step()
    moved = float((net.out.weight.detach() - before).square().mean().sqrt() / before.square().mean().sqrt())
    first = {(one.signal, one.place): (one.steps[0], one.values[0]) for one in watched.signals}
    assert first["loss", ""] == (0, pytest.approx(float(loss.detach()), rel=1e-6))
    assert first["gradient norm", ""] == (0, pytest.approx(norm, rel=1e-5))
    assert first["rms gradient", "out.weight"] == (0, pytest.approx(gradient, rel=1e-5))
    assert first["update ratio", "out.weight"] == (0, pytest.approx(moved, rel=1e-4))


def test_a_step_that_is_given_a_closure_is_measured_as_any_other():
    told: list[Any] = []
    for closure in (True, False):
        torch.manual_seed(0)
        net, (x, y) = Rings(), next(iter(loaders()[0]))
        net.eval()  # no dropout, whose draws would differ
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1)

        def gradients(net: Any = net, x: Any = x, y: Any = y, optimizer: Any = optimizer) -> Any:
            optimizer.zero_grad()
            loss = nn.functional.cross_entropy(net(x), y)
            loss.backward()
            return loss

        with trainlab.watch() as one:
            for _ in range(5):
                if closure:
                    optimizer.step(gradients)
                else:
                    gradients()
                    optimizer.step()
        told.append([series for series in one.signals if series.signal != "loss"])
    assert told[0] == told[1]
    assert {len(series.steps) for series in told[0]} == {1, 5}  # one learning rate throughout


def test_two_models_are_told_apart():
    torch.manual_seed(0)
    first, second = nn.Linear(2, 2), nn.Linear(2, 2)
    optimizer = torch.optim.SGD([*first.parameters(), *second.parameters()], lr=0.1)
    with trainlab.watch() as one:
        for _ in range(3):
            optimizer.zero_grad()
            (first(torch.randn(4, 2)) - second(torch.randn(4, 2))).square().mean().backward()
            optimizer.step()
    places = [series.place for series in one.signals if series.signal == "update ratio"]
    assert places == ["Linear.weight", "Linear.bias", "Linear.weight#2", "Linear.bias#2"]


@pytest.mark.parametrize(
    ("signal", "place", "wanted"),
    [
        ("update ratio", "net.0.weight", "update_ratio/net.0.weight"),
        ("rms gradient", "hidden[0].weight", "rms_gradient/hidden.0.weight"),
        ("rms gradient", "parts['a'].weight#2", "rms_gradient/parts.a.weight_2"),
        ("silent units", "relu after fc1", "silent_units/relu_after_fc1"),
        ("gradient norm", "", "doctor/gradient_norm"),
    ],
)
def test_tags(signal: str, place: str, wanted: str):
    assert tag(Series(signal=signal, place=place, steps=(), values=())) == wanted


@pytest.mark.trains
def test_tensorboard_holds_every_signal(watched: Watch, tmp_path: Path):
    trainlab.callbacks.tensorboard.log(watched, tmp_path)
    held = scalars(tmp_path)
    assert held.keys() == {tag(one) for one in watched.signals}
    for one in watched.signals:
        pairs = zip(one.steps, one.values, strict=True)
        assert held[tag(one)] == [(step, pytest.approx(value, rel=1e-6)) for step, value in pairs]
    rates = [rate for _, rate in held["doctor/learning_rate"]]
    assert rates == pytest.approx([0.1, 0.05, 0.025])
    assert [step for step, _ in held["doctor/learning_rate"]] == [0, 13, 26]
    (text,) = [
        value.tensor.string_val[0].decode()
        for event in events(tmp_path)
        for value in event.summary.value
        if value.tag.startswith("doctor/report")
    ]
    assert text == f"```\n{watched.report}\n```"


def test_a_writer_stays_open(watched: Watch, tmp_path: Path):
    with SummaryWriter(str(tmp_path)) as writer:
        trainlab.callbacks.tensorboard.log(watched, writer)
        writer.add_scalar("own", 1.0, 0)
    assert {"own", "doctor/loss"} <= scalars(tmp_path).keys()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Path]:
    """A store of MLflow's, of the kind that it makes by default; SQLAlchemy and alembic come with optuna."""
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/runs.db")
    yield tmp_path
    while mlflow.active_run() is not None:
        mlflow.end_run()
    mlflow.set_tracking_uri(before)


def held_by_mlflow(run: Run, one: Series) -> list[tuple[int, float]]:
    history = mlflow.MlflowClient().get_metric_history(run.info.run_id, tag(one))
    return sorted((metric.step, metric.value) for metric in history)


@pytest.mark.trains
def test_mlflow_holds_every_signal_and_the_report(watched: Watch, store: Path):
    # Not set_experiment, which MLflow remembers for whatever runs in this process later.
    rings = mlflow.create_experiment("rings", artifact_location=(store / "artifacts").as_uri())
    with mlflow.start_run(experiment_id=rings) as run:
        trainlab.callbacks.mlflow.log(watched)
    names = mlflow.MlflowClient().get_run(run.info.run_id).data.metrics.keys()
    assert names == {tag(one) for one in watched.signals}
    for one in watched.signals:
        assert held_by_mlflow(run, one) == list(zip(one.steps, one.values, strict=True))
    (page,) = (store / "artifacts").rglob("report.html")
    assert "params_not_in_optimizer" in page.read_text(encoding="utf-8")
    data = json.loads(page.with_name("report.json").read_text(encoding="utf-8"))
    assert data == json.loads(json.dumps(watched.report.to_dict()))
