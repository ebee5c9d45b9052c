"""What a user's script is started as: a file, a module, or a notebook, in this process."""

from __future__ import annotations

import io
import os
import runpy
import sys
import traceback
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.machinery import PathFinder, SourceFileLoader
from importlib.util import find_spec
from types import ModuleType

from trainlab.diagnosis.probe.own_frames import forget_own_frames
from trainlab.diagnosis.script.notebook import Cell, is_notebook, read_cells
from trainlab.errors import DiagnosisError
from trainlab.scratch import scratch_folder

MODULE = "-m"


@dataclass(frozen=True, slots=True)
class Launch:
    """`run` runs it as Python or Jupyter would; `owns` tells which files are its own code."""

    run: Callable[[], None]
    owns: Callable[[str], bool]


def launch(script: str, arguments: Sequence[str]) -> Launch:
    """Prepare: arguments, folder and import path are those that the script expects."""
    if script == MODULE:
        return _module(arguments[0], arguments[1:])
    sys.argv = [script, *arguments]
    path = os.path.abspath(script)
    sys.path[0] = os.path.dirname(path)
    if is_notebook(script):
        os.chdir(os.path.dirname(path))
        return Launch(lambda: _run_notebook(path), lambda file: file.startswith(f"{path}, cell "))
    return Launch(lambda: _run_file(path), lambda file: os.path.abspath(file) == path)


def _run_file(path: str) -> None:
    """Run as ``python path``: the module stays ``__main__``, where pickle looks for its classes."""
    module = _main_module(path)
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
    from trainlab.diagnosis.probe.user_frames import is_library

    sys.argv = [MODULE, *arguments]
    sys.path[0] = os.getcwd()

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


def _run_notebook(path: str) -> None:
    """Run the cells as *Restart and run all* would: the first error ends it."""
    cells = read_cells(path)
    # Windows would wait for someone to close them. Figures that nobody sees need no warning.
    os.environ.setdefault("MPLBACKEND", "Agg")
    warnings.filterwarnings("ignore", message=".* is non-interactive, and thus cannot be shown")
    with scratch_folder("ipython") as folder:
        run = _cell_runner(path, folder)
        for cell in cells:
            error = run(cell)
            _close_figures()
            if error is None:
                continue
            if not cell.may_fail or not isinstance(error, Exception):
                raise error
            forget_own_frames(error)
            traceback.print_exception(error)


def _cell_runner(path: str, folder: str) -> Callable[[Cell], BaseException | None]:
    if find_spec("IPython") is not None:
        from trainlab.diagnosis.script import notebook_shell

        return partial(notebook_shell.run_cell, notebook_shell.make_shell(path, folder))
    from trainlab.diagnosis.script import notebook_plain

    return partial(notebook_plain.run_cell, path, _main_module(None))


def _close_figures() -> None:
    """Let the cell's figures go, as Jupyter does once they're shown."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        pyplot.close("all")
