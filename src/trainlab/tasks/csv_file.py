"""CSV files, read by the standard library's csv module, with headings or without."""

from __future__ import annotations

import csv
from array import array
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np

from trainlab.errors import SpecError
from trainlab.tasks.columns import AskedColumns, choose_columns, column_name, display_name, named_column
from trainlab.tasks.csv_format import CsvFormat, advice, opened, rows_of, separator_of, undecoded
from trainlab.tasks.raw_data import (
    Column,
    RawData,
    check_finite,
    check_size,
    is_missing,
    no_number,
    no_value,
    number,
)
from trainlab.tasks.task import Array

Row = tuple[int, list[str]]
"""The line on which a row ends, and its cells without surrounding blanks."""

BLOCK = 10_000
"""Rows held as text at a time: as numbers they take a tenth of the memory."""


def read_csv(path: Path, source: str, asked: AskedColumns, form: CsvFormat) -> RawData:
    """Read a CSV file; blank lines don't count.

    The first row is taken for headings if some column has text there and a number below it. If the file can't
    be read, the error says in what other way it seems to be written.
    """
    try:
        first = next((line for line in opened(path, form) if line.strip()), "")
        rows = _rows(path, source, separator_of(first, path, form), form)
        raw = _read(rows, source, asked, form)
    except UnicodeError:
        raise undecoded(source, path, form) from None
    except SpecError as error:
        raise SpecError(f"{error}{advice(path, form)}") from None
    texts = any(isinstance(column, list) for column in raw.targets)
    return replace(raw, advice=advice(path, form)) if texts else raw


def _rows(path: Path, source: str, separator: str, form: CsvFormat) -> Iterator[Row]:
    count = 0

    def lines() -> Iterator[str]:
        nonlocal count
        for line in opened(path, form):
            count += 1
            yield line

    try:
        yield from rows_of(lines(), separator)
    except csv.Error as error:
        raise SpecError(f"{source}: line {count} is not CSV ({error}).") from None


def _read(rows: Iterator[Row], source: str, asked: AskedColumns, form: CsvFormat) -> RawData:
    head = list(islice(rows, 2))
    if not head:
        raise SpecError(f"{source}: is empty; it must have a row for each example.")
    top, names = head[0], tuple[str, ...]()
    if _has_headings(head, form.decimal):
        names, head = tuple(head[0][1]), head[1:]
    if not head:
        raise SpecError(f"{source}: has headings but no examples; add a row for each.")
    chosen = choose_columns(source, asked, names, len(top[1]))

    lines, blocks, texts = array("q"), list[Array](), [list[str]() for _ in chosen.targets]
    block = head
    while block:
        block += islice(rows, BLOCK)
        _check_widths(source, block, top)
        check_size(source, "the file", (len(lines) + len(block)) * (len(chosen.inputs) + len(texts)))
        lines.extend(line for line, _ in block)
        blocks.append(_numbers(source, block, chosen.inputs, names, form.decimal))
        for index, column in zip(chosen.targets, texts, strict=True):
            column.extend(cells[index] for _, cells in block)
        block = list(islice(rows, 1))

    def where(row: int) -> str:
        return f"line {lines[row]}"

    return RawData(
        source=source,
        inputs=np.concatenate(blocks),
        targets=tuple(
            _target(source, column, column_name(names, index), lines, form.decimal)
            for index, column in zip(chosen.targets, texts, strict=True)
        ),
        feature_names=tuple(display_name(names, index) for index in chosen.inputs) if names else (),
        target_names=tuple(display_name(names, index) for index in chosen.targets) if names else (),
        where=where,
        input_columns=tuple(named_column(names, index) for index in chosen.inputs),
    )


def _has_headings(head: list[Row], decimal: str) -> bool:
    top = [number(cell, decimal) is None for cell in head[0][1]]
    if len(head) == 1:
        return all(top)
    return any(
        text and number(cell, decimal) is not None for text, cell in zip(top, head[1][1], strict=False)
    )


def _check_widths(source: str, block: list[Row], top: Row) -> None:
    for line, cells in block:
        if len(cells) != len(top[1]):
            raise SpecError(
                f"{source}: line {line} has {_values(len(cells))}, but line {top[0]} has {len(top[1])}; "
                "every line must have as many."
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
                raise no_number(source, f"line {line}", cells[index], names, index)
            values[row, place] = value
    check_finite(
        source, values, lambda row, place: f"line {block[row][0]}, {column_name(names, columns[place])}"
    )
    return values


def _target(source: str, texts: list[str], name: str, lines: array[int], decimal: str) -> Column:
    if "" in texts:
        raise no_value(source, f"line {lines[texts.index('')]}, {name}", "")
    numbers = [number(text, decimal) for text in texts]
    values = np.array([value for value in numbers if value is not None])
    if len(values) < len(texts):
        return texts
    check_finite(source, values[:, None], lambda row, _: f"line {lines[row]}, {name}")
    return values
