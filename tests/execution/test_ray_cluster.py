import socket
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from trainlab.errors import EngineError, MissingPackageError, SpecError
from trainlab.execution import check_on, ray_cluster
from trainlab.execution.ray_cluster import address_of, cluster_size, connected


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
        thread.join(5)


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
    assert (
        str(caught.value) == "on = 'ray:auto': needs Ray, which isn't installed. pip install 'trainlab[ray]'"
    )


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
    with server(lambda visitor: waiting.wait(5)) as port:
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
