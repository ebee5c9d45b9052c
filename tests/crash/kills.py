"""Kills at random moments of a training, again and again, and what the store holds afterwards.

``python -m crash.kills N [VICTIM…]`` (in tests/, with trainlab importable) kills each victim N times after
the first finished chunk of a study's life. Each time the study is started again; one that is through is
compared with made-up runs, bit by bit, and the next begins. It ends with 1 if anything was lost, doubled or
changed, or if a process was there ten seconds after its driver's death.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from crash.a_study import EXPERIMENTS, SEEDS
from execution.fake_engine import FakeEngine, assert_same, made_up
from execution.ray_starts import patiently

from trainlab.errors import EngineError
from trainlab.execution import Progress, train_all
from trainlab.lifeline import descendants
from trainlab.store import Store

TOTAL = len(SEEDS) * len(EXPERIMENTS)
PATIENCE = 120.0
OUTLIVED = 10.0
"""Seconds after a driver's death within which all that it started must be gone: one, on an idle machine."""


@dataclass(kw_only=True)
class Tally:
    """What so many kills came to, in runs of all studies; `alive` are processes that outlived a driver."""

    kills: int = 0
    studies: int = 0
    lost: int = 0
    doubled: int = 0
    changed: int = 0
    alive: int = 0

    @property
    def wrong(self) -> int:
        """How much is not as it should be."""
        return self.lost + self.doubled + self.changed + self.alive


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """What there is to be killed: a study's driver by its number, and the cluster that it trains on."""

    driver: int
    cluster: Any
    rng: random.Random


@dataclass(frozen=True, kw_only=True, slots=True)
class Victim:
    """Who is killed in which study; `kill` returns whether there was anybody."""

    kill: Callable[[Scene], bool]
    workers: int = 1
    on_ray: bool = False

    @property
    def seconds(self) -> float:
        """What a chunk takes, of 120 in a study: Ray needs longer to begin again."""
        return 0.1 if self.on_ray else 0.01

    @property
    def delay(self) -> float:
        """The most seconds that a kill waits after a life's first finished chunk or the kill before."""
        return 20 * self.seconds


def sweep(name: str, kills: int, *, seed: int = 0) -> Tally:
    """Kill the victim so many times, over as many studies as that takes."""
    victim, rng, tally = VICTIMS[name], random.Random(seed), Tally()
    with _cluster(asked=victim.on_ray) as cluster, tempfile.TemporaryDirectory() as room:
        while tally.kills < kills:
            folder = Path(room, str(tally.studies))
            held = 0
            while held < TOTAL and tally.kills < kills:
                _live(victim, folder, cluster, rng, tally, at_most=kills)
                before, held = held, _held(folder, tally)
                tally.lost += max(before - held, 0)
            train(str(folder), UNDISTURBED, None, None)
            tally.lost += TOTAL - _held(folder, tally)
            tally.changed += _changed(folder)
            tally.studies += 1
    return tally


def train(folder: str, victim: Victim, on: str | None, told: Connection | None) -> None:
    """Train the study, or what is left of it, and tell when the first chunk is finished."""

    def tell(now: Progress) -> None:
        nonlocal told
        if told is not None and now.chunks_done:
            told.send(True)
            told = None

    engine = FakeEngine(chunk_seeds=2, seconds=victim.seconds, in_processes=victim.workers > 1)
    options: dict[str, Any] = {"workers": None if on else victim.workers, "on": on, "on_progress": tell}
    with Store.open(folder) as store, suppress(EngineError):  # a worker was killed: the next life goes on
        train_all(EXPERIMENTS, SEEDS, engine=engine, store=store, **options)


def _live(
    victim: Victim, folder: Path, cluster: Any, rng: random.Random, tally: Tally, *, at_most: int
) -> None:
    """Train until the end, and kill somebody on the way; again if the driver lives through it."""
    # Forked, since a start costs seconds; beside Ray's threads that isn't safe.
    context: Any = multiprocessing.get_context("spawn" if victim.on_ray else "fork")
    hearing, telling = context.Pipe(duplex=False)
    on = f"ray:{cluster.address}" if victim.on_ray else None
    driver: Any = context.Process(target=train, args=(str(folder), victim, on, telling))
    driver.start()
    telling.close()
    assert driver.pid is not None
    with suppress(EOFError):  # nothing was left to train
        assert hearing.poll(PATIENCE)
        hearing.recv()
        scene = Scene(driver=driver.pid, cluster=cluster, rng=rng)
        family = set[int]()
        while driver.is_alive() and tally.kills < at_most:
            driver.join(rng.uniform(0.0, victim.delay))
            family |= descendants(driver.pid)
            if driver.is_alive() and victim.kill(scene):
                tally.kills += 1
            if victim.kill is _kill_driver:
                driver.join(PATIENCE)
                if driver.exitcode != -signal.SIGKILL:  # it was through just before
                    tally.kills -= 1
        driver.join(PATIENCE)
        gone = time.monotonic() + OUTLIVED
        while any(map(is_alive, family)) and time.monotonic() < gone:
            time.sleep(0.05)
        tally.alive += sum(map(is_alive, family))
    driver.join(PATIENCE)
    if driver.exitcode is None:
        driver.kill()
        raise AssertionError("the study didn't end")


def _held(folder: Path, tally: Tally) -> int:
    """Check that the file is whole and fits together; return how many runs it holds."""
    with closing(sqlite3.connect(folder / "store.sqlite3")) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        (rows,) = db.execute("SELECT count(*) FROM runs").fetchone()
        (in_chunks,) = db.execute("SELECT coalesce(sum(count), 0) FROM chunks").fetchone()
    tally.doubled += max(in_chunks - rows, 0)
    tally.lost += max(rows - in_chunks, 0)
    return int(rows)


def _changed(folder: Path) -> int:
    """Return how many runs aren't those of an undisturbed study, in any bit."""
    changed = 0
    with Store.open(folder) as store:
        for experiment in EXPERIMENTS:
            for seed in SEEDS:
                one = range(seed, seed + 1)
                try:
                    assert_same(store.load(experiment, one, engine="fake"), made_up(experiment, one))
                except AssertionError:
                    changed += 1
    return changed


def is_alive(process: int) -> bool:
    """Whether the process is there, and not only its end unheard of."""
    with suppress(OSError):
        return Path(f"/proc/{process}/stat").read_bytes().rpartition(b")")[2].split()[0] != b"Z"
    return False


def _kill(process: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)
        return True
    return False


def _kill_driver(scene: Scene) -> bool:
    return _kill(scene.driver)


def _kill_one_called(scene: Scene, name: bytes, among: set[int]) -> bool:
    """Kill one of the processes in whose command the name stands."""
    found: list[int] = []
    for process in sorted(among):
        with suppress(OSError):
            if name in Path(f"/proc/{process}/cmdline").read_bytes():
                found.append(process)
    return bool(found) and _kill(scene.rng.choice(found))


def _kill_worker_process(scene: Scene) -> bool:
    return _kill_one_called(scene, b"spawn_main", descendants(scene.driver))


def _kill_ray_worker(scene: Scene) -> bool:
    return _kill_one_called(scene, b"ray::train_task", descendants(os.getpid()))


def _kill_node(scene: Scene) -> bool:
    """Kill the raylet of the second node, and put another node in its place."""
    *_, second = scene.cluster.list_all_nodes()
    scene.cluster.remove_node(second, allow_graceful=False)
    patiently(lambda: scene.cluster.add_node(**NODE))
    return True


VICTIMS = {
    "driver": Victim(kill=_kill_driver),
    "driver of processes": Victim(kill=_kill_driver, workers=2),
    "worker process": Victim(kill=_kill_worker_process, workers=2),
    "driver on Ray": Victim(kill=_kill_driver, on_ray=True),
    "worker of Ray": Victim(kill=_kill_ray_worker, on_ray=True),
    "node of Ray": Victim(kill=_kill_node, on_ray=True),
}
UNDISTURBED = Victim(kill=lambda scene: False)
NODE: dict[str, Any] = {"num_cpus": 1, "object_store_memory": 80 * 2**20, "include_dashboard": False}


@contextmanager
def _cluster(*, asked: bool) -> Generator[Any]:
    """Give a cluster of two nodes, if that is asked for."""
    if not asked:
        yield None
        return
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
    from ray.cluster_utils import Cluster

    cluster: Any = patiently(lambda: Cluster(initialize_head=True, head_node_args=NODE))
    try:
        patiently(lambda: cluster.add_node(**NODE))
        yield cluster
    finally:
        cluster.shutdown()


def main(arguments: list[str]) -> int:
    """Print the table."""
    wrong = 0
    print(f"{'victim':<20}{'kills':>7}{'studies':>9}{'lost':>6}{'doubled':>9}{'changed':>9}{'alive':>7}")
    for name in arguments[1:] or VICTIMS:
        tally = sweep(name, int(arguments[0]))
        counts = f"{tally.lost:>6}{tally.doubled:>9}{tally.changed:>9}{tally.alive:>7}"
        print(f"{name:<20}{tally.kills:>7}{tally.studies:>9}{counts}", flush=True)
        wrong += tally.wrong
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
