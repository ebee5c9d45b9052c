"""The process in which a user's script runs under the probe; it writes its report to a file.

``python -m trainlab.diagnosis.script.child REPORT PLAN LIFELINE``: names of files, the plan in JSON (`plan`),
and the number of the open file by which it holds on to the process that started it (`lifeline`).
"""

from __future__ import annotations

import _thread
import contextlib
import os
import sys
import threading
import time
from json import dumps
from os import getpid
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainlab.diagnosis.observed.record import TrainingRecord
from trainlab.diagnosis.observed.told import Told
from trainlab.diagnosis.script.interpreter_state import InterpreterState, say
from trainlab.diagnosis.script.kept_arguments import told
from trainlab.diagnosis.script.kept_output import KeptOutput
from trainlab.diagnosis.script.launch import MODULE, Launch, launch
from trainlab.diagnosis.script.plan import Plan, plan_from_json
from trainlab.diagnosis.script.process_hooks import (
    ImportHook,
    exit_at_once,
    ignore_signals,
    report_before_exit,
    wait_for_threads,
)
from trainlab.diagnosis.script.uncaught import (
    excepthook,
    last_line,
    place_of,
    print_trace,
    tell_the_scripts_hook,
)
from trainlab.interrupt import let_through
from trainlab.lifeline import hold_on_by

if TYPE_CHECKING:
    from trainlab.diagnosis.judge.rule_reading import Asked
    from trainlab.diagnosis.probe.probe import Probe
    from trainlab.diagnosis.remedies.applying import Applied
    from trainlab.diagnosis.seeds.run_extras import RunExtras

GRACE = 5.0
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
_PAST_THE_HOOK = "PyTorch was imported without it: the script has taken it out of sys.meta_path"


class LimitReached(BaseException):
    """Ends the script once it has taken as many steps as were asked for."""


class Child:
    """Runs one script and writes what was seen, whatever becomes of the script."""

    def __init__(self, report: str, plan: Plan) -> None:
        self.report = report
        self.plan = plan
        self.probe: Probe | None = None
        self.record = TrainingRecord()
        self.applied: Applied | None = None
        self.process = getpid()
        self.out_of_time = False
        self.written = threading.Lock()
        self.finished = False
        self.began = time.monotonic()
        self.told_at = 0.0
        self.pause = FIRST_PAUSE
        self.snapshot_at: float | None = None
        self.extras: RunExtras | None = None
        self.output = KeptOutput()
        self.interpreter = InterpreterState()

    def run(self) -> int:
        """Run the script as ``python script arguments…`` would, and return its exit code."""
        started = launch(self.plan.script, self.plan.arguments)
        report_before_exit(self.finish, self.note)
        if self.plan.solved:
            self.output.start()
        if self.plan.seconds:
            threading.Thread(target=self._end_in_time, daemon=True).start()
        extras = self.plan.extras
        as_it_is = self.plan.seed is None and self.plan.remedy is None and (extras is None or extras.light)
        if as_it_is and "torch" not in sys.modules:
            # PyTorch reads the environment when it's imported: the script may set it before that.
            ImportHook("torch", self.listen).start()
        else:
            self.listen()
        ended: dict[str, Any] = {"how": "end", "code": 0}
        failed: BaseException | None = None
        try:
            let_through()
            started.run()
            wait_for_threads()
        except BaseException as error:
            failed = error
            with self.interpreter:
                ended = self._ended_by(error, started)
        self.finish(ended)
        if failed is not None and ended["how"] == "error":
            tell_the_scripts_hook(failed)
        return int(ended["code"])

    def _ended_by(self, error: BaseException, started: Launch) -> dict[str, Any]:
        """Return how the script has ended, by what left it; print what Python would print of that."""
        if isinstance(error, LimitReached):
            return {"how": "steps", "code": 0, "message": f"ended after {self.plan.steps} steps, as asked"}
        if isinstance(error, SystemExit):
            return {"how": "exit", "code": _exit_code(error)}
        if isinstance(error, KeyboardInterrupt):
            asked = self.out_of_time
            return {"how": "time" if asked else "interrupted", "code": 0 if asked else 130}
        if excepthook() is sys.__excepthook__:
            with contextlib.suppress(Exception):
                print_trace(error)
        where = ""
        with contextlib.suppress(Exception):  # its folder may be gone, or it may have no text
            where = place_of(error, started)
        return {"how": "error", "code": 1, "message": last_line(error), "where": where}

    def listen(self) -> None:
        """Put the probe on; should that fail, the script goes on without."""
        if getpid() != self.process:
            return
        try:
            from trainlab.diagnosis.probe.probe import Probe

            if self.plan.seed is not None:
                from trainlab.diagnosis.script.reseed import Reseed

                Reseed(self.plan.seed, from_start=self.plan.seed_from_start).start()
            if self.plan.remedy is not None:
                from trainlab.diagnosis.remedies.applying import Applied

                self.applied = Applied(self.plan.remedy)
                self.applied.start()
            probe = Probe(whole_process=True)
            probe.state.at_boundary.append(self._at_step)
            if self.plan.extras is not None:
                from trainlab.diagnosis.seeds.run_extras import RunExtras

                self.extras = RunExtras(self.plan.extras, probe)
                self.extras.start()
            probe.start()
        except Exception as error:
            self.record.troubles.append(last_line(error))
            return
        self.probe, self.record, self.began = probe, probe.state.record, time.monotonic()
        self.interpreter.meet_modules()

    def finish(self, ended: dict[str, Any]) -> None:
        """Stop the probe and write the report."""
        if getpid() != self.process or self.finished:
            return  # a forked worker that left the script by an exception
        self.finished = True
        with self.written, self.interpreter:
            try:
                ignore_signals()
                if self.probe is not None:
                    self.probe.stop(whole=ended["how"] in ("end", "exit"))
                self.write(ended)
            except Exception as error:
                self._write_less(ended, error)

    def note(self, ended: dict[str, Any]) -> None:
        """Write the report before something that may be the end, and go on listening."""
        if getpid() != self.process or self.finished:
            return
        with self.interpreter:
            try:
                if self.probe is not None:
                    self.probe.read()
                self.write(ended)
            except Exception as error:
                _say_why_not(error)

    def write(self, ended: dict[str, Any]) -> None:
        """Write the report whole."""
        with self.interpreter:
            from trainlab.diagnosis.judge.diagnose import diagnose

            if self.probe is None and not self.record.troubles and _is_imported():
                self.record.troubles.append(_PAST_THE_HOOK)
            self.record.torch_imported = self.probe is not None or bool(self.record.troubles)
            report = diagnose(self.record, ended=ended, asked=self._asked()).to_dict()
            if self.extras is not None:
                extras = self.extras.report(self.record)
                report |= {} if self.extras.asked.light else {"extras": extras}
            own = self.plan.arguments[self.plan.script == MODULE :]
            if own:
                report["arguments"] = told(own, keep=self.plan.keep_arguments)
            if self.applied is not None:
                report["acted"] = self.applied.acted
            self._save(dumps(report))

    def _save(self, text: str) -> None:
        os.makedirs(
            os.path.dirname(self.report), mode=0o700, exist_ok=True
        )  # the script may have tidied it away
        with open(f"{self.report}.part", "w", encoding="utf-8", opener=_above_the_streams) as file:
            file.write(text)
        os.replace(f"{self.report}.part", self.report)

    def _write_less(self, ended: dict[str, Any], error: Exception) -> None:
        """Say how the script ended, and why there is no more to say."""
        why = last_line(error)
        try:
            self.record = TrainingRecord()
            self.record.troubles.append(why)
            self.probe = self.extras = self.applied = None
            self.write(ended)
        except Exception as again:
            _say_why_not(again)

    def _asked(self) -> Asked | None:
        """Return the user's rule with what the script said of itself so far; None if there is no rule."""
        if not self.plan.solved:
            return None
        from trainlab.diagnosis.judge.rule_reading import Asked
        from trainlab.diagnosis.signals.users_rule import rule_from

        main = sys.modules.get("__main__")
        told = Told(printed=self.output.text, variables={} if main is None else vars(main))
        return Asked(rule=rule_from(self.plan.solved), told=told)

    def _at_step(self) -> None:
        if self.plan.steps and self.record.tick >= self.plan.steps:
            raise LimitReached
        now = time.monotonic()
        if now > self.told_at + 1:
            self.told_at = now
            self.interpreter.meet_modules()
            with contextlib.suppress(OSError):
                Path(f"{self.report}.steps").write_text(str(self.record.tick), encoding="ascii")
        self.snapshot_at = self.snapshot_at or now + self.pause
        if now > self.snapshot_at and self.probe is not None:
            # Should the process be killed, the last of these is what is known. They take 1 % of the time.
            try:
                with self.interpreter:
                    self.probe.read()
                    self.write({"how": "killed", "code": 1})
            finally:
                self.pause = min(2 * self.pause, LONGEST_PAUSE)
                self.snapshot_at = now + max(self.pause, 100 * (time.monotonic() - now))

    def _is_loading(self) -> bool:
        """Whether PyTorch is being imported: that time isn't the training's."""
        return _is_imported() and self.probe is None and not self.record.troubles

    def _end_in_time(self) -> None:
        while self._is_loading() or time.monotonic() < self.began + self.plan.seconds:
            time.sleep(0.05)
        self.out_of_time = True
        _thread.interrupt_main()
        time.sleep(GRACE)
        if self.written.acquire(blocking=False):
            # The script holds on to its process: what was seen is written from here.
            ended: dict[str, Any] = {"how": "time", "code": 0}
            try:
                self.write(ended)
            except Exception as error:  # among others where the script changes what is being read
                self._write_less(ended, error)
            exit_at_once(0)


def _is_imported() -> bool:
    """Whether PyTorch is there; a script may forbid it by a None."""
    return sys.modules.get("torch") is not None


def _say_why_not(error: Exception) -> None:
    say(f"the report can't be written ({last_line(error)}).")


def _exit_code(error: SystemExit) -> int:
    if error.code is None:
        return 0
    if isinstance(error.code, int):
        return error.code
    with contextlib.suppress(Exception):
        print(error.code, file=sys.stderr)
    return 1


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


def main() -> None:
    """Read the plan, run, and exit as the script would have."""
    report, plan, line = sys.argv[1:4]
    hold_on_by(line)
    sys.exit(Child(report, plan_from_json(Path(plan).read_bytes())).run())


if __name__ == "__main__":
    main()
