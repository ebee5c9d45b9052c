"""What a test costs: CPU time of its process and of the children it waited for, whoever else is at work.

A test is charged with its own setup and call, and with every fixture of a wider scope that it uses, whoever
set that up: what it costs when it is run alone. It isn't charged with compiling the kernel's units, which are
kept on disk for all (`warm_kernel.py`), nor with collecting the garbage of all tests before it.

A CPU second is not as long everywhere: two processors that share a core, or a host with other guests, do half
as much in it. So what decides is asked in seconds of the usual machine (`usual_seconds`).
"""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Generator
from typing import Any

import pytest


def used() -> float:
    """Return the CPU seconds of this process and of the children that have ended."""
    return sum(os.times()[:4])


_USUAL = 0.05
"""CPU seconds that `yardstick` takes on the usual machine."""
_YARDSTICK = "\n".join(
    f"def f{i}(a, b={i}):\n    return [a + {i} for x in range(b) if x % {i + 1}]" for i in range(2000)
)


def yardstick() -> float:
    """Do what needs as many instructions and as much memory everywhere, and return its CPU seconds."""
    start = time.thread_time()
    compile(_YARDSTICK, "yardstick", "exec")
    return time.thread_time() - start


def usual_seconds(seconds: float) -> float:
    """Return how long the usual machine would have taken; one that is faster gets no credit for it."""
    return seconds / max(1.0, yardstick() / _USUAL)


class Costs:
    """CPU seconds of tests and of the fixtures that they share, without those of keeping compiled units."""

    def __init__(self) -> None:
        self.compiling = 0.0
        """Of the test that began, in compiling what isn't kept on disk."""
        self._for_all = 0.0
        self._collecting = 0.0
        self._children = 0.0
        self._shared: dict[Any, float] = {}
        self._in_shared = 0.0
        self._begun = 0.0

    def leave_out_compilation(self) -> None:
        """Let the time in which units are compiled that are kept on disk count for nobody."""
        from trainlab.engine.kernel import compiled_units

        compiled = compiled_units._compiled

        def timed(unit: compiled_units.Unit, *, kept_on_disk: bool = True) -> int:
            start = time.thread_time()
            try:
                return compiled(unit, kept_on_disk=kept_on_disk)
            finally:
                spent = time.thread_time() - start
                if kept_on_disk:
                    self._for_all += spent
                else:
                    self.compiling += spent

        compiled_units._compiled = timed

    def leave_out_garbage(self) -> None:
        """Let the time in which garbage is collected count for nobody: it grows with the tests before."""

        def timed(phase: str, info: dict[str, int]) -> None:
            now = time.thread_time()
            if phase == "stop":
                self._for_all += now - self._collecting
            self._collecting = now

        gc.callbacks.append(timed)

    def begin(self) -> None:
        """Note that a test begins."""
        self.compiling = 0.0
        self._children = sum(os.times()[2:4])
        self._begun = self._clock() - self._in_shared

    @property
    def in_children(self) -> float:
        """Of the test that began, in processes that it started."""
        return sum(os.times()[2:4]) - self._children

    def of(self, item: pytest.Item) -> float:
        """Return what the test that began has cost, with the shared fixtures that it uses."""
        fixtures = getattr(item, "_fixtureinfo", None)
        used_by_it = {f for defs in (fixtures.name2fixturedefs if fixtures else {}).values() for f in defs}
        shared = sum(self._shared.get(fixture, 0.0) for fixture in used_by_it)
        return self._clock() - self._in_shared - self._begun + shared

    def _clock(self) -> float:
        return used() - self._for_all

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any) -> Generator[None, Any, Any]:
        """Charge a fixture of a wider scope to all who use it, without those that it uses itself."""
        if fixturedef.scope == "function":
            return (yield)
        start, inside = self._clock(), self._in_shared
        try:
            return (yield)
        finally:
            spent = self._clock() - start
            self._shared[fixturedef] = spent - (self._in_shared - inside)
            self._in_shared = inside + spent
