"""The doctor: what keeps a training from learning, where, by which numbers, and what to change."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trainlab.diagnosis.finding import Finding
    from trainlab.diagnosis.findings import Report
    from trainlab.diagnosis.function import doctor
    from trainlab.diagnosis.plan import Plan
    from trainlab.diagnosis.runner import run_script
    from trainlab.diagnosis.show import show_report
    from trainlab.diagnosis.signals.series import Series
    from trainlab.diagnosis.watching import Watch, watch

# A script under the doctor begins before any of these is loaded: NumPy, too, reads the environment only once.
_HOMES = {
    "Finding": "finding",
    "Plan": "plan",
    "Report": "findings",
    "Series": "signals.series",
    "Watch": "watching",
    "doctor": "function",
    "run_script": "runner",
    "show_report": "show",
    "watch": "watching",
}

__all__ = ["Finding", "Plan", "Report", "Series", "Watch", "doctor", "run_script", "show_report", "watch"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'trainlab.diagnosis' has no attribute {name!r}")
    return getattr(import_module(f"trainlab.diagnosis.{_HOMES[name]}"), name)
