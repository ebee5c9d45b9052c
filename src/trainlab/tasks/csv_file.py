"""CSV files, read by the standard library's csv module, with headings or without."""

from __future__ import annotations

import csv
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice
from pathlib import Path

import numpy as np

from trainlab.errors import SpecError, shown
from trainlab.tasks.columns import (
    MAX_LETTERS,
    AskedColumns,
    ChosenColumns,
    Column,
    RawData,
    check_finite,
    check_letters,
    check_size,
    check_texts,
    choose_columns,
    column_name,
    display_names,
    is_missing,
    named_columns,
    no_number,
    no_value,
    number,
)
from trainlab.tasks.task import Array

# How a CSV file is written: its delimiter and its decimal mark, as asked for or as they look.


BLANKS = " "
"""The separator that stands for any number of blanks."""

SEPARATORS = (",", ";", "\t", "|", BLANKS)
SAMPLE = 50
"""How many lines are read to tell how a file is written, or fewer if they are long."""

MAX_ROW = 1_000_000
"""The most characters of a line, or of a row with line breaks in its cells."""

_WORDS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "'|'", BLANKS: "blanks"}


@dataclass(frozen=True, kw_only=True, slots=True)
class CsvFormat:
    """How to read a file: `delimiter` is None if its first line decides; a blank is any run of blanks."""

    decimal: str = "."
    delimiter: str | None = None
    encoding: str = "utf-8"


def opened(path: Path, form: CsvFormat) -> Iterator[str]:
    """Yield the lines of a file, without a byte-order mark."""
    named = form.encoding.lower().replace("_", "-")
    with path.open(encoding="utf-8-sig" if named in ("utf-8", "utf8") else named, newline="") as handle:
        empty = 0
        while line := handle.readline(MAX_ROW + 1):
            empty = 0 if len(line) > 2 or line.strip() else empty + 1
            if len(line) > MAX_ROW or empty > MAX_ROW:
                what = "lines that are empty" if empty else "characters in a line"
                raise SpecError(
                    f"{path}: has more than {MAX_ROW:,} {what}; it is no table, or too wide a one."
                )
            yield line


def sample(path: Path, form: CsvFormat) -> list[str]:
    """Return the first lines of a file that aren't blank."""
    found, letters = list[str](), 0
    for line in islice(opened(path, form), SAMPLE):
        letters += len(line)
        if found and letters > MAX_ROW:
            break
        if line.strip():
            found.append(line)
    return found


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

    Raises csv.Error, which names the line.
    """
    if separator == BLANKS:
        for count, line in enumerate(lines, 1):
            if line.strip():
                yield count, [cell.strip('"') for cell in line.split()]
        return
    held, count = 0, 0

    def bounded() -> Iterator[str]:
        nonlocal held, count
        for line in lines:
            held += len(line)
            count += 1
            if held > MAX_ROW:
                raise csv.Error(f"a row of more than {MAX_ROW:,} characters")
            yield line

    try:
        for cells in csv.reader(bounded(), delimiter=separator, strict=True):
            held = 0
            if len(cells) > 1 or any(map(str.strip, cells)):
                yield count, list(map(str.strip, cells))
    except csv.Error as error:
        raise csv.Error(f"line {count} is not CSV ({error})") from None


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
        lines = sample(path, form)
    except (OSError, UnicodeError, SpecError):
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


Row = tuple[int, list[str]]
"""The line on which a row ends, and its cells without surrounding blanks."""

BLOCK = 200_000
"""Cells held as text at a time: as numbers they take a tenth of the memory."""


def read_csv(path: Path, source: str, asked: AskedColumns, form: CsvFormat) -> RawData:
    """Read a CSV file; blank lines don't count.

    The first row is taken for headings if some column has text there and a number below it. If the file can't
    be read, the error says in what other way it seems to be written.
    """
    try:
        first = next((line for line in opened(path, form) if line.strip()), "")
        separator = separator_of(first, path, form)
        raw = _read(lambda: _rows(path, source, separator, form), source, asked, form)
    except UnicodeError:
        raise undecoded(source, path, form) from None
    except SpecError as error:
        raise SpecError(f"{error}{advice(path, form)}") from None
    texts = any(isinstance(column, list) for column in raw.targets)
    return replace(raw, advice=advice(path, form)) if texts else raw


def _rows(path: Path, source: str, separator: str, form: CsvFormat) -> Iterator[Row]:
    try:
        yield from rows_of(opened(path, form), separator)
    except csv.Error as error:
        raise SpecError(f"{source}: {error}.") from None


def _read(rows: Callable[[], Iterator[Row]], source: str, asked: AskedColumns, form: CsvFormat) -> RawData:
    head = list(islice(rows(), 2))
    if not head:
        raise SpecError(f"{source}: is empty; it must have a row for each example.")
    headed = _has_headings(head, form.decimal)
    if headed and len(head) == 1:
        raise SpecError(f"{source}: has headings but no examples; add a row for each.")
    names = tuple(head[0][1]) if headed else ()
    chosen = choose_columns(source, asked, names, len(head[0][1]))
    table = _Table(source=source, names=names, chosen=chosen, decimal=form.decimal)

    def examples() -> Iterator[Row]:
        return islice(table.checked(rows()), headed, None)

    # Numbers take a tenth of what texts do, so texts are read only where a target isn't a number.
    try:
        lines, inputs, targets = table.read(examples(), texts=False)
    except _TextTargetError:
        lines, inputs, targets = table.read(examples(), texts=True)

    def where(row: int) -> str:
        return f"line {lines[row]}"

    return RawData(
        source=source,
        inputs=inputs,
        targets=tuple(
            _target(source, column, names, index, lines, form.decimal)
            for index, column in zip(chosen.targets, targets, strict=True)
        ),
        feature_names=display_names(names, chosen.inputs) if names else (),
        target_names=display_names(names, chosen.targets) if names else (),
        where=where,
        input_columns=named_columns(names, chosen.inputs),
    )


class _TextTargetError(Exception):
    """A target isn't a number."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Table:
    """The columns of a file that are read."""

    source: str
    names: tuple[str, ...]
    chosen: ChosenColumns
    decimal: str

    def checked(self, rows: Iterator[Row]) -> Iterator[Row]:
        """Yield rows of one width; what is too long is refused, or empty where it is left out."""
        wanted, top = {*self.chosen.inputs, *self.chosen.targets}, None
        for line, cells in rows:
            top = top or (line, len(cells))
            if len(cells) != top[1]:
                raise SpecError(
                    f"{self.source}: line {line} has {_values(len(cells))}, but line {top[0]} has {top[1]}; "
                    "every line must have as many."
                )
            if max(map(len, cells)) > MAX_LETTERS:
                for index in sorted(wanted):
                    check_letters(self.source, f"line {line}, {column_name(self.names, index)}", cells[index])
                cells = [cell if index in wanted else "" for index, cell in enumerate(cells)]
            yield line, cells

    def read(
        self, rows: Iterator[Row], *, texts: bool
    ) -> tuple[array[int], Array, list[list[str] | array[float]]]:
        """Return each row's line, the inputs, and the targets as texts or as numbers."""
        lines, blocks = array("q"), list[Array]()
        targets: list[list[str] | array[float]] = [[] if texts else array("d") for _ in self.chosen.targets]
        known, letters = dict[str, str](), 0
        width = len(self.chosen.inputs) + len(targets)
        first = list(islice(rows, 1))
        rows = chain(first, rows)
        while block := list(islice(rows, max(1, BLOCK // len(first[0][1])))):
            check_size(self.source, "the file", (len(lines) + len(block)) * width)
            lines.extend(line for line, _ in block)
            blocks.append(_numbers(self.source, block, self.chosen.inputs, self.names, self.decimal))
            for index, column in zip(self.chosen.targets, targets, strict=True):
                cells = [row[index] for _, row in block]
                if isinstance(column, list):
                    letters += sum(map(len, {*cells} - known.keys()))
                    column += [known.setdefault(cell, cell) for cell in cells]
                    check_texts(self.source, "the targets", len(known), letters=letters / len(known))
                else:
                    values = [number(cell, self.decimal) for cell in cells]
                    if None in values:
                        raise _TextTargetError
                    column.extend(value for value in values if value is not None)
        return lines, np.concatenate(blocks), targets


def _has_headings(head: list[Row], decimal: str) -> bool:
    top = [number(cell, decimal) is None for cell in head[0][1]]
    if len(head) == 1:
        return all(top)
    return any(
        text and number(cell, decimal) is not None for text, cell in zip(top, head[1][1], strict=False)
    )


def _values(count: int) -> str:
    return f"{count} value{'' if count == 1 else 's'}"


def _numbers(
    source: str, block: list[Row], columns: list[int], names: tuple[str, ...], decimal: str
) -> Array:
    """Return the inputs of some rows, ``[rows, columns]``."""
    values = np.empty((len(block), len(columns)))
    for row, (line, cells) in enumerate(block):
        for place, index in enumerate(columns):
            value = number(cells[index], decimal)
            if value is None:
                if is_missing(cells[index]):
                    raise no_value(source, f"line {line}, {column_name(names, index)}", cells[index])
                raise no_number(source, f"line {line}", f"is {shown(cells[index])}", names, index)
            values[row, place] = value
    check_finite(
        source, values, lambda row, place: f"line {block[row][0]}, {column_name(names, columns[place])}"
    )
    return values


def _target(
    source: str,
    column: list[str] | array[float],
    names: tuple[str, ...],
    index: int,
    lines: array[int],
    decimal: str,
) -> Column:
    if isinstance(column, list):
        if "" in column:
            raise no_value(source, f"line {lines[column.index('')]}, {column_name(names, index)}", "")
        numbers = [number(text, decimal) for text in column]
        if None in numbers:
            return column
        column = array("d", (value for value in numbers if value is not None))
    values = np.array(column)
    check_finite(source, values[:, None], lambda row, _: f"line {lines[row]}, {column_name(names, index)}")
    return values
