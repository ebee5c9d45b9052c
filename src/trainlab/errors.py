"""The one tree of exceptions. Every message names the argument, its value, what is allowed and what to do."""

from __future__ import annotations

import operator
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
_UNPRINTABLE = re.compile(f"[\0-\x1f\x7f-\x9f{_TURNING}]")
_BUT_LINES = re.compile(f"[\0-\x08\x0b-\x1f\x7f-\x9f{_TURNING}]")
_NO_TEXT = re.compile("[\ud800-\udfff]")


def escaped(words: str, *, backslash: str = "\\") -> str:
    """Return text with lone surrogates, which no file can hold, written as Python writes them: ``\\udce9``.

    Python reads bytes that are no text as such, in the name of a file, say. In JSON a backslash is two.
    """
    return _NO_TEXT.sub(lambda found: f"{backslash}u{ord(found[0]):x}", words)


def printable(words: str, *, lines: bool = False) -> str:
    """Return text with ``�`` for what could move a terminal's cursor, colour it, or turn letters round.

    That is control characters, with `lines` but for line breaks and tabs, and the marks by which text runs
    from right to left. Lone surrogates are `escaped`.
    """
    return (_BUT_LINES if lines else _UNPRINTABLE).sub("\ufffd", escaped(words))


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


def as_whole(value: object) -> int | None:
    """Return a whole number, NumPy's, too, as Python's; None for anything else, True and False included."""
    try:
        return None if isinstance(value, bool) else operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        return None


MOST_WHOLE = 10**15
"""The largest whole number that is asked for anywhere."""


def whole_number(
    value: object, *, least: int, most: int = MOST_WHOLE, said: str, error: type[TrainlabError]
) -> int:
    """Return the whole number that an option has; every option that counts something goes through here.

    `said` begins the message with the option and its value, as in ``seeds = 0:``.

    Raises:
        TrainlabError: as an `error`, if it is none, or lies outside of the limits.
    """
    number = as_whole(value)
    if number is None or not least <= number <= most:
        raise error(f"{said} must be a whole number from {least:,} to {most:,}.")
    return number


def lacking(what: str, package: str, *, extra: str, instead: str = "") -> str:
    """Return what is said where a package isn't installed; `instead` is what else would do."""
    way = f"{instead}, or install it with" if instead else "Install it with"
    return f"{what}: needs {package}, which isn't installed. {way}: {how_to_install(extra)}"


def how_to_install(extra: str) -> str:
    """Return the command that adds an extra to this copy of trainlab, from where it came (PEP 610).

    An index is asked for trainlab only if the copy came from one. If its folder or file is gone, the extra's
    own packages are named.
    """
    # Here and below, because few errors ask.
    from importlib.metadata import PackageNotFoundError, distribution
    from json import loads
    from os.path import exists
    from urllib.parse import unquote, urlsplit

    try:
        found = distribution("trainlab")
    except PackageNotFoundError:
        return pip_install(f"trainlab[{extra}]")
    origin = loads(found.read_text("direct_url.json") or "{}")
    url: str = origin.get("url", "")
    version = origin.get("vcs_info")
    if url.startswith("file:") and version is None:
        place = unquote(urlsplit(url).path)
        if exists(place):
            editable = origin.get("dir_info", {}).get("editable", False)
            return pip_install(*["-e"][:editable], f"{place}[{extra}]")
        asked = [line.replace('"', "'").partition(";") for line in found.requires or ()]
        return pip_install(*(package for package, _, marker in asked if f"extra == '{extra}'" in marker))
    if version is not None:
        url = f"{version['vcs']}+{url}@{version['commit_id']}".replace(" ", "%20")
    return pip_install(f"trainlab[{extra}]{f' @ {url}' if url else ''}")


def pip_install(*words: str) -> str:
    """Return the command that installs what is named where this interpreter looks for it."""
    import shlex
    import shutil
    import sys
    from importlib.util import find_spec
    from os.path import dirname

    python, beside = shlex.quote(sys.executable), shutil.which("pip", path=dirname(sys.executable))
    if beside is not None and beside == shutil.which("pip"):
        pip = "pip install"
    elif find_spec("pip") is None and shutil.which("uv"):
        pip = f"uv pip install --python {python}"
    else:
        pip = f"{python} -m pip install"
    return f"{pip} {shlex.join(words)}"
