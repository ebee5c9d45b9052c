"""What the fast engine refuses, and that it says which field."""

from typing import Any

import pytest

from trainlab.engine.fast import FastEngine
from trainlab.engine.supports import unsupported
from trainlab.errors import EngineError
from trainlab.spec import Experiment

REFUSED: dict[str, dict[str, Any]] = {
    "network.activation = 'gelu'": {"network": {"widths": "2-2-1", "activation": "gelu"}},
    "network.dropout = 0.5": {"network": {"widths": "2-2-1", "dropout": 0.5}},
    "split.held_out = 0.5": {"split": {"held_out": 0.5}},
    "loss = 'huber'": {"loss": "huber"},
    "optimizer = RMSprop(": {"optimizer": "rmsprop"},
    "optimizer = SGD(": {"optimizer": {"name": "sgd", "weight_decay": 0.1}},
    "optimizer = Adam(": {"optimizer": {"name": "adam", "amsgrad": True}},
    "schedule = 'exponential'": {"schedule": {"name": "exponential", "gamma": 0.9}},
    "schedule = 'constant' or warmup": {"warmup": {"total_iters": 3}},
    "clip = Clip(norm=1.0": {"clip": {"norm": 1}},
    "penalty = Penalty(l1=0.1": {"penalty": {"l1": 0.1}},
    "noise.std = 0.1": {"noise": {"std": 0.1}},
    "sampling = 'batch'": {"sampling": {"name": "batch", "batch_size": 2}},
    "solved = Accuracy(": {"solved": "accuracy"},
    "stopping = 'solved'": {"stopping": "solved"},
}


@pytest.mark.parametrize("words", REFUSED)
def test_what_it_cannot_train_it_names(words: str):
    experiment = Experiment.from_dict({"network": "2-2-1", "epochs": 2, **REFUSED[words]})
    with pytest.raises(EngineError) as error:
        FastEngine().train(experiment, range(1))
    assert str(error.value).startswith(f"engine = 'fast': can't train {words}")
    assert str(error.value).endswith("; use --engine reference.")


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"network": {"widths": "2-2-1", "activation": ["relu", "sigmoid"]}},
        {"optimizer": {"name": "adam", "betas": [0.5, 0.9], "eps": 1e-3}},
        {"optimizer": {"name": "sgd", "momentum": 0.5}, "loss": "l1", "sampling": "single"},
        {"scaling": {"inputs": "standard"}, "init": {"weight": ["xavier_normal", "orthogonal"]}},
        {"record": {"curves": 0, "predictions": 1, "parameters": False}},
    ],
)
def test_what_it_can_train(fields: dict[str, Any]):
    assert unsupported(Experiment.from_dict({"network": "2-2-1", "epochs": 2, **fields})) is None
