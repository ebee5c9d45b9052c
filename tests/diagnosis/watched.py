"""Run a training under the probe and return the diagnosis."""

from __future__ import annotations

import contextlib
import io
import runpy
from collections.abc import Callable
from pathlib import Path

import torch

from trainlab.diagnosis import Report, watch
from trainlab.diagnosis.judge.diagnose import diagnose
from trainlab.diagnosis.probe.probe import Probe

HEALTHY = Path(__file__).parent.parent / "cases" / "healthy"


def diagnosed(training: Callable[[], object], *, seed: int = 0, whole_process: bool = False) -> Report:
    """Seed, train, and return what was found; `whole_process` as where a script runs in its own."""
    torch.manual_seed(seed)
    if whole_process:
        probe = Probe(whole_process=True)
        probe.start()
        try:
            training()
        finally:
            seen = probe.stop()
        return diagnose(seen)
    with watch() as watched:
        training()
    return watched.report


def script(name: str) -> Callable[[], dict[str, object]]:
    """Return a healthy script as a function; what it prints goes nowhere."""

    def run() -> dict[str, object]:
        with contextlib.redirect_stdout(io.StringIO()):
            return runpy.run_path(str(HEALTHY / name), run_name="__main__")

    return run


def faults(report: Report) -> list[str]:
    """Return the names of the findings, in order."""
    return [finding.fault for finding in report.findings]
