""""""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from web.experiments import sent, xor

import trainlab
from trainlab import Experiment
from trainlab.draw import format_number
from trainlab.explain.questions.loss import pairing_of
from trainlab.studies.answer_by_score import answer_of
from trainlab.web.answers import population
from trainlab.web.answers.population import advice_on, answer_population
from trainlab.web.questions import Limits, Population

LIMITS = Limits()


def asked(seeds: int = 80, first_seed: int = 0, **changes: object):
    question = Population(experiment=xor(**changes), seeds=seeds, first_seed=first_seed)
    return sent(answer_population(question, LIMITS))


def test_the_numbers_are_those_of_trainlab_run():
    header, arrays = asked(seeds=80)[-1]
    result = trainlab.run(Experiment.from_dict(xor()), seeds=80)
    cell = result.cells[0]
    assert 0 < header["k"] < 80
    assert (header["k"], header["low"], header["high"]) == (cell.solved.k, cell.solved.low, cell.solved.high)
    assert header["right"] == (cell.right and cell.right.to_dict())
    assert header["diverged"] == cell.diverged.k
    assert np.array_equal(arrays["solved"], cell.runs.solved)
    assert np.array_equal(arrays["loss"], cell.runs.loss)
    assert np.array_equal(arrays["solved_epoch"], cell.runs.solved_epoch)
    read = np.isin(arrays["curve_epochs"], cell.runs.loss_epochs)
    assert np.array_equal(arrays["curve"][2, read], cell.loss.median)
    assert np.array_equal(arrays["curve"][4, read], cell.loss.high90)


def test_frames_grow_and_each_is_whole(monkeypatch: pytest.MonkeyPatch):
    (whole,) = asked(seeds=40)
    monkeypatch.setattr(population, "FRAME_SECONDS", 0.0)
    monkeypatch.setattr(population, "FIRST_WORK", 0.0)
    frames = asked(seeds=40)
    assert [header["n"] for header, _ in frames] == [8, 16, 24, 32, 40]
    assert [header["last"] for header, _ in frames] == [False] * 4 + [True]
    assert "so far" in frames[0][0]["sentence"]
    for header, arrays in frames:
        assert np.array_equal(arrays["loss"], whole[1]["loss"][: header["n"]])
    timed = {"seconds": 0, "how": ""}
    assert {**frames[-1][0], **timed} == {**whole[0], **timed}
    for name, values in whole[1].items():
        assert np.array_equal(frames[-1][1][name], values)


def test_seeds_are_the_ones_asked_for():
    header, arrays = asked(seeds=8, first_seed=1_000)[-1]
    assert header["first_seed"] == 1_000
    assert np.array_equal(arrays["loss"], asked(seeds=1_008)[-1][1]["loss"][1_000:])


def test_seeds_whose_curves_no_store_keeps_have_some():
    _, arrays = asked(seeds=8, first_seed=200_000_000)[-1]
    assert np.isfinite(arrays["curve"]).all()


def test_curves_have_few_points_and_end_with_the_training():
    _, arrays = asked(seeds=8, epochs=1_001)[-1]
    epochs = arrays["curve_epochs"]
    assert len(epochs) <= 202
    assert epochs[0] == 0
    assert epochs[-1] == 1_001
    assert arrays["curve"].shape == (5, len(epochs))
    assert arrays["curve"][2, -1] == np.median(arrays["loss"].astype(np.float64))


def test_shares_of_failures_add_up():
    header, _arrays = asked(seeds=80)[-1]
    unsolved = 80 - header["k"]
    assert sum(each["k"] for each in header["why"]) == unsolved
    assert {each["n"] for each in header["why"]} == {unsolved}
    assert [each["k"] for each in header["why"]] == sorted((e["k"] for e in header["why"]), reverse=True)


def test_failures_are_counted_by_the_rule_of_studies():
    header, _ = asked(seeds=64, network="2-1-1-1-1-1-1", loss="l1", epochs=300)[-1]
    experiment = Experiment.from_dict(xor(network="2-1-1-1-1-1-1", loss="l1", epochs=300))
    causes = trainlab.run(experiment, seeds=64).cells[0].causes
    counts = {each["name"]: each["k"] for each in header["why"]}
    assert counts.get("vanishing gradient", 0) == (causes.vanishing.k if causes.vanishing else 0)
    assert counts.get("standing still", 0) == (causes.standing_still.k if causes.standing_still else 0)
    assert counts.get("low loss", 0) == causes.failed - causes.high_loss


def test_what_diverges_is_counted_and_not_a_number_in_json():
    linear = {"widths": "2-3-1", "activation": "linear"}
    header, arrays = asked(seeds=8, network=linear, optimizer={"name": "sgd", "lr": 1e5})[-1]
    assert header["diverged"] == 8
    assert header["why"][0]["name"] == "diverged"
    assert not np.isfinite(arrays["loss"]).all()


def test_a_regression_has_no_right_and_one_seed_is_singular():
    header, _ = asked(seeds=1, task={"name": "curve", "points": 8}, network="1-3-1", epochs=20)[-1]
    assert header["right"] is None
    assert header["sentence"].startswith("0 of 1 seed solves it: 0 %")


def test_the_sentence_states_the_study_s_own_numbers():
    header, _ = asked(seeds=80)[-1]
    result = trainlab.run(Experiment.from_dict(xor()), seeds=80)
    assert f"{header['k']} of 80 seeds" in answer_of(result).sentence
    assert header["sentence"].startswith(f"{header['k']} of 80 seeds solve it: ")
    assert header["solved_is"] == "A run is solved when every prediction is less than 0.1 from its target."


def test_a_small_rest_is_trained_with_the_chunk_before_it(monkeypatch: pytest.MonkeyPatch):
    experiment = Experiment.from_dict(xor())
    monkeypatch.setattr(population, "FIRST_WORK", 64.0 * population.work_of(experiment))
    monkeypatch.setattr(population, "FRAME_SECONDS", 1e-9)
    grown = population.growing([population.Training.of(experiment)], range(82))
    assert [each.count for each in grown] == [64, 72, 82]


def test_what_takes_no_frame_s_time_is_answered_at_once():
    experiment = Experiment.from_dict(xor())
    grown = population.growing([population.Training.of(experiment)], range(700))
    assert [each.count for each in grown] == [700]


@pytest.mark.parametrize(
    ("changes", "of", "number"),
    [
        (
            {"task": {"name": "moons", "points": 40}},
            "held_out_accuracy",
            lambda value: f"{100 * value:.1f} %",
        ),
        ({"task": {"name": "plane", "points": 40}, "loss": "l1"}, "held_out_loss", format_number),
    ],
)
def test_examples_held_out_are_told_of(changes: dict, of: str, number: Callable[[float], str]):
    changes |= {"split": {"held_out": 0.5}, "epochs": 40}
    header, _ = asked(seeds=9, **changes)[-1]
    cell = trainlab.run(Experiment.from_dict(xor(**changes)), seeds=9).cells[0].to_dict()
    assert f": {number(cell[of]['median'])} in the median run, " in header["held_out"]
    assert asked(seeds=1)[-1][0]["held_out"] is None


ZERO = {"weight": {"name": "constant", "val": 0.0}, "bias": {"name": "constant", "val": 0.0}}
ONE = {"weight": {"name": "constant", "val": 1.0}, "bias": {"name": "constant", "val": 0.5}}


def advice(**changes: Any) -> dict[str, str]:
    found = advice_on(Experiment.from_dict(xor(**changes)), 0)
    assert len({each["field"] for each in found}) == len(found)
    return {each["field"]: each["words"] for each in found}


def test_nothing_is_said_of_what_fits():
    assert advice() == {}
    assert advice(loss="bce_with_logits", network={"widths": "2-3-1", "output_activation": "linear"}) == {}


def test_a_loss_that_doesn_t_fit_its_output_is_explained():
    changes = {"loss": "bce_with_logits", "network": {"widths": "2-3-1", "output_activation": "sigmoid"}}
    found = pairing_of(Experiment.from_dict(xor(**changes)))
    assert advice(**changes)["loss"] == (
        f"{found.sentence} The loss applies its own sigmoid to this one, so predictions stay between 50 and "
        "73.1 %."
    )


def test_a_rate_of_0_moves_nothing():
    still = {"optimizer": {"name": "sgd", "lr": 0.0}}
    assert advice(**still)["optimizer.lr"].startswith("At a learning rate of 0 no weight moves")
    runs = trainlab.run(Experiment.from_dict(xor(**still)), seeds=2).cells[0].runs
    begun = trainlab.run(Experiment.from_dict(xor(**still, epochs=1)), seeds=2).cells[0].runs
    assert runs.parameters.tobytes() == begun.parameters.tobytes()


def test_examples_that_contradict_each_other_are_told():
    rows = {"name": "points", "inputs": [[0, 0], [0, 0], [1, 1], [1, 1]], "targets": [1, 0, 1, 1]}
    assert advice(task=rows)["task"].startswith(
        "At one place examples with the same inputs have other classes"
    )
    assert advice(task={**rows, "targets": [1, 1, 0, 0]}) == {}


def test_layers_without_activations_are_one():
    network = {"widths": "2-3-3-1", "activation": "linear"}
    assert advice(network=network) == {
        "network.activation": "No hidden layer has an activation but 'linear', so the 3 layers are one "
        "linear map: they can say no more than a single layer."
    }
    assert advice(network={"widths": "2-1", "activation": "linear"}) == {}


def test_zeros_let_no_gradient_through():
    said = advice(init=ZERO, network="2-3-4-1")
    assert said == {
        "init.weight": "No gradient reaches layers 1, 2: their outputs, and the weights after them, are 0, "
        "and stay so: start from random weights."
    }
    runs = trainlab.run(Experiment.from_dict(xor(init=ZERO, network="2-3-4-1")), seeds=1).cells[0].runs
    assert not runs.parameters[0, :-1].any()


@pytest.mark.parametrize(
    ("init", "network"), [(ONE, "2-3-1"), (ZERO, {"widths": "2-3-1", "activation": "sigmoid"})]
)
def test_units_that_start_equal_stay_equal(init: dict[str, Any], network: Any):
    changes = {"init": init, "network": network}
    said = advice(**changes)
    assert said["init.weight"].startswith("The units of layer 1 start equal and get equal gradients")
    runs = trainlab.run(Experiment.from_dict(xor(**changes)), seeds=1).cells[0].runs
    weights = runs.parameters[0, :6].reshape(3, 2)
    assert np.ptp(weights, axis=0).max() == 0


@pytest.mark.parametrize(
    "scheme",
    [
        {"name": "normal", "mean": 1.0, "std": 0.0},
        {"name": "uniform", "a": 1.0, "b": 1.0},
        {"name": "xavier_normal", "gain": 0.0},
    ],
)
def test_a_scheme_without_spread_is_a_constant(scheme: dict[str, Any]):
    assert "init.weight" in advice(init={"weight": scheme, "bias": ONE["bias"]})


def test_what_breaks_the_tie_is_no_tie():
    assert advice(init={**ONE, "bias": "default"}) == {}
    assert advice(init=ONE, network={"widths": "2-3-1", "dropout": 0.2}) == {}
    assert advice(init=ONE, network="2-1-1") == {}
    last_apart = {"weight": [ONE["weight"], "normal"], "bias": ONE["bias"]}
    assert advice(init=last_apart) == {}


def test_a_training_that_goes_on_is_not_judged_by_its_init():
    assert advice(init=ONE, after=xor()) == {}
