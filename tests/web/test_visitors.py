"""What a visitor is sent: the newest frame of each lane, not too many a second, and never without end."""

import asyncio
import time
from collections.abc import Coroutine
from typing import Any

import msgspec
import pytest
from web.jobs import header

from trainlab.web.frames import Frame, encode
from trainlab.web.limits import Limits
from trainlab.web.turns import Job
from trainlab.web.visitors import SlowReaderError, Visitor, Visitors

QUESTION = msgspec.Raw(b"{}")


class Team:
    """Stands in for workers: keeps what it is asked."""

    def __init__(self) -> None:
        self.open: dict[str, Job] = {}
        self.cancelled: list[str] = []

    def ask(self, job: Job) -> None:
        self.open[job.lane] = job

    def cancel(self, visitor: Visitor, lane: str) -> None:
        if self.open.pop(lane, None):
            self.cancelled.append(lane)


def visit(**limits: Any) -> tuple[Visitor, Team]:
    team = Team()
    return Visitor(workers=team, limits=Limits(**limits)), team


def frame(job: Job, number: int, *, last: bool = False, size: int = 0) -> bytes:
    fields = {"number": number, "filler": "x" * size}
    return encode(Frame(kind="made", fields=fields, last=last), id=job.id, lane=job.lane)


async def sent_within(visitor: Visitor, seconds: float, *, send_takes: float = 0) -> list[dict[str, Any]]:
    """Return the headers of what a visitor is sent in some time."""
    sent: list[dict[str, Any]] = []

    async def send(data: bytes) -> None:
        await asyncio.sleep(send_takes)
        sent.append(header(data))

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(seconds):
            await visitor.send_frames(send)
    return sent


def done(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(work)


def test_of_frames_that_come_too_quickly_the_newest_is_sent():
    visitor, team = visit(frames_a_second=100)
    visitor.ask(number=7, lane="answer", question=QUESTION)
    job = team.open["answer"]
    for number in range(5):
        job.deliver(frame(job, number))
    job.deliver(frame(job, 5, last=True))
    sent = done(sent_within(visitor, 0.05))
    assert [(one["number"], one["last"], one["id"], one["lane"]) for one in sent] == [(5, True, 7, "answer")]


def test_lanes_share_the_frames():
    visitor, team = visit(frames_a_second=100)

    async def go() -> list[dict[str, Any]]:
        jobs = []
        for lane in ("answer", "plane"):
            visitor.ask(number=1, lane=lane, question=QUESTION)
            jobs.append(team.open[lane])

        async def work() -> None:
            for number in range(100):
                for job in jobs:
                    job.deliver(frame(job, number))
                await asyncio.sleep(0.002)

        working = asyncio.create_task(work())
        sent = await sent_within(visitor, 0.2)
        working.cancel()
        return sent

    lanes = [one["lane"] for one in done(go())]
    assert lanes[:6] == ["answer", "plane"] * 3


def test_not_more_frames_a_second_than_the_limit():
    visitor, team = visit(frames_a_second=20)
    visitor.ask(number=1, lane="answer", question=QUESTION)
    job = team.open["answer"]

    async def go() -> list[dict[str, Any]]:
        async def work() -> None:
            number = 0
            while True:
                job.deliver(frame(job, number))
                number += 1
                await asyncio.sleep(0.001)

        working = asyncio.create_task(work())
        sent = await sent_within(visitor, 0.5)
        working.cancel()
        return sent

    assert 5 <= len(done(go())) <= 11


def test_a_newer_question_of_the_lane_takes_the_place_of_the_older():
    visitor, team = visit()
    visitor.ask(number=1, lane="answer", question=QUESTION)
    older = team.open["answer"]
    older.deliver(frame(older, 0))
    visitor.ask(number=2, lane="answer", question=QUESTION)
    newer = team.open["answer"]
    older.deliver(frame(older, 1, last=True))
    assert team.cancelled == ["answer"]
    assert not visitor._frames
    newer.deliver(frame(newer, 0))
    older.deliver(frame(older, 2))
    assert [one["id"] for one in done(sent_within(visitor, 0.05))] == [2]


def test_the_same_number_again_is_another_question():
    visitor, team = visit()
    visitor.ask(number=1, lane="answer", question=QUESTION)
    older = team.open["answer"]
    visitor.ask(number=1, lane="answer", question=QUESTION)
    older.deliver(frame(older, 1))
    assert done(sent_within(visitor, 0.05)) == []


def test_of_what_is_cancelled_nothing_is_sent():
    visitor, team = visit()
    visitor.ask(number=1, lane="plane", question=QUESTION)
    job = team.open["plane"]
    job.deliver(frame(job, 0))
    visitor.cancel("plane")
    job.deliver(frame(job, 1))
    assert team.cancelled == ["plane"]
    assert done(sent_within(visitor, 0.05)) == []


def test_an_error_in_a_lane_ends_its_question():
    visitor, team = visit()
    visitor.ask(number=1, lane="answer", question=QUESTION)
    visitor.tell("optimizer.lr = -1: must be a number.", number=2, lane="answer")
    assert team.cancelled == ["answer"]
    (sent,) = done(sent_within(visitor, 0.05))
    assert sent["kind"] == "error"
    assert sent["last"]
    assert (sent["id"], sent["lane"], sent["field"]) == (2, "answer", "optimizer.lr")


def test_leaving_gives_up_all_that_is_open():
    visitor, team = visit()
    for lane in ("answer", "plane"):
        visitor.ask(number=1, lane=lane, question=QUESTION)
    visitor.leave()
    assert sorted(team.cancelled) == ["answer", "plane"]


def test_a_page_that_does_not_read_is_given_up():
    visitor, team = visit(reader_seconds=0.05)
    visitor.ask(number=1, lane="answer", question=QUESTION)
    job = team.open["answer"]
    job.deliver(frame(job, 0))

    async def send(data: bytes) -> None:
        await asyncio.sleep(60)

    start = time.monotonic()
    with pytest.raises(SlowReaderError):
        done(visitor.send_frames(send))
    assert time.monotonic() - start < 5


def test_what_waits_for_a_page_has_a_limit():
    visitor, team = visit(waiting_bytes=10_000, reader_seconds=0.2)

    async def send(data: bytes) -> None:
        await asyncio.sleep(60)

    async def go() -> None:
        jobs = []
        for lane in ("answer", "plane", "replay"):
            visitor.ask(number=1, lane=lane, question=QUESTION)
            jobs.append(team.open[lane])
        sending = asyncio.create_task(visitor.send_frames(send))
        await asyncio.sleep(0.01)
        for number in range(10):
            for job in jobs:
                job.deliver(frame(job, number, size=4000))
                assert sum(map(len, visitor._frames.values())) <= 10_000
        await sending

    with pytest.raises(SlowReaderError):
        done(go())


def test_places_are_limited_and_given_free():
    visitors = Visitors(workers=Team(), limits=Limits(visitors=2))
    first, second = visitors.enter(), visitors.enter()
    assert first is not None
    assert second is not None
    assert visitors.enter() is None
    visitors.leave(first)
    visitors.leave(first)
    assert visitors.enter() is not None
    assert len(visitors) == 2
