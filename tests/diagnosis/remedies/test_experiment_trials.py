"""A remedy tried on an experiment: on how many seeds, and how its runs are read."""

from __future__ import annotations

import pytest

from trainlab.diagnosis.remedies.experiment_trials import FEW, LIGHT, MANY, changed, reader_for, seeds_for
from trainlab.diagnosis.seeds.lifted_runs import RunReader
from trainlab.spec import Experiment


@pytest.mark.parametrize(("times", "seeds"), [(0.1, MANY), (1, MANY), (2, MANY // 2), (100, FEW)])
def test_longer_trainings_get_as_many_seeds_as_take_as_long(times: float, seeds: int):
    made = Experiment.from_dict({"network": "2-4-1"})
    work = made.network.parameters * made.steps_per_epoch * made.examples_per_step
    assert seeds_for(made.at_epochs(int(times * LIGHT / work))) == pytest.approx(seeds, abs=1)


def test_runs_are_read_by_the_targets_that_they_are_trained_on():
    network = {"widths": [10, 4, 1], "activation": "tanh"}
    made = Experiment.from_dict({"task": "diabetes", "network": network, "loss": "mse"})
    variance = float(made.data().targets.var())
    reader = RunReader(
        constant=variance,
        variance=variance,
        commonest=None,
        neighbours=None,
        allowed=None,
        first_loss=9.0,
        points=442,
        steps=100,
        classes=False,
    )
    scaled = changed(made, [{"change": "targets"}])
    assert scaled is not None
    assert reader_for(reader, made, made.at_epochs(3)) == reader
    new = reader_for(reader, made, scaled)
    assert (new.constant, new.variance, new.first_loss) == (pytest.approx(1.0), pytest.approx(1.0), None)
    run = new.run(0, loss=0.25, accuracy=None, squared=0.25, diverged=False)
    assert (run.reached, run.relative_loss, run.state) == (pytest.approx(0.75), pytest.approx(0.25), "learnt")
