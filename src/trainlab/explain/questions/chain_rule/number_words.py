"""Numbers in sentences: exact counts however long, and differences beside what they are of."""

from __future__ import annotations

from typing import Any

from trainlab.draw import format_number

_LONGEST = 4_000
"""Digits that Python still writes without being asked twice."""


def count_text(count: int) -> str:
    """Return a count with all its digits; beyond 30 digits its size as well."""
    digits = int(count.bit_length() * 0.30103) + 1
    if digits > _LONGEST:
        return f"more than 10^{digits - 2:,}"
    exact = f"{count:,}"
    return exact if digits <= 30 else f"{exact} (about 10^{len(str(count)) - 1})"


def count_number(count: int) -> int | None:
    """Return the count for JSON; None where it has more digits than JSON's readers take."""
    return count if count.bit_length() * 0.30103 < _LONGEST else None


def counted_paths(count: int) -> str:
    """Return ``1 path`` or ``1,024 paths``."""
    return f"{count_text(count)} path{'' if count == 1 else 's'}"


def exactly(value: float | None) -> str:
    """Return a number with six digits."""
    return format_number(value, digits=6)


def apart(value: float | None, reference: float) -> str:
    """Return how far a number is from another, in words."""
    if value is None:
        return "–"
    difference = abs(value - reference)
    return "0" if difference == 0 else format_number(difference, digits=2)


def plain(array: Any) -> Any:
    """Return an array as nested lists of floats."""
    return array.tolist()


def share_text(value: float | None) -> str:
    """Return a share in percent, large ones as factors."""
    if value is None:
        return "nothing"
    return f"{format_number(100 * value, digits=2)} %" if value < 10 else f"{format_number(value)} times"
