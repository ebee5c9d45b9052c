"""The doctor: what keeps a training from learning, where, by which numbers, and what to change."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trainlab.diagnosis.finding import Finding
    from trainlab.diagnosis.in_process.doctor_function import doctor
    from trainlab.diagnosis.in_process.watch import Watch, watch
    from trainlab.diagnosis.report.report import Report
    from trainlab.diagnosis.report.show import show_report
    from trainlab.diagnosis.script.plan import Plan
    from trainlab.diagnosis.script.runner import run_script
    from trainlab.diagnosis.signals.series import Series

# A script under the doctor begins before any of these is loaded: NumPy, too, reads the environment only once.
_HOMES = {
    "Finding": "finding",
    "Plan": "script.plan",
    "Report": "report.report",
    "Series": "signals.series",
    "Watch": "in_process.watch",
    "doctor": "in_process.doctor_function",
    "run_script": "script.runner",
    "show_report": "report.show",
    "watch": "in_process.watch",
}

__all__ = ["Finding", "Plan", "Report", "Series", "Watch", "doctor", "run_script", "show_report", "watch"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'trainlab.diagnosis' has no attribute {name!r}")
    return getattr(import_module(f"trainlab.diagnosis.{_HOMES[name]}"), name)
