"""A number that a script prints after a name, read off its output: ``acc=97.2%``, ``{'acc': 0.97}``."""

from __future__ import annotations

import re
from dataclasses import dataclass

NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|[-+]?(?:nan|inf)(?![a-z])"
_WRAPPED = r"(?:tensor|array|np\.float\d+|numpy\.float\d+)?[\[(\"'\s]*"
_CLOSE = rf"[\"'\])]*\s*(?:[:=,]|is\b|of\b|->|→)?\s*{_WRAPPED}"
_FAR = r"[^\d\n]{0,40}?"
_NAMED = re.compile(
    rf"([A-Za-z_][\w@^/]*(?: [A-Za-z_]\w*)?)[\"'\])]*\s*[:=]\s*{_WRAPPED}({NUMBER})", re.IGNORECASE
)
MOST_NAMES = 8


@dataclass(frozen=True, kw_only=True, slots=True)
class Printed:
    """A number after a name: its `line`, whether it is a `percent`, and what else the line has after it.

    `near` says that it follows the name at once; `rest` is the line from its end on.
    """

    value: float
    line: str
    at: int
    percent: bool
    near: bool
    rest: str


def numbers_after(text: str, name: str) -> list[Printed]:
    """Return the numbers that `text` has after `name`, in order; those of one line have the same `at`.

    The name is a word by itself, in upper or lower case. The number follows at once, or after ``:``, ``=``,
    quotes and brackets; if it nowhere does, within 40 characters of the same line. ``97.2%`` is 97.2, as it
    is printed; ``95/100`` is 0.95.
    """
    spaced = r"\s+".join(map(re.escape, name.split()))
    word = rf"(?<!\w){spaced}(?!\w)"
    for between in (_CLOSE, _FAR):
        pattern = rf"{word}{between}({NUMBER})(?:\s*/\s*(\d+)(?!\d*\.))?(\s*%)?"
        found = list(re.finditer(pattern, text, flags=re.IGNORECASE))
        if found:
            return [_printed(match, text, near=between is _CLOSE) for match in found]
    return []


def _printed(match: re.Match[str], text: str, *, near: bool) -> Printed:
    number, whole, percent = match.groups()
    start = max(text.rfind(end, 0, match.start()) for end in "\n\r") + 1
    ends = [place for end in "\n\r" if (place := text.find(end, match.end())) >= 0]
    end = min(ends, default=len(text))
    return Printed(
        value=float(number) / float(whole) if whole and float(whole) else float(number),
        line=text[start:end].strip(),
        at=start,
        percent=percent is not None,
        near=near,
        rest=text[match.end() : end],
    )


def last_number(text: str, name: str) -> float | None:
    """Return the last number that `text` has after `name` (`numbers_after`); None if it has none."""
    found = numbers_after(text, name)
    return found[-1].value if found else None


def names_printed(text: str) -> list[str]:
    """Return the names after which numbers are printed, the last ones first, at most 8."""
    names: dict[str, None] = {}
    for found in reversed(list(_NAMED.finditer(text))):
        names.setdefault(found[1].strip())
    return list(names)[:MOST_NAMES]
