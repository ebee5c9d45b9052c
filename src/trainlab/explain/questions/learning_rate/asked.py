"""What is asked about: the experiment, its name, and options that are refused before anything runs."""

from __future__ import annotations

import os

from msgspec.structs import replace

from trainlab.explain.common.options import check_cell, check_source
from trainlab.spec import Experiment, NoSchedule, Study, Warmup, any_study, named_cell

DEFAULT = "xor44"
DEFAULT_CELL = "Model 2:B+E"
"""SGD with momentum, MSE and a linear output: all three regimes show, divergence among them.

With A's Adam a step no longer grows with the gradient, and with tanh at the output none can leave ±1.
"""


def ask(source: Experiment | Study | str | os.PathLike[str], cell: str | None) -> tuple[str, Experiment]:
    """Return the experiment meant, and what it is called."""
    study, cell = any_study(check_source(source, modules=False)), check_cell(cell)
    if source == DEFAULT and cell is None:
        cell = DEFAULT_CELL
    experiment = named_cell(study, cell).experiment
    if isinstance(source, Experiment):
        return experiment.network.label, experiment
    name = next(each.name for each in study.cells() if each.experiment == experiment)
    return name.removesuffix(":none"), experiment


def constant(experiment: Experiment) -> Experiment:
    """Return the experiment at its optimizer's own rate throughout."""
    return replace(experiment, schedule=NoSchedule(), warmup=Warmup())
