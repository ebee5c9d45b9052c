"""Hooks in the script's process: as a module is imported, and before an end that raises no exception."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from os import getpid
from threading import current_thread, get_ident, main_thread
from threading import enumerate as all_threads
from types import FrameType, ModuleType
from typing import Any

exit_at_once = os._exit
_SIGNALS = ("SIGTERM", "SIGHUP")
_TIMED = ("SIGALRM", "SIGVTALRM", "SIGPROF", "SIGXCPU")
"""A script may ask for these, by `signal.alarm`, a timer or a limit; they end it if it doesn't catch them."""
Report = Callable[[dict[str, Any]], None]
_ELSEWHERE = "Another program took the script's place ({name}): what that did wasn't seen."


def report_before_exit(finish: Report, note: Report) -> None:
    """Call `finish` before ``os._exit``, ``os.abort`` or a signal ends this process; forked ones just end.

    `note` is called before another program takes its place, which may fail.
    """
    process = getpid()

    def leave_with_report(status: int) -> None:
        if getpid() == process:
            finish({"how": "exit", "code": status})
        exit_at_once(status)

    def abort_with_report() -> None:
        if getpid() == process:
            finish({"how": "killed", "code": -signal.SIGABRT})
        abort()

    def report_first(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        def replace_process(*args: Any, **kwargs: Any) -> Any:
            if getpid() == process:
                note({"how": "replaced", "code": 0, "message": _ELSEWHERE.format(name=f"os.{name}")})
            return original(*args, **kwargs)

        return replace_process

    abort = os.abort
    os._exit, os.abort = leave_with_report, abort_with_report
    for name in ("execv", "execve"):  # the others call these
        setattr(os, name, report_first(name, getattr(os, name)))

    def ended(number: int, frame: FrameType | None) -> None:
        if getpid() == process:
            finish({"how": "killed", "code": -number})
        signal.signal(number, signal.SIG_DFL)
        os.kill(getpid(), number)

    def as_before() -> None:
        for number in own:
            if signal.getsignal(number) is ended:
                signal.signal(number, signal.SIG_DFL)

    own = [getattr(signal, name) for name in (*_SIGNALS, *_TIMED) if hasattr(signal, name)]
    own = [number for number in own if signal.getsignal(number) is signal.SIG_DFL]
    for number in own:
        signal.signal(number, ended)
    os.register_at_fork(after_in_child=as_before)


def ignore_signals() -> None:
    """Let no signal break off the report that is being written, as a second Ctrl-C would."""
    if current_thread() is main_thread():
        for name in ("SIGINT", *_SIGNALS, *_TIMED):
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), signal.SIG_IGN)


def wait_for_threads() -> None:
    """Wait for the script's other threads, as Python does before it ends."""
    for thread in all_threads():
        if not thread.daemon and thread is not current_thread():
            thread.join()


class ImportHook(MetaPathFinder):
    """Calls `then` once, right after the module's own code has run; the script decides when that is.

    Libraries ask for its spec long before anyone imports it, to know whether it is there.
    """

    def __init__(self, module: str, then: Callable[[], None]) -> None:
        self.module = module
        self.then = then
        self._looking: set[int] = set()

    def start(self) -> None:
        """Wait for the import."""
        sys.meta_path.insert(0, self)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return what Python would find; loading it calls `then`."""
        thread = get_ident()
        if fullname != self.module or thread in self._looking or self not in sys.meta_path:
            return None
        self._looking.add(thread)
        try:
            spec = find_spec(fullname)
        finally:
            self._looking.discard(thread)
        if spec is None or spec.loader is None:
            return spec
        load = spec.loader.exec_module

        def load_and_tell(module: ModuleType) -> None:
            load(module)
            if self in sys.meta_path:
                sys.meta_path.remove(self)
                self.then()

        spec.loader.exec_module = load_and_tell
        return spec
