"""Where the pages are, and their code, carried out."""

from __future__ import annotations

import re
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
    """Return whether the output is as written; ``...`` stands for anything, a line of it for any lines.

    A line of blanks is an empty one.
    """
    wanted, got = (re.sub(r"(?m)^[^\S\n]+$", "", text) for text in (wanted, got))
    lines = (
        "(?:.*\n)*?" if line == "..." else r"[\s\S]*?".join(map(re.escape, line.split("..."))) + "\n"
        for line in wanted.splitlines()
    )
    return re.fullmatch("".join(lines), got) is not None
