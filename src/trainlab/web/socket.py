"""The socket: reads what a page asks, strictly, and sends what is answered.

A message is JSON text, ``{"id": 7, "lane": "answer", "question": {"ask": …}}`` or ``{"cancel": "answer"}``.
Whatever else comes is told in a frame of kind ``error``; of a question with its id and lane.
"""

from __future__ import annotations

import asyncio
from typing import Annotated, Final

import msgspec
from msgspec import Meta
from starlette.websockets import WebSocket, WebSocketDisconnect

from trainlab.errors import SpecError
from trainlab.web.errors_as_frames import error_frame
from trainlab.web.frames import encode
from trainlab.web.limits import Limits
from trainlab.web.questions import read_question
from trainlab.web.turns import Lane
from trainlab.web.visitors import SlowReaderError, Visitor, Visitors

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
