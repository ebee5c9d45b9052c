import sys
from pathlib import Path

import numpy as np
import pytest
from execution.fake_engine import FakeEngine, assert_same, made_up

from trainlab.engine import stored_name
from trainlab.errors import EngineError, SpecError
from trainlab.execution import Progress, train_all, train_missing
from trainlab.spec import Experiment
from trainlab.store import Store

SHORT = Experiment.from_dict({"network": "2-2-1", "epochs": 10})
LONG = SHORT.at_epochs(120)
OTHER = Experiment.from_dict({"network": "2-11-1", "epochs": 10})


def test_results_come_in_the_order_asked_for() -> None:
    asked = [OTHER, LONG, SHORT, LONG]
    results = train_all(asked, range(5, 40), engine=FakeEngine(), workers=1)
    for experiment, runs in zip(asked, results, strict=True):
        assert_same(runs, made_up(experiment, range(5, 40)))


def test_chunking_changes_nothing() -> None:
    small = train_all([SHORT, LONG], range(30), engine=FakeEngine(chunk_seeds=4), workers=1)
    large = train_all([SHORT, LONG], range(30), engine=FakeEngine(chunk_seeds=100), workers=1)
    for one, other in zip(small, large, strict=True):
        assert_same(one, other)


def test_only_what_is_missing_is_trained(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        train_all([SHORT], range(20), engine=FakeEngine(), store=store, workers=1)
        engine = FakeEngine()
        train_all([SHORT, LONG], range(30), engine=engine, store=store, workers=1)
        assert sorted(engine.asked, key=lambda call: call[0].start) == [
            (range(10), (120,), 1),
            (range(10, 20), (120,), 1),
            (range(20, 30), (10, 120), 1),
        ]


def test_a_finished_study_trains_nothing_and_says_nothing(tmp_path: Path) -> None:
    engine, seen = FakeEngine(), list[Progress]()
    with Store.open(tmp_path) as store:
        first = train_all([SHORT, OTHER], range(20), engine=FakeEngine(), store=store, workers=1)
        again = train_all([SHORT, OTHER], range(20), engine=engine, store=store, on_progress=seen.append)
    assert engine.asked == []
    assert seen == []
    for one, other in zip(first, again, strict=True):
        assert_same(one, other)


def test_a_finished_study_imports_no_engine() -> None:
    with Store.in_memory() as store:
        store.save([made_up(SHORT, range(5))], engine=stored_name("reference"))
        loaded = sys.modules.get("trainlab.engine.reference")
        sys.modules["trainlab.engine.reference"] = None  # type: ignore[assignment]
        try:
            (runs,) = train_all([SHORT], range(5), engine="reference", store=store)
        finally:
            del sys.modules["trainlab.engine.reference"]
            if loaded is not None:
                sys.modules["trainlab.engine.reference"] = loaded
    assert_same(runs, made_up(SHORT, range(5)))


def test_an_unknown_engine_is_named() -> None:
    with pytest.raises(EngineError, match=r"engine = 'fats'.*Did you mean 'fast'"):
        train_all([SHORT], range(5), engine="fats")


@pytest.mark.parametrize("seeds", [range(0), range(0, 10, 2)])
def test_seeds_must_be_one_range(seeds: range) -> None:
    with pytest.raises(SpecError, match="must be a range of at least one seed, with step 1"):
        train_all([SHORT], seeds, engine=FakeEngine())


def test_train_missing_trains_and_loads_nothing(tmp_path: Path) -> None:
    engine = FakeEngine()
    with Store.open(tmp_path) as store:
        train_missing([SHORT, OTHER], range(20), engine=engine, store=store, workers=1)
        assert len(engine.asked) == 4
        train_missing([SHORT, OTHER], range(20), engine=engine, store=store, workers=1)
        assert len(engine.asked) == 4
        expected = made_up(OTHER, range(3, 17))
        outcomes = store.outcomes(OTHER, range(3, 17), engine="fake")
    for name in ("solved", "solved_epoch", "diverged_step", "loss"):
        np.testing.assert_array_equal(outcomes[name], getattr(expected, name).astype(outcomes[name].dtype))
