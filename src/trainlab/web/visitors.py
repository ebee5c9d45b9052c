"""Visitors: a socket each, with a lane for each kind of question, and one frame at most waiting in a lane."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import msgspec

from trainlab.web.errors_as_frames import error_frame
from trainlab.web.frames import encode
from trainlab.web.limits import Limits
from trainlab.web.turns import LANES, Job
from trainlab.web.workers import Workers

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
