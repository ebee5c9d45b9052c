"""Remedies are tried: applied from outside, and compared with the unchanged training on the same seeds."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trainlab.diagnosis.remedies.remedy import Remedy
    from trainlab.diagnosis.remedies.script_trials import ScriptTrials
    from trainlab.diagnosis.remedies.trial import Job, Run, Runner
    from trainlab.diagnosis.remedies.trial_verdict import code_as_tried, of_training
    from trainlab.diagnosis.remedies.trying import BUDGET, SEEDS, Trying

# A fault says what its remedies are; only who tries them needs the rest.
_HOMES = {
    "BUDGET": "trying",
    "SEEDS": "trying",
    "Job": "trial",
    "Remedy": "remedy",
    "Run": "trial",
    "Runner": "trial",
    "ScriptTrials": "script_trials",
    "Trying": "trying",
    "code_as_tried": "trial_verdict",
    "of_training": "trial_verdict",
}

__all__ = [
    "BUDGET",
    "SEEDS",
    "Job",
    "Remedy",
    "Run",
    "Runner",
    "ScriptTrials",
    "Trying",
    "code_as_tried",
    "of_training",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'trainlab.diagnosis.remedies' has no attribute {name!r}")
    return getattr(import_module(f"trainlab.diagnosis.remedies.{_HOMES[name]}"), name)
