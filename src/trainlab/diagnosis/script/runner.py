"""Run a user's script, unchanged, in a process of its own under the probe, and fetch the report."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from trainlab.diagnosis.script.child_processes import ending_words, wait
from trainlab.diagnosis.script.launch import MODULE, check_module
from trainlab.diagnosis.script.notebook import is_notebook, read_cells
from trainlab.diagnosis.script.plan import Plan
from trainlab.errors import DiagnosisError
from trainlab.interrupt import Terminated, held_back
from trainlab.lifeline import lifeline
from trainlab.scratch import scratch_folder

AFTER_LIMIT = 60.0
GROUP_SECONDS = 1.0
"""A script that goes on this long after SIGTERM wasn't sent it: it didn't go to the whole process group."""
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
        command = [sys.executable, "-m", "trainlab.diagnosis.script.child"]
        code, interrupted = _run([*command, report, asked], plan, output_to_stderr)
        return _fetch(report, plan, code, interrupted=interrupted)


def _fetch(report: str, plan: Plan, code: int, *, interrupted: bool) -> dict[str, Any]:
    """Read the report that the process has left; say there how it ended, where it couldn't itself."""
    found: dict[str, Any] = {}
    if os.path.exists(report):
        found = json.loads(Path(report).read_bytes())
        if code >= 0 and found["ended"].get("how") != "killed":
            if found["ended"].get("how") == "replaced":
                found["ended"]["code"] = code  # the other program's
            if interrupted and found["ended"].get("how") == "end":
                # The signal came while the report was written: no more is to be begun.
                found["ended"] = {"how": "interrupted", "code": 130}
            return found
    elif code >= 0 and not interrupted:
        raise DiagnosisError(
            f"{plan.script}: the process ended ({ending_words(code)}) before anything could be reported."
        )
    ended: dict[str, Any] = {
        "how": "killed",
        "code": code,
        "message": f"the process was ended from outside ({ending_words(code)})",
    }
    if interrupted:
        ended = {"how": "interrupted", "code": 130}
    if found:
        return found | {"ended": ended}
    from trainlab.diagnosis.judge.diagnose import diagnose
    from trainlab.diagnosis.observed.record import TrainingRecord

    return diagnose(TrainingRecord(), ended=ended).to_dict()


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
        raise DiagnosisError("the doctor needs PyTorch, which isn't installed. pip install 'trainlab[torch]'")


def _interrupt(process: subprocess.Popen[bytes]) -> None:
    """Interrupt the script, unless it ends by itself because SIGTERM came to it, too.

    A job in the background of a shell ignores SIGINT; SIGTERM is then what ends it with a report.
    """
    for patience, number in ((GROUP_SECONDS, signal.SIGINT), (SIGINT_SECONDS, signal.SIGTERM)):
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.send_signal(number)
        else:
            return


def _run(command: list[str], plan: Plan, output_to_stderr: bool) -> tuple[int, bool]:
    """Return the exit code, and whether Ctrl-C or SIGTERM came."""
    name = f"{MODULE} {plan.arguments[0]}" if plan.script == MODULE else plan.script
    stdout = sys.stderr.fileno() if output_to_stderr else None
    with lifeline() as line:
        # What comes while it loads is kept for it until it can answer with a report (`Child.run`).
        with held_back():
            process = subprocess.Popen([*command, str(line.end)], stdout=stdout, pass_fds=(line.end,))
        with process:
            try:
                limit = plan.seconds + AFTER_LIMIT if plan.seconds else None
                return wait(process, limit, steps=f"{command[-2]}.steps", script=name), False
            except subprocess.TimeoutExpired:
                process.kill()
                return process.wait(), False
            except KeyboardInterrupt as stop:
                # Ctrl-C reaches the script as well, SIGTERM perhaps: it ends, and its report comes.
                try:
                    if isinstance(stop, Terminated):
                        _interrupt(process)
                    return process.wait(AFTER_LIMIT), True
                except (subprocess.TimeoutExpired, KeyboardInterrupt):
                    process.kill()
                    return process.wait(), True
