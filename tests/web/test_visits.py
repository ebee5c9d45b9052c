"""Visits from the socket to the processes that answer: many at once, slow ones, and those that end."""

import os
import signal
import socket
import time
from contextlib import ExitStack, suppress

import pytest
from web.lab_server import serving
from websockets.exceptions import ConnectionClosed

from trainlab.web import guard
from trainlab.web.questions import Limits

pytestmark = pytest.mark.process


def test_while_a_knob_is_dragged_the_newest_answer_comes():
    with serving(workers=1) as lab, lab.open() as page:
        for number in range(1, 31):
            page.ask(number, do="frames", count=3, pause=0.01)
        assert page.headers(until_last_of=30)[-1]["number"] == 2


def test_who_leaves_gives_up_what_is_open():
    with serving(workers=1) as lab, lab.open() as staying:
        with lab.open() as leaving:
            leaving.ask(1, do="frames", count=10_000, pause=0.02)
            leaving.ask(2, lane="plane", do="frames", count=10_000, pause=0.02)
            pid = leaving.header()["pid"]
        staying.ask(1, do="frames")
        last = staying.header()
        assert last["last"]
        assert last["pid"] == pid


def test_what_is_cancelled_by_the_page_ends():
    with serving(workers=1) as lab, lab.open() as page:
        page.ask(1, do="frames", count=10_000, pause=0.02)
        page.header()
        page.send('{"cancel": "answer"}')
        page.ask(2, lane="replay", do="frames")
        assert page.headers(until_last_of=2)[-1]["lane"] == "replay"


def test_a_process_that_is_killed_is_told_and_replaced_and_others_notice_nothing():
    with serving(workers=2) as lab, lab.open() as one, lab.open() as other:
        one.ask(1, do="hang")
        other.ask(1, do="frames", count=10, pause=0.05)
        os.kill(one.header()["pid"], signal.SIGKILL)
        told = one.header()
        assert (told["kind"], told["id"], told["lane"]) == ("error", 1, "answer")
        assert other.headers(until_last_of=1)[-1]["number"] == 9
        one.ask(2, do="frames")
        assert one.headers(until_last_of=2)[-1]["kind"] == "double"


def test_who_does_not_read_is_closed_and_holds_nobody_up():
    limits = Limits(visitors=2, reader_seconds=0.5)
    with serving(workers=2, limits=limits) as lab, lab.open(reads=False) as slow, lab.open() as other:
        slow.ask(1, do="frames", count=1000, pause=0.01, size=4_000_000)
        for number in range(30):
            other.ask(number, do="frames")
            other.headers(until_last_of=number)
        # Its place is free again.
        until = time.monotonic() + 60
        while time.monotonic() < until:
            with lab.open() as third, suppress(ConnectionClosed):
                third.ask(1, do="frames")
                if third.header()["kind"] == "double":
                    return
        pytest.fail("the slow one kept its place")


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="this system has no such timeout")
def test_what_is_never_read_is_not_kept(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(guard, "UNREAD_MS", 500)
    with serving(workers=1, limits=Limits(reader_seconds=0.2)) as lab, lab.open(reads=False) as slow:
        slow.ask(1, do="frames", count=1000, pause=0.01, size=12_000_000)
        while not lab.server.server_state.connections:
            time.sleep(0.01)
        until = time.monotonic() + 60
        while lab.server.server_state.connections:
            assert time.monotonic() < until
            time.sleep(0.05)


def test_fifty_at_once_are_served_and_one_more_is_told():
    limits = Limits()
    with serving(workers=2, limits=limits) as lab, ExitStack() as here:
        pages = [here.enter_context(lab.open()) for _ in range(limits.visitors)]
        for number, page in enumerate(pages):
            page.ask(number, do="frames", count=2, pause=0.005)
            page.ask(number, lane="plane", do="frames", count=2, pause=0.005)
        with lab.open() as late:
            assert "50 visitors" in late.header()["message"]
        for number, page in enumerate(pages):
            lanes = set()
            while lanes != {"answer", "plane"}:
                header = page.header()
                assert header["id"] == number
                lanes |= {header["lane"]} if header["last"] else set()
