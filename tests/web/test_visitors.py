"""What a visitor is sent: the newest frame of each lane, not too many a second, and never without end."""

from __future__ import annotations

import asyncio
import json
import random
import string
import time
from collections.abc import Coroutine, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import msgspec
import pytest
from web.experiments import header
from web.lab_server import Lab, Page, serving
from websockets.exceptions import ConnectionClosed

from trainlab.web.frames import Frame, encode
from trainlab.web.questions import Limits
from trainlab.web.visitors import SlowReaderError, Visitor, Visitors
from trainlab.web.workers import Job

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
        await asyncio.sleep(600)

    start = time.monotonic()
    with pytest.raises(SlowReaderError):
        done(visitor.send_frames(send))
    assert time.monotonic() - start < 60


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


# What comes in by the socket: read strictly, and whatever is wrong told in one line.


LIMITS = Limits(message_bytes=2000, messages_a_second=2000, frames_a_second=1000)
GOOD: dict[str, Any] = {"id": 1, "lane": "answer", "question": {"ask": "population", "experiment": {}}}


@pytest.fixture(scope="module")
def lab() -> Generator[Lab]:
    with serving(limits=LIMITS) as one:
        yield one


@pytest.fixture
def page(lab: Lab) -> Generator[Page]:
    with lab.open() as one:
        yield one


def error(page: Page, message: str | bytes | dict[str, Any]) -> dict[str, Any]:
    """Send what is wrong, and return the header of the error."""
    page.send(json.dumps(message) if isinstance(message, dict) else message)
    told = page.header()
    assert told["kind"] == "error"
    assert told["last"]
    assert told["message"].strip()
    assert "\n" not in told["message"]
    return told


@pytest.mark.parametrize(
    "message",
    [
        "",
        "?",
        "null",
        "[]",
        "7",
        "{}",
        "[" * 1000,
        "1" * 1000,
        '{"id": 1e400}',
        '{"cancel": "answers"}',
        '{"cancel": "answer", "id": 1}',
        '{"id": 1, "lane": "answer"',
        '{"id": -1, "lane": "answer", "question": {"ask": "population", "experiment": {}}}',
        '{"id": 9007199254740992, "lane": "answer", "question": {"ask": "population", "experiment": {}}}',
        '{"id": 1, "lane": "other", "question": {"ask": "population", "experiment": {}}}',
        b"{}",
        b"\xff\x00",
    ],
)
def test_what_cannot_be_read_is_told(page: Page, message: str | bytes):
    told = error(page, message)
    assert (told["id"], told["lane"]) == (None, None)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"extra": 1}, "extra"),
        ({"cancel": "answer"}, '"cancel" alone'),
        ({"question": 7}, "object"),
        ({"question": {"ask": "nothing"}}, "ask"),
        ({"question": {"ask": "population"}}, "experiment"),
        ({"question": {"ask": "population", "experiment": []}}, "experiment"),
        ({"question": {"ask": "population", "experiment": {}, "seeds": 0}}, "seeds"),
        ({"question": {"ask": "population", "experiment": {}, "seeds": 2.5}}, "seeds"),
        ({"question": {"ask": "population", "experiment": {}, "store": "/"}}, "store"),
        ({"question": {"ask": "population", "experiment": {"x": [[]] * 1000}}}, "2,000"),
    ],
)
def test_errors_name_the_question(page: Page, change: dict[str, Any], words: str):
    told = error(page, GOOD | change)
    assert (told["id"], told["lane"]) == (1, "answer")
    assert words in told["message"]
    assert len(told["message"]) <= 300


def test_deep_nesting_is_an_error_of_its_question(lab: Lab):
    with serving(limits=Limits()) as roomy, roomy.open() as page:
        deep = "[" * 20_000 + "]" * 20_000
        told = error(page, f'{{"id": 1, "lane": "answer", "question": {{"ask": "population", "x": {deep}}}}}')
        assert told["id"] in (1, None)


def test_what_is_far_too_long_is_cut_off(lab: Lab, page: Page):
    page.send("x" * (4 * LIMITS.message_bytes + 1))
    with pytest.raises(ConnectionClosed) as closed:
        page.header()
    assert closed.value.rcvd.code == 1009
    assert lab.get("/").status == 200


def test_after_twenty_bad_messages_it_is_closed(page: Page):
    for _ in range(LIMITS.bad_messages - 1):
        error(page, "?")
    page.send("?")
    with pytest.raises(ConnectionClosed) as closed:
        list(iter(page.header, None))
    assert closed.value.rcvd.code == 1008
    assert "20 messages" in closed.value.rcvd.reason


def test_a_good_message_forgives_bad_ones(page: Page):
    for _ in range(3):
        for _ in range(LIMITS.bad_messages - 1):
            error(page, "?")
        page.send('{"cancel": "answer"}')
    error(page, "?")


def test_who_asks_nothing_for_long_gives_the_place_free():
    with serving(limits=Limits(idle_minutes=0.1 / 60)) as lab, lab.open() as page:
        with pytest.raises(ConnectionClosed) as closed:
            page.header()
        assert closed.value.rcvd.code == 4000


def test_one_visitor_too_many_is_told_the_limit():
    with serving(limits=Limits(visitors=2)) as lab:
        with lab.open() as first, lab.open() as second:
            for page in (first, second):
                error(page, "?")
            with lab.open() as third:
                told = third.header()
                assert told["kind"] == "error"
                assert "2 visitors" in told["message"]
                with pytest.raises(ConnectionClosed) as closed:
                    third.header()
                assert closed.value.rcvd.code == 1013
                assert "2 visitors" in closed.value.rcvd.reason
        until = time.monotonic() + 60
        while time.monotonic() < until:
            with lab.open() as fourth, suppress(ConnectionClosed):
                fourth.send("?")
                if "visitors" not in fourth.header()["message"]:
                    return
        pytest.fail("the places aren't free again")


def test_random_messages_harm_nobody(lab: Lab):
    with lab.open() as other:
        send_random(lab, count=200, seed=0)
        assert error(other, "?")
    assert lab.get("/").status == 200


@pytest.mark.process
def test_ten_thousand_random_messages_harm_nobody(lab: Lab):
    with lab.open() as other, ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda seed: send_random(lab, count=2500, seed=seed), range(1, 5)))
        assert error(other, "?")
    assert lab.get("/").status == 200


def send_random(lab: Lab, *, count: int, seed: int) -> None:
    """Send random messages and see that all were read; with a new socket for each few."""
    draw = random.Random(seed)
    few = LIMITS.bad_messages - 2
    for _ in range(0, count, few):
        with lab.open() as page:
            for _ in range(few):
                page.send(random_message(draw))
            page.send('{"id": 77, "lane": "rates", "question": 0}')
            while page.header()["id"] != 77:
                pass


def random_message(draw: random.Random) -> str | bytes:
    """Return bytes, text, JSON, or a good message of which some letters were changed."""
    match draw.randrange(5):
        case 0:
            return draw.randbytes(draw.randrange(3000))
        case 1:
            return "".join(draw.choices(string.printable + "é\0😀", k=draw.randrange(3000)))
        case 2:
            return json.dumps(random_value(draw, 4))
        case 3:
            return json.dumps(GOOD | {draw.choice(["id", "lane", "question", "x"]): random_value(draw, 3)})
        case _:
            text = list(json.dumps(GOOD))
            for _ in range(draw.randrange(1, 5)):
                text[draw.randrange(len(text))] = draw.choice(string.printable)
            return "".join(text)


def random_value(draw: random.Random, depth: int) -> Any:
    match draw.randrange(8 if depth else 5):
        case 0:
            return draw.choice([None, True, False])
        case 1:
            return draw.randrange(-(2**70), 2**70)
        case 2:
            return draw.choice([draw.random(), 1e308, -0.0])
        case 3:
            return "".join(draw.choices(string.printable, k=draw.randrange(10)))
        case 4:
            return draw.choice(["answer", "plane", "population", "ask"])
        case 5:
            return [random_value(draw, depth - 1) for _ in range(draw.randrange(4))]
        case _:
            names = draw.choices(["id", "lane", "question", "ask", "experiment", "seeds", "x"], k=3)
            return {name: random_value(draw, depth - 1) for name in names}
