"""A small Ray on this machine, of two processors: the same results as without, whatever happens meanwhile."""

import os
import signal
import sys
import time
from collections.abc import Generator
from pathlib import Path

import pytest
from execution.fake_engine import FakeEngine, assert_same, made_up
from execution.ray_engines import Dying, Noting, SlowLater
from execution.ray_starts import patiently

from trainlab.engine import Engine, get_engine, stored_name
from trainlab.errors import EngineError
from trainlab.execution import Interrupted, Progress, ray_cluster, train_missing
from trainlab.spec import Experiment
from trainlab.store import Store

pytestmark = pytest.mark.process

EXPERIMENT = Experiment.from_dict({"network": "2-2-1", "epochs": 20})


@pytest.fixture(scope="module", autouse=True)
def ray() -> Generator[object]:
    """Ray for the tests of this file; its workers import from where we do."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("RAY_ADDRESS", raising=False)
        patch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
        patch.setattr(ray_cluster, "default_workers", lambda: 2)
        patch.setattr(ray_cluster, "OBJECT_STORE", 80 * 2**20)
        started = patiently(lambda: ray_cluster.connected("ray"))
        yield started
        started.shutdown()


def trained(engine: Engine, seeds: int, store: Store, **options: object) -> list[Progress]:
    seen: list[Progress] = []
    train_missing(
        [EXPERIMENT],
        range(seeds),
        engine=engine,
        store=store,
        on="ray",
        on_progress=seen.append,
        **options,  # type: ignore[arg-type]
    )
    return seen


def check(store: Store, seeds: int) -> None:
    assert_same(store.load(EXPERIMENT, range(seeds), engine="fake"), made_up(EXPERIMENT, range(seeds)))


def test_the_results_and_the_progress_are_as_without() -> None:
    with Store.in_memory() as store:
        seen = trained(FakeEngine(seconds=0.005), 400, store)
        check(store, 400)
    assert (seen[0].chunks_done, seen[-1].chunks_done, seen[-1].chunks_total) == (0, 40, 40)
    assert [now.chunks_done for now in seen] == list(range(41))
    assert seen[-1].runs_done == 400


def test_the_fast_engine_gives_the_same_bits() -> None:
    engine = get_engine("fast")
    with Store.in_memory() as here, Store.in_memory() as there:
        for store, on in ((here, None), (there, "ray")):
            train_missing([EXPERIMENT], range(40), engine=engine, store=store, on=on)
        name = stored_name("fast")
        assert_same(*(store.load(EXPERIMENT, range(40), engine=name) for store in (here, there)))


def test_ctrl_c_lets_what_is_in_progress_finish_and_withdraws_the_rest(tmp_path: Path) -> None:
    def press(now: Progress) -> None:
        if now.chunks_done == 2 and not now.stopping:
            signal.raise_signal(signal.SIGINT)

    with Store.in_memory() as store:
        with pytest.raises(Interrupted) as caught:
            train_missing(
                [EXPERIMENT],
                range(300),
                engine=Noting(seconds=1.0, folder=str(tmp_path)),
                store=store,
                on="ray",
                on_progress=press,
            )
        held = sum(row.seeds for row in store.summary())
    begun, ended = (len(list(tmp_path.glob(f"{word}-*"))) for word in ("begun", "ended"))
    assert held == 10 * caught.value.done == 10 * begun == 10 * ended
    assert 2 <= begun <= 6  # two were done, two in progress; a save may take a moment


def test_a_second_ctrl_c_stops_at_once() -> None:
    def press(now: Progress) -> None:
        if now.chunks_done >= 1:
            signal.raise_signal(signal.SIGINT)

    start = time.monotonic()
    with Store.in_memory() as store, pytest.raises(KeyboardInterrupt):
        train_missing(
            [EXPERIMENT],
            range(300),
            engine=SlowLater(seconds=40.0),
            store=store,
            on="ray",
            on_progress=press,
        )
    assert time.monotonic() - start < 35


def test_a_worker_that_dies_costs_its_chunks_only(tmp_path: Path) -> None:
    marker = tmp_path / "died"
    with Store.in_memory() as store:
        trained(Dying(marker=str(marker), seed=50), 200, store)
        assert marker.exists()
        check(store, 200)


def test_what_an_engine_raises_is_raised_here_and_the_rest_is_saved() -> None:
    with Store.in_memory() as store:
        with pytest.raises(ZeroDivisionError, match="seed 57"):
            trained(FakeEngine(fails_at=57), 100, store)
        held = sum(row.seeds for row in store.summary())
    # Which of the tasks that are out a worker begins first is Ray's affair.
    assert 20 <= held <= 90


def test_a_node_without_a_module_says_so() -> None:
    class Here(FakeEngine):
        """No worker can import it."""

    Here.__module__, Here.__qualname__ = "not_there", "Here"
    sys.modules["not_there"] = type(sys)("not_there")
    sys.modules["not_there"].Here = Here  # type: ignore[attr-defined]
    try:
        with (
            Store.in_memory() as store,
            pytest.raises(
                EngineError, match=r"can't carry out a chunk: No module named 'not_there'\. Install"
            ),
        ):
            trained(Here(), 20, store)
    finally:
        del sys.modules["not_there"]


def test_workers_bound_how_many_train_at_a_time(tmp_path: Path) -> None:
    engine = Noting(seconds=0.2, folder=str(tmp_path))
    with Store.in_memory() as store:
        trained(engine, 40, store, workers=1)
        check(store, 40)
    times = sorted((int(path.read_text()), path.name.partition("-")[0]) for path in tmp_path.iterdir())
    assert [word for _, word in times] == ["begun", "ended"] * 4


def test_the_size_of_the_cluster_is_known() -> None:
    assert str(ray_cluster.cluster_size()) == "Ray on 1 node with 2 processors"
