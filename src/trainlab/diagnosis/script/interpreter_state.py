"""What writing a report needs of Python, kept from before the script, and put back while it is written.

A script may clear `sys.path`, forget modules, replace builtins, lower limits, or turn warnings into errors.
That is its affair: once the report is written, all is as the script has left it.
"""

from __future__ import annotations

import builtins
import os
import sys
import threading
from contextlib import suppress
from functools import partial
from types import TracebackType
from typing import Any, Self

from trainlab.diagnosis.probe.global_state import warnings_ignored

try:
    import resource
except ImportError:  # not on Windows
    resource = None

_LIMITS = ("RLIMIT_NOFILE", "RLIMIT_FSIZE", "RLIMIT_AS", "RLIMIT_DATA")
_LISTS = ("path", "meta_path", "path_hooks")


class InterpreterState:
    """Entered, Python is as it was when this was made; it may be entered again within."""

    def __init__(self) -> None:
        self._space: dict[str, Any] = builtins.__dict__
        self._table: dict[str, Any] = sys.modules
        self._depth = 0
        self._undo: list[Any] = []
        self._lock = threading.RLock()
        self._builtins = dict(self._space)
        self._modules = dict(self._table)
        self._lists = {name: list(getattr(sys, name)) for name in _LISTS}
        self._recursion = sys.getrecursionlimit()

    def meet_modules(self) -> None:
        """Keep the modules that have come since as well: many can't be loaded twice."""
        self._modules = {**self._table, **self._modules}

    def __enter__(self) -> Self:
        # First the builtins, which all of the rest needs; nothing before that calls one.
        self._lock.acquire()
        users = self._space.copy()
        self._space.update(self._builtins)
        self._depth += 1
        if self._depth == 1:
            self._undo = [partial(self._put_back_builtins, users)]
            for put_back in (
                self._deepen,
                self._hush,
                self._ignore_warnings,
                self._lift_limits,
                self._put_back_modules,
                self._put_back_paths,
            ):
                with suppress(Exception):
                    put_back()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._depth -= 1
        while not self._depth and self._undo:
            with suppress(Exception):
                self._undo.pop()()
        self._lock.release()

    def _put_back_builtins(self, users: dict[str, Any]) -> None:
        # Those that the script has removed first: what it has put in the place of the others may do anything.
        for name in self._builtins.keys() - users.keys():
            self._space.pop(name, None)
        self._space.update(users)

    def _hush(self) -> None:
        tracer, profiler = sys.gettrace(), sys.getprofile()
        sys.settrace(None)
        sys.setprofile(None)
        self._undo += [lambda: sys.settrace(tracer), lambda: sys.setprofile(profiler)]

    def _deepen(self) -> None:
        limit = sys.getrecursionlimit()
        if limit < self._recursion:
            sys.setrecursionlimit(self._recursion)
            self._undo.append(lambda: sys.setrecursionlimit(limit))

    def _ignore_warnings(self) -> None:
        ignored = warnings_ignored()
        ignored.__enter__()
        self._undo.append(lambda: ignored.__exit__(None, None, None))
        numpy = self._modules.get("numpy")
        if numpy is not None:
            asked = numpy.seterr(all="ignore")
            self._undo.append(lambda: numpy.seterr(**asked))

    def _lift_limits(self) -> None:
        if resource is None:
            return
        for name in _LIMITS:
            kind = getattr(resource, name)
            soft, hard = resource.getrlimit(kind)
            if soft != hard:
                resource.setrlimit(kind, (hard, hard))
                self._undo.append(partial(resource.setrlimit, kind, (soft, hard)))

    def _put_back_modules(self) -> None:
        """Let the modules be found that were there, ``__main__`` apart, and others where they lie."""
        table, forgotten = sys.modules, object()
        sys.modules = self._table
        users = {
            name: self._table.get(name, forgotten)
            for name, module in self._modules.items()
            if name != "__main__" and self._table.get(name, forgotten) is not module
        }
        self._table.update({name: self._modules[name] for name in users})

        def forget() -> None:
            sys.modules = table
            for name, module in users.items():
                if module is forgotten:
                    self._table.pop(name, None)
                else:
                    self._table[name] = module

        self._undo.append(forget)

    def _put_back_paths(self) -> None:
        for name, entries in self._lists.items():
            own = getattr(sys, name, None)
            setattr(sys, name, [*entries, *(one for one in own or () if one not in entries)])
            self._undo.append(partial(setattr, sys, name, own))


def say(words: str) -> None:
    """Write a line to the terminal though the script may have closed its streams."""
    with suppress(OSError):
        os.write(2, f"trainlab: {words}\n".encode("ascii", "backslashreplace"))
