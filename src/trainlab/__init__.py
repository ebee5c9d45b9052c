"""trainlab finds out why a neural network learns, or doesn't: thousands of seeds, not one run and a hunch.

The names below are loaded when first used, so that importing the package costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trainlab.budgets import Budget, budget
    from trainlab.diagnosis import doctor, watch
    from trainlab.engine import custom_loss
    from trainlab.engine.torch import Population, population
    from trainlab.errors import TrainlabError
    from trainlab.report import diagnosis_html, map_html, race_html, study_html
    from trainlab.spec import Change, Experiment, Network, Study, load_study
    from trainlab.studies import MapResult, RaceResult, StudyResult, map_plane, race, run, study
    from trainlab.tasks import arrays

__version__ = "0.1.0"

_HOMES = {
    "Budget": "budgets",
    "Change": "spec",
    "Experiment": "spec",
    "MapResult": "studies",
    "Network": "spec",
    "RaceResult": "studies",
    "Population": "engine.torch",
    "Study": "spec",
    "StudyResult": "studies",
    "TrainlabError": "errors",
    "arrays": "tasks",
    "budget": "budgets",
    "custom_loss": "engine",
    "diagnosis_html": "report",
    "doctor": "diagnosis",
    "load_study": "spec",
    "map_html": "report",
    "map_plane": "studies",
    "race": "studies",
    "race_html": "report",
    "population": "engine.torch",
    "run": "studies",
    "study": "studies",
    "study_html": "report",
    "watch": "diagnosis",
}

__all__ = [
    "Budget",
    "Change",
    "Experiment",
    "MapResult",
    "Network",
    "Population",
    "RaceResult",
    "Study",
    "StudyResult",
    "TrainlabError",
    "arrays",
    "budget",
    "custom_loss",
    "diagnosis_html",
    "doctor",
    "load_study",
    "map_html",
    "map_plane",
    "population",
    "race",
    "race_html",
    "run",
    "study",
    "study_html",
    "watch",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'trainlab' has no attribute {name!r}")
    return getattr(import_module(f"trainlab.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
