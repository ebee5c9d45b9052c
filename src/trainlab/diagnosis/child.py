"""The process in which a user's script runs under the probe; it writes its report to a file.

``python -m trainlab.diagnosis.child REPORT PLAN``, both names of files; the plan is in JSON (`plan`).
"""

from __future__ import annotations

import _thread
import json
import os
import runpy
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import Any

from trainlab.diagnosis.plan import Plan, plan_from_json

GRACE = 5.0
FIRST_SNAPSHOT = 10.0


class LimitReached(BaseException):
    """Ends the script once it has taken as many steps as were asked for."""


class Child:
    """Runs one script and writes what was seen, whatever becomes of the script."""

    def __init__(self, report: str, plan: Plan) -> None:
        from trainlab.diagnosis.probe.probe import Probe

        self.report = report
        self.plan = plan
        self.probe = Probe(whole_process=True)
        self.process = os.getpid()
        self.out_of_time = False
        self.written = threading.Lock()
        self.snapshot_at = time.monotonic() + FIRST_SNAPSHOT

    def run(self) -> int:
        """Run the script as ``python script arguments…`` would, and return its exit code."""
        script = self.plan.script
        sys.argv = [script, *self.plan.arguments]
        sys.path[0] = os.path.dirname(os.path.abspath(script))
        self.probe.core.at_boundary.append(self._at_step)
        if self.plan.seconds:
            threading.Thread(target=self._end_in_time, daemon=True).start()
        if self.plan.seed is not None:
            from trainlab.diagnosis.reseed import Reseed

            Reseed(self.plan.seed, from_start=self.plan.seed_from_start).start()
        self.probe.start()
        ended: dict[str, Any] = {"how": "end", "code": 0}
        try:
            runpy.run_path(script, run_name="__main__")
        except LimitReached:
            ended = {"how": "steps", "code": 0, "message": f"ended after {self.plan.steps} steps, as asked"}
        except SystemExit as error:
            ended = {"how": "exit", "code": _exit_code(error)}
        except KeyboardInterrupt:
            asked = self.out_of_time
            ended = {"how": "time" if asked else "interrupted", "code": 0 if asked else 130}
        except BaseException as error:
            ended = {"how": "error", "code": 1, "message": _last_line(error), "where": _place(error, script)}
            _print_trace(error)
        self.finish(ended)
        return int(ended["code"])

    def finish(self, ended: dict[str, Any]) -> None:
        """Stop the probe and write the report."""
        if os.getpid() != self.process:
            return  # a forked worker that left the script by an exception
        with self.written:
            self.write(ended, self.probe.stop())

    def write(self, ended: dict[str, Any], seen: Any) -> None:
        """Write the report whole."""
        from trainlab.diagnosis.rank import diagnose

        text = json.dumps(diagnose(seen, ended=ended).to_dict())
        with open(f"{self.report}.part", "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(f"{self.report}.part", self.report)

    def _at_step(self) -> None:
        if self.plan.steps and self.probe.core.seen.tick >= self.plan.steps:
            raise LimitReached
        if time.monotonic() > self.snapshot_at:
            # Should the process be killed, the last of these is what is known.
            started = time.monotonic()
            self.write({"how": "killed", "code": 1}, self.probe.read())
            self.snapshot_at = started + max(30.0, 100 * (time.monotonic() - started))

    def _end_in_time(self) -> None:
        time.sleep(self.plan.seconds)
        self.out_of_time = True
        _thread.interrupt_main()
        time.sleep(GRACE)
        if self.written.acquire(blocking=False):
            # The script holds on to its process: what was seen is written from here.
            self.write({"how": "time", "code": 0}, self.probe.core.seen)
            os._exit(0)


def _exit_code(error: SystemExit) -> int:
    if error.code is None:
        return 0
    if isinstance(error.code, int):
        return error.code
    print(error.code, file=sys.stderr)
    return 1


def _last_line(error: BaseException) -> str:
    return traceback.format_exception_only(error)[-1].strip()[:500]


def _place(error: BaseException, script: str) -> str:
    if isinstance(error, SyntaxError) and error.lineno:
        return f"{os.path.basename(error.filename or script)}:{error.lineno}"
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if os.path.abspath(frame.filename) == os.path.abspath(script)]
    return f"{os.path.basename(script)}:{own[-1].lineno}" if own else ""


def _print_trace(error: BaseException) -> None:
    """Print the trace as Python would, without the frames of the runner."""
    trace = error.__traceback__
    while trace is not None and (
        "runpy" in trace.tb_frame.f_code.co_filename or trace.tb_frame.f_code.co_filename == __file__
    ):
        trace = trace.tb_next
    traceback.print_exception(type(error), error, trace)


def main() -> None:
    """Read the plan, run, and exit as the script would have."""
    report, plan = sys.argv[1:3]
    sys.exit(Child(report, plan_from_json(Path(plan).read_bytes())).run())


if __name__ == "__main__":
    main()
