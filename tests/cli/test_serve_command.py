"""``trainlab serve``: the address, Ctrl-C, and what can't be served."""

import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cli.calling import Caller, command, environment
from websockets.sync.client import connect

from trainlab.cli.commands import COMMANDS


@contextmanager
def served(*options: str, folder: Path) -> Generator[tuple["subprocess.Popen[str]", str]]:
    """Start the command, and wait for the address."""
    process = subprocess.Popen(
        command("serve", "--port", "0", "--no-open", "--workers", "1", *options),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
        cwd=folder,
    )
    try:
        found = re.fullmatch(r"The lab is at (http://\S+) \(Ctrl-C ends it\)\n", process.stdout.readline())
        yield process, found[1]
    finally:
        process.kill()
        process.communicate()


@pytest.mark.process
@pytest.mark.parametrize("pressed", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_it_at_once_with_open_pages(pressed: signal.Signals, tmp_path: Path):
    with served(folder=tmp_path) as (process, address):
        page = urllib.request.urlopen(address)
        assert page.status == 200
        host = address.split("/")[2]
        with connect(f"ws://{host}/socket", origin=f"http://{host}") as open_page:
            start = time.monotonic()
            process.send_signal(pressed)
            out, err = process.communicate(timeout=10)
            assert time.monotonic() - start < 3
            with pytest.raises(Exception, match="1012"):
                open_page.recv(timeout=3)
        assert (process.returncode, out, err) == (130, "", "")


@pytest.mark.process
def test_bound_elsewhere_the_address_has_a_token(tmp_path: Path):
    with served("--host", "0.0.0.0", folder=tmp_path) as (_, address):
        port, token = re.fullmatch(r"http://[^/]+:(\d+)/\?token=([\w-]{43})", address).groups()
        inside = f"http://127.0.0.1:{port}/"
        assert urllib.request.urlopen(f"{inside}?token={token}").status == 200
        with pytest.raises(urllib.request.HTTPError, match="403"):
            urllib.request.urlopen(inside)


def test_a_port_in_use_is_told(trainlab: Caller):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        told = trainlab("serve", "--port", str(port), "--no-open")
    assert told.code == 2
    assert told.out == ""
    assert re.fullmatch(rf"trainlab: --port {port}: something listens there already, .+\n", told.err)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--port", "70000"], "--port 70000: must be a whole number from 0 to 65,535"),
        (["--port", "x"], "is not a whole number"),
        (["--workers", "0"], "--workers 0: must be"),
        (["--host", ""], "--host '': give an address"),
        (["--host", "not a host"], "--host 'not a host': can't listen there"),
        (["--host", "192.0.2.1"], "--host '192.0.2.1': can't listen there"),
    ],
)
def test_what_cannot_be_served_is_told_in_one_line(trainlab: Caller, options: list[str], words: str):
    told = trainlab("serve", "--no-open", *options)
    assert told.code == 2
    assert words in told.err
    assert told.err.count("\n") == 1


@pytest.mark.parametrize("missing", ["starlette", "uvicorn", "websockets"])
def test_without_the_extra_it_says_what_to_install(
    trainlab: Caller, monkeypatch: pytest.MonkeyPatch, missing: str
):
    monkeypatch.setitem(sys.modules, missing, None)
    told = trainlab("serve", "--no-open", "--port", "0")
    assert told.code == 2
    assert "pip install 'trainlab[lab]'" in told.err
    assert told.err.count("\n") == 1


def test_it_stands_among_the_commands():
    assert "serve" in [each.name for each in COMMANDS]
