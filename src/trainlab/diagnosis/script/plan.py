"""One run of a script: what is asked of it, and what it is started as."""

from __future__ import annotations

import hashlib
import io
import json
import os
import runpy
import shlex
import sys
import traceback
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.machinery import PathFinder, SourceFileLoader
from importlib.util import find_spec
from types import ModuleType
from typing import Any

import msgspec

from trainlab.diagnosis.probe.frames import forget_own_frames
from trainlab.diagnosis.script.notebook import Cell, is_notebook, read_cells
from trainlab.errors import DiagnosisError
from trainlab.scratch import scratch_folder

# One run of a script: what is asked of it, and its arguments as they are told and kept.


# What a process that runs a user's script is asked to do; written by the parent, read by the child.


SKETCH = 256
"""The 256 smallest fingerprints of rows tell whether two runs were given the same data."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Extras:
    """What a run of a population reports besides its diagnosis (`seeds.run_extras`).

    Args:
        variable: the name of a variable of the script, whose value at the end is wanted; empty for none.
        recording: a file to write the training to, as lifting needs it; empty for none.
        light: it is recorded beside a diagnosis, which it must not burden: what is large is given up at once.
    """

    variable: str = ""
    recording: str = ""
    light: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """One run of a script.

    Args:
        script: the file, a script or a notebook; ``-m`` where the first argument is a module's name.
        arguments: its own arguments.
        steps: end it after this many optimizer steps; 0 for no limit.
        seconds: end it after this much time; 0 for no limit.
        seed: run it as with another random seed (`reseed`); None as it is.
        seed_from_start: change the seeds that the script sets from the start, as it makes no modules.
        remedy: what to change from outside; None for nothing.
        extras: report this as well, for a population; None for nothing.
        keep_arguments: tell the arguments in the report, and not only how many.
        solved: the user's own rule of success (`signals.users_rule`); empty for none.
        keepers: numbers of the sockets by which copies of the process wait to be asked (`replay.keeper`).
        started_by: the number of the script's process, for one that this has started (`followed`); else 0.
        text: run this in the place of the script's own, and harmlessly (`replay.harmless`); or empty.
    """

    script: str
    arguments: tuple[str, ...] = ()
    steps: int = 0
    seconds: float = 0.0
    seed: int | None = None
    seed_from_start: bool = False
    remedy: dict[str, Any] | None = None
    extras: Extras | None = None
    solved: str = ""
    keep_arguments: bool = False
    keepers: tuple[int, ...] = ()
    started_by: int = 0
    text: str = ""

    def to_json(self) -> bytes:
        """Return the plan as the child reads it; names that are no text come through."""
        return json.dumps(msgspec.to_builtins(self)).encode()


def plan_from_json(text: bytes) -> Plan:
    """Read a plan."""
    return msgspec.convert(json.loads(text), Plan)


# The arguments of a user's script in what is kept: only how many, unless he asks for them.
#
# One of them may be a token or a password, and reports, pages and files of runs are passed on.


HIDDEN = "…"
_ROUNDS = 100_000
"""As many as make it slow to try passwords one by one; they take some 50 ms."""


def told(arguments: Sequence[str], *, keep: bool) -> list[str]:
    """Return them for JSON: as they are, or ``…`` for each.

    >>> told(["--token", "X"], keep=False)
    ['…', '…']
    """
    return list(arguments) if keep else [HIDDEN] * len(arguments)


def in_words(told_ones: Sequence[str]) -> str:
    """Say what `told` has.

    >>> in_words(["…", "…"])
    '2 given; --keep-arguments keeps them'
    """
    if set(told_ones) == {HIDDEN}:
        return f"{len(told_ones)} given; --keep-arguments keeps them"
    return shlex.join(told_ones)


def sealed(arguments: Sequence[str], seal: str = "") -> str:
    """Return what tells whether other arguments are the same, but not what these are; empty for none.

    Args:
        arguments: the script's own.
        seal: what they may have given before: the same comes out only if they are the same.
    """
    if not arguments:
        return ""
    salt = seal.partition(":")[0] or os.urandom(16).hex()
    whole = "\0".join(arguments).encode("utf-8", "surrogateescape")
    return f"{salt}:{hashlib.pbkdf2_hmac('sha256', whole, salt.encode(), _ROUNDS).hex()}"


# What a user's script is started as: a file, a module, or a notebook, in this process.


MODULE = "-m"
RunCell = Callable[[Cell], BaseException | None]


@dataclass(frozen=True, slots=True)
class Launch:
    """`run` runs it as Python or Jupyter would; `owns` tells which files are its own code."""

    run: Callable[[], None]
    owns: Callable[[str], bool]


def launch(script: str, arguments: Sequence[str], text: str = "") -> Launch:
    """Prepare: arguments, folder and import path are those that the script expects.

    A `text` is run in the place of the file's own.
    This process has been started so that no folder of the user's is on the import path yet.
    """
    if script == MODULE:
        return _module(arguments[0], arguments[1:])
    sys.argv = [script, *arguments]
    path = os.path.abspath(script)
    if is_notebook(script):
        start = _cell_runner(path)  # what that needs isn't looked for in the notebook's folder
        sys.path.insert(0, os.path.dirname(path))
        os.chdir(os.path.dirname(path))
        return Launch(lambda: _run_notebook(path, start), lambda file: file.startswith(f"{path}, cell "))
    sys.path.insert(0, os.path.dirname(os.path.realpath(path)))
    return Launch(lambda: _run_file(path, text), lambda file: os.path.abspath(file) == path)


def _run_file(path: str, text: str) -> None:
    """Run as ``python path``: the module stays ``__main__``, where pickle looks for its classes."""
    module = _main_module(path)
    source: str | bytes = text
    if not text:
        with io.open_code(path) as file:
            source = file.read()
    exec(compile(source, path, "exec", dont_inherit=True), module.__dict__)


def _main_module(path: str | None) -> ModuleType:
    module = ModuleType("__main__")
    if path is not None:
        module.__file__ = path
        module.__loader__ = SourceFileLoader("__main__", path)
    module.__dict__["__builtins__"] = sys.modules["builtins"]
    sys.modules["__main__"] = module
    return module


def _module(name: str, arguments: Sequence[str]) -> Launch:
    from trainlab.diagnosis.probe.frames import is_library

    sys.argv = [MODULE, *arguments]
    sys.path.insert(0, os.getcwd())

    def run() -> None:
        runpy.run_module(name, run_name="__main__", alter_sys=True)

    return Launch(run, lambda file: not is_library(file))


def check_module(arguments: Sequence[str]) -> None:
    """Refuse a module that Python couldn't find, without importing anything.

    Raises:
        DiagnosisError: if there is none of this name, or it is a package that can't be run.
    """
    if not arguments or arguments[0].startswith("-"):
        raise DiagnosisError("-m: give the name of a module, as in: trainlab doctor -m package.train")
    name = arguments[0]
    places: list[str] | None = [os.getcwd(), *sys.path]
    for depth, part in enumerate(name.split("."), 1):
        whole = ".".join(name.split(".")[:depth])
        spec = PathFinder.find_spec(whole, places) if part and places else None
        if spec is None:
            raise DiagnosisError(f"-m {name}: there is no module {whole}, seen from this folder.")
        places = list(spec.submodule_search_locations or ())
    if places and PathFinder.find_spec(f"{name}.__main__", places) is None:
        raise DiagnosisError(f"-m {name}: is a package without __main__.py; name a module in it.")


def _run_notebook(path: str, start: Callable[[str], RunCell]) -> None:
    """Run the cells as *Restart and run all* would: the first error ends it."""
    cells = read_cells(path)
    # Windows would wait for someone to close them. Figures that nobody sees need no warning.
    os.environ.setdefault("MPLBACKEND", "Agg")
    warnings.filterwarnings("ignore", message=".* is non-interactive, and thus cannot be shown")
    with scratch_folder("ipython") as folder:
        run = start(folder)
        for cell in cells:
            error = run(cell)
            _close_figures()
            if error is None:
                continue
            if not cell.may_fail or not isinstance(error, Exception):
                raise error
            forget_own_frames(error)
            traceback.print_exception(error)


def _cell_runner(path: str) -> Callable[[str], RunCell]:
    """Load what runs cells; called with a folder for its files, it returns the function that does."""
    if find_spec("IPython") is not None:
        from trainlab.diagnosis.script import notebook_shell

        return lambda folder: partial(notebook_shell.run_cell, notebook_shell.make_shell(path, folder))
    from trainlab.diagnosis.script import notebook

    return lambda _: partial(notebook.run_cell, path, _main_module(None))


def _close_figures() -> None:
    """Let the cell's figures go, as Jupyter does once they're shown."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        pyplot.close("all")
