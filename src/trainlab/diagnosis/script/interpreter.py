"""Python in the script's process: hooks on imports and ends, its state put back while a report is written."""

from __future__ import annotations

import builtins
import io
import os
import signal
import sys
import threading
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, all_suffixes
from importlib.util import find_spec
from itertools import takewhile
from types import FrameType, ModuleType, TracebackType
from typing import Any, Self, cast

from trainlab.diagnosis.probe.global_state import warnings_ignored

# What writing a report needs of Python, kept from before the script, and put back while it is written.
#
# A script may clear `sys.path`, forget modules, replace builtins, lower limits, or turn warnings into
# errors. That is its affair: once the report is written, all is as the script has left it. And by a name it
# may mean a module in its own folder, where trainlab means Python's.


try:
    import resource
except ImportError:  # not on Windows
    resource = None

_LIMITS = ("RLIMIT_NOFILE", "RLIMIT_FSIZE", "RLIMIT_AS", "RLIMIT_DATA")
_LISTS = ("path", "meta_path", "path_hooks")
_LAST_OF_START = "site"
"""What was loaded up to this one, Python loads before any script, whatever lies beside that."""


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
        self._shadowed = frozenset[str]()
        self._lists = {name: list(getattr(sys, name)) for name in _LISTS}
        self._recursion = sys.getrecursionlimit()

    def let_see(self, folder: str, *, shell: bool = False) -> None:
        """From here on the script's names mean the modules in its folder, on which `sys.path` begins by now.

        What has such a name without the folder isn't in the table of modules from now on, but while this is
        entered. Not so what Python loads before any script, and what a notebook's `shell` has loaded.
        """
        names = _names_in(folder)
        mine = {name: _found(name) for name in names}
        own, sys.path = sys.path, list(self._lists["path"])
        try:
            others = {name: _found(name) for name in names}
        finally:
            sys.path = own
        at_start = set(takewhile(lambda name: name != _LAST_OF_START, self._modules))
        if shell:
            at_start = (self._table.keys() & sys.stdlib_module_names) - {"resource"}  # which this file needs
        self._shadowed = frozenset(
            name for name in names - at_start if others[name] and mine[name] != others[name]
        )
        self._modules |= self._take_out()

    def renew_lock(self) -> None:
        """In a process that was forked, be held by nobody: who held it isn't there."""
        self._lock = threading.RLock()

    def meet_modules(self) -> None:
        """Keep the modules that have come since as well: many can't be loaded twice."""
        came = {name: module for name, module in self._table.items() if not self._is_shadowed(name)}
        self._modules = {**came, **self._modules}

    def forget_modules(self) -> None:
        """Keep none any longer: as Python ends, it takes what nobody holds apart before all the rest."""
        self._modules = {}

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
        forgotten = object()
        own = self._take_out()
        users = {
            name: self._table.get(name, forgotten)
            for name, module in self._modules.items()
            if name != "__main__" and self._table.get(name, forgotten) is not module
        }
        self._table.update({name: self._modules[name] for name in users})

        def forget() -> None:
            self._modules |= self._take_out()
            for name, module in users.items():
                if module is forgotten:
                    self._table.pop(name, None)
                else:
                    self._table[name] = module
            self._table.update(own)

        self._undo.append(forget)

    def _take_out(self) -> dict[str, Any]:
        """Take what has a shadowed name out of the table of modules, and return it."""
        return {name: self._table.pop(name) for name in list(self._table) if self._is_shadowed(name)}

    def _is_shadowed(self, name: str) -> bool:
        return name.partition(".")[0] in self._shadowed

    def _put_back_paths(self) -> None:
        for name, entries in self._lists.items():
            own = getattr(sys, name, None)
            setattr(sys, name, [*entries, *(one for one in own or () if one not in entries)])
            self._undo.append(partial(setattr, sys, name, own))


def _names_in(folder: str) -> set[str]:
    """Return the names under which there may be modules in a folder."""
    endings = tuple(all_suffixes())
    with suppress(OSError), os.scandir(folder) as entries:
        return {
            entry.name.partition(".")[0]
            for entry in entries
            if entry.name.endswith(endings) or os.path.isdir(entry)  # its own is_dir fails for some links
        }
    return set()


def _found(name: str) -> str | None:
    """Return where Python would find a module that isn't loaded yet; None where it would find none."""
    with suppress(Exception):  # a finder of somebody's may do anything
        specs = (finder.find_spec(name, None) for finder in sys.meta_path)
        return next((spec.origin for spec in specs if spec is not None), None)
    return None


def say(words: str) -> None:
    """Write a line to the terminal though the script may have closed its streams."""
    with suppress(OSError):
        os.write(2, f"trainlab: {words}\n".encode("ascii", "backslashreplace"))


# Hooks in the script's process: as a module is imported, and before an end that raises no exception.


exit_at_once = os._exit
_SIGNALS = ("SIGTERM", "SIGHUP")
_TIMED = ("SIGALRM", "SIGVTALRM", "SIGPROF", "SIGXCPU")
"""A script may ask for these, by `signal.alarm`, a timer or a limit; they end it if it doesn't catch them."""
_ALL = ("SIGINT", *_SIGNALS, *_TIMED)
Report = Callable[[dict[str, Any]], None]
_ELSEWHERE = "Another program took the script's place ({name}): what that did wasn't seen."


def report_before_exit(finish: Report, note: Report) -> None:
    """Call `finish` before ``os._exit``, ``os.abort`` or a signal ends this process; forked ones just end.

    `note` is called before another program takes its place, which may fail.
    """
    process = os.getpid()

    def leave_with_report(status: int) -> None:
        if os.getpid() == process:
            finish({"how": "exit", "code": status})
        exit_at_once(status)

    def abort_with_report() -> None:
        if os.getpid() == process:
            finish({"how": "killed", "code": -signal.SIGABRT})
        abort()

    def report_first(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        def replace_process(*args: Any, **kwargs: Any) -> Any:
            if os.getpid() == process:
                note({"how": "replaced", "code": 0, "message": _ELSEWHERE.format(name=f"os.{name}")})
            return original(*args, **kwargs)

        return replace_process

    abort = os.abort
    os._exit, os.abort = leave_with_report, abort_with_report
    for name in ("execv", "execve"):  # the others call these
        setattr(os, name, report_first(name, getattr(os, name)))

    def ended(number: int, frame: FrameType | None) -> None:
        if os.getpid() == process:
            finish({"how": "killed", "code": -number})
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    def as_before() -> None:
        for number in own:
            if signal.getsignal(number) is ended:
                signal.signal(number, signal.SIG_DFL)

    own = [getattr(signal, name) for name in (*_SIGNALS, *_TIMED) if hasattr(signal, name)]
    own = [number for number in own if signal.getsignal(number) is signal.SIG_DFL]
    for number in own:
        signal.signal(number, ended)
    os.register_at_fork(after_in_child=as_before)


@contextmanager
def signals_ignored() -> Generator[None]:
    """Let no signal break off the report that is being written, as a second Ctrl-C would."""
    before: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():
        for number in (getattr(signal, name) for name in _ALL if hasattr(signal, name)):
            before[number] = signal.signal(number, signal.SIG_IGN)
    try:
        yield
    finally:
        for number, handler in before.items():
            if handler is not None:  # None is one that Python hasn't put there
                signal.signal(number, handler)


def end_threads() -> None:
    """End the script's threads by the function with which Python ends them; called again, it does nothing.

    It calls what was registered for that, as executors have to end their threads, and waits for the others.
    """
    # What fails of what was registered Python calls again, and tells it; neither that nor an exit asked for
    # here, as by a signal's handler, changes the exit code.
    with suppress(Exception, SystemExit):
        threading._shutdown()  # pyright: ignore


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
        thread = threading.get_ident()
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


def redirect(out: str, err: str) -> None:
    """Give the run nothing to read, and files to write to."""
    for descriptor, name, mode in (
        (0, os.devnull, os.O_RDONLY),
        (1, out, os.O_WRONLY | os.O_CREAT),
        (2, err, os.O_WRONLY | os.O_CREAT),
    ):
        opened = os.open(name, mode, 0o600)
        os.dup2(opened, descriptor)
        os.close(opened)
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - what was read ahead is no run's


# Keeps the end of what is printed and logged, and lets it through.


MOST = 8_000_000
"""Characters that are kept: the last ones."""


class Kept(io.StringIO):
    """Keeps the end of what is written, and writes it to another file, too."""

    def __init__(self, also: Any) -> None:
        super().__init__()
        self.also = also

    def write(self, text: str, /) -> int:
        """Write the text; where it gets too long, forget its first half."""
        if self.also is not None:
            self.also.write(text)
        if self.tell() > MOST:
            rest = self.getvalue()[MOST // 2 :]
            self.seek(0)
            self.truncate()
            super().write(rest)
        return super().write(text)

    def flush(self) -> None:
        """Flush the other file."""
        if self.also is not None:
            self.also.flush()


class KeptOutput:
    """Keeps what this process writes to stdout and stderr between `start` and `stop`.

    The streams stay the ones that they are: only their `write` is told as well.
    """

    def __init__(self) -> None:
        self._kept = Kept(None)
        self._undo: list[Callable[[], None]] = []

    @property
    def text(self) -> str:
        """What was written, of a long text the end."""
        return self._kept.getvalue()

    def start(self) -> None:
        """Begin to keep."""
        for stream in (sys.stdout, sys.stderr):
            with suppress(AttributeError, TypeError):  # a stream that takes no attribute isn't kept
                self._listen_to(stream)

    def stop(self) -> None:
        """Leave the streams as they were."""
        while self._undo:
            with suppress(AttributeError, TypeError):
                self._undo.pop()()

    def _listen_to(self, stream: Any) -> None:
        held = cast("dict[str, Any]", vars(stream))
        before, own = stream.write, held.get("write")

        def write(text: str) -> int:
            with suppress(TypeError):
                self._kept.write(text)
            return before(text)

        def undo() -> None:
            if held.get("write") is not write:
                return  # somebody else has wrapped it since
            if own is None:
                del stream.write
            else:
                stream.write = own

        stream.write = write
        self._undo.append(undo)
