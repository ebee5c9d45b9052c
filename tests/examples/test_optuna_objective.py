"""The example runs, small: the objective is trainlab's rate, and a search is the same every time."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

import trainlab

FILE = Path(__file__).parents[2] / "examples" / "optuna_objective.py"


@pytest.fixture(scope="module")
def example() -> ModuleType:
    spec = spec_from_file_location("optuna_objective", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_objective_is_the_rate(example: ModuleType) -> None:
    import optuna

    trial = optuna.trial.FixedTrial({"lr": 0.02, "std": 1.0})
    value = example.share_solved(trial, seeds=16, store=None)
    base = trainlab.Experiment.from_dict(example.BASE)
    assert (base.optimizer.lr, base.init.weight.std) == (0.02, 1.0)
    solved = trainlab.run(base, seeds=16).cells[0].solved
    assert value == solved.estimate
    assert trial.user_attrs["interval"] == (solved.low, solved.high)


def test_a_search_finds_something_and_is_the_same_every_time(example: ModuleType) -> None:
    first, again = (example.search(trials=8, seeds=16) for _ in range(2))
    values = [trial.values[0] for trial in first.trials]
    assert values == [trial.values[0] for trial in again.trials]
    assert first.best_value == max(values) > min(values)
