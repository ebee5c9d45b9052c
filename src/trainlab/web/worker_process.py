"""A worker as the server has it: a process that is sent orders, and whose messages come back one by one."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Sequence
from typing import Final

import msgspec

from trainlab.web.pipes import ASK, CANCEL, LENGTH, NUMBER, Order, packed, unpacked

# -P: a visitor's question must not import what happens to lie in the folder that the server was started in.
WORKER: Final = (sys.executable, "-P", "-m", "trainlab.web.worker")
BUFFER: Final = 2**20
"""Bytes read ahead of a worker: above it, a worker waits until the server has time."""


class WorkerProcess:
    """A process that is spoken to as `pipes` says."""

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
        """Whether the process is gone."""
        return self._process.returncode is not None

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
