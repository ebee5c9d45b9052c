"""A number that a script prints after a name, read off its output: ``acc=97.2%``, ``{'acc': 0.97}``."""

from __future__ import annotations

import re

NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?|[-+]?(?:nan|inf)(?![a-z])"
_WRAPPED = r"(?:tensor|array|np\.float\d+|numpy\.float\d+)?[\[(\"'\s]*"
_CLOSE = rf"[\"'\])]*\s*(?:[:=,]|is\b|of\b|->|→)?\s*{_WRAPPED}"
_FAR = r"[^\d\n]{0,40}?"
_NAMED = re.compile(
    rf"([A-Za-z_][\w@^/]*(?: [A-Za-z_]\w*)?)[\"'\])]*\s*[:=]\s*{_WRAPPED}({NUMBER})", re.IGNORECASE
)
MOST_NAMES = 8


def last_number(text: str, name: str) -> float | None:
    """Return the last number that `text` has after `name`; None if it has none.

    The name is a word by itself, in upper or lower case. The number follows at once, or after ``:``, ``=``,
    quotes and brackets; if it nowhere does, within 40 characters of the same line. ``97.2%`` is 97.2, as it
    is printed; ``95/100`` is 0.95.
    """
    spaced = r"\s+".join(map(re.escape, name.split()))
    word = rf"(?<!\w){spaced}(?!\w)"
    for between in (_CLOSE, _FAR):
        pattern = rf"{word}{between}({NUMBER})(?:\s*/\s*(\d+)(?!\d*\.))?"
        found = list(re.finditer(pattern, text, flags=re.IGNORECASE))
        if found:
            number, whole = found[-1].groups()
            return float(number) / float(whole) if whole and float(whole) else float(number)
    return None


def names_printed(text: str) -> list[str]:
    """Return the names after which numbers are printed, the last ones first, at most 8."""
    names: dict[str, None] = {}
    for found in reversed(list(_NAMED.finditer(text))):
        names.setdefault(found[1].strip())
    return list(names)[:MOST_NAMES]
