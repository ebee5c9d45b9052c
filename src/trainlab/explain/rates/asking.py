"""What is asked about: the experiment, its name, and options that are refused before anything runs."""

from __future__ import annotations

import operator
import os
from typing import Any

from msgspec.structs import replace

from trainlab.engine import ENGINES
from trainlab.errors import EngineError, ExplainError, listing, nearest
from trainlab.spec import Experiment, NoSchedule, Study, Warmup, any_study, named_cell
from trainlab.spec.study import MAX_SEEDS

DEFAULT = "xor44"
DEFAULT_CELL = "Model 2:B+E"
"""SGD with momentum, MSE and a linear output: all three regimes show, divergence among them.

With A's Adam a step no longer grows with the gradient, and with tanh at the output none can leave ±1.
"""


def ask(source: Experiment | Study | str | os.PathLike[str], cell: str | None) -> tuple[str, Experiment]:
    """Return the experiment meant, and what it is called."""
    given: Any = source
    if not isinstance(given, Experiment | Study | str | os.PathLike):
        raise ExplainError(
            f"source: {type(given).__name__} is no experiment; give an Experiment, a Study, the path of a "
            f"file or an example's name, such as {DEFAULT!r}."
        )
    study = any_study(source)
    if source == DEFAULT and cell is None:
        cell = DEFAULT_CELL
    experiment = named_cell(study, cell).experiment
    if isinstance(source, Experiment):
        return experiment.network.label, experiment
    name = next(each.name for each in study.cells() if each.experiment == experiment)
    return name.removesuffix(":none"), experiment


def check_options(seeds: Any, engine: str) -> None:
    """Refuse a number of seeds or an engine that can't be."""
    try:
        count = operator.index(seeds)
    except TypeError:
        count = 0
    if not 1 <= count <= MAX_SEEDS // 2:
        raise ExplainError(f"seeds = {seeds!r}: must be a whole number from 1 to {MAX_SEEDS // 2:,}.")
    if engine not in ENGINES:
        raise EngineError(f"engine = {engine!r}: must be {listing(ENGINES)}.{nearest(engine, ENGINES)}")


def constant(experiment: Experiment) -> Experiment:
    """Return the experiment at its optimizer's own rate throughout."""
    return replace(experiment, schedule=NoSchedule(), warmup=Warmup())
