"""Engines by name, and which of them trains an experiment fastest."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec

from trainlab.engine.runs import Engine
from trainlab.errors import EngineError, listing, nearest
from trainlab.maths.formula import custom_entry
from trainlab.spec import Custom, Experiment

# Where the torch engine overtakes the fast one: measured, on one core, and interpolated in between.
#
# The table is printed by ``measure/crossover.py``; that script says what was measured, and on what.


WIDTHS = (32, 64, 128, 256, 512)
BATCHES = (1, 4, 16, 64, 256)
POPULATIONS = (1, 8, 64)

RATIOS = (
    (0.008, 0.007, 0.056),  # width 32, batch 1
    (0.009, 0.010, 0.065),  # width 32, batch 4
    (0.020, 0.021, 0.147),  # width 32, batch 16
    (0.032, 0.029, 0.193),  # width 32, batch 64
    (0.054, 0.033, 0.079),  # width 32, batch 256
    (0.024, 0.023, 0.115),  # width 64, batch 1
    (0.034, 0.029, 0.116),  # width 64, batch 4
    (0.033, 0.032, 0.354),  # width 64, batch 16
    (0.109, 0.076, 0.380),  # width 64, batch 64
    (0.153, 0.138, 0.424),  # width 64, batch 256
    (0.253, 0.202, 0.233),  # width 128, batch 1
    (0.154, 0.202, 0.241),  # width 128, batch 4
    (0.241, 0.255, 0.471),  # width 128, batch 16
    (0.250, 0.254, 0.636),  # width 128, batch 64
    (0.631, 0.645, 0.527),  # width 128, batch 256
    (1.173, 1.290, 0.513),  # width 256, batch 1
    (0.938, 0.652, 0.567),  # width 256, batch 4
    (0.710, 0.703, 0.747),  # width 256, batch 16
    (1.512, 0.690, 0.709),  # width 256, batch 64
    (1.874, 0.889, 0.753),  # width 256, batch 256
    (2.454, 1.225, 0.801),  # width 512, batch 1
    (2.163, 1.191, 0.568),  # width 512, batch 4
    (1.793, 0.725, 0.994),  # width 512, batch 16
    (1.838, 1.146, 1.026),  # width 512, batch 64
    (2.349, 1.093, 1.284),  # width 512, batch 256
)
"""How many times as long the fast engine takes: a row for each width and batch, a column a population."""


def ratio(*, width: float, batch: float, population: float) -> float:
    """Return the time of a training step of the fast engine, divided by that of the torch engine.

    `width` is that of the two hidden layers of the networks measured, see `equal_width`. The logarithms are
    interpolated linearly between the measured points, and constant beyond them.
    """
    at = [
        _place(WIDTHS, width),
        _place(BATCHES, batch),
        _place(POPULATIONS, population),
    ]
    total = 0.0
    for corner in range(8):
        share, index = 1.0, [0, 0, 0]
        for axis, (low, part) in enumerate(at):
            high = corner >> axis & 1
            share *= part if high else 1.0 - part
            index[axis] = low + high
        if share:
            total += share * math.log(RATIOS[index[0] * len(BATCHES) + index[1]][index[2]])
    return math.exp(total)


def equal_width(parameters: int) -> float:
    """Return the width of a 1-w-w-1 network with so many parameters: w² + 4w + 1."""
    return math.sqrt(max(parameters, 1) + 3.0) - 2.0


def _place(points: Sequence[int], value: float) -> tuple[int, float]:
    """Return the measured point below a value, and how far it is on the way to the next, by logarithms."""
    held = min(max(value, points[0]), points[-1])
    low = max(index for index, point in enumerate(points[:-1]) if point <= held)
    return low, math.log(held / points[low]) / math.log(points[low + 1] / points[low])


ENGINES = ("auto", "fast", "torch", "torch-cuda", "reference")
"""The names that an engine can be asked for by; ``auto`` is what `choose` chooses for each experiment."""

MANY = 64
"""Beyond this size a population makes no more difference to `choose`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """The name of the engine to take, and why, in a sentence."""

    engine: str
    reason: str


def choose(experiment: Experiment, population: int = MANY) -> Choice:
    """Return the faster engine for that many networks, as measured on one core (`crossover`).

    What counts is how many parameters a network has, how many examples a step sees, and how many networks
    there are. Only engines on the CPU are compared; the torch engine alone can use a CUDA device.
    """
    for phase in experiment.phases:
        if isinstance(phase.loss, Custom):
            own = _of_custom(phase.loss)
            if own is not None:
                return own
    parameters, batch = experiment.network.parameters, experiment.examples_per_step
    times = ratio(width=equal_width(parameters), batch=batch, population=population)
    step = (
        f"{parameters:,} parameter{'s' if parameters > 1 else ''} and {batch:,} "
        f"example{'s' if batch > 1 else ''} a step"
    )
    if times <= 1.0:
        return Choice(engine="fast", reason=f"with {step} the fast engine is quicker than torch's products.")
    if not has_torch():
        return Choice(engine="fast", reason=f"with {step} torch would be quicker, but it isn't installed.")
    return Choice(
        engine="torch", reason=f"with {step} torch's products are about {times:.1f} × as quick as the kernel."
    )


def _of_custom(loss: Custom) -> Choice | None:
    """Return the one engine that can train with a loss of the user's own; None if several can."""
    entry = custom_entry(loss.function, loss.digest)
    if entry.derivative is None:
        return Choice(
            engine="torch", reason=f"the loss {entry.name!r} has no derivative: autograd makes one."
        )
    from trainlab.engine.fast.job import can_compile

    if not entry.on_tensors:
        return Choice(engine="fast", reason=f"the loss {entry.name!r} is a function of numbers, not tensors.")
    if not can_compile(loss):
        return Choice(
            engine="torch", reason=f"numba isn't installed, or can't compile the loss {entry.name!r}."
        )
    return None


def engine_of(engine: str, experiment: Experiment) -> str:
    """Return the name of the engine that trains an experiment: `engine` itself, unless that is ``auto``.

    The choice is always that for many networks: if it changed as seeds are added, stored runs would no longer
    count.
    """
    return choose(experiment).engine if engine == "auto" else engine


def by_engine(engine: str, experiments: Iterable[Experiment]) -> dict[str, list[Experiment]]:
    """Return the experiments by the name of the engine that trains them, each in the order given."""
    groups: dict[str, list[Experiment]] = {}
    for experiment in experiments:
        groups.setdefault(engine_of(engine, experiment), []).append(experiment)
    return groups


def other_engine(engine: str, experiment: Experiment) -> str | None:
    """Return another engine that can train an experiment, computing it differently; None if none can."""
    other = "torch" if engine_of(engine, experiment) == "fast" else "fast"
    for phase in experiment.phases:
        only = _of_custom(phase.loss) if isinstance(phase.loss, Custom) else None
        if only is not None and only.engine != other:
            return None
    return other


def get_engine(name: str, *, dtype: str = "float32") -> Engine:
    """Return the engine of that name; it imports what it needs (llvmlite or torch) only when it trains."""
    if name == "auto":
        raise EngineError(
            "engine = 'auto': is another engine for each experiment; ask engine_of which, and get that."
        )
    if name == "fast":
        from trainlab.engine.fast import FastEngine

        return FastEngine(dtype=dtype)
    if name in ("torch", "torch-cuda"):
        from trainlab.engine.torch import TorchEngine

        return TorchEngine(dtype=dtype, device="cuda" if name == "torch-cuda" else "cpu")
    if name == "reference":
        from trainlab.engine.reference import ReferenceEngine

        return ReferenceEngine(dtype=dtype)
    raise EngineError(f"engine = {name!r}: must be {listing(ENGINES)}.{nearest(name, ENGINES)}")


@cache
def has_torch() -> bool:
    """Return whether torch is installed, without importing it."""
    return find_spec("torch") is not None
