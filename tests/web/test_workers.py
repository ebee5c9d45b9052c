"""Processes that answer: cancelled, killed, crashed, replaced; and visitors who share them."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import pytest
from web.experiments import header, job
from web.lab_server import DOUBLE

from trainlab.web.questions import Limits
from trainlab.web.workers import Workers

pytestmark = pytest.mark.process

Frames = list[dict[str, Any]]


class Asker:
    """A visitor of workers: asks, and waits for the last frame."""

    def __init__(self, workers: Workers, name: str = "Ann") -> None:
        self._workers, self.name = workers, name
        self.frames: Frames = []
        self._changed = asyncio.Event()

    def ask(self, number: int, *, lane: str = "answer", **experiment: Any) -> None:
        self._workers.ask(job(self.name, lane, number=number, deliver=self._take, **experiment))

    def _take(self, frame: bytes) -> None:
        self.frames.append(header(frame) | {"at": time.monotonic()})
        self._changed.set()

    async def until(self, met: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        async with asyncio.timeout(60):
            while not (found := [frame for frame in self.frames if met(frame)]):
                self._changed.clear()
                await self._changed.wait()
        return found[0]

    async def last(self, number: int) -> dict[str, Any]:
        return await self.until(lambda frame: frame["last"] and frame["id"] == number)


def with_workers(work: Callable[[Workers], Awaitable[Any]], *, count: int = 1, **limits: Any) -> Any:
    async def go() -> Any:
        async with Workers(count=count, limits=Limits(**limits), command=DOUBLE) as workers:
            return await work(workers)

    return asyncio.run(go())


def test_frames_come_in_order_and_prints_do_not(capfd: pytest.CaptureFixture[str]):
    async def work(workers: Workers) -> None:
        ann = Asker(workers)
        ann.ask(7, do="frames", count=5)
        await ann.last(7)
        assert [frame["number"] for frame in ann.frames] == list(range(5))
        assert {(frame["id"], frame["lane"]) for frame in ann.frames} == {(7, "answer")}

    with_workers(work)
    assert "this is no frame" in capfd.readouterr().err


def test_a_cancelled_question_stops_between_frames_in_the_same_process():
    async def work(workers: Workers) -> None:
        ann = Asker(workers)
        ann.ask(1, do="frames", count=100_000, pause=0.02)
        first = await ann.until(lambda frame: frame["id"] == 1)
        ann.ask(2, do="frames")
        second = await ann.last(2)
        assert second["pid"] == first["pid"]
        assert not any(frame["last"] for frame in ann.frames if frame["id"] == 1)

    with_workers(work)


def test_a_cancelled_question_stops_between_its_parts_in_the_same_process():
    async def work(workers: Workers) -> None:
        ann = Asker(workers)
        ann.ask(1, do="part by part")
        first = await ann.until(lambda frame: frame["id"] == 1)
        ann.ask(2, do="frames")
        second = await ann.last(2)
        assert second["pid"] == first["pid"]
        assert [frame["id"] for frame in ann.frames] == [1, 2]

    with_workers(work)


def test_what_does_not_stop_is_killed_and_replaced():
    async def work(workers: Workers) -> None:
        ann = Asker(workers)
        ann.ask(1, do="hang")
        first = await ann.until(lambda frame: frame["id"] == 1)
        workers.cancel("Ann", "answer")
        ann.ask(2, do="frames")
        second = await ann.last(2)
        assert second["pid"] != first["pid"]
        assert not alive(first["pid"])
        assert [frame["id"] for frame in ann.frames] == [1, 2]

    with_workers(work, stop_seconds=0.2)


def test_what_takes_too_long_is_told_and_killed():
    async def work(workers: Workers) -> None:
        ann = Asker(workers)
        ann.ask(1, do="hang")
        told = await ann.last(1)
        assert told["kind"] == "error"
        assert "longer than 0.3 seconds" in told["message"]
        ann.ask(2, do="frames")
        assert (await ann.last(2))["kind"] == "double"

    with_workers(work, seconds=0.3)


def test_a_crash_costs_its_own_question_only():
    async def work(workers: Workers) -> None:
        ann, bob = Asker(workers), Asker(workers, "Bob")
        ann.ask(1, do="die")
        bob.ask(1, do="frames", count=10, pause=0.05)
        told = await ann.last(1)
        assert told["kind"] == "error"
        assert "exit code 3" in told["message"]
        await bob.last(1)
        assert [frame["number"] for frame in bob.frames] == list(range(10))
        ann.ask(2, do="frames")
        assert (await ann.last(2))["kind"] == "double"

    with_workers(work, count=2)


def test_a_process_killed_at_work_is_told():
    async def work(workers: Workers) -> None:
        ann = Asker(workers)
        ann.ask(1, do="hang")
        pid = (await ann.until(lambda frame: frame["id"] == 1))["pid"]
        os.kill(pid, signal.SIGKILL)
        told = await ann.last(1)
        assert "SIGKILL, perhaps for want of memory" in told["message"]

    with_workers(work)


def test_how_a_process_ended_is_known_though_asyncio_hears_of_it_last(monkeypatch: pytest.MonkeyPatch):
    waitpid = os.waitpid

    def dead(pid: int) -> None:
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)

    def late(pid: int, options: int) -> tuple[int, int]:
        dead(pid)
        time.sleep(0.2)
        return waitpid(pid, options)

    monkeypatch.setattr(os, "waitpid", late)

    async def work(workers: Workers) -> None:
        ann = Asker(workers)
        ann.ask(1, do="hang")
        pid = (await ann.until(lambda frame: frame["id"] == 1))["pid"]
        os.kill(pid, signal.SIGKILL)
        dead(pid)
        assert "SIGKILL" in (await ann.last(1))["message"]

    with_workers(work)


def test_a_process_killed_while_idle_costs_nobody_anything():
    async def work(workers: Workers) -> None:
        ann = Asker(workers)
        ann.ask(1, do="frames")
        pid = (await ann.last(1))["pid"]
        os.kill(pid, signal.SIGKILL)
        while alive(pid):
            await asyncio.sleep(0.01)
        ann.ask(2, do="frames")
        assert (await ann.last(2))["kind"] == "double"

    with_workers(work)


@pytest.mark.parametrize(
    ("what", "words", "field"),
    [
        ("refuse", "optimizer.lr = -1: must be a finite number > 0.", "optimizer.lr"),
        ("fail", "ZeroDivisionError", None),
        ("break off", "broke off", None),
    ],
)
def test_an_error_is_a_frame_in_one_line(what: str, words: str, field: str | None):
    async def work(workers: Workers) -> None:
        ann = Asker(workers)
        ann.ask(1, do=what)
        told = await ann.last(1)
        assert told["kind"] == "error"
        assert words in told["message"]
        assert told.get("field") == field
        ann.ask(2, do="frames")
        await ann.last(2)
        assert [frame["last"] for frame in ann.frames].count(True) == 2

    with_workers(work)


def test_an_answer_that_is_too_large_is_not_sent():
    async def work(workers: Workers) -> None:
        ann = Asker(workers)
        ann.ask(1, do="frames", size=3_000_000)
        assert "3 MB" in (await ann.last(1))["message"]
        ann.ask(2, do="frames", size=1_000_000)
        assert (await ann.last(2))["kind"] == "double"

    with_workers(work, frame_bytes=2_000_000)


def test_visitors_take_turns():
    async def work(workers: Workers) -> None:
        ann, bob = Asker(workers), Asker(workers, "Bob")
        ann.ask(1, lane="answer", do="frames", pause=0.1)
        for lane in ("replay", "compare", "plane"):
            ann.ask(1, lane=lane, do="frames", pause=0.1)
        bob.ask(2, do="frames", pause=0.1)
        await ann.until(lambda frame: frame["lane"] == "plane")
        order = sorted([*ann.frames, *bob.frames], key=lambda frame: frame["at"])
        assert [(frame["id"], frame["lane"]) for frame in order] == [
            (1, "answer"),
            (2, "answer"),
            (1, "replay"),
            (1, "compare"),
            (1, "plane"),
        ]

    with_workers(work)


def test_who_hangs_holds_nobody_else_up():
    async def work(workers: Workers) -> None:
        ann, bob = Asker(workers), Asker(workers, "Bob")
        ann.ask(1, do="hang")
        await ann.until(lambda frame: frame["id"] == 1)
        bob.ask(1, do="frames")
        await bob.last(1)

    with_workers(work, count=2)


def test_a_worker_that_cannot_start_is_told():
    async def work() -> None:
        command = [sys.executable, "-c", "raise SystemExit(1)"]
        async with Workers(count=2, limits=Limits(), command=command) as workers:
            ann = Asker(workers)
            ann.ask(1, do="frames")
            assert "can't start" in (await ann.last(1))["message"]

    asyncio.run(work())


def test_nothing_is_left_when_they_end():
    async def work(workers: Workers) -> list[int]:
        ann = Asker(workers)
        ann.ask(1, do="hang")
        ann.ask(1, lane="replay", do="hang")
        await ann.until(lambda frame: frame["lane"] == "replay")
        return workers.pids

    pids = with_workers(work, count=2)
    assert len(pids) == 2
    assert not any(map(alive, pids))


def test_a_worker_ends_with_its_server():
    async def work() -> tuple[int, Coroutine[Any, Any, Any]]:
        process = await asyncio.create_subprocess_exec(
            *DOUBLE, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        await process.stdout.readexactly(5)
        process.stdin.close()
        async with asyncio.timeout(60):
            return await process.wait()

    assert asyncio.run(work()) == 0


@pytest.mark.process
def test_a_worker_ends_with_its_server_even_while_it_prepares():
    code = """
import sys, time
from trainlab.web.worker_main import Worker, answer, own_stdout
Worker(answer, asked=sys.stdin.buffer, answers=own_stdout()).run(prepare=lambda: time.sleep(600))
"""
    ended = subprocess.run(
        [sys.executable, "-c", code], stdin=subprocess.DEVNULL, capture_output=True, timeout=100, check=False
    )
    assert (ended.returncode, ended.stdout) == (0, b"")


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
