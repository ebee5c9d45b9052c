"""Where the pages are, and their code, carried out."""

from __future__ import annotations

import doctest
import importlib.util
import shlex
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[2]


def load_script(name: str = "docs_figures") -> ModuleType:
    """Return a script of scripts/ as a module."""
    loader = SourceFileLoader(name, str(ROOT / "scripts" / name))
    spec = importlib.util.spec_from_file_location(loader.name, loader.path, loader=loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        loader.exec_module(module)
    finally:
        sys.dont_write_bytecode = before
    return module


def console_examples(text: str) -> list[tuple[list[str], str]]:
    """Return the commands of a ``console`` block, without their ``trainlab``, and what they print."""
    examples: list[tuple[list[str], str]] = []
    for part in text.split("$ trainlab ")[1:]:
        command, _, output = part.partition("\n")
        examples.append((shlex.split(command), output))
    return examples


def is_like(wanted: str, got: str) -> bool:
    """Return whether the output is as written; a line ``...`` stands for anything."""
    return doctest.OutputChecker().check_output(wanted, got, doctest.ELLIPSIS)
