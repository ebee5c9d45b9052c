"""The process in which a user's script runs under the probe; it writes its report to a file.

``python -P -m trainlab.diagnosis.script.child REPORT PLAN LIFELINE``: names of files, the plan in JSON
(`plan`), and the number of the open file by which it holds on to the process that started it (`lifeline`), or
``-`` in one that the script has started (`followed`).
``-P`` leaves the user's folder out of the import path until the script begins.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import threading
import time
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainlab.diagnosis.observed.record import TrainingRecord
from trainlab.diagnosis.observed.told import Told
from trainlab.diagnosis.script import followed
from trainlab.diagnosis.script.endings import (
    ending_of,
    exit_code,
    failed_by,
    interrupt_first_thread,
    last_line,
    print_trace,
    tell_the_scripts_hook,
)
from trainlab.diagnosis.script.interpreter import (
    ImportHook,
    InterpreterState,
    KeptOutput,
    end_threads,
    exit_at_once,
    report_before_exit,
    say,
    signals_ignored,
)
from trainlab.diagnosis.script.notebook import is_notebook
from trainlab.diagnosis.script.plan import MODULE, Launch, Plan, launch, plan_from_json, told
from trainlab.errors import escaped
from trainlab.interrupt import let_through
from trainlab.lifeline import hold_on_by

if TYPE_CHECKING:
    from trainlab.diagnosis.judge.rule_reading import Asked
    from trainlab.diagnosis.lift.recorder import RunExtras
    from trainlab.diagnosis.probe.probe import Probe
    from trainlab.diagnosis.remedies.applying import Applied
    from trainlab.diagnosis.replay.harmless import Guard
    from trainlab.diagnosis.replay.keeper import Keeper


GRACE = 5.0
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 30.0
_OUT_OF_TIME: dict[str, Any] = {"how": "time", "code": 0}
_OF_TORCHRUN = "SignalException"
_CUT_SHORT = ("steps", "time", "interrupted")
_PAST_THE_HOOK = "PyTorch was imported without it: the script has taken it out of sys.meta_path"


class LimitReached(BaseException):
    """Ends the script once it has taken as many steps as were asked for."""


def load_judge() -> None:
    """Load what each of several runs would import for itself."""
    from trainlab.diagnosis.faults import all_faults

    for name in ("probe.probe", "judge.diagnose", "script.reseed", "lift.recorder"):
        import_module(f"trainlab.diagnosis.{name}")
    all_faults()


class Child:
    """Runs one script and writes what was seen, whatever becomes of the script."""

    def __init__(self, report: str, plan: Plan) -> None:
        self.report = report
        self.steps_file = f"{report.partition(followed.MARK)[0]}.steps"
        self.plan = plan
        self.probe: Probe | None = None
        self.record = TrainingRecord()
        self.applied: Applied | None = None
        self.process = os.getpid()
        self.out_of_time = False
        self.written = threading.Lock()
        self.finished = False
        self.began = time.monotonic()
        self.told_at = 0.0
        self.pause = FIRST_PAUSE
        self.snapshot_at: float | None = None
        self.extras: RunExtras | None = None
        self.output = KeptOutput()
        self.keeper: Keeper | None = None
        self.guard: Guard | None = None
        self.interpreter = InterpreterState()
        self.following: followed.Following | None = None
        self.rank: tuple[int, int] | None = None

    def run(self) -> int:
        """Run the script as ``python script arguments…`` would, and return its exit code."""
        started = launch(self.plan.script, self.plan.arguments, self.plan.text)
        self.interpreter.let_see(sys.path[0], shell=is_notebook(self.plan.script))
        if self.plan.seconds:
            threading.Thread(target=self._end_in_time, daemon=True).start()
        if self.plan.solved:
            self.output.start()
        self.begin()
        if self.plan.text:
            self.harm_nobody()
        ended, failed = self._run_to_its_end(started)
        self.finish(ended)
        if failed is not None and ended["how"] == "error":
            tell_the_scripts_hook(failed)
        if self.plan.started_by and ended["how"] == "interrupted" and failed is not None:
            print_trace(failed)  # by which Python ends itself, whoever waits for it sees
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGINT)
        return int(ended["code"])

    def _begin_fork(self) -> None:
        """Listen in a process that was forked from this one, as if nothing had been seen so far."""
        following = self.following
        if self.guard is not None or following is None:
            return
        # What the plan changes has been changed, in the process that this one is a copy of.
        plan = replace(following.plan, seed=None, remedy=None)
        new = Child(followed.file_for_this_process(self.report), plan)
        new.output, new.applied, new.interpreter = self.output, self.applied, self.interpreter
        new.interpreter.renew_lock()
        if self.probe is not None:
            self.probe.let_go()
            self.probe.state.busy = True  # its hooks that stay are silent
        if self.keeper is not None:
            self.keeper.stop()
        new.following, following.begin = following, new._begin_fork
        new.begin()
        followed.at_end_of_process(new.finish_process)

    def finish_process(self) -> None:
        """Write the report of a process of `multiprocessing` as its target has ended."""
        self.finish(ending_of(sys.exception()))

    def begin(self) -> None:
        """Wait for all that the report needs."""
        report_before_exit(self.finish, self.note)
        extras = self.plan.extras
        as_it_is = self.plan.seed is None and self.plan.remedy is None and (extras is None or extras.light)
        if as_it_is and "torch" not in sys.modules:
            # PyTorch reads the environment when it's imported: the script may set it before that.
            ImportHook("torch", self.listen).start()
        else:
            self.listen()
        if self.following is None:
            self.following = followed.Following(self.report, self.plan, self._begin_fork)
            self.following.start()

    def _run_to_its_end(self, started: Launch) -> tuple[dict[str, Any], BaseException | None]:
        """Run the script, then its threads; return how it has ended, and the exception that left it."""
        ended: dict[str, Any] = {"how": "end", "code": 0}
        failed: BaseException | None = None
        try:
            try:
                let_through()
                started.run()
            except SystemExit as error:
                with self.interpreter:
                    ended = {"how": "exit", "code": exit_code(error)}
            end_threads()
        except BaseException as error:
            failed = error
            with self.interpreter:
                ended = self._ended_by(error, started)
        return ended, failed

    def _ended_by(self, error: BaseException, started: Launch) -> dict[str, Any]:
        """Return how the script has ended, by what left it; print what Python would print of that."""
        if isinstance(error, LimitReached):
            return self._after_steps()
        if isinstance(error, KeyboardInterrupt) or type(error).__name__ == _OF_TORCHRUN:
            return _OUT_OF_TIME if self.out_of_time else {"how": "interrupted", "code": 130}
        if sys.excepthook is sys.__excepthook__:
            with contextlib.suppress(Exception):
                print_trace(error)
        return failed_by(error, started.owns)

    def listen(self) -> None:
        """Put the probe on; should that fail, the script goes on without."""
        if os.getpid() != self.process:
            return
        try:
            with self.interpreter:
                probe = self._started_probe()
        except Exception as error:
            self.record.troubles.append(last_line(error))
            return
        self.probe, self.record, self.began = probe, probe.state.record, time.monotonic()
        self.interpreter.meet_modules()

    def _started_probe(self) -> Probe:
        """Do to the training what the plan asks for, and begin to listen to it."""
        from trainlab.diagnosis.probe.probe import Probe

        if self.plan.seed is not None:
            from trainlab.diagnosis.script.reseed import Reseed

            Reseed(self.plan.seed, from_start=self.plan.seed_from_start).start()
        self._apply_remedy()
        probe = Probe(whole_process=True)
        probe.asks_dependence = self.plan.remedy is None  # of a trial no more is asked
        probe.state.at_boundary.append(self._at_step)
        if self.plan.extras is not None:
            from trainlab.diagnosis.lift.recorder import RunExtras

            self.extras = RunExtras(self.plan.extras, probe)
            self.extras.start()
        probe.start()
        if self.plan.keepers:
            from trainlab.diagnosis.replay.keeper import Keeper

            self.keeper = Keeper(self.plan.keepers, self._load_judge, self.begin_arm)
            self.keeper.start()
        return probe

    def _apply_remedy(self) -> None:
        if self.plan.remedy is not None:
            from trainlab.diagnosis.remedies.applying import Applied

            self.applied = Applied(self.plan.remedy)
            self.applied.start()

    def _load_judge(self) -> None:
        """Load, in a copy of the script's process, what every arm would load for itself."""
        with self.interpreter:
            load_judge()
            self.interpreter.meet_modules()

    def begin_arm(self, report: str, plan: Plan) -> None:
        """Be a run of this plan from here on, in a copy of the script's process (`replay.keeper`)."""
        self.process, self.extras = os.getpid(), None
        self.report, self.plan = report, plan
        with self.interpreter:
            from trainlab.diagnosis.remedies.patching import Patching
            from trainlab.diagnosis.replay.another_seed import reseed

            if self.probe is not None:
                self.probe.state.process = self.process
            if plan.seed is not None:
                reseed(Patching(), plan.seed)
            self._apply_remedy()
        self.harm_nobody()

    def harm_nobody(self) -> None:
        """Be a run of which only the outcome is wanted: what it does outside is led away, or ends it."""
        with self.interpreter:
            from trainlab.diagnosis.replay.harmless import Guard

            if self.probe is not None:
                self.probe.state.trainings.is_copy = True
                self.probe.asks_dependence = False
        self.guard = Guard(
            os.path.dirname(self.report),
            lambda why: self.finish({"how": "error", "code": 1, "message": why, "refused": True}),
        )
        self.guard.start()

    def finish(self, ended: dict[str, Any]) -> None:
        """Stop the probe and write the report."""
        if os.getpid() != self.process or self.finished:
            return  # a forked worker that left the script by an exception
        self.finished = True
        if ended["how"] in _CUT_SHORT and not self.plan.started_by and self.guard is None:
            followed.end_processes(self.report)
        for aside in (self.guard, self.keeper):
            if aside is not None:
                aside.stop()
        with self.written, self.interpreter:
            try:
                with signals_ignored():
                    if self.probe is not None:
                        self.probe.stop(whole=ended["how"] in ("end", "exit"))
                    self.write(ended)
            except Exception as error:
                self._write_less(ended, error)
        self.interpreter.forget_modules()
        if self.guard is not None:
            exit_at_once(int(ended["code"]))  # what the script does at exit isn't tried

    def note(self, ended: dict[str, Any]) -> None:
        """Write the report before something that may be the end, and go on listening."""
        if os.getpid() != self.process or self.finished:
            return
        with self.interpreter:
            try:
                self._write_so_far(ended)
            except Exception as error:
                _say_why_not(error)

    def _write_so_far(self, ended: dict[str, Any]) -> None:
        with self.interpreter:
            if self.probe is not None:
                self.probe.read()
            self.write(ended)

    def write(self, ended: dict[str, Any]) -> None:
        """Write the report whole; a process that the script has started writes none unless it trains."""
        if self.plan.started_by and not (self.record.backwards or self.record.tick):
            return
        with self.interpreter:
            from trainlab.diagnosis.judge.diagnose import diagnose, outcome_alone
            from trainlab.diagnosis.report.verdict import FAILED

            if self.probe is None and not self.record.troubles and "torch" in sys.modules:
                self.record.troubles.append(_PAST_THE_HOOK)
            self.record.torch_imported = self.probe is not None or bool(self.record.troubles)
            if self.guard is not None:  # of a copy no more is asked
                outcome = outcome_alone(self.record, asked=self._asked())
                report: dict[str, Any] = {"ended": ended, "outcome": outcome}
            else:
                report = diagnose(self.record, ended=ended, asked=self._asked()).to_dict()
            if self.plan.keepers and report["card"]["outcome"] in FAILED:
                report["suspected"] = self._suspected(report)
            if self.extras is not None:
                extras = self.extras.report(self.record)
                report |= {} if self.extras.asked.light else {"extras": extras}
            if own := self.plan.arguments[self.plan.script == MODULE :]:
                report["arguments"] = told(own, keep=self.plan.keep_arguments)
            if self.rank is not None and self.plan.started_by:
                report["rank"], report["ranks"] = self.rank
            if self.applied is not None:
                report["acted"] = self.applied.acted
            # Messages and names that are no text are escaped here: all that is made of a report can hold it.
            followed.save(self.report, escaped(json.dumps(report, ensure_ascii=False), backslash=r"\\"))

    def _suspected(self, report: dict[str, Any]) -> list[dict[str, Any]]:
        """Return the findings that only a trial can prove; should that fail, the report is told so."""
        from trainlab.diagnosis.judge.diagnose import suspected_rates

        try:
            return [one.to_dict() for one in suspected_rates(self.record)]
        except Exception as error:
            report["troubles"].append(last_line(error))
            return []

    def _write_less(self, ended: dict[str, Any], error: Exception) -> None:
        """Say how the script ended, and why there is no more to say."""
        self.record = TrainingRecord(troubles=[last_line(error)])
        try:
            self.probe = self.extras = self.applied = None
            self.write(ended)
        except Exception as again:
            _say_why_not(again)

    def _asked(self) -> Asked | None:
        """Return the user's rule with what the script said of itself so far; None if there is no rule."""
        if not self.plan.solved:
            return None
        from trainlab.diagnosis.judge.rule_reading import Asked
        from trainlab.diagnosis.signals.learnt import rule_from

        main = sys.modules.get("__main__")
        told = Told(printed=self.output.text, variables={} if main is None else vars(main))
        return Asked(rule=rule_from(self.plan.solved), told=told)

    def _at_step(self) -> None:
        if self.plan.steps and self.record.tick >= self.plan.steps:
            if self.guard is not None:
                self.finish({"how": "steps", "code": 0})
            if self.plan.started_by:
                # An exception here might leave the script's process waiting for this one for ever.
                self.finish(self._after_steps())
                followed.end_all(self.report, self.plan.started_by)
                exit_at_once(0)
            raise LimitReached
        self.rank = self.rank or followed.rank()
        if self.guard is not None:
            return  # nobody waits for news of a copy
        now = time.monotonic()
        if now > self.told_at + 1:
            self.told_at = now
            self.interpreter.meet_modules()
            with contextlib.suppress(OSError):
                Path(self.steps_file).write_text(str(self.record.tick), encoding="ascii")
        self.snapshot_at = self.snapshot_at or now + self.pause
        if now > self.snapshot_at and self.probe is not None:
            # Should the process be killed, the last of these is what is known. They take 1 % of the time.
            try:
                self._write_so_far({"how": "killed", "code": 1})
            finally:
                self.pause = min(2 * self.pause, LONGEST_PAUSE)
                self.snapshot_at = now + max(self.pause, 100 * (time.monotonic() - now))

    def _after_steps(self) -> dict[str, Any]:
        return {"how": "steps", "code": 0, "message": f"ended after {self.plan.steps} steps, as asked"}

    def _is_loading(self) -> bool:
        """Whether PyTorch is being imported: that time isn't the training's."""
        return "torch" in sys.modules and self.probe is None and not self.record.troubles

    def _end_in_time(self) -> None:
        while self._is_loading() or time.monotonic() < self.began + self.plan.seconds:
            time.sleep(0.05)
        self.out_of_time = True
        interrupt_first_thread()
        time.sleep(followed.BETWEEN)
        followed.end_processes(self.report)
        time.sleep(GRACE)
        if self.written.acquire(blocking=False):
            # The script holds on to its process: what was seen is written from here.
            try:
                self.write(_OUT_OF_TIME)
            except Exception as error:  # among others where the script changes what is being read
                self._write_less(_OUT_OF_TIME, error)
            exit_at_once(0)


def begin_spawned(report: str, plan: bytes) -> None:
    """Listen in a process that `multiprocessing` has started anew, to the end of its target."""
    one = Child(report, plan_from_json(plan))
    if one.plan.solved:
        one.output.start()
    one.begin()
    followed.at_end_of_process(one.finish_process)


def _say_why_not(error: Exception) -> None:
    say(f"the report can't be written ({last_line(error)}).")


def main() -> None:
    """Read the plan, run, and exit as the script would have."""
    report, plan, line = sys.argv[1:4]
    asked = plan_from_json(Path(plan).read_bytes())
    if asked.started_by:
        report = followed.file_for_this_process(report)
    else:
        hold_on_by(line)
    sys.exit(Child(report, asked).run())


if __name__ == "__main__":
    main()
