"""Small races for the tests: 23 networks of 21 parameters on a training of some milliseconds."""

from __future__ import annotations

from functools import cache
from typing import Any

import trainlab
from trainlab import Budget, RaceResult, Study
from trainlab.spec import study_from_toml

TEXT = """
title = "A small race <b> & 'more'"
[baseline]
epochs = 120
loss = "mse"
[baseline.network]
output_activation = "linear"
[baseline.init]
weight = { name = "normal", std = 1.0 }
[baseline.optimizer]
name = "adam"
lr = 0.05
[networks]
M = "2-3-1"
N = "2-2-2-1"
[changes.A]
set.loss = "l1"
[changes.B]
set.epochs = 60
[race]
"optimizer.lr" = [0.0001, 0.05]
"network.activation" = ["tanh", "sigmoid"]
"""


def study() -> Study:
    return study_from_toml(TEXT)


def networks() -> Budget:
    return trainlab.budget(21, inputs=2, outputs=1, min_width=2)


@cache
def networks_race() -> RaceResult:
    return race(networks=networks())


def race(**options: Any) -> RaceResult:
    return trainlab.race(study(), **{"seeds": 8, "max_seeds": 128, "workers": 1, **options})
