"""Ray clusters: what a user may ask for, how each way fails, and whether one that is lost is told."""

from __future__ import annotations

import errno
import re
import socket
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from trainlab.errors import EngineError, MissingPackageError, SpecError, lacking
from trainlab.execution import check_on, ray_cluster
from trainlab.execution.ray_cluster import address_of, cluster_size, connected, watched


@pytest.fixture(autouse=True)
def no_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAY_ADDRESS", raising=False)


@contextmanager
def server(answer: Callable[[socket.socket], object]) -> Generator[int]:
    """Give the port of a server that does this with its first visitor."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            visitor, _ = listening.accept()
            with visitor:
                answer(visitor)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        thread.join(60)


@pytest.mark.parametrize(
    ("on", "address"),
    [
        ("ray", "local"),
        ("ray:auto", "auto"),
        ("ray:head:6379", "head:6379"),
        ("ray:10.0.0.7:6379", "10.0.0.7:6379"),
        ("ray:[::1]:6379", "[::1]:6379"),
        ("ray://head.example:10001", "ray://head.example:10001"),
    ],
)
def test_what_is_asked_for_is_an_address(on: str, address: str) -> None:
    assert address_of(on) == address


def test_ray_address_says_which_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAY_ADDRESS", "head:6379")
    assert address_of("ray") == address_of("ray:auto") == "head:6379"
    assert address_of("ray:other:6380") == "other:6380"
    monkeypatch.setenv("RAY_ADDRESS", "head")
    with pytest.raises(SpecError, match="RAY_ADDRESS = 'head': must be HOST:PORT or ray://HOST:PORT"):
        address_of("ray")


@pytest.mark.parametrize(
    "on",
    [
        "",
        "rey",
        "Ray",
        "ray:",
        "ray:head",
        "ray:head:0",
        "ray:head:65536",
        "ray:head:x",
        "ray://head",
        "ray:a b:1",
    ],
)
def test_any_other_word_is_refused(on: str) -> None:
    with pytest.raises(SpecError) as caught:
        check_on(on)
    assert str(caught.value).startswith(f"on = {on!r}: must be 'ray' (RAY_ADDRESS, or else a Ray of its own")


def test_without_ray_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_cluster, "find_spec", lambda name: None)
    check_on(None)
    with pytest.raises(MissingPackageError) as caught:
        check_on("ray:auto")
    assert str(caught.value) == lacking("on = 'ray:auto'", "Ray", extra="ray")


def test_ray_is_not_imported_to_say_what_is_wrong() -> None:
    before = "ray" in sys.modules
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    with pytest.raises(EngineError) as caught:
        connected(f"ray:127.0.0.1:{port}")
    assert str(caught.value) == (
        f"on = 'ray:127.0.0.1:{port}': no Ray answers there (Connection refused). "
        "Start one there with: ray start --head"
    )
    assert ("ray" in sys.modules) == before


@pytest.mark.parametrize("host", ["a..b", "a" * 64])
def test_what_can_not_be_a_name_is_said(host: str) -> None:
    with pytest.raises(EngineError, match=r"no Ray answers there \(that can't be a host's name\)\. Start"):
        connected(f"ray:{host}:6379")


def test_a_web_server_is_not_ray() -> None:
    with (
        server(lambda visitor: visitor.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as port,
        pytest.raises(EngineError, match=f"'ray://127.0.0.1:{port}': what answers there isn't Ray"),
    ):
        connected(f"ray://127.0.0.1:{port}")


def test_one_that_hangs_up_is_not_ray() -> None:
    with server(lambda visitor: None) as port, pytest.raises(EngineError, match="ray"):
        connected(f"ray:127.0.0.1:{port}")


def test_silence_ends_after_some_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_cluster, "WAIT", 0.2)
    waiting = threading.Event()
    with server(lambda visitor: waiting.wait(60)) as port:
        with pytest.raises(EngineError, match=r"no Ray answers there \(no answer in time\)"):
            connected(f"ray:127.0.0.1:{port}")
        waiting.set()


def test_auto_says_whose_address_no_longer_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    monkeypatch.setenv("RAY_TMPDIR", str(tmp_path))
    (tmp_path / "ray").mkdir()
    noted = tmp_path / "ray" / "ray_current_cluster"
    noted.write_text(f"127.0.0.1:{port}\n")
    with pytest.raises(EngineError) as caught:
        connected("ray:auto")
    assert f"on = 'ray:auto', 127.0.0.1:{port} by {noted}: no Ray answers there" in str(caught.value)


def test_a_process_without_ray_is_in_no_cluster(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "ray", raising=False)
    assert cluster_size() is None


# A cluster's head and node are asked beside the work whether they are there.


LONG = 10.0


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_cluster, "EVERY", 0.02)
    monkeypatch.setattr(ray_cluster, "NODE", 0.05)
    monkeypatch.setattr(ray_cluster, "HEAD", 0.3)


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
    monkeypatch.setattr(ray_cluster, "NODE", 0.001)
    said: list[str] = []
    asked, over = threading.Event(), threading.Event()

    def answer_late(*given: object) -> bool:
        asked.set()
        over.wait(LONG)
        return False

    with watched(cluster(listening), said.append):
        (thread,) = (each for each in threading.enumerate() if each.name == "trainlab-ray-alive")
        monkeypatch.setattr(ray_cluster, "answers", answer_late)
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
    monkeypatch.setattr(ray_cluster, "HEAD", head)
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
    monkeypatch.setattr(ray_cluster, "HEAD", 2 * LONG)
    place = listening["head"].getsockname()
    ray = cluster(listening)
    listening["head"].close()

    def start() -> None:
        listening["head"] = socket.create_server(place)

    started = threading.Timer(0.1, start)
    started.start()
    assert ray_cluster.silent_head(ray) == ""
    started.join()
