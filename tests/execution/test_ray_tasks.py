import threading
import warnings
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from execution.fake_engine import FakeEngine, assert_same, made_up

from trainlab.errors import DataError, EngineError
from trainlab.execution import Chunk, Interrupted, Progress, carry_out, ray_tasks
from trainlab.execution.plan import Bundle
from trainlab.execution.ray_tasks import (
    ClusterWarning,
    Identity,
    Pace,
    Reply,
    bundles,
    check_carriable,
    check_identity,
)
from trainlab.execution.workers import Results, Team, train_bundle
from trainlab.spec import Experiment
from trainlab.store import Store

EXPERIMENT = Experiment.from_dict({"network": "2-2-1", "epochs": 20})
HERE = Identity(engine="fast@1a2b3c4d", processor="zen-1", versions=(("numba", "0.61"), ("numpy", "2.0")))


def chunks(count: int, *, size: int = 5, experiment: Experiment = EXPERIMENT) -> list[Chunk]:
    starts = range(0, count * size, size)
    return [Chunk(experiment=experiment, seeds=range(at, at + size), marks=(20,)) for at in starts]


def reply(worker: Identity) -> Reply:
    return Reply(results=(), seconds=1.0, worker=worker, node="10.0.0.7")


def test_before_the_pace_is_known_chunks_go_one_by_one() -> None:
    every = chunks(3)
    assert list(bundles(every, Pace())) == [(chunk,) for chunk in every]


def test_then_as_many_as_take_a_second() -> None:
    every, pace = chunks(10), Pace()
    made = bundles(every, pace)
    assert next(made) == (every[0],)
    pace.note(every[0].cost, 0.3)
    assert next(made) == tuple(every[1:4])  # 0.9 s
    pace.note(every[0].cost, 5.0)
    assert list(islice(made, 2)) == [(every[4],), (every[5],)]
    pace.note(every[0].cost, 0.001)
    assert list(made) == [tuple(every[6:])]


def test_a_pace_of_nothing_is_no_pace() -> None:
    pace = Pace()
    pace.note(0, 1.0)
    pace.note(5, 0.0)
    assert pace.seconds(1) == float("inf")


def check_silent(worker: Identity, said: set[Identity]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_identity(reply(worker), HERE, said)


def test_the_same_worker_is_nothing_to_say() -> None:
    check_silent(HERE, {HERE})


def test_another_processor_is_said_once() -> None:
    said = {HERE}
    other = replace(HERE, processor="skylake-2", versions=(("numba", "0.60"), ("numpy", "2.0")))
    with pytest.warns(ClusterWarning) as caught:
        check_identity(reply(other), HERE, said)
    check_silent(other, said)
    assert [str(warning.message) for warning in caught] == [
        "node 10.0.0.7 has another processor, skylake-2 (here zen-1), numba 0.60 (here 0.61): runs may "
        "differ in their last bits from one node to another, and end otherwise where a training amplifies "
        "that; rates stay within their intervals."
    ]


def test_runs_of_another_trainlab_are_refused() -> None:
    other = replace(HERE, engine="fast@ffffffff")
    with pytest.raises(EngineError, match=r"node 10\.0\.0\.7 has another trainlab \(fast@ffffffff; here"):
        check_identity(reply(other), HERE, {HERE})


def test_a_gpu_of_this_machine_is_not_the_clusters() -> None:
    with pytest.raises(
        EngineError, match="on = 'ray': Ray's tasks train on processors, 'torch-cuda' on this"
    ):
        check_carriable(FakeEngine(name="torch-cuda"), [EXPERIMENT], "ray")


def test_a_file_must_hold_the_same_on_every_node(tmp_path: Path) -> None:
    path = tmp_path / "some.csv"
    path.write_text("a,b\n0,0\n1,1\n0,1\n")
    task = {"name": "file", "path": str(path)}
    experiment = Experiment.from_dict({"network": "1-2-1", "epochs": 20, "task": task})
    (chunk,) = chunks(1, experiment=experiment)
    with pytest.raises(DataError, match=r"on node here the file has other contents"):
        ray_tasks._check_data(chunk, "0" * 64, "here")
    path.unlink()
    with pytest.raises(DataError, match=r"^node here: .*Every node needs the file at the same path\.$"):
        ray_tasks._check_data(chunk, "0" * 64, "here")


class FakeCluster:
    """A team whose bundles are trained when `settle` is called, or at once; it counts what is out."""

    def __init__(self, *, slots: int) -> None:
        self.engine, self.slots = FakeEngine(), slots
        self.out = self.most = 0
        self.handed: list[Bundle] = []
        self.lock = threading.Lock()

    def submit(self, bundle: Bundle) -> Future[tuple[Results, ...]]:
        future: Future[tuple[Results, ...]] = Future()
        future.set_running_or_notify_cancel()  # in progress at once: it can't be withdrawn
        with self.lock:
            self.out += 1
            self.most = max(self.most, self.out)
            self.handed.append(bundle)

        def work() -> None:
            results = train_bundle(self.engine, bundle, threads=1)
            with self.lock:
                self.out -= 1
            future.set_result(results)

        threading.Timer(0.05, work).start()  # longer than handing out takes on a busy machine
        return future

    @contextmanager
    def team(self, on: str, engine: Any, every: Sequence[Chunk], *, workers: int | None) -> Generator[Team]:
        assert (on, workers) == ("ray", None)
        pace = Pace()
        pace.note(every[0].cost, 0.25)
        yield Team(submit=self.submit, slots=lambda: self.slots, bundles=lambda each: bundles(each, pace))


def test_what_is_out_is_bounded_and_all_of_it_is_saved(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = FakeCluster(slots=3)
    monkeypatch.setattr(ray_tasks, "ray_team", cluster.team)
    seen: list[Progress] = []
    with Store.in_memory() as store:
        carry_out(chunks(42), FakeEngine(), store, on="ray", on_progress=seen.append)
        assert_same(store.load(EXPERIMENT, range(210), engine="fake"), made_up(EXPERIMENT, range(210)))
    assert cluster.most == 3
    assert [len(bundle) for bundle in cluster.handed] == [4] * 10 + [2]
    assert seen[-1].chunks_done == seen[-1].chunks_total == 42


class FakeRay:
    """What a crew asks of the module ray, as of Ray Client: replies come when the test gives them."""

    class exceptions:  # noqa: N801 - Ray's name
        TaskCancelledError = KeyError
        RayError = KeyError

    def __init__(self) -> None:
        self.replies: list[Future[Reply]] = []
        self.util = SimpleNamespace(client=SimpleNamespace(ray=SimpleNamespace(is_connected=lambda: True)))

    def remote(self, **options: object) -> Callable[[object], Any]:
        return lambda function: SimpleNamespace(remote=self._send)

    def _send(self, *arguments: object) -> Any:
        self.replies.append(Future())
        return SimpleNamespace(future=lambda reply=self.replies[-1]: reply)

    def cancel(self, reference: object, *, force: bool = False) -> None:
        assert not force, "nothing is in flight any more"


def test_when_the_cluster_is_gone_all_that_is_awaited_fails_once(caplog: pytest.LogCaptureFixture) -> None:
    ray = FakeRay()
    crew = ray_tasks._Crew(ray, FakeEngine(), chunks(3))
    first, second = (crew.submit((chunk,)) for chunk in chunks(2))
    first.cancel()
    crew.lose("it is gone")
    third = crew.submit((chunks(3)[2],))
    ray.replies[0].set_exception(FakeRay.exceptions.TaskCancelledError())
    ray.replies[1].set_result(reply(ray_tasks.identity("fake")))
    ray.replies[2].set_exception(OSError())
    for each in (first, second, third):
        with pytest.raises(EngineError, match=r"^it is gone$"):
            each.result(timeout=0)
    assert not caplog.records  # of which Python would print the message
    crew.end()


class LostCrew:
    """Its connection is lost as soon as anything is asked of it."""

    pace = Pace()

    def __init__(self, *given: object) -> None:
        self.asked = False

    def submit(self, bundle: Bundle) -> Future[tuple[Results, ...]]:
        self.asked = True
        raise ConnectionError("Client is shutting down.")

    def end(self) -> None:
        assert self.asked
        self.submit(())


def test_a_lost_connection_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_tasks, "processors_for", lambda *given: lambda: 1)
    monkeypatch.setattr(ray_tasks, "connected", lambda on: FakeRay())
    monkeypatch.setattr(ray_tasks, "_Crew", LostCrew)
    with Store.in_memory() as store, pytest.raises(EngineError) as caught:
        carry_out(chunks(3), FakeEngine(), store, on="ray")
    assert str(caught.value) == (
        "on = 'ray': the connection to the cluster was lost (Client is shutting down). Finished chunks are "
        "saved."
    )


def test_a_cluster_that_grows_is_given_more(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = FakeCluster(slots=1)
    monkeypatch.setattr(ray_tasks, "ray_team", cluster.team)

    def grow(now: Progress) -> None:
        if now.chunks_done:
            cluster.slots = 4

    with Store.in_memory() as store:
        carry_out(chunks(60), FakeEngine(), store, on="ray", on_progress=grow)
    assert cluster.most == 4


def test_ctrl_c_makes_no_further_bundle(monkeypatch: pytest.MonkeyPatch) -> None:
    cluster, stop = FakeCluster(slots=2), threading.Event()
    monkeypatch.setattr(ray_tasks, "ray_team", cluster.team)
    with Store.in_memory() as store:
        with pytest.raises(Interrupted) as caught:
            carry_out(
                chunks(60),
                FakeEngine(),
                store,
                on="ray",
                stop=stop,
                on_progress=lambda now: stop.set() if now.chunks_done else None,
            )
        assert sum(row.seeds for row in store.summary()) == 5 * caught.value.done
    assert caught.value.done == sum(map(len, cluster.handed)) < 60
