"""Experiments of one study on several engines."""

from __future__ import annotations

from pathlib import Path

import pytest
from execution.fake_engine import assert_same

import trainlab
from trainlab.engine import get_engine, stored_name
from trainlab.execution import Progress, train_all
from trainlab.spec import Experiment
from trainlab.store import Store

SEEDS = range(3)


def experiment(width: int) -> Experiment:
    return Experiment.from_dict({"network": f"2-{width}-{width}-1", "epochs": 3})


SMALL, WIDE, OTHER = experiment(3), experiment(40), experiment(4)


@pytest.fixture(autouse=True)
def _wide_is_for_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trainlab.engine.choose.ratio", lambda width, **_: width / 20)


@pytest.mark.trains
def test_each_is_trained_and_stored_by_its_own_engine() -> None:
    told: list[Progress] = []
    with Store.in_memory() as store:
        found = train_all([SMALL, WIDE, OTHER], SEEDS, engine="auto", store=store, on_progress=told.append)
        for each, runs, name in zip((SMALL, WIDE, OTHER), found, ("fast", "torch", "fast"), strict=True):
            assert_same(runs, get_engine(name).train(each, SEEDS)[0])
            assert store.missing(each, SEEDS, engine=stored_name(name)) == []
            other = "torch" if name == "fast" else "fast"
            assert store.missing(each, SEEDS, engine=stored_name(other)) == [SEEDS]
        told_before = len(told)
        train_all([SMALL, WIDE, OTHER], SEEDS, engine="auto", store=store, on_progress=told.append)
        assert len(told) == told_before
    # The work is one, of three chunks, whichever engine does them.
    assert {each.chunks_total for each in told} == {3}
    assert [each.chunks_done for each in told] == sorted(each.chunks_done for each in told)
    assert told[-1].chunks_done == 3
    assert told[-1].steps_done == told[-1].steps_total == 3 * 3 * 3


def test_a_study_says_who_trained_and_why(tmp_path: Path) -> None:
    small = trainlab.run(SMALL, seeds=2, store=tmp_path)
    assert small.how.engine == "fast"
    assert small.how.engine_reason.startswith("with 25 parameters and 4 examples a step the fast engine is")
    wide = trainlab.run(WIDE, seeds=2, store=tmp_path, fresh=True)
    assert wide.how.engine == "torch"
    assert "torch" in wide.how.versions
    assert wide.how.engine_reason.startswith(
        "with 1,801 parameters and 4 examples a step torch's products are"
    )
    asked = trainlab.run(WIDE, seeds=2, engine="fast")
    assert (asked.how.engine, asked.how.engine_reason) == ("fast", "asked for")
    with Store.open(tmp_path) as store:
        assert store.missing(WIDE, range(2), engine=stored_name("torch")) == []
