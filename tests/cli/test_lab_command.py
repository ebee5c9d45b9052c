"""``trainlab lab``: the lesson it writes, and what it refuses."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
from cli.calling import Caller, assert_refused, command, environment
from websockets.sync.client import connect

from trainlab.cli.commands import COMMANDS
from trainlab.errors import lacking

LAB = ["lab", "tiny.toml", "--export", "lesson.html", "--seeds", "3"]
PLANE = ["--x", "epochs=2..8", "--y", "solved.within=0.1..0.4"]


@pytest.mark.trains
def test_a_study_becomes_a_page(trainlab: Caller, folder: Path) -> None:
    out = trainlab(*LAB).out
    assert out.startswith("lesson: lesson.html (0.")
    assert out.endswith(" MB): 4 experiments on 3 seeds each, 12 replays\n")
    text = (folder / "lesson.html").read_text(encoding="utf-8")
    assert "<title>Tiny</title>" in text
    assert '"options":["small","large"]' in text


@pytest.mark.trains
def test_a_plane_becomes_one_too(trainlab: Caller, folder: Path) -> None:
    out = trainlab(*LAB, *PLANE, "--size", "2x3", "--cell", "large:A").out
    assert "6 experiments on 3 seeds each" in out
    text = (folder / "lesson.html").read_text(encoding="utf-8")
    assert "<title>2-3-1 on xor</title>" in text
    assert '"options":["0.1","0.25","0.4"]' in text


WRONG: list[tuple[list[str], str]] = [
    (["lab", "missing.toml", "--export", "a.html"], "missing.toml: no such file"),
    (["lab", "tiny.toml", "--export", ""], "--export '': give the name of a file"),
    (["lab", "tiny.toml", "--export", "tiny.toml"], "is the same file as FILE"),
    ([*LAB[:4], "--seeds", "0"], "--seeds 0: must be a whole number from 1 to 1,024."),
    ([*LAB, *PLANE[:2]], "--x epochs=2..8: a plane has two settings; give --y as well."),
    ([*LAB, *PLANE[2:]], "--y solved.within=0.1..0.4: a plane has two settings; give --x as well."),
    ([*LAB, "--cell", "large:A"], "--cell large:A: is the middle of a plane; give --x and --y"),
    ([*LAB, *PLANE, "--size", "2"], "must be the numbers of values along x and y"),
    ([*LAB, "--x", "speed=1..2", *PLANE[2:]], "no numeric field of this experiment"),
]


@pytest.mark.parametrize(("given", "words"), WRONG, ids=[words for _, words in WRONG])
def test_refused(trainlab: Caller, given: list[str], words: str) -> None:
    assert_refused(trainlab(*given), words)


# ``trainlab serve``: the address, Ctrl-C, and what can't be served.


@contextmanager
def served(*options: str, folder: Path) -> Generator[tuple[subprocess.Popen[str], str]]:
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
            process.send_signal(pressed)
            out, err = process.communicate(timeout=60)
            with pytest.raises(Exception, match="1012"):
                open_page.recv(timeout=60)
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
    assert told.err == f"trainlab: {lacking('serve', missing, extra='lab')}\n"


def test_it_stands_among_the_commands():
    assert "serve" in [each.name for each in COMMANDS]
