"""Processes of trainlab's that have PyTorch loaded from the start: forked from one that has, not begun anew.

A new process loads PyTorch and the doctor for seconds, a forked one is there at once. It has what a new one
has: its own folder, environment, arguments, streams, session and signals, an exit code or signal at its end.
So has what it starts, as ``trainlab doctor`` the script's process. Not the same: what happens before PyTorch
is there, as where Python finds modules, what a script sets before it imports PyTorch, a signal while it
loads; and how Python takes itself apart at the end. Tests of these start real processes, with `subprocess`;
so do a few of each other kind.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import gc
import importlib
import inspect
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import types
from collections.abc import Iterator, Sequence
from typing import Any

LOADED = (
    *("torch", "numpy", "scipy.stats", "rich.console", "cyclopts", "msgspec"),
    *(f"trainlab.cli.{name}" for name in ("main", "doctor", "seeds", "output", "parser_errors")),
    *(f"trainlab.diagnosis.script.{name}" for name in ("child", "process_pool", "reseed", "interpreter")),
    *(f"trainlab.diagnosis.{name}" for name in ("probe.probe", "judge.diagnose", "judge.rule_reading")),
    *(f"trainlab.diagnosis.{name}" for name in ("lift.recorder", "lift.lifted", "remedies.trying")),
    *(f"trainlab.diagnosis.{name}" for name in ("remedies.applying", "seeds.populate", "seeds.lifted_runs")),
    *(f"trainlab.diagnosis.report.{name}" for name in ("report", "sections", "show")),
    *("trainlab.engine.fast.engine", "trainlab.engine.reference.engine", "trainlab.engine.torch.engine"),
    *("trainlab.execution.train", "trainlab.page.document", "trainlab.draw.terminal"),
)
"""What the server has loaded, and so all that it forks."""
STARTERS = ("trainlab.diagnosis.script.runner", "trainlab.diagnosis.script.process_pool")
"""The modules of trainlab whose processes are forked as well."""
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PIPES = ("p2cread", "p2cwrite", "c2pread", "c2pwrite", "errread", "errwrite")
LARGEST = 1 << 17
"""Bytes of a request: arguments and environment."""


class Popen(subprocess.Popen[Any]):
    """`subprocess.Popen`, forked if it is to run ``python [-P] -m`` a module of trainlab's; else as ever."""

    channel: socket.socket | None = None
    """What leads to the server of this process."""
    seconds = 0.0
    """CPU seconds of all that were forked and have ended."""
    _status = -1

    def _execute_child(self, *given: Any) -> None:
        asked = inspect.signature(super()._execute_child).bind(*given).arguments  # type: ignore[attr-defined]
        words = [os.fspath(word) for word in asked["args"]]
        alone = words[1:2] == ["-P"]
        module = words[2 + alone] if words[1 + alone : 2 + alone] == ["-m"] else ""
        if words[0] != sys.executable or not module.startswith("trainlab.") or asked["preexec_fn"]:
            super()._execute_child(*given)  # type: ignore[misc]
            return
        pipes = [asked[name] for name in PIPES]
        streams = [number if one == -1 else one for number, one in enumerate((pipes[0], pipes[3], pipes[5]))]
        passed = list(asked["pass_fds"])
        read, write = os.pipe()
        request = {
            "module": module,
            "arguments": words[3 + alone :],
            "alone": alone,
            "cwd": os.path.abspath(asked["cwd"] or os.getcwd()),
            "environment": dict(os.environ if asked["env"] is None else asked["env"]),
            "session": asked["start_new_session"],
            "passed": passed,
            "held_back": [int(one) for one in signal.pthread_sigmask(signal.SIG_BLOCK, ())],
            "ignored": [int(one) for one in STOPPING if signal.getsignal(one) is signal.SIG_IGN],
        }
        socket.send_fds(_channel(), [json.dumps(request).encode()], [*streams, write, *passed])
        os.close(write)
        self._status = read
        self.pid = int(_line(read))
        self._child_created = True
        super()._close_pipe_fds(*pipes)  # type: ignore[misc]

    def poll(self) -> int | None:
        """Return the exit code if it has ended."""
        return super().poll() if self._status == -1 else self._ended(0)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end and return the exit code."""
        if self._status == -1:
            return super().wait(timeout)
        code = self._ended(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        return code

    def _internal_poll(self, *given: Any, **named: Any) -> int | None:
        if self._status == -1:
            return super()._internal_poll(*given, **named)  # type: ignore[misc]
        return self._ended(0)

    def _ended(self, seconds: float | None) -> int | None:
        if self.returncode is None and select.select([self._status], [], [], seconds)[0]:
            status, cost = _line(self._status).split()
            self.returncode = os.waitstatus_to_exitcode(int(status))
            Popen.seconds += float(cost)
            os.close(self._status)
        return self.returncode


def _line(read: int) -> bytes:
    """Read up to the end of a line, and no further."""
    text = b""
    while (more := os.read(read, 1)) not in (b"", b"\n"):
        text += more
    return text


def _channel() -> socket.socket:
    """Return what leads to the server, which is started when it is first asked for."""
    if Popen.channel is None:
        Popen.channel, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        process = subprocess.Popen(
            [sys.executable, "-P", os.path.abspath(__file__), str(its.fileno())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            pass_fds=[its.fileno()],
            env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"},
        )
        process.returncode = 0  # it ends with this process, and nobody waits for it
        its.close()
    return Popen.channel


def run(
    words: Sequence[str],
    *,
    input: str | None = None,  # noqa: A002 - as `subprocess` has it
    timeout: float = 300,
    **options: Any,
) -> subprocess.CompletedProcess[str]:
    """Do what `subprocess.run` does, with text, and what is written caught."""
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True} | options
    stdin = None if input is None else subprocess.PIPE
    with Popen(words, stdin=stdin, **options) as process:
        try:
            out, err = process.communicate(input, timeout=timeout)
        except BaseException:
            process.kill()
            raise
    return subprocess.CompletedProcess(words, process.returncode, out, err)


@contextlib.contextmanager
def forking() -> Iterator[None]:
    """Let what trainlab's own functions start be forked, here and in what is forked from here."""
    modules = [importlib.import_module(name) for name in STARTERS]
    for module in modules:
        vars(module)["subprocess"] = types.SimpleNamespace(**{**vars(subprocess), "Popen": Popen})
    try:
        yield
    finally:
        for module in modules:
            vars(module)["subprocess"] = subprocess


# The server: a process that does nothing but fork.


def serve(channel: socket.socket) -> None:
    """Answer requests until nobody can make one. Returns only in the process that is to run a module."""
    for number in STOPPING:
        signal.signal(number, signal.SIG_IGN)
    while True:
        message, files, _, _ = socket.recv_fds(channel, LARGEST, 60)
        with contextlib.suppress(ChildProcessError):
            # At the end all are waited for, so that what they cost is known to who waits for this one.
            while os.waitpid(-1, os.WNOHANG if message else 0)[0]:
                pass
        if not message:
            os._exit(0)
        if os.fork() == 0:
            _keep(channel, json.loads(message), files)
            return
        for one in files:
            os.close(one)


def _keep(channel: socket.socket, asked: dict[str, Any], files: list[int]) -> None:
    """Fork the process and, beside it, tell its number and how it ends. Returns in the process itself."""
    channel.detach()
    told = files[3]
    read, write = os.pipe()
    process = os.fork()
    if process == 0:
        os.close(write)
        os.read(read, 1)  # until its number is told
        _become(asked, [*files[:3], *files[4:]])
        return
    os.write(told, b"%d\n" % process)
    # Whoever reads what the process writes is to come to an end with it.
    _close_all_but(told, write)
    os.close(write)
    status = os.waitpid(process, 0)[1]
    os.write(told, b"%d %.3f\n" % (status, sum(os.times()[:4])))
    os._exit(0)


def _close_all_but(*kept: int) -> None:
    for name in os.listdir("/proc/self/fd"):
        if int(name) not in kept:
            with contextlib.suppress(OSError):
                os.close(int(name))


def _become(asked: dict[str, Any], files: list[int]) -> None:
    """Make this process what a new one would be as it begins to run the module."""
    if asked["session"]:
        os.setsid()
    places = [0, 1, 2, *asked["passed"]]
    copies = [fcntl.fcntl(one, fcntl.F_DUPFD, 300) for one in files]
    _close_all_but(0, 1, 2, *copies)
    for place, copy in zip(places, copies, strict=True):
        os.dup2(copy, place)
        os.close(copy)
    _begin_streams()
    for number in STOPPING:
        signal.signal(number, signal.SIG_IGN if number in asked["ignored"] else signal.SIG_DFL)
    if signal.SIGINT not in asked["ignored"]:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_SETMASK, asked["held_back"])
    os.chdir(asked["cwd"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    if not asked["alone"]:
        sys.path.insert(0, asked["cwd"])
    module = importlib.import_module(asked["module"])
    sys.argv = [str(module.__file__), *asked["arguments"]]
    sys.modules["__main__"] = types.ModuleType("__main__")
    _chosen.append(module)


def _begin_streams() -> None:
    """Make the streams anew, as Python does at its start: the server's were of other files."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        old = getattr(sys, name)
        new = open(  # noqa: SIM115 - open to the end of the process
            number, "r" if number == 0 else "w", encoding=old.encoding, errors=old.errors, closefd=False
        )
        if number == 2:
            new.reconfigure(line_buffering=True)  # type: ignore[union-attr]
        setattr(sys, name, new)
        setattr(sys, f"__{name}__", new)


_chosen: list[types.ModuleType] = []


def _server_of_its_own() -> int:
    """Fork a server that has loaded what this process has; what this one starts is forked by that.

    Returns its number, and 0 in what that has forked.
    """
    Popen.channel, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    server = os.fork()
    if server == 0:
        Popen.channel.close()
        Popen.channel = None
        null = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(null, stream)
        os.close(null)
        _chosen.clear()
        serve(its)
        return 0
    its.close()
    return server


def main() -> None:
    """Load all, serve, and run what is asked for in the process that comes back from there."""
    for name in LOADED:
        importlib.import_module(name)
    import torch

    from trainlab.diagnosis.faults import all_faults

    all_faults()
    torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)  # the first one imports torch._dynamo
    gc.collect()
    gc.freeze()
    serve(socket.socket(fileno=int(sys.argv[1])))
    server = _server_of_its_own() if _chosen[0].__name__ == "trainlab.cli.main" else 0
    code: Any = 0
    try:
        with forking():
            _chosen[0].main()
    except SystemExit as error:
        code = error.code
    _end(code, server)


def _end(code: Any, server: int) -> None:
    """End as Python would, but for the modules: it takes them apart for longer than most of these run."""
    if not isinstance(code, int | None):
        print(code, file=sys.stderr)
        code = 1
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.modules["__main__"].__dict__.clear()
    for stream in (sys.stdout, sys.stderr):
        if stream is not None and not stream.closed:
            stream.flush()
    if server and Popen.channel is not None:
        Popen.channel.close()
        os.waitpid(server, 0)
    os._exit((code or 0) & 0xFF)


if __name__ == "__main__":
    main()
