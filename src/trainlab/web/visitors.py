"""Visitors: a socket each, which is read strictly, and a lane for each kind of question."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Annotated, Final

import msgspec
from msgspec import Meta
from starlette.websockets import WebSocket, WebSocketDisconnect

from trainlab.errors import SpecError
from trainlab.web.frames import encode, error_frame
from trainlab.web.questions import Limits, read_question
from trainlab.web.workers import LANES, Job, Lane, Workers

# Visitors: a socket each, with a lane for each kind of question, and one frame at most waiting in a lane.


Send = Callable[[bytes], Awaitable[None]]


class SlowReaderError(Exception):
    """A page doesn't read what it is sent."""


class Visitor:
    """Whoever has opened a page. A visitor has at most one open question a lane, and `leave`s in the end."""

    def __init__(self, *, workers: Workers, limits: Limits) -> None:
        self._workers, self._limits = workers, limits
        self._newest: dict[str, Job] = {}
        self._frames: dict[str | None, bytes] = {}
        """What is to be sent, by lane, in turn: a lane that was sent comes back at the end."""
        self._something = asyncio.Event()
        self._reads = True

    def ask(self, *, number: int, lane: str, question: msgspec.Raw) -> None:
        """Have a question answered, in place of the older one of its lane."""
        self.cancel(lane)

        def deliver(frame: bytes) -> None:
            # What an older question left in the pipe is nobody's.
            if self._newest.get(lane) is job:
                self._put(lane, frame)

        job = Job(visitor=self, lane=lane, id=number, question=question, deliver=deliver)
        self._newest[lane] = job
        self._workers.ask(job)

    def cancel(self, lane: str) -> None:
        """Give up the question of a lane; nothing more is sent of it."""
        self._newest.pop(lane, None)
        self._frames.pop(lane, None)
        self._workers.cancel(self, lane)

    def tell(self, message: str, *, number: int | None = None, lane: str | None = None) -> None:
        """Tell the page that something is wrong: with its question of this lane, or with what it sent."""
        if lane is not None:
            self.cancel(lane)
        self._put(lane, encode(error_frame(message), id=number, lane=lane))

    def leave(self) -> None:
        """Give up all that is open."""
        for lane in LANES:
            self.cancel(lane)

    async def send_frames(self, send: Send) -> None:
        """Send the newest frame of each lane in turn, `frames_a_second` at most; never ends by itself.

        Raises:
            SlowReaderError: the page takes too long to read, or too much waits for it.
        """
        while True:
            await self._something.wait()
            if not self._reads:
                raise SlowReaderError
            lane = next(iter(self._frames), None)
            if lane not in self._frames:
                self._something.clear()
                continue
            try:
                async with asyncio.timeout(self._limits.reader_seconds):
                    await send(self._frames.pop(lane))
            except TimeoutError:
                raise SlowReaderError from None
            await asyncio.sleep(1 / self._limits.frames_a_second)

    def _put(self, lane: str | None, frame: bytes) -> None:
        """Let a frame wait in its lane, in place of an older one."""
        if self._reads:
            self._frames[lane] = frame
        if sum(map(len, self._frames.values())) > self._limits.waiting_bytes:
            self._reads = False
            self._frames.clear()
        self._something.set()


class Visitors:
    """All who are here, as many as the limits allow."""

    def __init__(self, *, workers: Workers, limits: Limits) -> None:
        self._workers, self._limits = workers, limits
        self._here: set[Visitor] = set()

    def __len__(self) -> int:
        return len(self._here)

    def enter(self) -> Visitor | None:
        """Return a visitor, or None if there is no place."""
        if len(self._here) >= self._limits.visitors:
            return None
        visitor = Visitor(workers=self._workers, limits=self._limits)
        self._here.add(visitor)
        return visitor

    def leave(self, visitor: Visitor) -> None:
        """Give a visitor's place free, and all that is open up."""
        self._here.discard(visitor)
        visitor.leave()


# The socket: reads what a page asks, strictly, and sends what is answered.
#
# A message is JSON text, ``{"id": 7, "lane": "answer", "question": {"ask": …}}`` or ``{"cancel": "answer"}``.
# Whatever else comes is told in a frame of kind ``error``; of a question with its id and lane.


FULL: Final = 1013
"""Close code, "try again later"."""
REFUSED: Final = 1008
"""Close code, "policy violation"."""
IDLE: Final = 4000
"""Close code of our own: nothing was asked for long. The page needn't come back before something is."""

LONGEST: Final = 300
"""Characters of what the decoder says, which may quote what a visitor sent."""

UNREADABLE: Final = (msgspec.MsgspecError, ValueError, RecursionError)
"""What reading JSON raises."""

Id = Annotated[int, Meta(ge=0, le=2**53 - 1)]


class _Name(msgspec.Struct, frozen=True):
    """Whose message it is, read first, so that an error in the rest can say so."""

    id: Id
    lane: Lane


class _Message(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A question with its name, or a lane that is to be given up."""

    id: Id | None = None
    lane: Lane | None = None
    question: msgspec.Raw = msgspec.Raw()
    cancel: Lane | None = None


class _BadMessageError(Exception):
    pass


async def attend(websocket: WebSocket, *, visitors: Visitors, limits: Limits) -> None:
    """Serve a visitor until either side ends it."""
    await websocket.accept()
    visitor = visitors.enter()
    if visitor is None:
        most = f"This lab has {limits.visitors} visitors, as many as it serves at once."
        told = error_frame(f"{most} Try again when one has left, or start your own: trainlab serve")
        await websocket.send_bytes(encode(told, id=None, lane=None))
        await websocket.close(FULL, most)
        return
    gone = False
    code, reason = 1000, ""
    try:
        async with asyncio.TaskGroup() as both:
            sending = both.create_task(visitor.send_frames(websocket.send_bytes))
            code, reason = await _read(websocket, visitor, limits)
            sending.cancel()
    # The last is what servers raise when a socket has been closed meanwhile.
    except* (SlowReaderError, WebSocketDisconnect, RuntimeError):
        gone = True
    finally:
        visitors.leave(visitor)
    if not gone:
        await websocket.close(code, reason)


async def _read(websocket: WebSocket, visitor: Visitor, limits: Limits) -> tuple[int, str]:
    """Carry out what the page sends, and return why it is to be closed: a code, and words."""
    bad = 0
    while bad < limits.bad_messages:
        try:
            async with asyncio.timeout(limits.idle_minutes * 60):
                message = await websocket.receive()
        except TimeoutError:
            return IDLE, f"nothing was asked for {limits.idle_minutes:g} minutes"
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect
        bad = 0 if _carry_out(message.get("text"), visitor, limits) else bad + 1
        await asyncio.sleep(1 / limits.messages_a_second)
    return REFUSED, f"{bad} messages one after the other that can't be read"


def _carry_out(text: str | None, visitor: Visitor, limits: Limits) -> bool:
    """Ask or cancel what a message says, or tell the page what is wrong with it and return False."""
    if text is None:
        visitor.tell("A message in bytes isn't read: send JSON as text.")
        return False
    data = text.encode(errors="replace")
    name = _name_in(data)
    try:
        if len(data) > limits.message_bytes:
            raise _BadMessageError(
                f"This message has {len(data):,} bytes, and at most {limits.message_bytes:,} are read: give "
                "fewer examples of your own, or fewer digits of each."
            )
        message = msgspec.json.decode(data, type=_Message)
        question = bytes(message.question)
        if message.cancel and message.id is None and message.lane is None and not question:
            visitor.cancel(message.cancel)
        elif name and question and message.cancel is None:
            read_question(question)
            visitor.ask(number=name.id, lane=name.lane, question=message.question)
        else:
            raise _BadMessageError('A message has "id", "lane" and "question", or "cancel" alone.')
    except (_BadMessageError, SpecError, *UNREADABLE) as error:
        words = _readable(error)
        visitor.tell(words, number=name.id if name else None, lane=name.lane if name else None)
        return False
    return True


def _name_in(data: bytes) -> _Name | None:
    try:
        return msgspec.json.decode(data, type=_Name)
    except UNREADABLE:
        return None


def _readable(error: Exception) -> str:
    """Return an error's line, with the place first where the decoder names one."""
    words, _, place = str(error).partition(" - at `$")
    place = place.rstrip("`").lstrip(".")
    line = f"{place}: {words}" if place else words
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"
