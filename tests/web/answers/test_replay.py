"""Replays: the run's own numbers at every step, and strips that a plain computation gives, too."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pytest
from web.experiments import sent, xor

import trainlab
from trainlab import Experiment, TrainlabError
from trainlab.engine import get_engine
from trainlab.engine.layout import layers_of
from trainlab.engine.network_pass import forward, layers_from
from trainlab.engine.run_steps import read_steps, train_alone
from trainlab.explain.network import examples_gradients, examples_loss
from trainlab.explain.questions.learning_rate.one_step import FullLoss
from trainlab.maths import ACTIVATIONS
from trainlab.web.answers import one_run, replay
from trainlab.web.answers import replay as module
from trainlab.web.answers.layers import NEARLY_FLAT, flat_words
from trainlab.web.answers.replay import answer_replay, first_bad, overflow_of
from trainlab.web.frames import encode
from trainlab.web.questions import Asked, GivenUpError, Limits, Replay, while_wanted


def replayed(experiment: dict[str, Any], **asked: object) -> tuple[dict[str, Any], dict[str, Any]]:
    question = msgspec.convert({"ask": "replay", "experiment": experiment, **asked}, Asked)
    assert isinstance(question, Replay)
    ((header, arrays),) = sent(answer_replay(question, Limits()))
    return header, arrays


def test_it_ends_as_in_trainlab_run_to_the_bit():
    experiment = xor(sampling="single", epochs=40, record={"gradients": "step"})
    header, arrays = replayed(experiment, seed=2, frames=7)
    runs = trainlab.run(Experiment.from_dict(experiment), seeds=4).cells[0].runs
    assert arrays["loss"][-1] == runs.loss[2]
    assert np.array_equal(arrays["parameters"][-1], runs.parameters[2])
    assert np.array_equal(arrays["outputs"][-1], runs.predictions[2])
    assert np.allclose(arrays["gradient_mean"][-1], runs.step_gradient[2], rtol=1e-5)
    assert header["solved_at_end"] == bool(runs.solved[2])
    assert (header["of_steps"], header["exact"], header["gradients"]) == (160, "steps", "step")
    assert arrays["steps"].tolist() == [0, 27, 53, 80, 107, 133, 160]


def test_a_part_of_the_run_shows_every_step_where_all_fit():
    _, arrays = replayed(xor(epochs=50), start=10, stop=20)
    assert arrays["steps"].tolist() == list(range(10, 21))
    moved = arrays["parameters"][:-1] + arrays["update"][:-1]
    assert np.allclose(moved, arrays["parameters"][1:], rtol=0, atol=1e-6)
    assert arrays["rate"].tolist() == [0.05] * 11


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_where_a_layer_is_flat_is_only_said_of_what_can_be(name: str):
    activation = ACTIVATIONS[name]
    if activation.derivative is None:
        assert flat_words(name) == ""
        return
    slopes = np.abs(activation.derivative(np.linspace(-20, 20, 4001)))
    assert bool(flat_words(name)) == bool(slopes.min() < NEARLY_FLAT)


def test_at_the_end_nothing_is_added():
    _, arrays = replayed(xor(epochs=5))
    assert not arrays["update"][-1].any()
    assert arrays["update"][:-1].any(axis=1).all()
    assert np.isneginf(arrays["update_ratio"][-1]).all()


def test_a_part_that_begins_after_the_end_is_refused():
    with pytest.raises(TrainlabError, match="start = 60: must be at most 50"):
        replayed(xor(epochs=50), start=60)


def test_numbers_are_those_of_a_pass_in_float64():
    given = xor(network={"widths": [2, 4, 3, 1], "activation": ["relu", "tanh", "sigmoid"]}, epochs=30)
    _, arrays = replayed(given, seed=1, frames=4)
    experiment = Experiment.from_dict(given)
    inputs = experiment.data().inputs
    for place, row in enumerate(arrays["parameters"]):
        layers = layers_from(experiment.network, row)
        assert arrays["loss"][place] == pytest.approx(examples_loss(experiment, layers), rel=1e-5)
        passes = forward(layers, inputs)
        assert np.allclose(arrays["outputs"][place], passes[-1].outputs, atol=1e-6)
        for index, (part, layout) in enumerate(
            zip(examples_gradients(experiment, layers), layers_of(experiment.network), strict=True)
        ):
            found = arrays["gradient"][place, layout.weights]
            assert np.allclose(found, part.weight.ravel(), rtol=1e-4, atol=1e-7)
            mean = float(np.abs(part.weight).mean())
            assert arrays["gradient_mean"][place, index] == pytest.approx(mean, rel=1e-4)
            derivative = ACTIVATIONS[layout.activation].derivative
            assert derivative is not None
            slopes = derivative(passes[index].sums)
            assert arrays["dead"][place, index] == pytest.approx((slopes == 0).all(axis=0).mean())
            outputs = passes[index].outputs
            flat = {
                "relu": slopes < 0.05,
                "tanh": np.abs(outputs) > 0.99,
                "sigmoid": np.abs(outputs - 0.5) > 0.49,
            }[layout.activation]
            assert arrays["saturated"][place, index] == pytest.approx(flat.mean())


def test_histograms_count_every_number():
    header, arrays = replayed(xor(epochs=30), frames=9)
    for index, layer in enumerate(header["layers"]):
        outputs = 4 * layer["fan_out"]
        assert (arrays["activation_histogram"][:, index].sum(axis=1) == outputs).all()
        weights = layer["fan_in"] * layer["fan_out"]
        assert (arrays["gradient_histogram"][:, index].sum(axis=1) == weights).all()


def test_of_many_examples_some_are_shown_evenly():
    given = xor(task={"name": "moons", "points": 700}, epochs=2)
    header, arrays = replayed(given)
    data = Experiment.from_dict(given).data()
    rows = arrays["example_rows"]
    assert (len(rows), rows[0], rows[-1]) == (512, 0, 699)
    assert np.allclose(arrays["example_inputs"], data.inputs[rows])
    assert np.allclose(arrays["example_targets"], data.targets[rows])
    assert arrays["outputs"].shape == (3, 64, 1)
    layers = layers_from(Experiment.from_dict(given).network, arrays["parameters"][-1])
    shown = forward(layers, data.inputs[rows[arrays["output_rows"]]])[-1].outputs
    assert np.allclose(arrays["outputs"][-1], shown, atol=1e-5)
    assert len(header["inputs"]) == 2


def test_a_run_that_stops_ends_where_it_stopped():
    given = xor(epochs=400, stopping="solved")
    run = train_alone(Experiment.from_dict(given), 0)
    stopped = int(run.stopped_epoch[0])
    assert 0 < stopped < 400
    header, arrays = replayed(given, frames=3)
    assert header["of_steps"] == stopped == arrays["steps"][-1]
    assert np.array_equal(arrays["parameters"][-1], run.parameters[0])
    assert header["solved_step"] == stopped


@pytest.mark.trains
@pytest.mark.parametrize("sampling", ["full", {"name": "batch", "batch_size": 2}])
def test_another_engine_is_read_at_the_ends_of_epochs(sampling: object, monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip("torch")
    monkeypatch.setattr(one_run, "engine_of", lambda engine, experiment: "reference")
    one_run.run_of.cache_clear()
    one_run.overview_of.cache_clear()
    given = xor(epochs=6, sampling=sampling)
    header, arrays = replayed(given, seed=5)
    one_run.run_of.cache_clear()
    one_run.overview_of.cache_clear()
    (runs,) = get_engine("reference").train(Experiment.from_dict(given), range(5, 6))
    assert header["exact"] == "epochs"
    assert np.array_equal(arrays["parameters"][-1], runs.parameters[0])
    assert arrays["loss"][-1] == runs.loss[0]
    assert len(arrays["steps"]) == 7
    assert np.isnan(arrays["update"]).all() == (sampling != "full")


def test_a_part_has_the_same_ends_of_histograms_as_the_whole():
    given = xor(network={"widths": [2, 3, 1], "activation": ["relu", "linear"]}, epochs=60)
    whole, arrays = replayed(given)
    part, some = replayed(given, start=20, stop=30)
    assert part["layers"] == whole["layers"]
    assert np.array_equal(some["activation_histogram"], arrays["activation_histogram"][20:31])


def test_of_a_large_network_as_many_moments_come_as_fit_a_frame():
    given = xor(network="2-20-1", epochs=99)
    question = msgspec.convert({"ask": "replay", "experiment": given, "frames": 100}, Replay)
    (frame,) = answer_replay(question, Limits(frame_bytes=40_000))
    assert len(encode(frame)) < 40_000
    assert 20 < len(frame.arrays["steps"]) < 40
    assert frame.arrays["steps"][[0, -1]].tolist() == [0, 99]


def test_of_many_examples_only_those_sent_are_kept(monkeypatch: pytest.MonkeyPatch):
    kept: list[tuple[int, ...]] = []

    def read(*asked: Any, **options: Any) -> Any:
        found = one_run.read_run(*asked, **options)
        kept.append(found.predictions.shape)
        return found

    monkeypatch.setattr(replay, "read_run", read)
    _, arrays = replayed(xor(task={"name": "circles", "points": 900}, epochs=3))
    assert kept == [(4, 64, 1)]
    assert arrays["outputs"].shape == (4, 64, 1)


def test_moments_cost_work_so_that_there_may_be_fewer():
    question = msgspec.convert({"ask": "replay", "experiment": xor()}, Asked)
    assert isinstance(question, Replay)
    ((_, arrays),) = sent(answer_replay(question, Limits(work=40_000)))
    assert 2 <= len(arrays["steps"]) < 151
    with pytest.raises(TrainlabError, match="epochs = 150: training the run and reading it at"):
        list(answer_replay(question, Limits(work=25_000)))


def test_it_ends_between_moments_when_nobody_waits():
    asked = iter([True] * 5)
    question = msgspec.convert({"ask": "replay", "experiment": xor(epochs=77)}, Asked)
    assert isinstance(question, Replay)
    with while_wanted(lambda: next(asked, False)), pytest.raises(GivenUpError):
        list(answer_replay(question, Limits()))


# The first number that isn't finite: found where a plain pass in the run's precision finds it.


LINEAR: dict[str, Any] = xor(
    network={"widths": [2, 4, 1], "activation": ["tanh", "linear"]},
    optimizer={"name": "sgd", "lr": 1000.0},
    epochs=60,
)


def test_a_run_that_diverges_is_explained_by_its_first_bad_step():
    run = train_alone(Experiment.from_dict(LINEAR), 3)
    assert run.diverged[0]
    found = first_bad(run)
    assert found is not None
    step = found["step"]
    read = read_steps(run, range(int(run.diverged_step[0]) + 1))
    assert np.isfinite(read.parameters[: step + 1]).all()
    assert found["rate"] == 1000.0
    layer = layers_of(run.experiment.network)[found["layer"] - 1] if found["layer"] else None
    if found["what"] == "step":
        assert layer is not None
        assert not np.isfinite(read.after[step, layer.first_weight :]).all()
    words = found["sentence"]
    assert words.startswith(f"In step {step + 1:,} ")
    assert "The learning rate is 1,000" in words
    assert f"The loss before steps {found['before'][0]['step'] + 1}" in words
    assert [told["loss"] for told in found["before"]] == [
        float(read.loss[told["step"]]) for told in found["before"]
    ]


def test_the_edge_is_two_over_the_largest_curvature():
    run = train_alone(Experiment.from_dict(LINEAR), 3)
    found = first_bad(run)
    assert found is not None
    full = FullLoss.of(run.experiment)
    start = read_steps(run, [0]).parameters[0].astype(np.float64)
    hessian = np.array([full.hessian_times(start, row) for row in np.eye(len(start))])
    largest = float(np.linalg.eigvalsh((hessian + hessian.T) / 2).max())
    assert found["edge"] == pytest.approx(2 / largest, rel=1e-3)


def test_a_run_that_breaks_in_its_last_step_is_explained_by_all_examples():
    diverged = 0
    for epochs in range(1, 7):
        given = {**LINEAR, "sampling": "single", "epochs": epochs}
        run = train_alone(Experiment.from_dict(given), 3)
        assert (first_bad(run) is None) == (not run.diverged[0])
        diverged += bool(run.diverged[0])
    assert diverged > 0


def test_what_broke_long_before_an_output_shows_it_is_found(monkeypatch: pytest.MonkeyPatch):
    # One step is looked at first; the steps before it are, too, since that one is broken already.
    whole = first_bad(train_alone(Experiment.from_dict(LINEAR), 3))
    monkeypatch.setattr(module, "LOOKED_AT", 1)
    assert first_bad(train_alone(Experiment.from_dict(LINEAR), 3))["step"] == whole["step"]


@pytest.mark.parametrize("lr", [0.1, 1000.0])
def test_a_run_that_stays_finite_has_none(lr: float):
    run = train_alone(Experiment.from_dict(xor(optimizer={"name": "sgd", "lr": lr}, epochs=60)), 3)
    assert not run.diverged[0]
    assert first_bad(run) is None


def test_each_place_of_a_step_can_be_the_first():
    experiment = Experiment.from_dict(LINEAR)
    data = experiment.data()
    row = np.full(experiment.network.parameters, 0.1, dtype=np.float32)

    def found(**changes: Any) -> tuple[int, str] | None:
        changed = row.copy()
        for place, value in changes.items():
            changed[int(place[1:])] = value
        what = overflow_of(experiment, changed, data.inputs, data.targets)
        return None if what is None else (what.layer, what.what)

    assert found() is None
    assert found(w0=np.nan) == (1, "weights")
    assert found(w0=3e38, w1=3e38) == (1, "sums")
    assert found(w12=3e38, w16=3e38) == (2, "sums")
    # Twice an output near the largest float32 is beyond it.
    assert found(w16=2.5e38) == (0, "slope")
    assert found(w12=1e30, w13=1e30, w14=1e30, w15=1e30, w16=1e30) == (1, "δ")
