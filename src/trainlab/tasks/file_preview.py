"""What a data file looks like before it is read: its format, its headings, its text columns."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib import import_module
from itertools import chain, islice
from pathlib import Path

from trainlab.errors import SpecError
from trainlab.tasks.build import CSV, stamp
from trainlab.tasks.columns import is_missing, number
from trainlab.tasks.csv_file import (
    MAX_ROW,
    CsvFormat,
    looked_at,
    opened,
    rows_of,
    sample,
    separator_of,
    undecoded,
)
from trainlab.tasks.parquet_file import read_footer


@dataclass(frozen=True, kw_only=True, slots=True)
class Overview:
    """The headings of `width` columns, if there are any, and the numbers of the columns that hold text."""

    form: CsvFormat
    names: tuple[str, ...]
    width: int
    texts: frozenset[int]


def overview(path: str) -> Overview | None:
    """Look through a CSV or Parquet file; None for any other, which has no columns.

    Raises SpecError where the file can't be read.
    """
    stamp(path)
    ending = Path(path).suffix.lower()
    if ending == ".parquet":
        return _of_parquet(path)
    return _of_csv(Path(path)) if ending in CSV else None


def _of_csv(path: Path) -> Overview:
    form = _form(path)
    rows = _rows(path, form)
    head = list(islice(rows, 2))
    if not head:
        raise SpecError(f"{path}: is empty; it must have a row for each example.")
    numeric = [[number(cell, form.decimal) is not None for cell in cells] for cells in head]
    # The reader takes the first row for headings by the same rule.
    above, below = numeric[0], numeric[-1]
    headed = any(b and not a for a, b in zip(above, below, strict=False)) if len(head) > 1 else not any(above)
    texts = set[int]()
    for cells in chain(head[1:] if headed else head, rows):
        if len(cells) != len(head[0]):
            break  # The reader will say so.
        texts |= {
            index
            for index, cell in enumerate(cells)
            if index not in texts and number(cell, form.decimal) is None and not is_missing(cell)
        }
    names = tuple(head[0]) if headed else ()
    return Overview(form=form, names=names, width=len(head[0]), texts=frozenset(texts))


def _rows(path: Path, form: CsvFormat) -> Iterator[list[str]]:
    first = next((line for line in opened(path, form) if line.strip()), "")
    try:
        for _, cells in rows_of(opened(path, form), separator_of(first, path, form)):
            yield cells
    except csv.Error as error:
        raise SpecError(f"{path}: {error}.") from None


def _form(path: Path) -> CsvFormat:
    """Return how to read a file; where the defaults work, they are kept."""
    form = CsvFormat(encoding=_encoding(path))
    lines = sample(path, form)
    looks = looked_at(lines)
    if looks is None:
        return form
    form = replace(form, decimal=looks.decimal)
    told = separator_of(lines[0], path, form) == looks.delimiter
    return form if told else replace(form, delimiter=looks.delimiter)


def _encoding(path: Path) -> str:
    for encoding in ("utf-8", "utf-16", "cp1252", "latin-1"):
        try:
            with path.open(encoding=encoding) as file:
                while file.read(MAX_ROW):
                    pass
        except UnicodeError:
            continue
        return encoding
    raise undecoded(str(path), path, CsvFormat())


def _of_parquet(path: str) -> Overview:
    _, schema = read_footer(Path(path), path)
    kinds = import_module("pyarrow").types
    numeric = (kinds.is_integer, kinds.is_floating, kinds.is_boolean, kinds.is_decimal)
    texts = {index for index, field in enumerate(schema) if not any(is_one(field.type) for is_one in numeric)}
    names = tuple(str(name) for name in schema.names)
    return Overview(form=CsvFormat(), names=names, width=len(names), texts=frozenset(texts))
