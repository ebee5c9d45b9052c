"""trainlab finds out why a neural network learns, or doesn't: thousands of seeds, not one run and a hunch.

The names below are loaded when first used, so that importing the package costs next to nothing.
"""

from __future__ import annotations

import sys
from importlib import import_module

TYPE_CHECKING = False  # without importing typing, which takes longer than all the rest here

if TYPE_CHECKING:
    from typing import Any

    from trainlab import explain as explain
    from trainlab.budgets import Budget, budget
    from trainlab.diagnosis import Report, doctor, watch
    from trainlab.diagnosis.seeds.population import SeedsResult
    from trainlab.diagnosis.seeds.seeds_function import seeds
    from trainlab.engine import custom_loss
    from trainlab.engine.torch import Population, population
    from trainlab.errors import TrainlabError
    from trainlab.report import (
        diagnosis_html,
        explanation_html,
        map_html,
        race_html,
        seeds_html,
        smallest_html,
        spike_html,
        study_html,
    )
    from trainlab.spec import Change, Experiment, Network, Study, load_study
    from trainlab.stats import Verdict
    from trainlab.studies import (
        EndingsResult,
        MapResult,
        RaceResult,
        SmallestResult,
        SpikeResult,
        StudyResult,
        endings,
        map_plane,
        race,
        run,
        smallest_budget,
        spike,
        study,
    )
    from trainlab.tasks import arrays
    from trainlab.web.without_server import lab

__version__ = "0.1.0"

_HOMES = {
    "Budget": "budgets",
    "Change": "spec",
    "EndingsResult": "studies",
    "Experiment": "spec",
    "MapResult": "studies",
    "Network": "spec",
    "Population": "engine.torch",
    "RaceResult": "studies",
    "Report": "diagnosis",
    "SeedsResult": "diagnosis.seeds.population",
    "SmallestResult": "studies",
    "SpikeResult": "studies",
    "Study": "spec",
    "StudyResult": "studies",
    "TrainlabError": "errors",
    "Verdict": "stats",
    "arrays": "tasks",
    "budget": "budgets",
    "custom_loss": "engine",
    "diagnosis_html": "report",
    "doctor": "diagnosis",
    "endings": "studies",
    "explanation_html": "report",
    "lab": "web.without_server",
    "load_study": "spec",
    "map_html": "report",
    "map_plane": "studies",
    "population": "engine.torch",
    "race": "studies",
    "race_html": "report",
    "run": "studies",
    "seeds": "diagnosis.seeds.seeds_function",
    "seeds_html": "report",
    "smallest_budget": "studies",
    "smallest_html": "report",
    "spike": "studies",
    "spike_html": "report",
    "study": "studies",
    "study_html": "report",
    "watch": "diagnosis",
}

__all__ = [
    "Budget",
    "Change",
    "EndingsResult",
    "Experiment",
    "MapResult",
    "Network",
    "Population",
    "RaceResult",
    "Report",
    "SeedsResult",
    "SmallestResult",
    "SpikeResult",
    "Study",
    "StudyResult",
    "TrainlabError",
    "Verdict",
    "arrays",
    "budget",
    "custom_loss",
    "diagnosis_html",
    "doctor",
    "endings",
    "explanation_html",
    "lab",
    "load_study",
    "map_html",
    "map_plane",
    "population",
    "race",
    "race_html",
    "run",
    "seeds",
    "seeds_html",
    "smallest_budget",
    "smallest_html",
    "spike",
    "spike_html",
    "study",
    "study_html",
    "watch",
]


def __getattr__(name: str) -> Any:
    if name == "explain":  # a room, whose functions are public: trainlab.explain.neuron()
        return import_module("trainlab.explain")
    if name not in _HOMES:
        # Python itself names the nearest of dir(), given these two.
        raise AttributeError(
            f"module 'trainlab' has no attribute {name!r}", name=name, obj=sys.modules[__name__]
        )
    return getattr(import_module(f"trainlab.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__", "explain"])
