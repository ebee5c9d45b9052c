"""The first number that isn't finite: found where a plain pass in the run's precision finds it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from web.experiments import xor

from trainlab import Experiment
from trainlab.engine.layout import layers_of
from trainlab.engine.run_steps import read_steps, train_alone
from trainlab.explain.questions.learning_rate.full_loss import FullLoss
from trainlab.web.answers import first_bad as module
from trainlab.web.answers.first_bad import first_bad, overflow_of

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
