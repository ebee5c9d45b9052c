"""How a run unlearned: found in made-up runs, held against a loop of PyTorch's own, and in a real run."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from msgspec.structs import replace
from studies.spikes.spiking import SPIKING, UNLEARNT

import trainlab
from trainlab import Verdict
from trainlab.engine import get_engine, rng
from trainlab.engine.layout import initial_parameters, layers_of
from trainlab.engine.reference.replay import Replay, replay
from trainlab.errors import EngineError, SpecError
from trainlab.report import spike_html
from trainlab.spec import SGD, Adam, Experiment, Network, any_study, named_cell
from trainlab.studies import SpikeResult, spike
from trainlab.studies import spike as asked
from trainlab.studies.spike import replayed_spike
from trainlab.studies.spike_anatomy import Spike, find_spike, parameter_place
from trainlab.studies.spike_words import at_step, happened, moved, state, why


@pytest.fixture(scope="module")
def result() -> SpikeResult:
    return spike(SPIKING, seeds=UNLEARNT + 1)


def the(result: SpikeResult) -> Spike:
    assert result.spike is not None
    return result.spike


def plain_loop(experiment: Experiment, seed: int) -> list[dict[str, Any]]:
    """Train in PyTorch as one would by hand, and return after each step what its Adam has, as rows."""
    (row,) = initial_parameters(experiment, range(seed, seed + 1))
    parts: list[torch.nn.Module] = []
    for layer in layers_of(experiment.network):
        linear = torch.nn.Linear(layer.fan_in, layer.fan_out)
        with torch.no_grad():
            linear.weight.copy_(torch.tensor(row[layer.weights]).reshape(linear.weight.shape))
            linear.bias.copy_(torch.tensor(row[layer.biases]))
        parts += [linear, torch.nn.Tanh()]
    module = torch.nn.Sequential(*parts[:-1])
    adam = torch.optim.Adam(module.parameters(), lr=0.05, betas=(0.9, 0.98))
    data = experiment.data()
    x, y = (torch.tensor(values, dtype=torch.float32) for values in (data.inputs, data.targets))
    count = experiment.epochs * experiment.steps_per_epoch
    drawn = rng.batch_indices(seed, first=0, count=count, points=len(x))
    kept: list[dict[str, Any]] = []
    for example in drawn:
        before = rows(module.parameters())
        adam.zero_grad()
        torch.nn.functional.mse_loss(module(x[example : example + 1]), y[example : example + 1]).backward()
        adam.step()
        parameters = list(module.parameters())
        kept.append(
            {
                "example": int(example),
                "before": before,
                "after": rows(parameters),
                "gradient": rows(each.grad for each in parameters if each.grad is not None),
                "m": rows(adam.state[each]["exp_avg"] for each in parameters),
                "v": rows(adam.state[each]["exp_avg_sq"] for each in parameters),
                "solved": bool(((module(x) - y).abs() < 0.1).all()),
            }
        )
    return kept


def rows(tensors: Any) -> Any:
    return torch.cat([tensor.detach().flatten() for tensor in tensors]).numpy().copy()


@pytest.mark.trains
def test_the_numbers_are_those_of_a_loop_of_pytorchs_own():
    runs = get_engine("reference").train(SPIKING, range(UNLEARNT, UNLEARNT + 1))[0]
    found = replayed_spike(runs, get_engine("reference"))
    assert found is not None
    steps = plain_loop(SPIKING, UNLEARNT)
    at = steps[found.step - 1]
    assert steps[found.step - 2]["solved"]
    assert not at["solved"]
    assert found.example is not None
    assert found.example.tolist() == [at["example"]]
    assert found.column == np.abs(at["after"].astype(float) - at["before"]).argmax()
    # To the bit: numbers of single precision.
    assert (found.before, found.after) == (at["before"][found.column], at["after"][found.column])
    assert found.momentum is not None
    assert found.scale is not None
    t = found.step
    for name, values in (("gradient", found.gradient), ("m", found.momentum), ("v", found.scale)):
        kept = np.array([step[name][found.column] for step in steps])
        if name == "m":
            values = values * (1 - 0.9 ** np.arange(1, len(kept) + 1))
        if name == "v":
            values = values**2 * (1 - 0.98 ** np.arange(1, len(kept) + 1))
        assert np.array_equal(values.astype(np.float32), kept), name
    step = -0.05 * found.momentum[t - 1] / (found.scale[t - 1] + 1e-8)
    assert found.change[t - 1] == pytest.approx(step, rel=1e-4)
    assert found.apart == 0.0


def test_what_is_done_to_single_layers_is_replayed_too():
    experiment = replace(SPIKING, epochs=6, gradient="equalised", frozen=(1,))
    (runs,) = get_engine("reference").train(experiment, range(3, 4))
    made = replay(experiment, 3, epochs=6, ends={}, start=None, dtype="float32")
    assert np.array_equal(made.weights[-1], runs.parameters[0])


def made_up(solved: Sequence[int], loss: Sequence[float], **changed: Any) -> Replay:
    """Return a replay: solved or not, and the loss, before each step and at the end; the rest if given."""
    steps = len(loss) - 1
    values: dict[str, Any] = {
        "weights": np.zeros((steps + 1, 44), dtype=np.float32),
        "loss": np.array(loss, dtype=np.float32),
        "solved": np.array(solved, dtype=bool),
        "examples": (None,) * steps,
        "gradient": np.zeros((steps, 44), dtype=np.float32),
        "rate": np.full(steps, 0.02),
        "beta1": np.full(steps, 0.9),
        "state": {name: np.full((steps, 44), 1e-4, dtype=np.float32) for name in ("exp_avg", "exp_avg_sq")},
        "apart": 0.0,
    }
    return Replay(**{**values, **changed})


MODEL = named_cell(any_study("xor44"), "Model 2:A+B+C+D+E").experiment


def test_a_planted_spike_is_found_and_its_weight_named():
    solved = [0] * 10 + [1] * 200 + [0] * 5 + [1] * 20 + [0] * 15
    loss = [1.0] * 10 + [1e-6] * 195 + [1e-2] * 5 + [0.2, 0.9, 0.3, 0.2, 0.1] + [0.001] * 20 + [0.5] * 15
    weights = np.zeros((250, 44), dtype=np.float32)
    weights[210:, 24] = 0.011
    weights[210:, 3] = -0.004
    squares = np.full((249, 44), 1e-2, dtype=np.float32)
    squares[150:, 24] = 1e-6
    state_ = {"exp_avg": np.full((249, 44), -0.0006, dtype=np.float32), "exp_avg_sq": squares}
    found = find_spike(MODEL, 7, made_up(solved, loss, weights=weights, state=state_))
    assert found is not None
    # That it was solved for 20 steps in between makes no other spike of it, and no end either.
    assert (found.first, found.step, found.solved_for, found.again) == (10, 210, 200, None)
    assert (found.peak, found.peak_step) == (pytest.approx(0.9), 211)
    assert (found.low, found.begun) == (pytest.approx(1e-6), 204)
    assert (found.column, found.moved) == (24, 1)
    assert parameter_place(MODEL.network, 24) == (1, 3, None)
    assert at_step(found, found.step) == "step 210 (epoch 53)"
    assert happened(found) == (
        "Seed 7 had been solved for 200 steps on end when step 210 (epoch 53) unlearned it; after that it "
        "was never solved for 100 steps on end."
    )
    assert moved(found).startswith(
        "b1[3], the bias of unit 3 of layer 1: from 0 to 0.011, by 0.011, or 0.55 × lr. 1 parameter of "
        "44 moved"
    )
    assert found.scale is not None
    assert found.scale[209] == pytest.approx(1e-3 / np.sqrt(1 - 0.999**210), rel=1e-5)
    assert found.fallen == pytest.approx(0.1 / np.sqrt(1 - 0.999**10) / found.scale[209], rel=1e-4)
    assert "times less: then the same m would have moved it by" in why(found)
    assert "eps plays no part" in why(found)


def test_where_v_has_not_fallen_no_small_v_is_blamed():
    solved, loss = [0] * 10 + [1] * 150 + [0] * 10, [1.0] * 10 + [1e-6] * 150 + [0.5] * 10
    # As Adam divides it, this v is the same throughout.
    squares = np.repeat(1e-4 * (1 - 0.999 ** np.arange(1, 170))[:, None], 44, axis=1).astype(np.float32)
    level = {**made_up(solved, loss).state, "exp_avg_sq": squares}
    found = find_spike(MODEL, 0, made_up(solved, loss, state=level))
    assert found is not None
    assert found.fallen == pytest.approx(1.0, rel=1e-5)
    assert "so it isn't this √v that makes the step large" in why(found)
    near = {**made_up(solved, loss).state, "exp_avg_sq": np.full((169, 44), 1e-15, dtype=np.float32)}
    held = find_spike(MODEL, 0, made_up(solved, loss, state=near))
    assert held is not None
    assert "so eps holds the step back" in why(held)


def test_of_a_run_that_is_solved_at_last_the_highest_spike_is_told():
    solved = [1] * 150 + [0] * 5 + [1] * 150 + [0] * 3 + [1] * 150
    loss = [1e-9] * 150 + [0.9] * 5 + [1e-9] * 150 + [0.2] * 3 + [1e-9] * 150
    found = find_spike(MODEL, 0, made_up(solved, loss))
    assert found is not None
    assert (found.step, found.again) == (150, 155)
    assert happened(found).endswith("5 steps later it was solved again.")
    assert find_spike(MODEL, 0, made_up([0] * 5 + [1] * 5, [1.0] * 5 + [0.0] * 5)) is None
    assert find_spike(MODEL, 0, made_up([0] * 10, [1.0] * 10)) is None


def test_a_loss_that_is_not_finite_is_the_peak():
    solved, loss = [1] * 150 + [0] * 5, [1e-9] * 150 + [0.5, 2.0, float("nan"), 3.0, 4.0]
    found = find_spike(MODEL, 0, made_up(solved, loss))
    assert found is not None
    assert found.peak == np.inf


def test_of_sgd_there_is_a_velocity_and_no_v():
    experiment = replace(MODEL, optimizer=SGD(lr=0.02, momentum=0.9))
    solved, loss = [0] * 10 + [1] * 150 + [0] * 10, [1.0] * 10 + [1e-6] * 150 + [0.5] * 10
    kept = {"momentum_buffer": np.full((169, 44), 0.25, dtype=np.float32)}
    found = find_spike(experiment, 0, made_up(solved, loss, state=kept, beta1=np.full(169, np.nan)))
    assert found is not None
    assert state(found) == "Gradient 0; velocity 0.25; lr 0.02."
    assert why(found).startswith("This optimizer divides by no √v")


def test_every_column_has_its_place():
    network = Network(widths=(2, 3, 1), output_bias=False)
    places = [parameter_place(network, column) for column in range(network.parameters)]
    assert places[:6] == [(1, unit, source) for unit in (1, 2, 3) for source in (1, 2)]
    assert places[6:9] == [(1, unit, None) for unit in (1, 2, 3)]
    assert places[9:] == [(2, 1, source) for source in (1, 2, 3)]


@pytest.mark.trains
def test_the_first_unlearnt_run_is_told(result: SpikeResult):
    found = the(result)
    assert (found.seed, result.unlearnt, found.again) == (UNLEARNT, (UNLEARNT,), None)
    # Within an epoch the plain loop is on its own, for four steps of single precision.
    assert 0 <= found.apart < 1e-5
    assert result.lost is not None
    assert (
        result.lost.with_amsgrad
        <= result.lost.without
        == sum(
            int(runs.settled_epoch[0] != runs.solved_epoch[0]) * int(runs.solved_epoch[0] >= 0)
            for seed in range(UNLEARNT + 1)
            for runs in get_engine("fast").train(SPIKING, range(seed, seed + 1))
        )
    )
    assert all(isinstance(one, Verdict) and one.sentence for one in result.verdicts)
    assert [one.topic for one in result.verdicts] == [
        "unlearnt",
        "which",
        "loss",
        "seen",
        "moved",
        "state",
        "why",
        "amsgrad",
        "replay",
    ]
    assert repr(result).startswith("<SpikeResult '2-3-1': seed 4, step ")
    assert str(result).splitlines()[1] == result.verdicts[0].sentence
    assert result._repr_html_()
    again = json.loads(result.to_json())
    assert again["spike"]["parameter"]["after"] == found.after
    assert [each["step"] for each in again["spike"]["around"]] == [
        *range(found.step - 30, min(found.step + 20, 600) + 1)
    ]


@pytest.mark.trains
def test_its_page_marks_the_spike_in_every_picture(result: SpikeResult):
    page = spike_html(result)
    assert page.count("<svg") == 4
    assert page.count("the spike") >= 4
    assert "√v" in page
    assert "The loss, and where the run lost it" in page
    assert "://" not in page.replace("http://www.w3.org/2000/svg", "")


@pytest.mark.trains
def test_a_seed_that_was_asked_for(result: SpikeResult):
    found = asked(SPIKING, seed=UNLEARNT)
    assert (the(found).step, found.lost, found.seed) == (the(result).step, None, UNLEARNT)
    assert "which" not in [one.topic for one in found.verdicts]


@pytest.mark.trains
def test_where_no_run_was_unlearnt_a_sentence_says_so():
    steady = replace(SPIKING, epochs=2)
    found = spike(steady, seeds=3)
    assert found.spike is None
    assert str(found).endswith(
        "None of 3 seeds was solved at some time and not at the end. Ask more of them: --seeds 1000."
    )
    assert "None of 3 seeds" in spike_html(found)
    assert json.loads(found.to_json())["spike"] is None
    assert str(spike(steady, seed=2)).endswith("Seed 2 was never unlearnt: it never was solved and then not.")


@pytest.mark.trains
def test_a_run_of_the_assignment_that_was_unlearnt():
    experiment = named_cell(any_study("xor44"), "Model 1:A+B+C+D+E").experiment
    runs = get_engine("fast").train(experiment, range(399, 400))[0]
    assert runs.solved_epoch[0] >= 0
    assert not runs.solved[0]
    found = replayed_spike(runs, get_engine("fast"))
    assert found is not None
    assert (found.step, found.epoch, found.again) == (7973, 1994, None)
    assert found.apart < 2e-6
    assert found.momentum is not None
    assert found.scale is not None
    assert found.fallen is not None
    steps = -found.rate * found.momentum / (found.scale + found.eps)
    assert np.abs(steps - found.change).max() < 2e-6
    assert found.scale[found.step - 1] > 1e4 * found.eps
    assert found.begun is not None
    assert found.step - found.begun > 20


def test_what_can_not_be_replayed_is_refused_before_anything_runs(monkeypatch: pytest.MonkeyPatch):
    room = sys.modules["trainlab.studies.spike"]
    monkeypatch.setattr(room, "train_stored", None)
    with pytest.raises(SpecError, match=r"4,000,000 steps times 13 parameters are more than 5,000,000"):
        spike(replace(SPIKING, epochs=1_000_000))
    with pytest.raises(SpecError, match="seed"):
        spike(SPIKING, seed=-1)
    monkeypatch.setattr(room, "has_torch", lambda: False)
    with pytest.raises(EngineError, match="spike: needs PyTorch, which isn't installed"):
        spike(SPIKING)


def test_amsgrad_is_compared_of_adam_alone():
    from trainlab.studies.spike import _with_amsgrad

    steady = _with_amsgrad(SPIKING)
    assert steady is not None
    assert isinstance(steady.optimizer, Adam)
    assert steady.optimizer.amsgrad
    assert _with_amsgrad(steady) is None
    assert _with_amsgrad(replace(SPIKING, optimizer=SGD())) is None
    assert trainlab.spike is spike
