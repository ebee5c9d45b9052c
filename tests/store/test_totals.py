"""What is told of chunks without reading them is what their rows say, and nothing else is believed."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from pathlib import Path

import pytest
from execution.fake_engine import made_up

from trainlab.errors import StoreError
from trainlab.spec import Experiment
from trainlab.store import Store, repair
from trainlab.store.listing import Total, within

EXPERIMENT = Experiment.from_dict({"network": "2-3-1", "epochs": 100})
PIECES = (range(10), range(10, 25), range(25, 30))


def fill(folder: Path) -> Store:
    store = Store.open(folder)
    for seeds in PIECES:
        store.save([made_up(EXPERIMENT, seeds)], engine="fake")
    return store


def solved(store: Store, seeds: range) -> int:
    return store.solved(EXPERIMENT, seeds, engine="fake")


def listed(store: Store) -> tuple[int, int, tuple[range, ...]]:
    (row,) = store.summary()
    return row.solved, row.bytes, row.ranges


@pytest.mark.parametrize("seeds", [range(30), range(10, 25), range(3, 28), range(12, 14), range(25, 26)])
def test_solved_runs_are_counted_as_their_rows_say(tmp_path: Path, seeds: range) -> None:
    with fill(tmp_path) as store:
        ends = store.outcomes(EXPERIMENT, seeds, engine="fake")["solved"]
        assert solved(store, seeds) == ends.sum() == made_up(EXPERIMENT, seeds).solved.sum()


@pytest.mark.parametrize("seeds", [range(31), range(40, 50), range(0)])
def test_seeds_that_are_not_there_are_an_error(tmp_path: Path, seeds: range) -> None:
    with fill(tmp_path) as store, pytest.raises(StoreError, match=r"aren't there|no seeds asked for"):
        solved(store, seeds)


def test_no_row_is_read_where_the_total_says_it(tmp_path: Path) -> None:
    with fill(tmp_path) as store:
        before = solved(store, range(30)), listed(store)
        store._db.execute("DELETE FROM runs")
        assert (solved(store, range(30)), listed(store)) == before
        with pytest.raises(StoreError, match="is damaged"):
            solved(store, range(3, 28))


@pytest.mark.parametrize("field", ["count", "solved", "bytes", "saved", "digest", "first_seed", "engine"])
def test_a_total_that_was_altered_is_not_believed_but_named_and_mended(tmp_path: Path, field: str) -> None:
    with fill(tmp_path) as store:
        before = solved(store, range(30)), listed(store)
        value = "'2031-01-01T00:00:00+00:00'" if field in ("saved", "engine") else "7"
        store._db.execute(f"UPDATE totals SET {field} = {value} WHERE first_seed = 10")
        assert (solved(store, range(30)), listed(store)) == before
        (line,) = store.check().damage
        assert "what is counted of the runs of experiment" in line
    repair(tmp_path, lambda done, total: None)
    with Store.open(tmp_path) as store:
        assert store.check().damage == ()
        assert (solved(store, range(30)), listed(store)) == before


def test_the_total_of_a_chunk_goes_with_it(tmp_path: Path) -> None:
    with fill(tmp_path) as store:
        store._db.execute("DELETE FROM chunks WHERE first_seed = 10")
        # As an older program makes it again, which knows of no totals.
        store.save([made_up(EXPERIMENT, range(10, 12))], engine="fake")
        store._db.execute("DELETE FROM totals WHERE first_seed = 10")
        assert listed(store)[2] == (range(12), range(25, 30))
        assert solved(store, range(12)) == made_up(EXPERIMENT, range(12)).solved.sum()


def test_chunks_that_overlap_are_not_added_up() -> None:
    first = Total(engine="fake", seeds=range(10), solved=4, bytes=1, saved="")
    second = Total(engine="fake", seeds=range(9, 20), solved=3, bytes=1, saved="")
    assert within([first, second], range(20)) == (0, [range(20)])
    assert within([first], range(20)) == (4, [range(10, 20)])
    assert within([first, second], range(1, 10)) == (0, [range(1, 10)])


def test_a_clock_that_is_set_back_changes_no_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Past(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Past:
            return cls(2001, 1, 1, tzinfo=tz)

    with fill(tmp_path) as store:
        before = store.summary()[0].last_saved
        monkeypatch.setattr("trainlab.store.store.datetime", Past)
        store.save([made_up(EXPERIMENT, range(20, 40))], engine="fake")
        assert store.missing(EXPERIMENT, range(40), engine="fake") == []
        assert solved(store, range(40)) == made_up(EXPERIMENT, range(40)).solved.sum()
        (row,) = store.summary()
    assert (row.first_saved, row.last_saved) == (Past.now(UTC), before)
