"""Processes that the script starts: each that trains is listened to, and reports beside the script's own.

Three ways lead into one. `multiprocessing` calls what is registered there in each process that it forks; what
it starts anew is told by what it unpickles first; and where `subprocess` starts this Python with a script,
as ``torchrun`` does, that is run as the doctor runs one (`child`). A loader's workers are let alone. A
process writes no report unless it trains; `report.processes` makes one of all.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import wraps
from glob import escape, glob
from multiprocessing import process as processes
from multiprocessing import spawn, util
from pathlib import Path
from typing import Any, cast

from trainlab.diagnosis.script.plan import MODULE, Plan

# The files by which the processes of a script are known to the doctor, and to each other.


MARK = ".process-"
_STARTED = 19
"""The place of a process's start in ``/proc/N/stat``, after its name: in ticks since the machine's start."""
PATIENCE, BETWEEN = 10.0, 0.3
"""Seconds that a process has to write its report and end, and by which the script's own is told first."""


def file_for_this_process(report: str) -> str:
    """Return a name for the report of this process beside that of the script's, and leave a mark there."""
    own = f"{report.partition(MARK)[0]}{MARK}{time.monotonic_ns():020d}-{os.getpid()}"
    Path(f"{own}.begun").touch(mode=0o600)
    return own


def save(report: str, text: str) -> None:
    """Write a report whole."""
    folder = os.path.dirname(report)
    if MARK in report and not os.path.isdir(folder):
        return  # the doctor is gone, and a process goes on that the script has left
    os.makedirs(folder, mode=0o700, exist_ok=True)  # the script may have tidied it away
    with open(f"{report}.part", "w", encoding="utf-8", opener=_above_the_streams) as file:
        file.write(text)
    os.replace(f"{report}.part", report)


def _above_the_streams(path: str, flags: int) -> int:
    """Open a file so that it doesn't take the number of a stream that the script has closed."""
    low: list[int] = []
    try:
        while (found := os.open(path, flags, 0o600)) <= 2:
            low.append(found)
        return found
    finally:
        for each in low:
            os.close(each)


def reports_beside(report: str) -> list[str]:
    """Return the files of the processes that have left a report, in the order in which they began."""
    return [path for path in _begun(report) if os.path.exists(path)]


def _begun(report: str) -> list[str]:
    return sorted(path.removesuffix(".begun") for path in glob(f"{escape(report)}{MARK}*.begun"))


def end_processes(report: str) -> None:
    """Have the processes beside this one write what they know, and end them."""
    marks = [path.rpartition(MARK)[2].split("-") for path in _begun(report)]
    started = {int(process): int(began) / 1e9 for began, process in marks if int(process) != os.getpid()}
    alive = {process for process, began in started.items() if _is_alive(process, began)}
    _send(alive, signal.SIGTERM)
    end = time.monotonic() + PATIENCE
    while alive and time.monotonic() < end:
        time.sleep(0.02)
        alive = {process for process in alive if _is_alive(process, started[process])}
    _send(alive, getattr(signal, "SIGKILL", signal.SIGTERM))


def end_all(report: str, script: int) -> None:
    """End the script as Ctrl-C would, then the processes beside this one, which waits to be ended.

    Only the first that asks does it.
    """
    with suppress(ValueError):  # not the first thread
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    with suppress(OSError):  # somebody has, or the doctor is gone
        os.close(os.open(f"{report.partition(MARK)[0]}.ending", os.O_CREAT | os.O_EXCL, 0o600))
        _send({script}, signal.SIGINT)
        time.sleep(BETWEEN)
        end_processes(report.partition(MARK)[0])
    time.sleep(PATIENCE)


def _is_alive(process: int, began: float) -> bool:
    """Whether it runs: one that has ended and that nobody has waited for is none.

    Nor is one that was started after its mark was left, in seconds: another has its number now.
    """
    try:
        fields = Path(f"/proc/{process}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        if os.path.exists("/proc/self/stat"):
            return False
        with suppress(OSError):
            os.kill(process, 0)
            return True
        return False
    asleep = time.clock_gettime(time.CLOCK_BOOTTIME) - time.monotonic()
    started = int(fields[_STARTED]) / os.sysconf("SC_CLK_TCK")
    return fields[0] not in (b"Z", b"X") and started <= began + asleep + 1


def _send(to: set[int], number: int) -> None:
    for process in to:
        with suppress(OSError):
            os.kill(process, number)


# Following them.


_HELPERS = ("torch.utils.data._utils.worker", "multiprocessing.managers")
"""Where the functions are of processes that never train, as a loader's workers."""
_TELL = f"""
try:
    import os, time
    own = f'{{begun}}{{time.monotonic_ns():020d}}-{{os.getpid()}}'
    open(own + '.begun', 'w').close()
    from multiprocessing.process import BaseProcess
    original = BaseProcess._bootstrap
    def bootstrap(process, *args, **kwargs):
        if getattr(getattr(process, '_target', None), '__module__', '') not in {_HELPERS!r}:
            after_fork = process._after_fork
            def begin():
                after_fork()
                try:
                    from trainlab.diagnosis.script.child import begin_spawned
                    begin_spawned(own, plan)
                except Exception:
                    pass
            process._after_fork = begin
        return original(process, *args, **kwargs)
    BaseProcess._bootstrap = bootstrap
except Exception:
    pass
"""
"""What a process that is started anew does first: it listens once it has imported the script."""


class Following:
    """Follows the processes that this one starts from `start` on.

    Args:
        report: the file of this process's own report.
        plan: how the script is run.
        begin: called in a process that was forked.
    """

    def __init__(self, report: str, plan: Plan, begin: Callable[[], None]) -> None:
        self.report = report
        self.plan = of_process(plan)
        self.begin = begin

    def start(self) -> None:
        """Begin to follow."""
        util.register_after_fork(self, Following._forked)
        prepared: Any = spawn.get_preparation_data
        executed: Any = vars(subprocess.Popen)["_execute_child"]

        @wraps(prepared)
        def prepare(*args: Any, **kwargs: Any) -> dict[str, Any]:
            data = cast("dict[str, Any]", prepared(*args, **kwargs))
            return {**data, "trainlab": _Told(self.report, self.plan.to_json())}

        @wraps(executed)
        def execute(popen: Any, args: Any, executable: Any, *more: Any, **named: Any) -> Any:
            return executed(popen, self._with_doctor(args, executable, more), executable, *more, **named)

        spawn.get_preparation_data = prepare
        subprocess.Popen._execute_child = execute  # type: ignore

    def _forked(self) -> None:
        target = getattr(processes.current_process(), "_target", None)
        if getattr(target, "__module__", "") not in _HELPERS:
            self.begin()

    def _with_doctor(self, args: Any, executable: Any, more: Sequence[Any]) -> Any:
        """Return the command with the doctor before the script, if it is this Python with one."""
        try:
            env, cwd, shell = more[4], more[3], more[7]
            if executable is not None or shell or not os.path.isdir(os.path.dirname(self.report)):
                return args
            words = [os.fsdecode(one) for one in args]
            found = python_command(words, cwd, os.environ if env is None else env)
            if found is None:
                return args
            options, script, arguments = found
            plan = f"{self.report.partition(MARK)[0]}{MARK}plan-{time.monotonic_ns()}"
            asked = replace(self.plan, script=script, arguments=tuple(arguments))
            Path(plan).write_bytes(asked.to_json())
            module = ["-P", "-m", "trainlab.diagnosis.script.child", self.report, plan, "-"]
            return [args[0], *options, *module]
        except Exception:  # what isn't understood is started as it is
            return args


class _Told:
    """Unpickled, it does what `_TELL` says, and is None."""

    def __init__(self, report: str, plan: bytes) -> None:
        self.names = {"begun": f"{report.partition(MARK)[0]}{MARK}", "plan": plan}

    def __reduce__(self) -> tuple[Any, ...]:
        return exec, (_TELL, self.names)


def of_process(plan: Plan) -> Plan:
    """Return the plan for a process that the script starts: the clock and the copies are the script's own."""
    return replace(plan, keepers=(), extras=None, seconds=0.0, started_by=plan.started_by or os.getpid())


def at_end_of_process(finish: Callable[[], None]) -> None:
    """Call a function as the target of this process of `multiprocessing` has ended, before all else does."""
    util.Finalize(None, finish, exitpriority=1_000_000)


def rank() -> tuple[int, int] | None:
    """Return this process's number among those that train together, and how many these are."""
    distributed = sys.modules.get("torch.distributed")
    with suppress(RuntimeError, ValueError):
        if distributed is not None and distributed.is_available() and distributed.is_initialized():
            return distributed.get_rank(), distributed.get_world_size()
    return None


# Commands that run a script by this Python.


_ALONE = frozenset("uBOvqbdx")
_WITH_VALUE = frozenset("WX")
_LAUNCHERS = ("torch.distributed.run", "torch.distributed.launch", "accelerate.commands.launch")
Command = tuple[list[str], str, list[str]]
"""Python's own options, the script (or ``-m``), and the arguments."""


def python_command(words: Sequence[str], cwd: Any, environment: Any) -> Command | None:
    """Return the parts of a command that runs a script of the user's by this Python; None if it is another.

    >>> python_command(["python", "-c", "print()"], None, {}) is None
    True
    """
    if not _is_this_python(words[0], environment):
        return None
    place = 1
    while place < len(words) and words[place].startswith("-") and words[place] != MODULE:
        letters = words[place][1:]
        if letters[:1] in _WITH_VALUE:
            place += 1 if len(letters) > 1 else 2
        elif letters and set(letters) <= _ALONE:
            place += 1
        else:
            return None
    options, rest = list(words[1:place]), list(words[place:])
    folder = os.fsdecode(cwd) if cwd is not None else os.getcwd()
    if rest[:1] == [MODULE]:
        return (options, MODULE, rest[1:]) if rest[1:] and _is_users_module(rest[1], folder) else None
    return (options, rest[0], rest[1:]) if rest and _is_users(os.path.join(folder, rest[0])) else None


def _is_this_python(command: str, environment: Any) -> bool:
    if os.environ.get("PYTHONPATH") != environment.get("PYTHONPATH") or "PYTHONHOME" in environment:
        return False  # there may be no trainlab
    if command == sys.executable:
        return True
    if not os.path.basename(command).startswith("python"):
        return False
    found = shutil.which(command, path=environment.get("PATH"))
    # Both may be links to the same program, from different environments.
    return found is not None and (_folder(found), os.path.realpath(found)) == (
        _folder(sys.executable),
        os.path.realpath(sys.executable),
    )


def _folder(path: str) -> str:
    return os.path.dirname(os.path.abspath(path))


def _is_users(path: str) -> bool:
    from trainlab.diagnosis.probe.frames import is_library

    return path.endswith(".py") and os.path.isfile(path) and not is_library(path)


def _is_users_module(name: str, folder: str) -> bool:
    if name in _LAUNCHERS:
        return True
    path = os.path.join(folder, *name.split("."))
    return _is_users(f"{path}.py") or _is_users(os.path.join(path, "__main__.py"))
