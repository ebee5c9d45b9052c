"""What several commands ask for alike: the parameters with their help, and whole numbers read strictly."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from difflib import get_close_matches
from types import FunctionType
from typing import Annotated

from cyclopts import Parameter, Token

from trainlab.errors import TrainlabError

MAX_WORKERS = 1024
MAX_WHY = 10_000
ALIKE = 0.8
"""How alike a misspelt option is to the one that is meant, by `difflib`."""


class UsageError(TrainlabError, ValueError):
    """A command or its options can't be carried out as written."""


def whole(_type: object, tokens: Sequence[Token]) -> int:
    """Read a whole number in decimal digits, where cyclopts would round 1.5 to 2."""
    text = tokens[0].value
    if not re.fullmatch(r"[+-]?[0-9]{1,100}", text):
        raise ValueError(f"{shortened(text)!r} is not a whole number, as in 12.")
    return int(text)


def check_range(option: str, value: int | None, *, least: int, most: int) -> None:
    """Raise UsageError unless least ≤ value ≤ most; None, an option left out, is fine."""
    if value is not None and not least <= value <= most:
        raise UsageError(
            f"{option} {shortened(str(value))}: must be a whole number from {least} to {most:,}."
        )


def alike_option(word: str, command: FunctionType) -> str:
    """Return the option of a command's function that a misspelt one is meant for, or an empty string."""
    options = [f"--{name.strip('_').replace('_', '-')}" for name in command.__kwdefaults__ or {}]
    return next(iter(get_close_matches(word.split("=", 1)[0], options, n=1, cutoff=ALIKE)), "")


def hint_at_options(script: str, arguments: Sequence[str], command: FunctionType) -> None:
    """Say which of a script's arguments look like misspelt options of the command: the script gets them.

    A beginning of an option is none: ``--seed`` and ``--step`` are names that scripts have themselves.
    """
    for word in arguments:
        name = word.split("=", 1)[0]
        meant = alike_option(name, command) if name.startswith("--") else ""
        near = meant and meant[2] == name[2:3] and abs(len(meant) - len(name)) <= 1
        if near and not meant.startswith(name):
            print(f"trainlab: {name} goes to {script}; did you mean {meant}?", file=sys.stderr)


def shortened(text: str, *, most: int = 80) -> str:
    """Return the text, its end cut off if it is longer than `most`."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


Engine = Annotated[
    str,
    Parameter(
        help="'auto' takes the quicker of 'fast' and 'torch' for each experiment; 'torch-cuda' needs a GPU; "
        "'reference' is a PyTorch loop, thousands of times slower."
    ),
]
# A hyphen alone is a value, the terminal; cyclopts takes it for an option unless told.
Json = Annotated[
    str | None,
    Parameter(help="Write the result as JSON to this file; '-' for the terminal.", allow_leading_hyphen=True),
]
Html = Annotated[
    str | None,
    Parameter(help="Write the report, one self-contained page, to this file.", allow_leading_hyphen=True),
]
Folder = Annotated[str, Parameter(help="The folder that keeps finished runs.")]
Workers = Annotated[
    int | None, Parameter(help="Threads or processes; all processors if left out.", converter=whole)
]
Why = Annotated[
    int,
    Parameter(
        help="Train so many failed runs of each cell once more, and tell why they failed.", converter=whole
    ),
]
Details = Annotated[
    bool, Parameter(help="Print everything that was found, not only the answer.", negative="")
]
Fresh = Annotated[bool, Parameter(help="Forget the stored runs and train anew.", negative="")]
