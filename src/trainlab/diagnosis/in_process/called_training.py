# pyright: basic
"""One call of a training that is a function, under a probe: with the seed it has, or as with another one."""

from __future__ import annotations

import contextlib
import gc
import io
import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from trainlab.diagnosis.observed.record import TrainingRecord
from trainlab.diagnosis.observed.told import Told
from trainlab.diagnosis.remedies.remedy import Remedy
from trainlab.diagnosis.script.kept_output import Kept

if TYPE_CHECKING:
    from torch import nn

OUTSIDE = (
    "the network was made outside of the function, so that a second call would go on with weights that are "
    "trained already. Make the network, and its optimizer, inside of it."
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Called:
    """The result of a call.

    Args:
        record: what the probe saw.
        returned: what the function returned.
        printed: what it printed.
        error: the exception that it raised, as ``ValueError: no``; empty if it returned.
        acted: how often a remedy took hold.
        seconds: how long it took.
        trained: the ids of the networks that were called and are still there at its end.
    """

    record: TrainingRecord
    returned: Any = None
    printed: str = ""
    error: str = ""
    acted: int = 0
    seconds: float = 0.0
    trained: frozenset[int] = frozenset()

    @property
    def told(self) -> Told:
        """What it said of itself."""
        return Told(printed=self.printed, returned=self.returned, whose="the function")


def call(
    train: Callable[[], Any],
    *,
    seed: int | None,
    from_start: bool = False,
    remedy: Remedy | None = None,
    at_step: Callable[[], None],
    quiet: bool = True,
) -> Called:
    """Call the function and return the result; what `at_step` raises, after a step, is passed on.

    Args:
        train: the training.
        seed: call it as with this other random seed (`reseed`); None as it is.
        from_start: change the seeds that it sets itself, from the start.
        remedy: what to change from outside.
        at_step: is called after each step of an optimizer.
        quiet: what it prints goes nowhere; else also where it went.
    """
    from trainlab.diagnosis.probe.probe import Probe
    from trainlab.diagnosis.remedies.applying import Applied
    from trainlab.diagnosis.script.reseed import Reseed

    probe, returned, error = Probe(), None, ""
    reseed = None if seed is None else Reseed(seed, from_start=from_start)
    applied = None if remedy is None else Applied(remedy.to_plan())
    probe.state.at_boundary.append(at_step)
    started = time.monotonic()
    if reseed is not None:
        reseed.start()
    try:
        with applied or contextlib.nullcontext(), _output(quiet) as out:
            probe.start()
            whole = False
            try:
                returned = train()
                whole = True
            except Exception as raised:
                error = f"{type(raised).__name__}: {raised}"[:500]
            finally:
                record = probe.stop(whole=whole)
                trained = frozenset(id(module) for module in probe.calls.networks.alive())
    finally:
        if reseed is not None:
            reseed.stop()
    return Called(
        record=record,
        returned=returned,
        printed=out.getvalue(),
        error=error,
        acted=applied.acted if applied is not None else 0,
        seconds=time.monotonic() - started,
        trained=trained,
    )


def modules() -> list[nn.Module]:
    """Return the modules that there are; isinstance would ask proxies, and run code of theirs."""
    try:
        from torch import nn
    except ModuleNotFoundError:
        return []
    return [one for one in gc.get_objects() if issubclass(type(one), nn.Module)]


@contextlib.contextmanager
def _output(quiet: bool) -> Iterator[io.StringIO]:
    """Yield what is printed inside; if `quiet` it goes nowhere else, and what goes to stderr is dropped."""
    kept = Kept(None if quiet else sys.stdout)
    with contextlib.ExitStack() as stack:
        stack.enter_context(contextlib.redirect_stdout(kept))
        if quiet:
            nowhere = stack.enter_context(open(os.devnull, "w", encoding="utf-8"))
            stack.enter_context(contextlib.redirect_stderr(nowhere))
        yield kept
