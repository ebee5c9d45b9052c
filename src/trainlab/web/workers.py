"""Workers: processes that answer questions, one a core, and are replaced when they hang or crash."""

from __future__ import annotations

import asyncio
import itertools
import signal
from collections.abc import Hashable, Sequence
from types import TracebackType
from typing import Self

from trainlab.web.errors_as_frames import error_frame
from trainlab.web.frames import encode
from trainlab.web.limits import Limits
from trainlab.web.pipes import DONE, FRAME, LAST, Order
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
        latest = asyncio.get_running_loop().time() + within
        limit = self._timer.when()
        self._timer.reschedule(latest if limit is None else min(latest, limit))


class Workers:
    """`count` processes inside a ``with``; `command` starts one."""

    def __init__(self, *, count: int, limits: Limits, command: Sequence[str] = WORKER) -> None:
        self._count, self._limits, self._command = count, limits, command
        self._turns = Turns(workers=count)
        self._running: set[_Running] = set()
        self._numbers = itertools.count()
        self._changed = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.create_task(self._keep_working()) for _ in range(self._count)]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

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

    async def _keep_working(self) -> None:
        """Keep one worker at work: start a process, and another whenever one has ended."""
        while True:
            process = await WorkerProcess.start(self._command)
            try:
                started = await process.receive() is not None
                if not started:
                    await self._say_it_cannot_start()
                while started and await self._answer_next(process):
                    pass
            finally:
                await process.end()

    async def _say_it_cannot_start(self) -> None:
        """Tell whoever's turn it is; they may be many, so one a pause."""
        await asyncio.sleep(PAUSE)
        job = await self._next()
        self._turns.ended(job)
        _fail(job, "The process that answers couldn't start; the terminal of 'trainlab serve' shows why.")

    async def _next(self) -> Job:
        while (job := self._turns.take()) is None:
            self._changed.clear()
            await self._changed.wait()
        return job

    async def _answer_next(self, process: WorkerProcess) -> bool:
        """Answer the next question, and return whether the process can answer another."""
        job = await self._next()
        try:
            return await self._answer(job, process)
        finally:
            self._turns.ended(job)
            self._changed.set()

    async def _answer(self, job: Job, process: WorkerProcess) -> bool:
        order = Order(
            number=next(self._numbers),
            id=job.id,
            lane=job.lane,
            question=job.question,
            limits=self._limits,
        )
        running = None
        try:
            async with asyncio.timeout(self._limits.seconds) as timer:
                running = _Running(job, order, process, timer)
                self._running.add(running)
                process.ask(order)
                while message := await process.receive():
                    kind, body = message
                    if kind == DONE:
                        return True
                    if kind in (FRAME, LAST) and running.wanted:
                        job.deliver(body)
        except TimeoutError:
            failure = (
                f"This took longer than {self._limits.seconds:g} seconds, the most that a question may: ask for "
                "fewer seeds or epochs, or take a smaller network."
            )
        else:
            failure = (
                f"The process that answered {_ending(await process.end())}; another has taken its place."
            )
        finally:
            if running is not None:
                self._running.discard(running)
        if running.wanted:
            _fail(job, failure)
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
