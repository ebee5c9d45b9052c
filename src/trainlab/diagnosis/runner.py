"""Run a user's script, unchanged, in a process of its own under the probe, and fetch the report."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from trainlab.diagnosis.plan import Plan
from trainlab.errors import DiagnosisError

AFTER_LIMIT = 60.0


def run_script(plan: Plan, *, output_to_stderr: bool = False) -> dict[str, Any]:
    """Carry out a plan in a process of its own and return the report as JSON has it.

    Args:
        plan: which script, and how it is run.
        output_to_stderr: send what the script prints to stderr, to keep stdout for the report.

    Raises:
        DiagnosisError: if there is no such file, PyTorch is missing, or the process ended without a word.
    """
    check_script(plan.script)
    with tempfile.TemporaryDirectory(prefix="trainlab-doctor-") as folder:
        report, asked = os.path.join(folder, "report.json"), os.path.join(folder, "plan.json")
        Path(asked).write_bytes(plan.to_json())
        command = [sys.executable, "-m", "trainlab.diagnosis.child", report, asked]
        code = _run(command, plan.seconds, output_to_stderr)
        if not os.path.exists(report):
            raise DiagnosisError(
                f"{plan.script}: the process ended ({_ending(code)}) before anything could be reported."
            )
        with open(report, encoding="utf-8") as file:
            found: dict[str, Any] = json.load(file)
    if code < 0 or found["ended"].get("how") == "killed":
        found["ended"] = {
            "how": "killed",
            "code": code,
            "message": f"the process was ended from outside ({_ending(code)})",
        }
    return found


def check_script(script: str) -> None:
    """Refuse what can't be run."""
    path = Path(script)
    if not path.is_file():
        raise DiagnosisError(
            f"{script}: no such file. Give the training script, as in: trainlab doctor train.py"
        )
    if path.suffix == ".ipynb":
        raise DiagnosisError(
            f"{script}: notebooks can't be run yet; export it with jupyter nbconvert --to script."
        )
    if find_spec("torch") is None:
        raise DiagnosisError("the doctor needs PyTorch, which isn't installed. pip install 'trainlab[torch]'")


def _run(command: list[str], seconds: float, output_to_stderr: bool) -> int:
    environment = dict(os.environ)
    with subprocess.Popen(
        command, env=environment, stdout=sys.stderr.fileno() if output_to_stderr else None
    ) as process:
        try:
            return process.wait(seconds + AFTER_LIMIT if seconds else None)
        except subprocess.TimeoutExpired:
            process.kill()
            return process.wait()
        except KeyboardInterrupt:
            # Ctrl-C reaches the script as well: it ends, and its report comes.
            try:
                return process.wait(AFTER_LIMIT)
            except (subprocess.TimeoutExpired, KeyboardInterrupt):
                process.kill()
                return process.wait()


def _ending(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"
