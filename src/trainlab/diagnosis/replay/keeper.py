# pyright: basic
"""A copy of the script's process, from before its first step, that waits and forks what is to be tried on it.

Before the script's first backward pass its process is forked, and goes on as if nothing had been. The fork,
the keeper, reads from the doctor what to try, and forks an arm for each: there the script's own code goes on,
with one thing changed, silent and harmless (`harmless`), until it has taken as many steps as were asked for.
If a loader is about to start workers before that, the fork comes then: a copy has no workers, and draws its
batches itself.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import DataLoader

from trainlab.diagnosis.probe.global_state import Patches, warnings_ignored
from trainlab.diagnosis.replay.harmless import let_go_of_files, why_not_here, without_workers
from trainlab.diagnosis.script.interpreter import exit_at_once, redirect
from trainlab.diagnosis.script.plan import Plan, plan_from_json
from trainlab.interrupt import held_back
from trainlab.memory import available_memory

Begin = Callable[[str, Plan], None]
"""Makes this process the run of a plan that reports to a file."""


class Keeper:
    """Waits for the moment and forks, once.

    Args:
        ends: numbers of the sockets that lead to the doctor: as many keepers there are to be.
        prepare: called in the keeper before its first arm, as to load what all need.
        begin: called in each arm.
    """

    def __init__(self, ends: Sequence[int], prepare: Callable[[], None], begin: Begin) -> None:
        self.ends = tuple(ends)
        for end in ends:
            os.set_inheritable(end, False)
        self.prepare = prepare
        self.begin = begin
        self.process = os.getpid()
        self.in_arm = False
        self._patches = Patches()

    def start(self) -> None:
        """Wait for the first backward pass, or for a loader's workers."""
        for name in ("backward", "grad"):
            self._patches.around(torch.autograd, name, self._around_pass)
        self._patches.around(DataLoader, "__iter__", self._around_loader)

    def stop(self) -> None:
        """Wait no longer; a keeper that is there goes on waiting for the doctor."""
        self._patches.undo()
        self._close(self.ends)

    def _around_pass(self, original: Any, *args: Any, **kwargs: Any) -> Any:
        self._now()
        return original(*args, **kwargs)

    def _around_loader(self, original: Any, loader: Any) -> Any:
        if loader.num_workers:
            self._now()
        if self.in_arm:
            without_workers(loader)
        return original(loader)

    def _now(self) -> None:
        """Fork, unless that was done; whatever fails, the script goes on."""
        if not self.ends or os.getpid() != self.process:
            return
        ends, self.ends = self.ends, ()
        try:
            why_not = _why_not()
            if not why_not:
                # No signal in between: Python would print it, and lose it. And no warning of threads that the
                # kernel doesn't copy: `why_not_here` has looked.
                with held_back(), warnings_ignored():
                    self._fork(ends)
        except Exception as error:
            why_not = f"that failed ({type(error).__name__})"
        if not self.in_arm:
            self._close(ends, why_not)

    def _close(self, ends: Sequence[int], why_not: str = "") -> None:
        self.ends = ()
        for end in ends:
            with contextlib.suppress(OSError):
                if why_not:
                    os.write(end, json.dumps({"why_not": why_not}).encode() + b"\n")
                os.close(end)

    def _fork(self, ends: Sequence[int]) -> None:
        """Return in the script's process at once, in each arm as it begins, and never in a keeper."""
        numbers = random.getstate()  # Python seeds its own generator anew in a fork
        between = os.fork()
        if between:
            # The keeper is nobody's child, so that no script waits for it. It may wait for any itself.
            with contextlib.suppress(ChildProcessError):
                os.waitpid(between, 0)
            return
        try:
            if os.fork():
                exit_at_once(0)
            os.setsid()
            own = next((place for place in range(1, len(ends)) if not os.fork()), 0)
            if own:
                os.setsid()
            let_go_of_files((ends[own],))
            torch.set_num_threads(1)  # the other threads aren't there
            self._serve(ends[own], numbers)
        except BaseException:
            exit_at_once(1)

    def _serve(self, end: int, numbers: Any) -> None:
        """Fork an arm for each line that is read; return in an arm."""
        asked, answers = os.fdopen(end), os.fdopen(os.dup(end), "w")
        print(json.dumps({"keeper": os.getpid()}), file=answers, flush=True)
        for place, line in enumerate(asked):
            if not place:
                self.prepare()
            report, plan, out, err = json.loads(line)
            process = os.fork()
            if not process:
                os.setsid()
                let_go_of_files()
                redirect(out, err)
                random.setstate(numbers)
                self.process, self.in_arm = os.getpid(), True
                self.begin(report, plan_from_json(Path(plan).read_bytes()))
                return
            print(process, file=answers, flush=True)
            print(os.waitpid(process, 0)[1], file=answers, flush=True)
        exit_at_once(0)


def _why_not() -> str:
    """Say why the process can't be copied; nothing if it can."""
    if why := why_not_here():
        return why
    held = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    left = available_memory()
    return "there is too little memory for a copy" if left is not None and left < held else ""
