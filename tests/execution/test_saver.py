from pathlib import Path
from typing import Any

import pytest
from execution.fake_engine import made_up

from trainlab.errors import SpecError
from trainlab.execution import Chunk, saver
from trainlab.spec import Experiment
from trainlab.store import Store

EXPERIMENT = Experiment.from_dict({"network": "2-2-1", "epochs": 20})


class Clock:
    """A clock that the test sets; every save takes `save_takes` seconds of it."""

    def __init__(self) -> None:
        self.now = 100.0
        self.save_takes = 0.0

    def monotonic(self) -> float:
        return self.now


class Recorder:
    """A store that remembers the first seeds of each transaction."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.transactions: list[list[int]] = []

    def save(self, runs_list: list[Any], *, engine: str) -> None:
        self.transactions.append([runs.first_seed for runs in runs_list])
        self.clock.now += self.clock.save_takes


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(saver, "time", made)
    return made


def finished(start: int) -> tuple[Chunk, Any]:
    seeds = range(start, start + 5)
    return Chunk(experiment=EXPERIMENT, seeds=seeds, marks=(20,)), (made_up(EXPERIMENT, seeds),)


def test_a_chunk_that_took_long_is_saved_at_once(clock: Clock) -> None:
    store, told = Recorder(clock), list[Chunk]()
    kept = saver.Saver(store, [finished(0)[0]], engine="fake", on_saved=lambda chunk, _: told.append(chunk))  # type: ignore[arg-type]
    clock.save_takes = 0.01
    for start in (0, 5, 10):
        kept.add([finished(start)])
        clock.now += 0.0401
    assert store.transactions == [[0], [5], [10]]
    assert [chunk.seeds.start for chunk in told] == [0, 5, 10]


def test_short_chunks_wait_for_four_times_the_last_save_and_go_together(clock: Clock) -> None:
    store = Recorder(clock)
    kept = saver.Saver(store, [finished(0)[0]], engine="fake", on_saved=lambda *_: None)  # type: ignore[arg-type]
    clock.save_takes = 0.01
    for start in range(0, 60, 5):
        kept.add([finished(start)])
        clock.now += 0.012
    assert store.transactions == [
        [0],
        [5, 10, 15, 20],
        [25, 30, 35, 40],
    ]
    kept.flush()
    assert store.transactions[-1] == [45, 50, 55]
    kept.flush()
    assert len(store.transactions) == 4


def test_nothing_waits_longer_than_half_a_second(clock: Clock) -> None:
    store = Recorder(clock)
    kept = saver.Saver(store, [finished(0)[0]], engine="fake", on_saved=lambda *_: None)  # type: ignore[arg-type]
    clock.save_takes = 2.0
    kept.add([finished(0)])
    kept.add([finished(5)])
    clock.now += 0.49
    kept.add([])
    assert store.transactions == [[0]]
    clock.now += 0.02
    kept.add([])
    assert store.transactions == [[0], [5]]


def test_a_transaction_is_whole_or_not_there(tmp_path: Path) -> None:
    told: list[Chunk] = []
    with Store.open(tmp_path) as store:
        kept = saver.Saver(
            store, [finished(0)[0]], engine="fake", on_saved=lambda chunk, _: told.append(chunk)
        )
        kept.flush()
        kept.add([finished(0)])
        broken = made_up(EXPERIMENT, range(10, 15))
        object.__setattr__(broken, "loss", broken.loss[:2])
        kept._waiting = [finished(5), (finished(10)[0], (broken,))]
        with pytest.raises(ValueError, match="broadcast"):
            kept.flush()
        assert store.missing(EXPERIMENT, range(20), engine="fake") == [range(5, 20)]
    assert [chunk.seeds.start for chunk in told] == [0]


def test_runs_of_a_data_file_that_changed_meanwhile_are_refused(tmp_path: Path) -> None:
    data = tmp_path / "points.csv"
    data.write_text("x,y\n0,0\n1,1\n")
    task = {"name": "file", "path": str(data), "targets": "y"}
    experiment = Experiment.from_dict(
        {"network": "1-2-1", "task": task, "solved": {"loss": 0.1}, "epochs": 20}
    )
    chunk = Chunk(experiment=experiment, seeds=range(5), marks=(20,))
    with Store.open(tmp_path / "store") as store:
        kept = saver.Saver(store, [chunk], engine="fake", on_saved=lambda *_: None)
        data.write_text("x,y\n0,0\n1,2\n")
        with pytest.raises(SpecError, match="the file changed while networks were trained on it"):
            kept.add([(chunk, (made_up(experiment, range(5)),))])
        assert store.summary() == []
