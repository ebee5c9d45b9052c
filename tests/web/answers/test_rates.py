from __future__ import annotations

import numpy as np
import pytest
from web.experiments import sent, xor

import trainlab
from trainlab import Experiment, TrainlabError
from trainlab.web.answers.rates import answer_rates
from trainlab.web.questions import Limits, Rates


def asked(first_seed: int = 0, **changes: object):
    question = Rates(experiment=xor(epochs=100, **changes), first_seed=first_seed)
    return sent(answer_rates(question, Limits()))


@pytest.mark.trains
def test_the_range_test_is_that_of_the_explanation():
    frames = asked()
    assert [header["last"] for header, _ in frames] == [False, True]
    header, arrays = frames[-1]
    found = trainlab.explain.learning_rate(
        Experiment.from_dict(xor(epochs=100)), seeds=64, parts=["range-test"]
    )
    told = next(section for section in found.sections if section.name == "range-test")
    assert header["sentence"] == told.text[2]
    assert header["method"] == f"{told.text[0]} {told.text[1]}"
    assert header["seeds"] == 64
    assert header["suggested"] == pytest.approx(header["lowest"] / 10)
    assert arrays["rate"].shape == arrays["median"].shape == (100,)
    assert (arrays["low"] <= arrays["high"]).all()


def test_the_schedule_is_there_first():
    header, arrays = asked(schedule={"name": "step", "step_size": 50, "gamma": 0.5})[0]
    assert header["schedule"] == "StepLR"
    assert header["lr"] == 0.05
    assert header["schedule_words"] == "First → highest → last rate: 0.05 → 0.05 → 0.025."
    assert np.array_equal(arrays["schedule_rate"], np.repeat([0.05, 0.025], 50))
    assert "rate" not in arrays


def test_a_schedule_by_steps_has_few_points():
    changes = {
        "sampling": {"name": "single", "steps_per_epoch": 40},
        "warmup": {"total_iters": 9, "per": "step"},
    }
    header, arrays = asked(**changes)[0]
    assert header["schedule"] == "LinearLR, constant"
    assert len(arrays["schedule_epochs"]) == 1000
    assert arrays["schedule_epochs"][-1] == 99.975


def test_a_rate_that_waits_for_the_loss_is_that_of_runs():
    header, arrays = asked(schedule={"name": "reduce_on_plateau", "patience": 0, "threshold": 0.5})[0]
    assert header["schedule_words"].endswith(", the median over 64 runs.")
    assert (arrays["schedule_low"] <= arrays["schedule_high"]).all()
    assert arrays["schedule_rate"][-1] < 0.05


def test_a_rate_that_waits_for_held_out_examples_is_drawn_as_if_they_were_learnt():
    task = {"name": "circles", "points": 20}
    schedule = {"name": "reduce_on_plateau", "on": "held_out"}
    header, _ = asked(task=task, split={"held_out": 0.5}, schedule=schedule)[0]
    assert header["schedule_words"].endswith(", as long as the loss on the held-out examples keeps falling.")


def test_too_large_a_test_is_refused():
    with pytest.raises(
        TrainlabError, match=r"^range test: epochs = 100: more than the work that a question may take here"
    ):
        list(answer_rates(Rates(experiment=xor(epochs=1)), Limits(work=700_000)))
