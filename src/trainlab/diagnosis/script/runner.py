"""Run a user's script, unchanged, in a process of its own under the probe, and fetch the report."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from trainlab.diagnosis.script.followed import end_processes, reports_beside
from trainlab.diagnosis.script.notebook import is_notebook, read_cells
from trainlab.diagnosis.script.plan import MODULE, Plan, check_module
from trainlab.errors import DiagnosisError, lacking, printable
from trainlab.interrupt import Terminated, held_back
from trainlab.lifeline import lifeline
from trainlab.scratch import scratch_folder

# The processes that run a user's script: their environment, waiting for them, how they end.


ONE_THREAD = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
SILENCE = 30.0
"""Seconds without a sign on the terminal before there is one."""
_LOOK = 2.0
INTERRUPTED: dict[str, Any] = {"how": "interrupted", "code": 130}
_PAST_PYTHON = "It bypassed Python's own exit: its last seconds weren't seen."
_UNWRITTEN = {120: "Python ends so where output couldn't be written."}


def one_thread_environment() -> dict[str, str]:
    """Return the environment of one run of many: one thread, so that runs don't take turns; no windows."""
    return {**os.environ, **dict.fromkeys(ONE_THREAD, "1"), "MPLBACKEND": "Agg"}


def ending_words(code: int) -> str:
    """Say how a process ended, by the exit code that `subprocess` gives it."""
    if code >= 0:
        return f"exit code {code}"
    known = {one.value: one.name for one in signal.Signals}
    text = f"signal {-code}, {known.get(-code, 'unknown')}"
    return f"{text}: often because memory ran out" if -code == signal.SIGKILL else text


def left_report(path: str, code: int, *, interrupted: bool = False) -> dict[str, Any] | None:
    """Return the report that a process has left, None if it left none.

    Its exit code has the last word on how it ended: what a script does at exit comes after the report.
    `interrupted` says that a signal was to end it: no more is to be begun, though its report was whole.
    """
    if not os.path.exists(path):
        return None
    report = json.loads(Path(path).read_bytes())
    ended = report["ended"]
    if interrupted and (code < 0 or ended["how"] in ("end", "killed")):
        ended = INTERRUPTED
    elif code < 0:
        ended = killed(code)
    elif ended["how"] == "killed":  # so says what is written now and then while it runs
        ended = {"how": "exit", "code": code, "message": _PAST_PYTHON}
    elif ended["how"] != "interrupted" and code != ended["code"]:
        why = {"message": _UNWRITTEN[code]} if code in _UNWRITTEN and ended["how"] != "error" else {}
        ended |= {"how": "exit" if ended["how"] == "end" else ended["how"], "code": code, **why}
    return _with_processes(report | {"ended": ended}, path)


def _with_processes(report: dict[str, Any], path: str) -> dict[str, Any]:
    """Return a report with those that processes of the script have left beside it."""
    others = [json.loads(Path(one).read_bytes()) for one in reports_beside(path)]
    if not others:
        return report
    from trainlab.diagnosis.report.processes import with_processes

    return with_processes(report, others)


def killed(code: int) -> dict[str, Any]:
    """Return the ending of a process that a signal has ended, as a report has it."""
    message = f"the process was ended from outside ({ending_words(code)})"
    return {"how": "killed", "code": code, "message": message}


def kill_session(process: int) -> None:
    """End the process that began a session and all that it has started, as a loader's workers."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process, signal.SIGKILL)


def wait(process: subprocess.Popen[bytes], seconds: float | None, *, steps: str, script: str) -> int:
    """Return the process's exit code.

    Args:
        process: what to wait for.
        seconds: how long at most.
        steps: a file that holds the number of steps seen so far.
        script: its name, to say what is waited for.

    Raises:
        subprocess.TimeoutExpired: if it takes longer.
    """
    started = time.monotonic()
    if sys.stderr is None or not sys.stderr.isatty():
        from trainlab.draw.terminal import line_a_minute

        with line_a_minute(lambda: f"{script}: {progress_words(time.monotonic() - started, steps)}"):
            return process.wait(seconds)
    _say(f"listening to {script}; Ctrl-C ends it and shows the report")
    while True:
        left = None if seconds is None else started + seconds - time.monotonic()
        try:
            return process.wait(_LOOK if left is None else max(0.0, min(_LOOK, left)))
        except subprocess.TimeoutExpired:
            if left is not None and left <= _LOOK:
                raise
        if silent_for(sys.stderr.fileno()) > SILENCE:
            words = progress_words(time.monotonic() - started, steps)
            _say(f"{words}; Ctrl-C ends the script and shows the report")


def silent_for(terminal: int) -> float:
    """Return for how many seconds nobody has written to the terminal, to within 8."""
    return time.time() - os.fstat(terminal).st_mtime


def progress_words(seconds: float, steps: str) -> str:
    """Return ``90 s, 1,234 steps seen``."""
    count = 0
    with suppress(OSError, ValueError):
        count = int(Path(steps).read_text(encoding="ascii"))
    return f"{seconds:,.0f} s, {count:,} steps seen"


def _say(words: str) -> None:
    print(printable(f"trainlab: {words}"), file=sys.stderr, flush=True)


AFTER_LIMIT = 60.0
GROUP_SECONDS = 1.0
"""A script that goes on this long after a signal wasn't sent it: it didn't go to the whole process group."""
SIGINT_SECONDS = 5.0
"""And one that goes on this long after SIGINT ignores that."""


def run_script(plan: Plan, *, output_to_stderr: bool = False) -> dict[str, Any]:
    """Carry out a plan in a process of its own and return the report as JSON has it.

    Args:
        plan: which script, and how it is run.
        output_to_stderr: send what the script prints to stderr, to keep stdout for the report.

    Raises:
        DiagnosisError: if there is no such file, PyTorch is missing, or the process ended without a word.
    """
    check_script(plan.script, plan.arguments)
    with scratch_folder("doctor") as folder:
        report, asked = os.path.join(folder, "report.json"), os.path.join(folder, "plan.json")
        Path(asked).write_bytes(plan.to_json())
        command = [sys.executable, "-P", "-m", "trainlab.diagnosis.script.child", report, asked]
        code, interrupted = _run(command, plan, output_to_stderr)
        return _fetch(report, plan, code, interrupted=interrupted)


def _fetch(report: str, plan: Plan, code: int, *, interrupted: bool) -> dict[str, Any]:
    """Read the report that the process has left, or make one where it couldn't."""
    if interrupted or code < 0 or plan.steps or plan.seconds:
        end_processes(report)
    found = left_report(report, code, interrupted=interrupted)
    if found is not None:
        return found
    if code >= 0 and not interrupted:
        raise DiagnosisError(
            f"{plan.script}: the process ended ({ending_words(code)}) before anything could be reported."
        )
    from trainlab.diagnosis.judge.diagnose import diagnose
    from trainlab.diagnosis.observed.record import TrainingRecord

    ended = INTERRUPTED if interrupted else killed(code)
    return _with_processes(diagnose(TrainingRecord(), ended=ended).to_dict(), report)


def check_script(script: str, arguments: Sequence[str] = ()) -> None:
    """Refuse what can't be run."""
    path = Path(script)
    if script == MODULE:
        check_module(arguments)
    elif script == "-":
        raise DiagnosisError("-: the doctor runs files; write the script to one and give its name.")
    elif os.path.isdir(path):
        raise DiagnosisError(f"{script}: is a folder; give the training script in it.")
    elif not os.path.isfile(path):
        raise DiagnosisError(f"{script}: no such file. Give the training script, a .py or .ipynb file.")
    elif not os.access(path, os.R_OK):
        raise DiagnosisError(f"{script}: can't be read; you aren't allowed to.")
    elif is_notebook(script):
        read_cells(script)
    if find_spec("torch") is None:
        raise DiagnosisError(lacking(arguments[0] if script == MODULE else script, "PyTorch", extra="torch"))


@contextmanager
def _bystander() -> Generator[subprocess.Popen[bytes]]:
    """Start a process beside the script that a signal to all of the group ends, as Ctrl-C sends it."""
    command = [sys.executable, "-I", "-S", "-c", "input()"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        yield process


def _interrupt(
    process: subprocess.Popen[bytes], stop: KeyboardInterrupt, bystander: subprocess.Popen[bytes]
) -> None:
    """Interrupt the script, unless it ends by itself because the signal came to it, too.

    One that has had Ctrl-C is left alone, however long it takes: it may be saving what it has. A job in the
    background of a shell ignores SIGINT; SIGTERM is then what ends it with a report.
    """
    for patience, number in ((GROUP_SECONDS, signal.SIGINT), (SIGINT_SECONDS, signal.SIGTERM)):
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            if bystander.poll() is not None and not isinstance(stop, Terminated):
                return
            process.send_signal(number)
        else:
            return


def _run(command: list[str], plan: Plan, output_to_stderr: bool) -> tuple[int, bool]:
    """Return the exit code, and whether Ctrl-C or SIGTERM came."""
    name = f"{MODULE} {plan.arguments[0]}" if plan.script == MODULE else plan.script
    stdout = sys.stderr.fileno() if output_to_stderr else None
    with lifeline() as line, _bystander() as bystander:
        # What comes while it loads is kept for it until it can answer with a report (`Child.run`).
        with held_back():
            process = subprocess.Popen(
                [*command, str(line.end)], stdout=stdout, pass_fds=(line.end, *plan.keepers)
            )
        with process:
            try:
                limit = plan.seconds + AFTER_LIMIT if plan.seconds else None
                return wait(process, limit, steps=f"{command[-2]}.steps", script=name), False
            except subprocess.TimeoutExpired:
                process.kill()
                return process.wait(), False
            except KeyboardInterrupt as stop:
                # Ctrl-C reaches the script as well, other signals perhaps: it ends, and its report comes.
                try:
                    _interrupt(process, stop, bystander)
                    with suppress(subprocess.TimeoutExpired):
                        return process.wait(AFTER_LIMIT / 4), True
                    end_processes(command[-2])  # it waits for them
                    return process.wait(AFTER_LIMIT), True
                except (subprocess.TimeoutExpired, KeyboardInterrupt):
                    process.kill()
                    return process.wait(), True
