"""Chunks are trained by workers and saved soon after: nothing that was finished is lost."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from execution.fake_engine import FakeEngine, assert_same, made_up

from trainlab.engine import Runs
from trainlab.errors import EngineError, SpecError, StoreError, TrainlabError
from trainlab.execution import Chunk, Interrupted, Progress, carry_out, default_workers, pool
from trainlab.interrupt import one_call
from trainlab.spec import Experiment
from trainlab.store import Store

EXPERIMENT = Experiment.from_dict({"network": "2-2-1", "epochs": 20})


def chunks(count: int, *, size: int = 5) -> list[Chunk]:
    starts = range(0, count * size, size)
    return [
        Chunk(experiment=EXPERIMENT, seeds=range(start, start + size), marks=(10, 20)) for start in starts
    ]


def held(store: Store) -> int:
    return sum(row.seeds for row in store.summary() if row.epochs == 20)


def at(done: int, act: Callable[[], object]) -> Callable[[Progress], None]:
    """Return a listener that acts, once, when that many chunks are done."""
    return lambda now: act() if now.chunks_done == done and not now.stopping else None


def press() -> None:
    signal.raise_signal(signal.SIGINT)


def press_twice() -> None:
    press()
    press()


def test_every_chunk_is_saved_at_every_mark() -> None:
    engine = FakeEngine()
    with Store.in_memory() as store:
        carry_out(chunks(4), engine, store, workers=3)
        for epochs in (10, 20):
            each = EXPERIMENT.at_epochs(epochs)
            assert_same(store.load(each, range(20), engine="fake"), made_up(each, range(20)))
    assert [(seeds, threads) for seeds, _, threads in engine.asked] == [
        (chunk.seeds, 3) for chunk in chunks(4)
    ]


def test_the_engine_trains_in_the_background_while_this_thread_saves() -> None:
    threads: set[int] = set()

    class Watched(FakeEngine):
        def train(self, *args: object, **options: object) -> tuple[Runs, ...]:
            threads.add(threading.get_ident())
            return super().train(*args, **options)  # type: ignore[arg-type]

    with Store.in_memory() as store:
        carry_out(chunks(3), Watched(), store, workers=1)
    assert len(threads) == 1
    assert threading.get_ident() not in threads


def test_one_worker_needs_no_process_and_one_thread() -> None:
    engine = FakeEngine(in_processes=True)
    with Store.in_memory() as store:
        carry_out(chunks(3), engine, store, workers=1)
        assert held(store) == 15
    assert {threads for _, _, threads in engine.asked} == {1}


def test_many_chunks_are_trained_side_by_side_few_are_shared_out() -> None:
    """Four chunks a worker are many: then a thread takes a chunk by itself."""
    for count, threads in ((7, 2), (8, 1)):
        engine = FakeEngine()
        with Store.in_memory() as store:
            carry_out(chunks(count), engine, store, workers=2)
            assert held(store) == 5 * count
        assert {used for _, _, used in engine.asked} == {threads}


def test_several_threads_train_at_the_same_time() -> None:
    both = threading.Barrier(2, timeout=60)

    class Meeting(FakeEngine):
        def train(self, *args: object, **options: object) -> tuple[Runs, ...]:
            both.wait()
            return super().train(*args, **options)  # type: ignore[arg-type]

    with Store.in_memory() as store:
        carry_out(chunks(8), Meeting(), store, workers=2)
        assert held(store) == 40


def test_progress_starts_at_nothing_and_ends_at_all() -> None:
    seen: list[Progress] = []
    with Store.in_memory() as store:
        carry_out(chunks(3), FakeEngine(seconds=0.005), store, workers=1, on_progress=seen.append)
    assert [(now.chunks_done, now.runs_done, now.steps_done) for now in seen] == [
        (0, 0, 0),
        (1, 10, 100),
        (2, 20, 200),
        (3, 30, 300),
    ]
    assert {(now.chunks_total, now.runs_total, now.steps_total) for now in seen} == {(3, 30, 300)}
    assert seen[0].seconds_left is None
    assert seen[-1].seconds_left == 0.0
    assert 0 < seen[-1].steps_trained < 300  # the made-up runs of every fifth seed are frozen early
    assert seen[-1].rate == pytest.approx(seen[-1].steps_trained / seen[-1].elapsed)


def test_nothing_to_do_says_nothing() -> None:
    seen: list[Progress] = []
    with Store.in_memory() as store:
        carry_out([], FakeEngine(), store, on_progress=seen.append)
    assert seen == []


def test_ctrl_c_stops_at_a_border_and_keeps_what_is_finished(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGINT)
    engine = FakeEngine(seconds=0.01)
    with Store.open(tmp_path) as store:
        with pytest.raises(Interrupted) as caught:
            carry_out(chunks(50), engine, store, workers=1, on_progress=at(2, press))
        # It depends on the machine how many chunks are done before the key is seen.
        assert 2 <= caught.value.done < 50
        assert caught.value.total == 50
        assert held(store) == 5 * caught.value.done == 5 * len(engine.asked)
    assert signal.getsignal(signal.SIGINT) is before
    assert isinstance(caught.value, TrainlabError)
    assert str(caught.value) == (
        f"stopped after {caught.value.done} of 50 chunks (each some seeds of one experiment). "
        "All that was finished is saved: the same command, without --fresh, goes on from there."
    )


def test_ctrl_c_without_a_store_says_that_nothing_is_kept() -> None:
    with (
        Store.in_memory() as store,
        pytest.raises(Interrupted, match="Nothing is kept, because no store was given"),
    ):
        carry_out(chunks(9), FakeEngine(), store, workers=1, on_progress=at(0, press))


def test_ctrl_c_in_the_last_chunk_leaves_nothing_to_stop() -> None:
    with Store.in_memory() as store:
        done = carry_out(chunks(3), FakeEngine(), store, workers=1, on_progress=at(3, press))
        assert (done.chunks, held(store)) == (3, 15)


def test_ctrl_c_in_the_last_chunk_stops_what_the_same_call_would_begin_next() -> None:
    engine = FakeEngine()
    with Store.in_memory() as store:
        with one_call():
            carry_out(chunks(3), engine, store, workers=1, on_progress=at(3, press))
            with pytest.raises(Interrupted, match="stopped after 0 of 2 chunks"):
                carry_out(chunks(2), engine, store, workers=1)
        # The next call is another wish.
        carry_out(chunks(2), engine, store, workers=1)
    assert len(engine.asked) == 5


def test_a_second_ctrl_c_stops_at_once() -> None:
    class SlowAfterTheFirst(FakeEngine):
        def train(self, experiment: Experiment, seeds: range, **options: Any) -> tuple[Runs, ...]:
            time.sleep(5.0 if seeds.start else 0.0)
            return super().train(experiment, seeds, **options)

    before = signal.getsignal(signal.SIGINT)
    start = time.monotonic()
    with Store.in_memory() as store:
        with pytest.raises(KeyboardInterrupt):
            carry_out(chunks(5), SlowAfterTheFirst(), store, workers=1, on_progress=at(1, press_twice))
        assert held(store) == 5
    assert time.monotonic() - start < 4.0
    assert signal.getsignal(signal.SIGINT) is before


def test_an_ignored_sigint_stays_ignored() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with Store.in_memory() as store:
            carry_out(chunks(4), FakeEngine(), store, workers=1, on_progress=at(1, press))
            assert held(store) == 20
    finally:
        signal.signal(signal.SIGINT, before)


def test_outside_the_main_thread_signals_are_left_alone() -> None:
    before = signal.getsignal(signal.SIGINT)
    seen: list[object] = []

    def work() -> None:
        with Store.in_memory() as store:
            carry_out(chunks(3), FakeEngine(), store, workers=1)
            seen.extend([held(store), signal.getsignal(signal.SIGINT)])

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [15, before]


def test_ctrl_c_is_answered_while_a_long_chunk_is_still_in_work() -> None:
    seen: list[tuple[bool, int]] = []
    threading.Timer(0.1, press).start()
    with Store.in_memory() as store, pytest.raises(Interrupted):
        carry_out(
            chunks(3),
            FakeEngine(seconds=1.5),
            store,
            workers=1,
            on_progress=lambda now: seen.append((now.stopping, now.chunks_done)),
        )
    assert seen[:2] == [(False, 0), (True, 0)]
    assert seen[-1] == (True, 1)


def test_an_event_stops_like_ctrl_c() -> None:
    stop, engine = threading.Event(), FakeEngine(seconds=0.01)
    with Store.in_memory() as store, pytest.raises(Interrupted) as caught:
        carry_out(chunks(50), engine, store, workers=1, stop=stop, on_progress=at(2, stop.set))
    assert 2 <= caught.value.done <= 5


def test_an_event_set_before_trains_nothing() -> None:
    stop, engine = threading.Event(), FakeEngine()
    stop.set()
    with Store.in_memory() as store, pytest.raises(Interrupted, match="stopped after 0 of 5 chunks"):
        carry_out(chunks(5), engine, store, workers=1, stop=stop)
    assert engine.asked == []


def test_a_failing_engine_loses_no_finished_chunk() -> None:
    engine = FakeEngine(fails_at=17)
    with Store.in_memory() as store:
        with pytest.raises(ZeroDivisionError, match="seed 17"):
            carry_out(chunks(10), engine, store, workers=1)
        assert store.missing(EXPERIMENT, range(15), engine="fake") == []
        assert held(store) == 5 * (len(engine.asked) - 1)
    assert len(engine.asked) <= 5


def test_a_failing_store_is_told() -> None:
    with Store.in_memory() as store:
        store._db.execute("PRAGMA query_only = ON")
        with pytest.raises(StoreError, match="read-only"):
            carry_out(chunks(5), FakeEngine(), store, workers=1)


def test_runs_that_were_not_asked_for_are_refused() -> None:
    class Wrong(FakeEngine):
        def train(self, *args: object, **options: object) -> tuple[Runs, ...]:
            return super().train(*args, **options)[:1]  # type: ignore[arg-type]

    with Store.in_memory() as store:
        with pytest.raises(EngineError, match="engine 'fake': returned other runs than those asked for"):
            carry_out(chunks(2), Wrong(), store, workers=1)
        assert store.summary() == []


def test_workers_must_be_one_or_more() -> None:
    with Store.in_memory() as store, pytest.raises(SpecError, match="workers = 0"):
        carry_out(chunks(2), FakeEngine(), store, workers=0)


def test_default_workers_are_the_cores_of_this_process() -> None:
    assert default_workers() >= 1


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
    monkeypatch.setattr(pool, "time", made)
    return made


def finished(start: int) -> tuple[Chunk, Any]:
    seeds = range(start, start + 5)
    return Chunk(experiment=EXPERIMENT, seeds=seeds, marks=(20,)), (made_up(EXPERIMENT, seeds),)


def test_a_chunk_that_took_long_is_saved_at_once(clock: Clock) -> None:
    store, told = Recorder(clock), list[Chunk]()
    kept = pool.Saver(store, [finished(0)[0]], engine="fake", on_saved=lambda chunk, _: told.append(chunk))  # type: ignore[arg-type]
    clock.save_takes = 0.01
    for start in (0, 5, 10):
        kept.add([finished(start)])
        clock.now += 0.0401
    assert store.transactions == [[0], [5], [10]]
    assert [chunk.seeds.start for chunk in told] == [0, 5, 10]


def test_short_chunks_wait_for_four_times_the_last_save_and_go_together(clock: Clock) -> None:
    store = Recorder(clock)
    kept = pool.Saver(store, [finished(0)[0]], engine="fake", on_saved=lambda *_: None)  # type: ignore[arg-type]
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
    kept = pool.Saver(store, [finished(0)[0]], engine="fake", on_saved=lambda *_: None)  # type: ignore[arg-type]
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
        kept = pool.Saver(
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
        kept = pool.Saver(store, [chunk], engine="fake", on_saved=lambda *_: None)
        data.write_text("x,y\n0,0\n1,2\n")
        with pytest.raises(SpecError, match="the file changed while networks were trained on it"):
            kept.add([(chunk, (made_up(experiment, range(5)),))])
        assert store.summary() == []
