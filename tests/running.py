"""How tests run: one file with Chromium or Ray at a time; a red test is told as it happens."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import TextIO

import pytest

WITH_RAY = (
    "cli/test_on_ray_command.py",
    "crash/test_kill.py",
    "execution/test_on_ray.py",
    "execution/test_two_nodes.py",
)
"""Files that start a Ray, of half a dozen processes. Those with Chromium are known by its fixture."""
_RUN = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
_LOCK = Path(tempfile.gettempdir()) / f"trainlab-tests-{_RUN}.lock"
"""The workers of one run have it in common."""


def heavy_files(items: list[pytest.Item]) -> set[Path]:
    """Return the files of which two at once are too much for two processors."""
    return {
        item.path
        for item in items
        if "chromium" in getattr(item, "fixturenames", ()) or item.path.as_posix().endswith(WITH_RAY)
    }


def spread(items: list[pytest.Item], apart: set[Path]) -> list[pytest.Item]:
    """Return the tests with these files far from each other: no worker is to wait for another's."""
    files = list(dict.fromkeys(item.path for item in items))
    heavy = [path for path in files if path in apart]
    others = [path for path in files if path not in apart]
    every = max(1, len(others) // (len(heavy) + 1))
    place = {path: 2 * at for at, path in enumerate(others)}
    place |= {path: 2 * every * at + 1 for at, path in enumerate(heavy)}
    return sorted(items, key=lambda item: place[item.path])


class OneAtATime:
    """Holds the lock from a file's first test to its last, before the clock of either begins."""

    def __init__(self) -> None:
        self.heavy: set[Path] = set()
        self._held: TextIO | None = None

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(
        self, item: pytest.Item, nextitem: pytest.Item | None
    ) -> Generator[None, object, object]:
        """Wait until no other worker has one."""
        if item.path in self.heavy and self._held is None:
            self._held = _LOCK.open("w")
            fcntl.flock(self._held, fcntl.LOCK_EX)
        try:
            return (yield)
        finally:
            if self._held is not None and (nextitem is None or nextitem.path not in self.heavy):
                fcntl.flock(self._held, fcntl.LOCK_UN)  # a process that inherited it would hold it on
                self._held.close()
                self._held = None


class Teller:
    """Tells of a red test as it happens; pytest itself tells at the end."""

    def __init__(self, config: pytest.Config) -> None:
        self._plugins = config.pluginmanager

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Write its name and the last line of why."""
        terminal = self._plugins.get_plugin("terminalreporter")
        if report.failed and terminal is not None:
            words = report.longreprtext.strip().splitlines()
            why = next((line[4:] for line in words if line.startswith("E   ")), words[-1] if words else "")
            terminal.ensure_newline()
            terminal.write_line(f"RED {report.nodeid} ({report.when}): {why.strip()[:200]}")


def pytest_configure(config: pytest.Config) -> None:
    """Tell where reports arrive: with workers in the process that has none of the tests."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Teller(config), "tells of a red test")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Hold the lock where it is needed."""
    one_at_a_time = OneAtATime()
    one_at_a_time.heavy = heavy_files(items)
    config.pluginmanager.register(one_at_a_time, "Chromium and Ray one at a time")
