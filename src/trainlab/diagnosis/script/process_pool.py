# pyright: basic
"""Runs of a script side by side: each in a process of its own, of a single thread, with nothing to read."""

from __future__ import annotations

import gc
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from trainlab.diagnosis.script.plan import Plan, plan_from_json
from trainlab.diagnosis.script.runner import ending_words, kill_session, left_report, one_thread_environment
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


@dataclass(frozen=True, slots=True, eq=False)
class Server:
    """A process that forks one run at a time: what it is asked by, and what it answers by."""

    pid: int
    asked: IO[str]
    answers: IO[str]
    process: subprocess.Popen[str] | None = None


# Servers that are copies of a script's own process (`replay.keeper`).


MOST_AT_ONCE = 4
AT_ONCE, NEVER = 30.0, 3600.0
"""Seconds within which a copy says that it is there, and after which one that doesn't answer never will."""


@dataclass(frozen=True, slots=True)
class Keepers:
    """Copies of a script's process that wait, each at the other end of a socket."""

    pairs: tuple[tuple[socket.socket, socket.socket], ...]

    @property
    def theirs(self) -> tuple[int, ...]:
        """The numbers that the script's process is given."""
        return tuple(theirs.fileno() for _, theirs in self.pairs)

    def servers(self) -> tuple[list[Server], str]:
        """Return those that are there, once the script has ended, or why there are none."""
        found: list[Server] = []
        for ours, theirs in self.pairs:
            theirs.close()
            ours.settimeout(AT_ONCE)
            asked, answers = ours.makefile("w"), ours.makefile("r")
            try:
                line = answers.readline()
            except TimeoutError:
                return [], "one doesn't answer"
            told: dict[str, Any] = json.loads(line) if line else {"why_not": "none was made"}
            if "why_not" in told:
                return [], told["why_not"]
            ours.settimeout(NEVER)
            found.append(Server(told["keeper"], asked, answers))
        return found, ""


@contextmanager
def keepers() -> Generator[Keepers]:
    """Make the sockets; leaving the block ends the copies that wait at them."""
    from trainlab.execution import default_workers

    with ExitStack() as held:
        pairs = tuple(socket.socketpair() for _ in range(min(default_workers(), MOST_AT_ONCE)))
        for pair in pairs:
            for one in pair:
                held.enter_context(one)
        yield Keepers(pairs)


@dataclass(slots=True)
class ProcessPool:
    """Starts the processes and ends them; a run is killed after `limit` seconds (0: never).

    Ctrl-C at a terminal doesn't reach them: each is a session of its own, and `stop` ends it with all that it
    started; should this process be killed, its lifeline does. Each worker has a server that forks its runs
    one after the other: a process that this file starts (`main`), or one of those `given`, which go on after
    it and are held by who has them.
    """

    workers: int
    limit: float = 0.0
    given: Sequence[Server] = ()
    _alive: set[int] = field(default_factory=set[int])
    _servers: list[Server] = field(default_factory=list[Server])
    _idle: list[Server] = field(default_factory=list[Server])
    _line: Lifeline | None = None
    _lock: Any = field(default_factory=threading.Lock)
    _stopped: bool = False

    def carry_out(self, plans: Iterable[Plan], stop: threading.Event) -> Generator[Ran]:
        """Run the plans, as many at once as there are workers, and yield each as it ends, until `stop`.

        Who may leave before the end closes it (`contextlib.closing`): of a signal that comes while Python
        drops a generator nobody hears.
        """
        self._idle = list(self.given)
        with lifeline() as self._line:
            yield from self._carry_out(plans, stop)

    def _carry_out(self, plans: Iterable[Plan], stop: threading.Event) -> Generator[Ran]:
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
            for pipe in (server.asked, server.answers):
                with suppress(OSError):
                    pipe.close()
            if server.process is not None:
                server.process.wait()

    def _run(self, plan: Plan) -> Ran | None:
        """Run one plan to its end; None if it was stopped from here."""
        server = self._idle_server()
        if server is None:
            return None
        with scratch_folder("seeds") as folder:
            report, asked, out, err = (
                os.path.join(folder, name) for name in ("report", "plan", "out", "err")
            )
            Path(asked).write_bytes(plan.to_json())
            code, seconds = self._fork(server, [report, asked, out, err])
            if self._stopped:
                return None
            late = bool(self.limit) and code == -signal.SIGKILL and seconds >= self.limit
            ending = f"the limit of {self.limit:.0f} s" if late else ending_words(code)
            found = left_report(report, code)
            return Ran(plan=plan, report=found, printed=_tail(out), ending=ending, late=late, seconds=seconds)

    def _idle_server(self) -> Server | None:
        """Return a server that is idle, or a new one; None once all was stopped, or the given are gone."""
        with self._lock:
            if self._stopped:
                return None
            if self._idle:
                return self._idle.pop()
            if self.given:
                return None
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", "trainlab.diagnosis.script.process_pool"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=one_thread_environment(),
                start_new_session=True,
                text=True,
            )
            assert process.stdin is not None
            assert process.stdout is not None
            server = Server(process.pid, process.stdin, process.stdout, process)
            if self._line is not None:
                self._line.hold(server.pid)
            self._servers.append(server)
            return server

    def _fork(self, server: Server, files: list[str]) -> tuple[int, float]:
        """Have the server fork a run; return its exit code, SIGKILL's if the server is gone, and seconds."""
        lost = -int(signal.SIGKILL), 0.0
        with suppress(OSError, ValueError):
            print(json.dumps(files), file=server.asked, flush=True)
            process = int(server.answers.readline())
            started = time.monotonic()
            with self._lock:
                self._alive.add(process)
                if self._stopped:
                    kill_session(process)
            timer = threading.Timer(self.limit, kill_session, [process]) if self.limit else None
            if timer:
                timer.start()
            try:
                code = os.waitstatus_to_exitcode(int(server.answers.readline()))
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
            return code, time.monotonic() - started
        return lost


def _tail(path: str) -> str:
    if not os.path.exists(path):
        return ""
    with open(path, "rb") as file:
        file.seek(max(0, os.path.getsize(path) - TAIL))
        return file.read().decode("utf-8", errors="replace")


# A process that has PyTorch loaded and forks one run at a time, so that each starts at once.
#
# ``python -P -m trainlab.diagnosis.script.process_pool`` reads a line of JSON a run from stdin, ``[report,
# plan, out, err]``, names of files, and answers with the process's number, then, at its end, with its wait
# status.


def main() -> None:
    """Answer until stdin ends. The runs leave this function too, each through `sys.exit`."""
    import torch

    from trainlab.diagnosis.script.child import Child, load_judge
    from trainlab.diagnosis.script.interpreter import redirect

    load_judge()
    torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)  # the first one imports torch._dynamo
    # Else each run would look for garbage in all of this as it ends, for longer than a small script trains.
    gc.collect()
    gc.freeze()
    answers = os.fdopen(os.dup(1), "w")
    for line in sys.stdin:
        report, asked, out, err = json.loads(line)
        process = os.fork()
        if process == 0:
            os.setsid()
            answers.close()
            redirect(out, err)
            sys.exit(Child(report, plan_from_json(Path(asked).read_bytes())).run())
        print(process, file=answers, flush=True)
        print(os.waitpid(process, 0)[1], file=answers, flush=True)


if __name__ == "__main__":
    main()
