"""The room as a whole: its examples run, its names are all there, and it is light to import."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
import subprocess
import sys

import trainlab.draw


def test_examples_in_the_docstrings_run() -> None:
    names = [module.name for module in pkgutil.iter_modules(trainlab.draw.__path__)]
    results = [doctest.testmod(importlib.import_module(f"trainlab.draw.{name}")) for name in names]
    assert sum(result.attempted for result in results) >= 5
    assert sum(result.failed for result in results) == 0


def test_public_names_exist_once() -> None:
    assert len(set(trainlab.draw.__all__)) == len(trainlab.draw.__all__)
    for name in trainlab.draw.__all__:
        assert getattr(trainlab.draw, name) is not None


def test_importing_loads_no_heavy_package() -> None:
    heavy = ("rich", "scipy", "torch", "numba", "matplotlib")
    code = f"import sys, trainlab.draw; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
