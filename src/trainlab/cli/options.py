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


def check_is_no_option(script: str, command: FunctionType, *, name: str) -> None:
    """Raise UsageError where a misspelt option stands in the script's place.

    Args:
        script: the word that was taken for the script.
        command: the function behind the command.
        name: the command as it is typed, as in ``doctor``.
    """
    if not script.startswith("-") or script in ("-", "-m"):
        return
    meant = get_close_matches(script.split("=", 1)[0], _options_of(command), n=1, cutoff=ALIKE)
    hint = f" Did you mean {meant[0]}?" if meant else ""
    raise UsageError(f"{script}: there is no such option.{hint} See: trainlab {name} --help")


def _options_of(command: FunctionType) -> list[str]:
    return [f"--{name.strip('_').replace('_', '-')}" for name in command.__kwdefaults__ or {}]


def hint_at_options(script: str, arguments: Sequence[str], command: FunctionType) -> None:
    """Say which of a script's arguments look like misspelt options of the command: the script gets them.

    A beginning of an option is none: ``--seed`` and ``--step`` are names that scripts have themselves.
    """
    options = _options_of(command)
    for word in arguments:
        name = word.split("=", 1)[0]
        meant = get_close_matches(name, options, n=1, cutoff=ALIKE) if name.startswith("--") else []
        near = meant and meant[0][2] == name[2:3] and abs(len(meant[0]) - len(name)) <= 1
        if near and not meant[0].startswith(name):
            print(f"trainlab: {name} goes to {script}; did you mean {meant[0]}?", file=sys.stderr)


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
Fresh = Annotated[bool, Parameter(help="Forget the stored runs and train anew.", negative="")]
