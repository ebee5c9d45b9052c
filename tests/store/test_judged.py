"""What rules say of runs is kept beside the runs, under the rules that said it."""

from __future__ import annotations

from pathlib import Path

import pytest
from execution.fake_engine import made_up

from trainlab.errors import StoreError
from trainlab.spec import Experiment
from trainlab.store import Store

EXPERIMENT = Experiment.from_dict({"network": "2-3-1"})


def test_it_is_kept_by_the_rules_that_said_it(tmp_path: Path) -> None:
    with Store.open(tmp_path) as store:
        store.save([made_up(EXPERIMENT, range(5))], engine="fake")
        store.save_judged(EXPERIMENT, 2, b"[1]", engine="fake", rules="old")
        store.save_judged(EXPERIMENT, 3, b"[2]", engine="fake", rules="old")
        store.save_judged(EXPERIMENT, 2, b"[3]", engine="fake", rules="new")
    with Store.open(tmp_path) as store:
        assert store.judged(EXPERIMENT, engine="fake", rules="new") == {2: "[3]"}
        assert store.judged(EXPERIMENT, engine="fake", rules="old") == {3: "[2]"}
        assert store.judged(EXPERIMENT, engine="other", rules="new") == {}
        assert store.judged(EXPERIMENT.at_epochs(7), engine="fake", rules="new") == {}


def test_of_a_run_that_isnt_there_nothing_is_kept() -> None:
    with Store.in_memory() as store:
        store.save([made_up(EXPERIMENT, range(5))], engine="fake")
        with pytest.raises(StoreError, match="seeds 9 to 9 aren't there"):
            store.save_judged(EXPERIMENT, 9, b"{}", engine="fake", rules="r")


def test_it_is_forgotten_with_the_runs() -> None:
    with Store.in_memory() as store:
        store.save([made_up(EXPERIMENT, range(5))], engine="fake")
        store.save_judged(EXPERIMENT, 2, b"{}", engine="fake", rules="r")
        assert store.delete([EXPERIMENT], engine="fake") == 5
        store.save([made_up(EXPERIMENT, range(5))], engine="fake")
        assert store.judged(EXPERIMENT, engine="fake", rules="r") == {}
