"""Small studies for the tests of reports: trained in seconds, with awkward names."""

from functools import cache

from trainlab.spec import Study, study_from_toml
from trainlab.studies import study
from trainlab.studies.result import StudyResult

AWKWARD = '<b>"&'

TEXT = """
title = "Small <script>alert(1)</script> & 'quoted'"
question = "Does <i>it</i> learn?"
[baseline]
task = "xor"
loss = "l1"
epochs = 60
[baseline.network]
activation = "tanh"
[baseline.init]
weight = { name = "normal", mean = 0.0, std = 1.0 }
[baseline.optimizer]
name = "sgd"
lr = 0.05
momentum = 0.9
[baseline.sampling]
name = "single"
[baseline.record]
loss_every = 10
gradient_every = 20
[networks.'<b>"&']
widths = "2-3-1"
[networks.deep]
widths = "2-3-2-2-1"
output_bias = false
[changes.A]
label = "loss: <L1> → MSE"
set.loss = "mse"
[changes.B]
label = "Adam"
set.optimizer = { name = "adam", lr = 0.05 }
"""


def small() -> Study:
    return study_from_toml(TEXT)


@cache
def result(*only: str) -> StudyResult:
    return study(small(), seeds=20, only=only, workers=1)


@cache
def judged() -> StudyResult:
    """The result with two failed runs of each cell of the deep network looked into."""
    return study(small(), seeds=20, only=("deep",), workers=1, why=2)
