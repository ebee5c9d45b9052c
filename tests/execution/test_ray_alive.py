"""A cluster's head and node are asked beside the work whether they are there."""

import errno
import re
import socket
import sys
import threading
from collections.abc import Generator
from types import SimpleNamespace
from typing import Any

import pytest

from trainlab.errors import EngineError
from trainlab.execution import ray_alive
from trainlab.execution.ray_alive import watched
from trainlab.execution.ray_cluster import cluster_size, connected

LONG = 10.0


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_alive, "EVERY", 0.02)
    monkeypatch.setattr(ray_alive, "NODE", 0.05)
    monkeypatch.setattr(ray_alive, "HEAD", 0.3)


@pytest.fixture
def listening() -> Generator[dict[str, socket.socket]]:
    """What a head and a node listen at."""
    made = {name: socket.create_server(("127.0.0.1", 0)) for name in ("head", "node")}
    yield made
    for each in made.values():
        each.close()


def cluster(listening: dict[str, socket.socket], *, client: bool = False) -> Any:
    """Stand in for the module ray: what `watched` asks of it."""
    ports = {name: each.getsockname()[1] for name, each in listening.items()}
    context = SimpleNamespace(gcs_address=f"127.0.0.1:{ports['head']}", get_node_id=lambda: "b")
    nodes = [
        {"Alive": True, "NodeID": "a", "NodeManagerAddress": "127.0.0.1", "NodeManagerPort": 1},
        {"Alive": True, "NodeID": "b", "NodeManagerAddress": "127.0.0.1", "NodeManagerPort": ports["node"]},
    ]
    return SimpleNamespace(
        util=SimpleNamespace(client=SimpleNamespace(ray=SimpleNamespace(is_connected=lambda: client))),
        get_runtime_context=lambda: context,
        nodes=lambda: nodes,
        is_initialized=lambda: True,
        cluster_resources=lambda: {"CPU": 3.0},
    )


@pytest.mark.parametrize(
    ("gone", "words"),
    [
        ("node", "Ray's node on this machine is gone"),
        ("head", r"the head of the cluster, 127\.0\.0\.1:\d+, is gone"),
    ],
)
def test_what_is_gone_is_said_once(listening: dict[str, socket.socket], gone: str, words: str) -> None:
    said: list[str] = []
    heard = threading.Event()

    def note(sentence: str) -> None:
        said.append(sentence)
        heard.set()

    with watched(cluster(listening), note):
        assert not heard.wait(0.4)
        listening[gone].close()
        assert heard.wait(LONG)
        threading.Event().wait(0.2)
    assert len(said) == 1
    assert re.fullmatch(words, said[0])


def test_after_the_work_nobody_asks(listening: dict[str, socket.socket]) -> None:
    said: list[str] = []
    with watched(cluster(listening), said.append):
        pass
    listening["node"].close()
    threading.Event().wait(0.3)
    assert said == []


def test_an_answer_that_comes_after_the_work_is_no_matter(
    listening: dict[str, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ray_alive, "NODE", 0.001)
    said: list[str] = []
    asked, over = threading.Event(), threading.Event()

    def answer_late(*given: object) -> bool:
        asked.set()
        over.wait(LONG)
        return False

    with watched(cluster(listening), said.append):
        (thread,) = (each for each in threading.enumerate() if each.name == "trainlab-ray-alive")
        monkeypatch.setattr(ray_alive, "answers", answer_late)
        assert asked.wait(LONG)
    over.set()
    thread.join(LONG)
    assert said == []


def test_ray_client_tells_itself(listening: dict[str, socket.socket]) -> None:
    said: list[str] = []
    with watched(cluster(listening, client=True), said.append):
        listening["head"].close()
        listening["node"].close()
        threading.Event().wait(0.3)
    assert said == []


@pytest.mark.parametrize(
    ("error", "head"),
    [
        pytest.param(OSError(errno.EMFILE, "Too many open files"), 0.3, id="no socket left here"),
        pytest.param(TimeoutError(), LONG, id="late"),
    ],
)
def test_who_could_not_be_asked_or_is_late_isnt_gone(
    listening: dict[str, socket.socket], monkeypatch: pytest.MonkeyPatch, error: OSError, head: float
) -> None:
    monkeypatch.setattr(ray_alive, "HEAD", head)
    said: list[str] = []
    asked = threading.Event()

    def fail(*given: object, **named: object) -> socket.socket:
        asked.set()
        raise error

    with watched(cluster(listening), said.append):
        monkeypatch.setattr(socket, "create_connection", fail)
        assert asked.wait(LONG)
        threading.Event().wait(0.5)
    assert said == []


def test_between_trainings_a_head_that_is_gone_is_one_line(
    listening: dict[str, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    ray = cluster(listening)
    monkeypatch.setitem(sys.modules, "ray", ray)
    assert connected("ray:auto") is ray
    assert str(cluster_size()) == "Ray on 2 nodes with 3 processors"
    port = listening["head"].getsockname()[1]
    listening["head"].close()
    with pytest.raises(EngineError) as caught:
        connected("ray:auto")
    assert str(caught.value) == (
        f"on = 'ray:auto': the head of the cluster, 127.0.0.1:{port}, is gone. Finished chunks are saved."
    )
    assert cluster_size() is None


def test_a_head_that_is_started_again_is_waited_for(
    listening: dict[str, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ray_alive, "HEAD", 2 * LONG)
    place = listening["head"].getsockname()
    ray = cluster(listening)
    listening["head"].close()

    def start() -> None:
        listening["head"] = socket.create_server(place)

    started = threading.Timer(0.1, start)
    started.start()
    assert ray_alive.silent_head(ray) == ""
    started.join()
