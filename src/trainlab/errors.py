"""The one tree of exceptions. Every message names the argument, its value, what is allowed and what to do."""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import islice


class TrainlabError(Exception):
    """Anything trainlab tells its user is wrong. The command line prints it as one line and exits with 2."""


class SpecError(TrainlabError, ValueError):
    """An experiment, network, change or study file that can't be carried out as written."""


class DataError(SpecError):
    """A file of data that can't be read as its task says; the message begins with the file's name."""


class BudgetError(TrainlabError, ValueError):
    """A question about parameter budgets that has no answer as asked."""


class StoreError(TrainlabError):
    """The store can't be read or written: not a store, of another version, locked, or the disk is full."""


class EngineError(TrainlabError):
    """An engine can't carry out this experiment here, for example for want of an optional package."""


class DemandError(TrainlabError):
    """What was asked would take more memory than there is, or more time than was allowed."""


class ExplainError(TrainlabError, ValueError):
    """A question that can't be asked of this network, module or data."""


class DiagnosisError(TrainlabError, ValueError):
    """A script that can't be run under the doctor, or a watch that can't be entered."""


class MissingPackageError(TrainlabError, ImportError):
    """An optional package that isn't installed."""


class StatsError(TrainlabError, ValueError):
    """Counts or contrasts from which no interval can be computed."""


MAX_SHOWN = 80
"""The most characters of a value that a message shows."""

MAX_LISTED = 100
"""The most names that a message lists."""

MAX_COMPARED = 5_000
"""The most names among which the nearest is looked for."""


_TURNING = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_UNPRINTABLE = re.compile(f"[\0-\x1f\x7f-\x9f\ud800-\udfff{_TURNING}]")
_BUT_LINES = re.compile(f"[\0-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff{_TURNING}]")


def printable(words: str, *, lines: bool = False) -> str:
    """Return text with ``�`` for what could move a terminal's cursor, colour it, or turn letters round.

    That is control characters, with `lines` but for line breaks and tabs, lone surrogates, and the marks by
    which text runs from right to left.
    """
    return (_BUT_LINES if lines else _UNPRINTABLE).sub("\ufffd", words)


def shown(value: object) -> str:
    """Return `value` as Python writes it, on one line and no longer than a line."""
    try:
        text = " ".join(repr(value).split())
    except (RecursionError, ValueError):
        # Whole numbers of thousands of digits, and lists within lists without end, have no repr.
        return "a value too long to show"
    return text if len(text) <= MAX_SHOWN else f"{text[: MAX_SHOWN - 1]}…"


def nearest(word: str, allowed: Iterable[str]) -> str:
    """Return `` Did you mean 'x'?`` for the closest of `allowed`, or an empty string if none is close."""
    import difflib  # here, because a command hears signals only once this file is imported

    # What comparing takes grows with the square of a word's length; names are short, misspelt or not.
    words = (str(option) for option in islice(allowed, MAX_COMPARED))
    options = {option.lower(): option for option in words if len(option) <= MAX_SHOWN}
    if len(word) > MAX_SHOWN:
        return ""
    close = difflib.get_close_matches(str(word).lower(), options, n=1, cutoff=0.55)
    return f" Did you mean {options[close[0]]!r}?" if close else ""


def listing(allowed: Iterable[str]) -> str:
    """Return ``'a', 'b' or 'c'``."""
    every = list(allowed)
    words = [repr(str(option)) for option in every[:MAX_LISTED]]
    if len(every) > MAX_LISTED:
        return f"{', '.join(words)}, … ({len(every):,} in all)"
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} or {words[-1]}"
