"""A cluster of two nodes on this machine: the same results, also when a node or the driver is lost."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from cli.calling import TINY, command, environment, without_time
from execution.fake_engine import FakeEngine, assert_same, made_up
from execution.ray_starts import patiently

from trainlab.execution import Progress, ray_cluster, train_missing
from trainlab.spec import Experiment
from trainlab.store import Store

pytestmark = pytest.mark.slow

EXPERIMENT = Experiment.from_dict({"network": "2-2-1", "epochs": 20})
PATIENCE = 200


@pytest.fixture(scope="module")
def cluster() -> Generator[Any]:
    """A head of one processor, to which a test may add another node."""
    with _cluster() as made:
        yield made


@contextmanager
def _cluster() -> Generator[Any]:
    utils = pytest.importorskip("ray.cluster_utils")
    node = {"object_store_memory": 80 * 2**20, "include_dashboard": False}
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("RAY_ADDRESS", raising=False)
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        patch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
        made = utils.Cluster()
        try:
            patiently(lambda: made.add_node(num_cpus=1, **node))
            yield made
        finally:
            made.shutdown()


@pytest.fixture
def here(cluster: Any) -> Generator[str]:
    """The cluster's address, with this process connected to it."""
    on = f"ray:{cluster.address}"
    ray = ray_cluster.connected(on)
    yield on
    ray.shutdown()


def check(store: Store, seeds: int) -> None:
    assert_same(store.load(EXPERIMENT, range(seeds), engine="fake"), made_up(EXPERIMENT, range(seeds)))


def test_a_node_is_removed_in_mid_study(cluster: Any, here: str, capfd: pytest.CaptureFixture[str]) -> None:
    second = patiently(lambda: cluster.add_node(num_cpus=1, object_store_memory=80 * 2**20))
    assert str(ray_cluster.cluster_size()) == "Ray on 2 nodes with 2 processors"
    removed: list[float] = []
    pauses: list[float] = []

    def remove(now: Progress) -> None:
        if removed:
            pauses.append(time.monotonic() - removed[-1])
        if now.chunks_done >= 20 and not removed:
            cluster.remove_node(second, allow_graceful=False)
        if now.chunks_done >= 20:
            removed.append(time.monotonic())

    with Store.in_memory() as store:
        train_missing(
            [EXPERIMENT],
            range(800),
            engine=FakeEngine(seconds=0.1),
            store=store,
            on=here,
            on_progress=remove,
        )
        check(store, 800)
    assert removed
    assert max(pauses) < 60  # Ray notices within seconds, and begins what was lost anew
    assert capfd.readouterr().out == ""  # where a command's JSON goes


def test_memory_stays_flat(here: str, tmp_path: Path) -> None:
    """160 MB of losses pass through this process, in four hundred chunks; none of them stays."""
    experiment = Experiment.from_dict({"network": "2-2-1", "epochs": 20_000, "record": {"loss_every": 10}})
    resident: list[int] = []
    with Store.open(tmp_path) as store:
        train_missing(
            [experiment],
            range(40_000),
            engine=FakeEngine(chunk_seeds=100),
            store=store,
            on=here,
            on_progress=lambda now: resident.append(_resident()),
        )
    assert len(resident) == 401
    assert max(resident[40:]) - resident[40] < 60e6


def test_the_driver_is_killed_and_started_again(cluster: Any, tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text(TINY.replace("seeds = 5", "seeds = 3000"))
    arguments = ("study", "study.toml", "--on", f"ray:{cluster.address}", "--json", "ray.json")
    options: dict[str, Any] = {"cwd": tmp_path, "env": environment(), "text": True}
    with subprocess.Popen(command(*arguments), stderr=subprocess.PIPE, **options) as started:
        end = time.monotonic() + PATIENCE
        while _saved(tmp_path) < 2 and started.poll() is None and time.monotonic() < end:
            time.sleep(0.02)
        started.send_signal(signal.SIGKILL)
        started.communicate(timeout=PATIENCE)
    before = _saved(tmp_path)
    assert before >= 2
    for each in (arguments, ("study", "study.toml", "--store", "other", "--json", "here.json")):
        ended = subprocess.run(command(*each), capture_output=True, timeout=PATIENCE, **options)
        assert (ended.returncode, ended.stderr) == (0, "")
    on_ray, local = ((tmp_path / f"{name}.json").read_text() for name in ("ray", "here"))
    assert without_time(on_ray) == without_time(local)


IMPATIENT = """
from trainlab.cli.main import main
from trainlab.execution import ray_cluster

ray_cluster.HEAD = 1.0
main()
"""


def test_the_head_is_lost_and_it_is_said(tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text(TINY.replace("seeds = 5", "seeds = 200_000"))
    with _cluster() as cluster:
        address = cluster.address
        arguments = ("study", "study.toml", "--on", f"ray:{address}", "--yes")
        options: dict[str, Any] = {"cwd": tmp_path, "env": environment(), "text": True}
        with subprocess.Popen(
            [sys.executable, "-c", IMPATIENT, *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            **options,
        ) as started:
            end = time.monotonic() + PATIENCE
            while _saved(tmp_path) < 2 and started.poll() is None and time.monotonic() < end:
                time.sleep(0.02)
            cluster.head_node.kill_gcs_server(check_alive=False)
            out, told = started.communicate(timeout=PATIENCE)
    assert (started.returncode, out) == (2, "")
    assert told == (
        f"trainlab: on = 'ray:{address}': the head of the cluster, {address}, is gone. "
        "Finished chunks are saved.\n"
    )
    with Store.open(tmp_path / ".trainlab") as store:
        assert not store.check().damage


def _saved(folder: Path) -> int:
    with (
        suppress(sqlite3.OperationalError),
        closing(sqlite3.connect(f"file:{folder}/.trainlab/store.sqlite3?mode=ro", uri=True)) as db,
    ):
        return int(db.execute("SELECT count(*) FROM chunks").fetchone()[0])
    return 0


def _resident() -> int:
    """The bytes of this process in memory, without what it shares, as Ray's results."""
    fields = Path("/proc/self/statm").read_text().split()
    return (int(fields[1]) - int(fields[2])) * os.sysconf("SC_PAGE_SIZE")
