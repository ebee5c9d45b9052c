"""Engines by name, and which of them trains an experiment fastest."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec

from trainlab.engine.crossover import equal_width, ratio
from trainlab.engine.protocol import Engine
from trainlab.errors import EngineError, listing, nearest
from trainlab.maths.custom_losses import custom_entry
from trainlab.spec import Custom, Experiment

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
    from trainlab.engine.fast.compiled_custom_loss import can_compile

    if not entry.on_tensors:
        return Choice(engine="fast", reason=f"the loss {entry.name!r} is a function of numbers, not tensors.")
    if not can_compile(loss):
        return Choice(engine="torch", reason=f"numba can't compile the loss {entry.name!r}.")
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
    """Return the engine of that name; it imports what it needs (numba or torch) only when it trains."""
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
