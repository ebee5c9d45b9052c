"""On how many seeds a remedy is tried of an experiment."""

from __future__ import annotations

import pytest

from trainlab.diagnosis.remedies.experiment_trials import FEW, LIGHT, MANY, seeds_for
from trainlab.spec import Experiment


@pytest.mark.parametrize(("times", "seeds"), [(0.1, MANY), (1, MANY), (2, MANY // 2), (100, FEW)])
def test_longer_trainings_get_as_many_seeds_as_take_as_long(times: float, seeds: int):
    made = Experiment.from_dict({"network": "2-4-1"})
    work = made.network.parameters * made.steps_per_epoch * made.examples_per_step
    assert seeds_for(made.at_epochs(int(times * LIGHT / work))) == pytest.approx(seeds, abs=1)
