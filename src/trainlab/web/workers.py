"""Workers: processes that answer questions in turn, one a core, and are replaced when they hang or crash."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import signal
import struct
import sys
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Literal, Self, get_args

import msgspec

from trainlab.lifeline import Lifeline, lifeline
from trainlab.web.frames import encode, error_frame
from trainlab.web.questions import Limits

# Whose turn it is: visitors in a circle, and of each visitor the most urgent question first.


Lane = Literal[
    "answer",
    "replay",
    "microscope",
    "compare",
    "course",
    "rates",
    "budget",
    "take-away",
    "why",
    "why-seed",
    "plane",
]
LANES: Final[tuple[Lane, ...]] = get_args(Lane)
"""The lanes of a page, the most urgent first. A visitor has one open question at most in each."""
BACKGROUND: Final = frozenset({"why", "why-seed", "plane"})
"""Lanes that take long, or fill in what nobody waits for; they never have all workers, so
that a knob's answer needn't wait."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Job:
    """A question of a visitor, and who takes its frames."""

    visitor: Hashable
    lane: str
    id: int
    question: msgspec.Raw
    deliver: Callable[[bytes], None]


class Turns:
    """Questions that wait for a worker, and how many of each visitor's are being answered."""

    def __init__(self, *, workers: int) -> None:
        self._background = max(1, workers - 1)
        self._waiting: dict[Hashable, dict[str, Job]] = {}
        self._running: Counter[Hashable] = Counter()
        self._running_in_background = 0

    def wait(self, job: Job) -> None:
        """Let a question wait; an older one of its lane is forgotten."""
        self._waiting.setdefault(job.visitor, {})[job.lane] = job

    def drop(self, visitor: Hashable, lane: str) -> None:
        """Forget a question that waits, if there is one."""
        lanes = self._waiting.get(visitor, {})
        lanes.pop(lane, None)
        if not lanes:
            self._waiting.pop(visitor, None)

    def take(self) -> Job | None:
        """Begin with the question whose turn it is; of a visitor of whom the fewest are being answered."""
        open_to = LANES
        if self._running_in_background >= self._background:
            open_to = tuple(lane for lane in LANES if lane not in BACKGROUND)
        able = [visitor for visitor, lanes in self._waiting.items() if not lanes.keys().isdisjoint(open_to)]
        if not able:
            return None
        # Of equals the one who comes first in the circle.
        visitor = min(able, key=lambda one: self._running[one])
        lanes = self._waiting.pop(visitor)
        job = lanes.pop(next(lane for lane in open_to if lane in lanes))
        if lanes:
            # At the end of the circle.
            self._waiting[visitor] = lanes
        self._running[visitor] += 1
        self._running_in_background += job.lane in BACKGROUND
        return job

    def ended(self, job: Job) -> None:
        """Note that a question that was taken is no longer being answered."""
        self._running[job.visitor] -= 1
        if not self._running[job.visitor]:
            del self._running[job.visitor]
        self._running_in_background -= job.lane in BACKGROUND


# What the server and a worker say to each other, through the worker's stdin and stdout.
#
# A message is the number of bytes that follow (uint32, little-endian), a byte that says what they are, and
# these bytes. The server sends `ASK` (an `Order` in JSON) and `CANCEL` (an order's number). The worker sends
# `READY` once, and for every order any number of `FRAME`, and then `DONE`.


LENGTH: Final = struct.Struct("<I")
NUMBER: Final = struct.Struct("<Q")

ASK, CANCEL = b"a", b"c"
READY, FRAME, DONE = b"r", b"f", b"d"


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """A question for a worker; `id` and `lane` go into the header of each frame."""

    number: int
    """Counts up, so that a `CANCEL` that comes too late meets no later order."""
    id: int
    lane: str
    question: msgspec.Raw
    limits: Limits


def packed(kind: bytes, body: bytes = b"") -> bytes:
    """Return a message as it is written."""
    return LENGTH.pack(1 + len(body)) + kind + body


def unpacked(message: bytes) -> tuple[bytes, bytes]:
    """Return what a message is, and its body; the length before it has been read."""
    return message[:1], message[1:]


# A worker as the server has it: a process that is sent orders, and whose messages come back one by one.


# -P: a visitor's question must not import what happens to lie in the folder that the server was started in.
WORKER: Final = (sys.executable, "-P", "-m", "trainlab.web.worker_main")
BUFFER: Final = 2**20
"""Bytes read ahead of a worker: above it, a worker waits until the server has time."""


class WorkerProcess:
    """A process that is spoken to in the words above."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._process, self._stdin, self._stdout = process, process.stdin, process.stdout

    @classmethod
    async def start(cls, command: Sequence[str] = WORKER) -> WorkerProcess:
        """Start a worker; its first message says that it is ready."""
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=BUFFER,
            # Ctrl-C in the terminal is for the server, which ends its workers.
            start_new_session=True,
        )
        return cls(process)

    @property
    def pid(self) -> int:
        """The process's number."""
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        """Whether the process is gone: asyncio, which waits for it in a thread, hears it a moment later."""
        if self._process.returncode is not None:
            return True
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        return False

    def ask(self, order: Order) -> None:
        """Send an order."""
        self._stdin.write(packed(ASK, msgspec.json.encode(order)))

    def cancel(self, order: Order) -> None:
        """Tell the worker to give an order up, as soon as it asks."""
        self._stdin.write(packed(CANCEL, NUMBER.pack(order.number)))

    async def receive(self) -> tuple[bytes, bytes] | None:
        """Return the next message's kind and body; None once the process has ended."""
        try:
            prefix = await self._stdout.readexactly(LENGTH.size)
            return unpacked(await self._stdout.readexactly(*LENGTH.unpack(prefix)))
        except asyncio.IncompleteReadError:
            return None

    async def ended(self) -> int:
        """Wait until the process is gone, and return its exit code."""
        return await self._process.wait()

    async def end(self) -> int:
        """Kill the process if it still runs, and return how it ended."""
        if self._process.returncode is None:
            # Not Process.kill: it asks first whether the process has ended; if so, it takes the exit code
            # away from asyncio, which then says 255.
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)
        return await self._process.wait()


# Workers: processes that answer questions, one a core, and are replaced when they hang or crash.


PAUSE = 1.0
"""Seconds before a worker that couldn't start is started again."""


class _Running:
    """A question that a worker is at."""

    def __init__(self, job: Job, order: Order, process: WorkerProcess, timer: asyncio.Timeout) -> None:
        self.job, self.order = job, order
        self._process, self._timer = process, timer
        self.wanted = True

    def give_up(self, *, within: float) -> None:
        """Tell the worker to stop; it is killed if it goes on for longer."""
        if not self.wanted:
            return
        self.wanted = False
        self._process.cancel(self.order)
        if not self._timer.expired():
            latest = asyncio.get_running_loop().time() + within
            self._timer.reschedule(min(latest, self._timer.when() or latest))


class Workers:
    """`count` processes inside an ``async with``; `command` starts one. None outlives this process."""

    def __init__(self, *, count: int, limits: Limits, command: Sequence[str] = WORKER) -> None:
        self._count, self._limits, self._command = count, limits, command
        self._turns = Turns(workers=count)
        self._ready: set[WorkerProcess] = set()
        self._running: set[_Running] = set()
        self._numbers = itertools.count()
        self._changed = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._held = ExitStack()

    async def __aenter__(self) -> Self:
        line = self._held.enter_context(lifeline())
        self._tasks = [asyncio.create_task(self._keep_working(line)) for _ in range(self._count)]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._held.close()

    @property
    def pids(self) -> list[int]:
        """The numbers of the processes that are ready."""
        return [process.pid for process in self._ready]

    def ask(self, job: Job) -> None:
        """Have a question answered; the visitor's older one of the same lane is given up."""
        self.cancel(job.visitor, job.lane)
        self._turns.wait(job)
        self._changed.set()

    def cancel(self, visitor: Hashable, lane: str) -> None:
        """Give up a visitor's question."""
        self._turns.drop(visitor, lane)
        for running in self._running:
            if running.job.visitor is visitor and running.job.lane == lane:
                running.give_up(within=self._limits.stop_seconds)

    async def _keep_working(self, line: Lifeline) -> None:
        """Keep one worker at work: start a process, and another whenever one has ended."""
        while True:
            process = await WorkerProcess.start(self._command)
            line.hold(process.pid)  # its stdin ends, too, which it hears once it has loaded
            ending = asyncio.create_task(process.ended())
            ending.add_done_callback(lambda _: self._changed.set())
            try:
                if await process.receive() is None:
                    await self._cannot_start()
                    continue
                self._ready.add(process)
                while await self._answer_next(process):
                    pass
            finally:
                self._ready.discard(process)
                await process.end()

    async def _cannot_start(self) -> None:
        """Wait before the next try; if no other worker is there, tell those who wait."""
        await asyncio.sleep(PAUSE)
        while not self._ready and (job := self._turns.take()):
            self._turns.ended(job)
            _fail(job, "The process that answers can't start; the terminal of 'trainlab serve' shows why.")

    async def _answer_next(self, process: WorkerProcess) -> bool:
        """Answer the next question, and return whether the process can answer another."""
        # One that ended while it had nothing to do costs nobody's question.
        while not process.has_ended:
            if job := self._turns.take():
                try:
                    return await self._answer(job, process)
                finally:
                    self._turns.ended(job)
                    self._changed.set()
            self._changed.clear()
            await self._changed.wait()
        return False

    async def _answer(self, job: Job, process: WorkerProcess) -> bool:
        order = Order(
            number=next(self._numbers),
            id=job.id,
            lane=job.lane,
            question=job.question,
            limits=self._limits,
        )
        timer = asyncio.timeout(self._limits.seconds)
        running = _Running(job, order, process, timer)
        failure = ""
        try:
            async with timer:
                self._running.add(running)
                process.ask(order)
                while message := await process.receive():
                    kind, body = message
                    if kind == DONE:
                        return True
                    if running.wanted:
                        job.deliver(body)
        except TimeoutError:
            failure = (
                f"This took longer than {self._limits.seconds:g} seconds, the most that a question may: ask "
                "for fewer seeds or epochs, or take a smaller network."
            )
        finally:
            self._running.discard(running)
        if running.wanted:
            ended = "" if failure else _ending(await process.end())
            _fail(job, failure or f"The process that answered {ended}; another takes its place.")
        return False


def _fail(job: Job, message: str) -> None:
    job.deliver(encode(error_frame(message), id=job.id, lane=job.lane))


def _ending(code: int) -> str:
    """Say how a process ended."""
    if code >= 0:
        return f"ended by itself (exit code {code})"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    hint = ", perhaps for want of memory" if -code == signal.SIGKILL else ""
    return f"was ended by {name}{hint}"
