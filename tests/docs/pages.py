"""Where the pages are, and their code, carried out."""

from __future__ import annotations

import doctest
import shlex
from pathlib import Path

ROOT = Path(__file__).parents[2]


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
