"""What a training said of itself: what it printed, the variables that it leaves, what it returned."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """The end of what was printed (and logged), variables by their names, and a function's value.

    `whose` is ``the script`` or ``the function``.
    """

    printed: str = ""
    variables: Mapping[str, Any] = field(default_factory=dict[str, Any])
    returned: Any = None
    whose: str = "the script"


def single(value: Any) -> Any:
    """Return the element of an array or a tensor that has just one; anything else as it is."""
    return value.item() if count_in(value) == 1 and hasattr(value, "item") else value


def count_in(value: Any) -> int | None:
    """Return how many numbers an array or a tensor has; None for anything else."""
    if isinstance(value, type):
        return None
    numel, size = getattr(value, "numel", None), getattr(value, "size", None)
    count = numel() if callable(numel) else size
    return count if isinstance(count, int) else None


def last_of(value: Any) -> Any:
    """Return the last of a list, as of an epoch each; anything else as it is."""
    listed = isinstance(value, list | tuple) and len(cast("Sequence[Any]", value)) > 0
    return cast("Sequence[Any]", value)[-1] if listed else cast("Any", value)


def number_in(value: Any) -> float | None:
    """Return a number, or that of one element, or the last of a list; None for anything else.

    >>> number_in([0.5, 0.75])
    0.75
    """
    try:
        number = float(single(last_of(value)))
    except Exception:  # whatever an object of the user's raises, it is no number
        return None
    # JSON has no word for the others; a run that ended so has no number.
    return number if math.isfinite(number) else None


# A number that a script prints after a name, read off its output: ``acc=97.2%``, ``{'acc': 0.97}``.

_PLAIN = r"(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_GROUPED = r"[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?(?![\d.,]*\d)"
NUMBER = rf"[-+]?(?:{_GROUPED}|{_PLAIN})|[-+]?(?:nan|inf)(?![a-z])"
_TYPES = r"(?:tensor|array|np\.float\d+|numpy\.float\d+)"
_WRAPPED = rf"(?:(?:{_TYPES}|[\[(\"'])[\[(\"'\s]*)?"
_SIGN = r"[\"'\])]*\s*(?:(?:[:=,]|is\b|->|→)\s*)?"
_CLOSE = rf"(?P<between>{_SIGN}{_WRAPPED})"
_FAR = r"(?P<between>[^\d\n]{0,40}?)"
_OF = r"(?:\s*(?:/\s*|(?<=\d)\s+(?:out\s+)?of\s+)(?P<whole>[1-9]\d{0,2}(?:,\d{3})+|\d+)(?!\d*\.\d))?"
_IN_LIST = rf"(?:{_TYPES}\(\s*)?[-+]?(?:{_PLAIN}|nan|inf)\)?"
_LIST = rf"(?P<list>{_SIGN}\[\s*(?:{_IN_LIST}\s*,\s*)+{_IN_LIST}\s*,?\s*\])"
_LAST = re.compile(rf"([-+]?(?:{_PLAIN}|nan|inf))\)?\s*,?\s*\]$", re.IGNORECASE)
_NAMED = re.compile(
    rf"([A-Za-z_][\w@^/]*(?: [A-Za-z_]\w*)?)[\"'\])]*\s*[:=]\s*{_WRAPPED}({NUMBER})", re.IGNORECASE
)
_ANY_NUMBER = re.compile(r"(?<![\w.])[-+]?(?:\d+\.?\d*|\.\d+)(?![\w.]*\w)")
_NEXT_IN_BRACKETS = re.compile(rf"[\"'\s,)]*({NUMBER})", re.IGNORECASE)
_AFTER_BRACKETS = re.compile(rf"[^\])\n]*[\])]+\s*[:=]\s*({NUMBER})", re.IGNORECASE)
_AFTER_A_COUNT = re.compile(
    rf"(?![^\d,;|:=\n]*(?:loss|acc|err|f1|auc|lr\b))[^\d,;|:=\n]*[^\W\d_][^\d,;|:=\n]*[:=]\s*({NUMBER})",
    re.IGNORECASE,
)
_AFTER_A_SLASH = re.compile(rf"\s*/\s*({NUMBER})", re.IGNORECASE)
_COLOUR = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
MOST_NAMES = 8


@dataclass(frozen=True, kw_only=True, slots=True)
class Printed:
    """A number after a name: the `line` that it is in, where that begins, and whether it is a `percent`.

    `ratio` says that it is printed as one number of another, ``95/100``; `others` are numbers of the same
    line that may be meant instead.
    """

    value: float
    line: str
    at: int
    percent: bool
    ratio: bool
    others: tuple[float, ...]


def numbers_after(text: str, name: str) -> list[Printed]:
    """Return the numbers that `text` has after `name`, in order; those of one line have the same `at`.

    The name is a word by itself, in upper or lower case. The number follows at once, or after ``:``, ``=``,
    quotes and brackets; if it nowhere does, within 40 characters of the same line. ``97.2%`` is 97.2, as it
    is printed; ``95/100`` and ``95 of 100`` are 0.95, ``1,500`` is 1500, and of a list it is the last number.
    """
    text = _COLOUR.sub("", text).replace("\r", "\n")
    spaced = r"\s+".join(map(re.escape, name.split()))
    word = rf"(?<!\w){spaced}(?!\w)"
    number = rf"(?P<number>{NUMBER}){_OF}(?P<percent>\s*%)?"
    for after in (rf"{_LIST}|{_CLOSE}{number}", rf"{_FAR}{number}"):
        found = list(re.finditer(rf"{word}(?:{after})", text, flags=re.IGNORECASE))
        if found:
            return [_printed(match, text, far=after.startswith(_FAR)) for match in found]
    return []


def _printed(match: re.Match[str], text: str, *, far: bool) -> Printed:
    start = text.rfind("\n", 0, match.start()) + 1
    end = text.find("\n", match.end())
    end = len(text) if end < 0 else end
    line, rest = text[start:end].strip(), text[match.end() : end]
    parts = match.groupdict()
    if parts.get("list"):
        last = _LAST.search(parts["list"])
        value = math.nan if last is None else float(last[1])
        return Printed(value=value, line=line, at=start, percent=False, ratio=False, others=())
    value = _float(parts["number"])
    # In "0.93 of 200 rows" the second number is no whole of the first.
    ratio = parts["whole"] is not None and (value.is_integer() or "/" in match[0])
    if ratio:
        whole = _float(str(parts["whole"]))
        value = value / whole if whole else math.nan
    return Printed(
        value=value,
        line=line,
        at=start,
        percent=parts["percent"] is not None,
        ratio=ratio,
        others=_others(parts["between"], parts["number"], rest, far=far, of=ratio and "/" not in match[0]),
    )


def _others(between: str, number: str, rest: str, *, far: bool, of: bool) -> tuple[float, ...]:
    """Return what else of the line may be meant: all, where words stand between the name and the number.

    Else what follows in the same brackets, after them, as in ``accuracy (10 images): 0.9``, or after a count
    and its words, as in ``accuracy 10 images: 0.9``, decimals after a comma, ``0,93``, or a
    second number after a slash, ``0.99/0.85``.
    """
    if far:
        return tuple(float(one) for one in _ANY_NUMBER.findall(rest))
    decimals = re.match(r",(\d+)", rest)
    if decimals is not None and number.isdigit():
        return (float(f"{number}.{decimals[1]}"),)
    found: list[re.Match[str] | None] = [_AFTER_A_SLASH.match(rest)]
    if re.search(r"[\[(]", between):
        found += [_NEXT_IN_BRACKETS.match(rest), _AFTER_BRACKETS.match(rest)]
    elif of or (number.isdigit() and not re.search(r"[:=,>→]|is", between)):
        found += [_AFTER_A_COUNT.match(rest)]
    return tuple(_float(one[1]) for one in found if one is not None)


def _float(number: str) -> float:
    return float(number.replace(",", ""))


def last_number(text: str, name: str) -> float | None:
    """Return the last number that `text` has after `name` (`numbers_after`); None if it has none."""
    found = numbers_after(text, name)
    return found[-1].value if found else None


def names_printed(text: str) -> str:
    """Say after which names numbers are printed, the last ones first, at most 8; nothing if after none."""
    names: dict[str, None] = {}
    for found in reversed(list(_NAMED.finditer(_COLOUR.sub("", text)))):
        names.setdefault(found[1].strip())
    return f" It prints numbers after: {', '.join(list(names)[:MOST_NAMES])}." if names else ""
