"""Numbers as a reader writes them: 1,000; 0.25; 10⁻⁵; −3."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

# One rule for pictures and words; it lives in maths, where statistics can use it, too.
from trainlab.maths import format_percent as format_percent
from trainlab.maths import format_share as format_share

_SUPERSCRIPT: Final = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
MINUS: Final = "−"


def format_number(value: float | None, *, digits: int = 3) -> str:
    """Return `value` with about `digits` significant digits, as plain text.

    Thousands are grouped; whole numbers keep all their digits up to 10⁷; below 10⁻³ and from 10⁷ on powers
    of ten are used. ``None`` is ``–``, not-a-number ``NaN``, infinity ``∞``.

    >>> [format_number(value) for value in (2001, 0.25, 1e-5, -0.00012, -0.0)]
    ['2,001', '0.25', '10⁻⁵', '−1.2×10⁻⁴', '0']
    """
    if value is None:
        return "–"
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else (MINUS if value < 0 else "") + "∞"
    if value == 0:
        return "0"
    if not 1e-3 <= abs(value) < 1e7:
        return format_power(value, digits=digits)
    if value == round(value):
        return f"{value:,.0f}".replace("-", MINUS)
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    return _trim(f"{value:,.{decimals}f}").replace("-", MINUS)


def format_power(value: float, *, digits: int = 3) -> str:
    """Return a finite `value` as a power of ten.

    >>> format_power(1e-5), format_power(2.5e7), format_power(1)
    ('10⁻⁵', '2.5×10⁷', '10⁰')
    """
    if value == 0:
        return "0"
    mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
    mantissa = _trim(mantissa).replace("-", MINUS)
    power = f"10{str(int(exponent)).translate(_SUPERSCRIPT)}"
    if mantissa in ("1", f"{MINUS}1"):
        return mantissa.replace("1", power)
    return f"{mantissa}×{power}"


def format_fixed(value: float, decimals: int, *, sign: bool = False) -> str:
    """Return `value` with exactly `decimals` decimals; `sign` puts a + before positive ones.

    >>> format_fixed(12.345, 1, sign=True), format_fixed(-0.04, 1, sign=True)
    ('+12.3', '0.0')
    """
    if not math.isfinite(value):
        return format_number(value)
    shown = f"{value:,.{decimals}f}"
    if float(shown.replace(",", "")) == 0:
        return shown.removeprefix("-")
    return ("+" if sign and value > 0 else "") + shown.replace("-", MINUS)


def decimals_for(span: float) -> int:
    """Return how many decimals give 3 digits to numbers that spread over `span`, at most 6."""
    if not math.isfinite(span) or span <= 0:
        return 1
    return min(6, max(0, 2 - math.floor(math.log10(span))))


def counted(number: int, noun: str) -> str:
    """Return the number with its noun, in the plural unless it is one.

    >>> counted(1, "curve"), counted(1000, "curve")
    ('1 curve', '1,000 curves')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def join(names: Sequence[str]) -> str:
    """Return ``A``, ``A and B`` or ``A, B and C``."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _trim(digits: str) -> str:
    return digits.rstrip("0").rstrip(".") if "." in digits else digits
