"""Workers: processes that answer questions, one a core, and are replaced when they hang or crash."""

from __future__ import annotations

import asyncio
import itertools
import signal
from collections.abc import Hashable, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from trainlab.lifeline import Lifeline, lifeline
from trainlab.web.errors_as_frames import error_frame
from trainlab.web.frames import encode
from trainlab.web.limits import Limits
from trainlab.web.pipes import DONE, Order
from trainlab.web.turns import Job, Turns
from trainlab.web.worker_process import WORKER, WorkerProcess

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
