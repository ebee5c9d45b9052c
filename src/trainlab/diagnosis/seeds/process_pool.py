"""Runs of a script side by side: each in a process of its own, of a single thread, with nothing to read."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trainlab.diagnosis.script.child_processes import ending_words, kill_session, one_thread_environment
from trainlab.diagnosis.script.plan import Plan
from trainlab.lifeline import Lifeline, lifeline
from trainlab.scratch import scratch_folder

TAIL = 8_000_000
"""Bytes of what a script prints that are read: the last ones."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ran:
    """A process that has ended: its report (None if it left none), what it printed, how it ended.

    `late` says that it was ended at the time limit.
    """

    plan: Plan
    report: dict[str, Any] | None
    printed: str
    ending: str
    late: bool
    seconds: float


@dataclass(slots=True)
class ProcessPool:
    """Starts the processes and ends them; a run is killed after `limit` seconds (0: never).

    Ctrl-C at a terminal doesn't reach them: each is a session of its own, and `stop` ends it with all that it
    started; should this process be killed, its lifeline does. Each worker has a server (`fork_server`) that
    forks its runs one after the other.
    """

    workers: int
    limit: float = 0.0
    _alive: set[int] = field(default_factory=set[int])
    _servers: list[subprocess.Popen[str]] = field(default_factory=list[subprocess.Popen[str]])
    _idle: list[subprocess.Popen[str]] = field(default_factory=list[subprocess.Popen[str]])
    _line: Lifeline | None = None
    _lock: Any = field(default_factory=threading.Lock)
    _stopped: bool = False

    def carry_out(self, plans: Iterable[Plan], stop: threading.Event) -> Iterator[Ran]:
        """Run the plans, as many at once as there are workers, and yield each as it ends, until `stop`."""
        with lifeline() as self._line:
            yield from self._carry_out(plans, stop)

    def _carry_out(self, plans: Iterable[Plan], stop: threading.Event) -> Iterator[Ran]:
        left, pool = iter(plans), ThreadPoolExecutor(self.workers)
        running: set[Future[Ran | None]] = set()
        try:
            while not stop.is_set():
                while len(running) < self.workers and (plan := next(left, None)) is not None:
                    running.add(pool.submit(self._run, plan))
                if not running:
                    return
                ended, running = wait(running, timeout=0.1, return_when=FIRST_COMPLETED)
                for one in ended:
                    if (ran := one.result()) is not None:
                        yield ran
        finally:
            self.stop()
            pool.shutdown()
            self._close_servers()

    def stop(self) -> None:
        """End every process that is alive."""
        with self._lock:
            self._stopped = True
            for process in [*self._alive, *(server.pid for server in self._servers)]:
                kill_session(process)

    def _close_servers(self) -> None:
        """Wait for the servers that were ended, and close what led to them."""
        for server in self._servers:
            for pipe in (server.stdin, server.stdout):
                if pipe is not None:
                    with suppress(OSError):
                        pipe.close()
            server.wait()

    def _run(self, plan: Plan) -> Ran | None:
        """Run one plan to its end; None if it was stopped from here."""
        server = self._idle_server()
        if server is None:
            return None
        started = time.monotonic()
        with scratch_folder("seeds") as folder:
            report, asked, out, err = (
                os.path.join(folder, name) for name in ("report", "plan", "out", "err")
            )
            Path(asked).write_bytes(plan.to_json())
            code = self._fork(server, [report, asked, out, err])
            if self._stopped:
                return None
            seconds = time.monotonic() - started
            late = bool(self.limit) and code == -signal.SIGKILL and seconds >= self.limit
            ending = f"the limit of {self.limit:.0f} s" if late else ending_words(code)
            found = json.loads(Path(report).read_text("utf-8")) if os.path.exists(report) else None
            if found is not None and (code < 0 or found["ended"].get("how") == "killed"):
                found["ended"] = {"how": "killed", "code": code, "message": f"killed ({ending})"}
            return Ran(
                plan=plan,
                report=found,
                printed=_tail(out),
                ending=ending,
                late=late,
                seconds=seconds,
            )

    def _idle_server(self) -> subprocess.Popen[str] | None:
        """Return a server that is idle, or a new one; None once all was stopped."""
        with self._lock:
            if self._stopped:
                return None
            if self._idle:
                return self._idle.pop()
            server = subprocess.Popen(
                [sys.executable, "-m", "trainlab.diagnosis.seeds.fork_server"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=one_thread_environment(),
                start_new_session=True,
                text=True,
            )
            if self._line is not None:
                self._line.hold(server.pid)
            self._servers.append(server)
            return server

    def _fork(self, server: subprocess.Popen[str], files: list[str]) -> int:
        """Have the server fork a run and return its exit code; that of SIGKILL if the server is gone."""
        lost = -int(signal.SIGKILL)
        if server.stdin is None or server.stdout is None:
            return lost
        with suppress(OSError, ValueError):
            print(json.dumps(files), file=server.stdin, flush=True)
            process = int(server.stdout.readline())
            with self._lock:
                self._alive.add(process)
                if self._stopped:
                    kill_session(process)
            timer = threading.Timer(self.limit, kill_session, [process]) if self.limit else None
            if timer:
                timer.start()
            try:
                code = os.waitstatus_to_exitcode(int(server.stdout.readline()))
            except ValueError:
                kill_session(process)  # the server is gone, which the run outlives
                raise
            finally:
                if timer:
                    timer.cancel()
                with self._lock:
                    self._alive.discard(process)
            with self._lock:
                self._idle.append(server)
            return code
        return lost


def _tail(path: str) -> str:
    if not os.path.exists(path):
        return ""
    with open(path, "rb") as file:
        file.seek(max(0, os.path.getsize(path) - TAIL))
        return file.read().decode("utf-8", errors="replace")
