"""The microscope: `explain.chain_rule`'s numbers, at any step of a run, and the step that followed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np
import pytest
from web.experiments import sent, xor

from trainlab import Experiment, TrainlabError, explain
from trainlab.engine.run_steps import read_steps, train_alone
from trainlab.maths import OPTIMIZERS
from trainlab.web.answers.microscope import answer_microscope
from trainlab.web.frames import Frame
from trainlab.web.questions import Asked, Limits, Microscope


def looked_at(experiment: dict[str, Any], **asked: object) -> dict[str, Any]:
    """Return the first frame, which comes before autograd is asked."""
    return sent([next(iter(frames_of(experiment, **asked)))])[0][0]


def frames_of(experiment: dict[str, Any], **asked: object) -> Iterator[Frame]:
    question = msgspec.convert({"ask": "microscope", "experiment": experiment, **asked}, Asked)
    assert isinstance(question, Microscope)
    return answer_microscope(question, Limits())


def test_at_the_start_it_says_what_explain_says():
    given = xor(network="2-4-3-1")
    header = looked_at(given, seed=7, point=2, weight="w1[2,2]")
    told = explain.chain_rule(
        Experiment.from_dict(given), seed=7, point=2, weight="w1[2,2]", parts=["paths"]
    ).numbers
    assert header["derivative"] == pytest.approx(told["derivative"], rel=1e-6)
    assert header["paths"]["count"] == told["paths"]["count"] == 3
    for one, other in zip(header["paths"]["listed"], told["paths"]["listed"], strict=True):
        assert one["through"] == other["through"]
        assert one["product"] == pytest.approx(other["product"], rel=1e-5)


def test_three_ways_agree_at_any_step():
    given = xor(sampling="single")
    for step in (1, 77, 600):
        header = looked_at(given, seed=3, step=step, point=4, weight="b1[2]")
        checks = header["checks"]
        assert checks["paths"] == pytest.approx(checks["backward"], rel=1e-12)
        assert checks["central_difference"] == pytest.approx(checks["backward"], rel=1e-6, abs=1e-12)
        assert checks["autograd"] is None
        products = [np.prod([f["value"] for f in path["factors"]]) for path in header["paths"]["listed"]]
        assert sum(products) == pytest.approx(header["derivative"], rel=1e-9)


def test_both_passes_are_there_layer_by_layer():
    header = looked_at(xor(network="2-4-3-1"), step=9)
    assert [len(layer["z"]) for layer in header["forward"]] == [4, 3, 1]
    last = header["backward"][-1]
    slope = header["forward"][-1]["slope"][0]
    assert last["delta"][0] == pytest.approx(last["grad_output"][0] * slope)
    below = header["backward"][1]
    weight = read_steps(train_alone(Experiment.from_dict(xor(network="2-4-3-1")), 0), [9]).parameters[0]
    assert below["grad_output"] == pytest.approx(last["delta"][0] * weight[-4:-1])
    assert header["steps"][0]["operation"] == "weighted sum"


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "rmsprop", "lion"])
def test_the_step_that_was_made_is_the_optimizer_s(optimizer: str):
    given = xor(optimizer={"name": optimizer, "lr": 0.01}, sampling="single")
    run = train_alone(Experiment.from_dict(given), 0)
    read = read_steps(run, [40], gradients="step")
    header = looked_at(given, step=40, point=1, weight="w2[1,2]")
    made, column = header["made"], 10
    assert made["before"] == float(read.parameters[0, column])
    assert made["after"] == float(read.after[0, column])
    assert made["gradient"] == float(read.gradient[0, column])
    assert made["formula"] == OPTIMIZERS[optimizer].formula
    assert len(made["examples"]) == 1
    if made["examples"] == [1]:
        assert made["alone"] is None
    # What the example that was drawn would have done alone is what was done.
    drawn = looked_at(given, step=40, point=made["examples"][0], weight="w2[1,2]")
    assert drawn["derivative"] == pytest.approx(made["gradient"], rel=1e-4)
    if optimizer == "sgd" and made["alone"] is not None:
        assert made["alone"] == pytest.approx(-0.01 * header["derivative"], rel=1e-9)


def test_a_step_on_all_examples_would_have_been_another_on_one():
    header = looked_at(xor(optimizer={"name": "sgd", "lr": 0.5}), step=3, point=2)
    made = header["made"]
    assert made["examples"] is None
    assert made["alone"] == pytest.approx(-0.5 * header["derivative"])
    assert "saw all examples" in made["sentence"]
    assert "Had it seen example 2 alone" in made["sentence"]


def test_at_the_end_no_step_follows():
    header = looked_at(xor(epochs=20), step=20)
    assert header["made"] is None


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"step": 200}, "step = 200: must be at most 150, the end of the run."),
        ({"weight": "w9[1,1]"}, "there is no layer 9"),
        ({"point": 5}, "point = 5: the data have 4 examples"),
    ],
)
def test_what_isn_t_there_is_refused(asked: dict[str, Any], words: str):
    with pytest.raises(TrainlabError, match=words.replace("[", r"\[")):
        looked_at(xor(), **asked)


def test_where_a_run_has_diverged_there_is_nothing_to_see():
    given = xor(
        network={"widths": [2, 4, 1], "activation": ["tanh", "linear"]},
        optimizer={"name": "sgd", "lr": 1000.0},
    )
    assert looked_at(given)["step"] == 0
    with pytest.raises(TrainlabError, match="step = 150: some weights are no longer finite numbers there"):
        looked_at(given, step=150)


@pytest.mark.trains
def test_autograd_follows_in_a_second_frame():
    pytest.importorskip("torch")
    (first, _), (second, _) = sent(frames_of(xor(), step=70, seed=1))
    assert first["checks"]["autograd"] is None
    assert first["checks"]["autograd_note"] == "PyTorch is being asked"
    assert second["checks"]["autograd"] == pytest.approx(second["derivative"], rel=1e-9)
    assert [first["last"], second["last"]] == [False, True]
