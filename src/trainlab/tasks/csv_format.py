"""How a CSV file is written: its delimiter and its decimal mark, as asked for or as they look."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from trainlab.errors import SpecError
from trainlab.tasks.raw_data import number

BLANKS = " "
"""The separator that stands for any number of blanks."""

SEPARATORS = (",", ";", "\t", "|", BLANKS)
SAMPLE = 50
"""How many lines are read to tell how a file is written."""

_WORDS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "'|'", BLANKS: "blanks"}
_COMMA = re.compile(r"[+-]?\d+,\d+(?:[eE][+-]?\d+)?")


@dataclass(frozen=True, kw_only=True, slots=True)
class CsvFormat:
    """How to read a file: `delimiter` is None if its first line decides; a blank is any run of blanks."""

    decimal: str = "."
    delimiter: str | None = None
    encoding: str = "utf-8"


def has_decimal_comma(text: str) -> bool:
    """Whether a text is a number written with a decimal comma."""
    return _COMMA.fullmatch(text) is not None


def opened(path: Path, form: CsvFormat) -> Iterator[str]:
    """Yield the lines of a file, without a byte-order mark."""
    named = form.encoding.lower().replace("_", "-")
    with path.open(encoding="utf-8-sig" if named in ("utf-8", "utf8") else named, newline="") as handle:
        yield from handle


def separator_of(line: str, path: Path, form: CsvFormat) -> str:
    """Return the delimiter of a file's first line; in a .tsv file that is the tab, if there is one."""
    if form.delimiter is not None:
        return form.delimiter
    if path.suffix.lower() == ".tsv" and "\t" in line:
        return "\t"
    # Where commas may be decimal marks, they separate cells only if nothing else does.
    return max(",;\t" if form.decimal == "." else ";\t,", key=line.count)


def rows_of(lines: Iterable[str], separator: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the line on which a row ends, and its cells without surrounding blanks; blank lines don't count.

    Raises csv.Error.
    """
    if separator == BLANKS:
        for count, line in enumerate(lines, 1):
            if line.strip():
                yield count, [cell.strip('"') for cell in line.split()]
        return
    reader = csv.reader(lines, delimiter=separator, strict=True)
    for cells in reader:
        if any(cell.strip() for cell in cells) or len(cells) > 1:
            yield reader.line_num, [cell.strip() for cell in cells]


def looked_at(lines: Sequence[str]) -> CsvFormat | None:
    """Return how the lines seem to be written: in the way that gives equal rows with the most numbers."""
    best, most = None, (0.0, 0)
    for separator in SEPARATORS:
        try:
            rows = [cells for _, cells in rows_of(lines, separator)]
        except csv.Error:
            continue
        if not rows or len(rows[0]) < 2 or any(len(cells) != len(rows[0]) for cells in rows):
            continue
        for decimal in ".,":
            score = (_numeric(rows, decimal), len(rows[0]))
            if score > most:
                best, most = CsvFormat(decimal=decimal, delimiter=separator), score
    return best


def advice(path: Path, form: CsvFormat) -> str:
    """Return what to set if a file seems to be written differently from how it is read: " It looks …"."""
    try:
        lines = [line for line in islice(opened(path, form), SAMPLE) if line.strip()]
    except (OSError, UnicodeError):
        return ""
    looks = looked_at(lines)
    if looks is None or looks.delimiter is None:
        return ""
    separator = separator_of(lines[0], path, form)
    try:
        rows = [cells for _, cells in rows_of(lines, separator)]
    except csv.Error:
        rows = []
    equal = rows and len(rows[0]) > 1 and all(len(cells) == len(rows[0]) for cells in rows)
    if equal and _numeric([c for _, c in rows_of(lines, looks.delimiter)], looks.decimal) <= _numeric(
        rows, form.decimal
    ):
        return ""
    words, fields = list[str](), list[str]()
    if looks.delimiter != separator:
        words.append(f"separated by {_WORDS[looks.delimiter]}")
        fields.append(f"task.delimiter = {looks.delimiter!r}")
    if looks.decimal != form.decimal:
        words.append("written with decimal commas" if looks.decimal == "," else "written with decimal points")
        fields.append(f"task.decimal = {looks.decimal!r}")
    return f" It looks {' and '.join(words)}: set {' and '.join(fields)}." if words else ""


def _numeric(rows: list[list[str]], decimal: str) -> float:
    """Return the share of cells that are numbers."""
    cells = [cell for row in rows for cell in row]
    return sum(number(cell, decimal) is not None for cell in cells) / len(cells)


def undecoded(source: str, path: Path, form: CsvFormat) -> SpecError:
    """Return the error for a file that can't be decoded as text."""
    with path.open("rb") as handle:
        begin = handle.read(2)
    named = "UTF-8" if form.encoding == "utf-8" else repr(form.encoding)
    if begin in (b"\xff\xfe", b"\xfe\xff"):
        return SpecError(f"{source}: is not text in {named}, but in UTF-16: set task.encoding = 'utf-16'.")
    return SpecError(
        f"{source}: is not text in {named}. Set task.encoding to what it was saved in, such as 'cp1252' "
        "(Windows) or 'latin-1', or save it in UTF-8."
    )
