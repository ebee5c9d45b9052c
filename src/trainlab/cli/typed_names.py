"""Messages of the Python functions that commands call, with the names that the user has typed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

POSITIONAL: Mapping[str, Mapping[str, str]] = {
    "budget": {"parameters": "PARAMETERS"},
    "map": {},
    "params": {"widths": "NETWORK"},
}
"""Commands whose functions name arguments in their messages, and those arguments that aren't options."""


def as_typed(message: str, command: str, options: Iterable[str]) -> str:
    """Return the message with a command's options as they are typed.

    ``min_width=0`` becomes ``--min-width 0``. A plain word, as "inputs", may be one of the sentence: without
    ``=`` only names with an underscore are options for sure. Fields of study files have a path before them.

    >>> as_typed("max_width=3 is too small: raise max_width.", "budget", ["--max-width", "--seed"])
    '--max-width 3 is too small: raise --max-width.'
    """
    if command not in POSITIONAL:
        return message
    names = {option[2:].replace("-", "_"): option for option in options if option.startswith("--")}
    for name, typed in {**names, **POSITIONAL[command]}.items():
        message = re.sub(rf"(?<![\w.]){name}(=| = )(?=\S)", f"{typed} ", message)
        if "_" in name:
            message = re.sub(rf"(?<![\w.-]){name}(?!\w)", typed, message)
    return message
