"""Numbers and words as text: formats, without the noise of rounding, wrapped to a width."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final, Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from trainlab.maths import format_percent as format_percent

# One rule for pictures and words; it lives in maths, where statistics can use it, too.
from trainlab.maths import format_share as format_share

# Numbers as a reader writes them: 1,000; 0.25; 10⁻⁵; −3.


_SUPERSCRIPT: Final = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
MINUS: Final = "−"
Align: TypeAlias = Literal["left", "right"]
"""On which side a column of a table stands."""


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


def join(names: Sequence[str], last: str = "and") -> str:
    """Return ``A``, ``A and B`` or ``A, B and C``; `last` is another word than "and"."""
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {last} {names[-1]}"


def _trim(digits: str) -> str:
    return digits.rstrip("0").rstrip(".") if "." in digits else digits


# Rounding noise: what float64 leaves where nothing should be, as sin π = 1.2e-16.


Array = npt.NDArray[np.float64]
NOISE: Final = 2.0**-46
"""The share of a quantity's size that some sixty roundings of float64 can leave."""


def without_noise(values: npt.ArrayLike, *, size: npt.ArrayLike | None = None) -> Array:
    """Return numbers as they are shown: as 0 where they are rounding noise beside the others.

    `size` is how large the quantity is, by default the largest number's; of an array it may be one for each
    column. For coordinates, targets, predictions: what is added up from numbers of one size. Not for losses,
    gradients or differences, which are as small as they say.

    >>> without_noise([1.2e-16, 0.5, 1e-9]).tolist()
    [0.0, 0.5, 1e-09]
    """
    numbers = np.asarray(values, dtype=np.float64)
    beside = _largest(numbers) if size is None else np.asarray(size, dtype=np.float64)
    return np.where(np.abs(numbers) <= NOISE * beside, 0.0, numbers)


def without_noise_by_column(values: Array) -> Array:
    """Return ``[rows, columns]`` without noise, each column beside its own numbers: it has its own unit."""
    return without_noise(values, size=_largest(values, axis=0))


def _largest(numbers: Array, axis: int | None = None) -> Array:
    return np.max(np.abs(numbers), axis=axis, initial=0.0, where=np.isfinite(numbers))


# Text wrapped for the terminal, at spaces only; a percent sign always stays with its number.


_JOINED = "\N{NO-BREAK SPACE}"


def unbroken(text: str) -> str:
    """Return text whose percent signs stay on the line of their number."""
    return text.replace(" %", f"{_JOINED}%")


def wrapped(text: str, width: int, *, first: str = "", rest: str = "") -> list[str]:
    """Return the text in lines of at most `width`, the first after `first`, the others after `rest`.

    A name longer than a line stays whole; a number and its % stay together. If `first` takes up a line, it
    has a line of its own.

    >>> wrapped("solved by 95 % of the seeds", 14)
    ['solved by 95 %', 'of the seeds']
    """
    lines: list[str] = []
    start = first
    if rest and len(first.rstrip()) > len(rest):
        lines, start = [first.rstrip()], rest
    # One space between words, except those that stay together.
    words = " ".join(text.split())
    for line in fold(unbroken(words), width, begun=(start, rest)).split("\n"):
        lines.append(line.replace(_JOINED, " ").rstrip())
    return lines


def fold(text: str, width: int, *, begun: tuple[str, str] = ("", "")) -> str:
    """Return the text in lines of at most `width`, broken at spaces only; a longer word has its own line.

    Wide characters count twice. The first line begins with the first of `begun`, the others with the second.
    """
    # Not for `import trainlab`, which needs no terminal.
    from rich.cells import cell_len

    lines: list[str] = []
    first, rest = begun
    for part in text.split("\n"):
        word, *words = part.split(" ")
        line = f"{rest if lines else first}{word}"
        for word in words:
            if cell_len(line) + 1 + cell_len(word) <= width:
                line = f"{line} {word}"
            else:
                lines.append(line.rstrip())
                line = f"{rest}{word}"
        lines.append(line)
    return "\n".join(lines)
