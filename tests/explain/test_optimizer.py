"""The optimizer of the explanations takes the steps that the engines take."""

from __future__ import annotations

import numpy as np

from trainlab.engine.layout import initial_parameters
from trainlab.engine.reference import ReferenceEngine
from trainlab.explain.questions.learning_rate.full_loss import FullLoss
from trainlab.explain.subject.optimizer import OwnOptimizer
from trainlab.spec import Experiment


def test_equalised_gradients_and_frozen_layers() -> None:
    experiment = Experiment.from_dict(
        {
            "network": "2-3-2-1",
            "loss": "mse",
            "optimizer": {"name": "adamw", "lr": 0.02, "weight_decay": 0.1},
            "gradient": "equalised",
            "frozen": [2],
            "clip": {"norm": 0.4},
            "epochs": 20,
        }
    )
    w = initial_parameters(experiment, range(3, 4))[0]
    optimizer, loss = OwnOptimizer(experiment, w), FullLoss.of(experiment)
    for step in range(experiment.epochs):
        w = optimizer.step(w, loss.gradient(w), step)
    expected = ReferenceEngine(dtype="float64").train(experiment, range(3, 4))[0].parameters[0]
    np.testing.assert_allclose(w, expected, rtol=0, atol=1e-12)
