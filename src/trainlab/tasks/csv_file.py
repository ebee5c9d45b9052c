"""CSV files, read by the standard library's csv module: comma, semicolon or tab, with headings or without."""

from __future__ import annotations

import csv
from array import array
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np

from trainlab.errors import SpecError, shown
from trainlab.tasks.raw import Column, Raw, check_finite, chosen_targets, column_name, number
from trainlab.tasks.task import Array

Row = tuple[int, list[str]]
"""The line on which a row ends, and its cells without surrounding blanks."""

BLOCK = 10_000
"""Rows that are texts at one time: as numbers they take a tenth of the memory."""


def read_csv(path: Path, source: str, targets: str | int | tuple[str | int, ...]) -> Raw:
    """Read a CSV file in UTF-8; blank lines don't count.

    The first row is taken for headings where some column has a text there and a number below it.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as handle:
            first = next((line for line in handle if line.strip()), "")
            handle.seek(0)
            return _read(_rows(handle, source, _separator(first, path)), source, targets)
    except UnicodeDecodeError:
        raise SpecError(f"{source}: is not text in UTF-8; save it as CSV in UTF-8.") from None


def _separator(line: str, path: Path) -> str:
    """Return what separates the cells of a file's first line: in a .tsv file tabs, if there are any."""
    if path.suffix.lower() == ".tsv" and "\t" in line:
        return "\t"
    return max(",;\t", key=line.count)


def _rows(handle: Iterable[str], source: str, separator: str) -> Iterator[Row]:
    reader = csv.reader(handle, delimiter=separator, strict=True)
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells) or len(cells) > 1:
                yield reader.line_num, [cell.strip() for cell in cells]
    except csv.Error as error:
        raise SpecError(f"{source}: line {reader.line_num} is not CSV ({error}).") from None


def _read(rows: Iterator[Row], source: str, asked: str | int | tuple[str | int, ...]) -> Raw:
    head = list(islice(rows, 2))
    if not head:
        raise SpecError(f"{source}: is empty; it must have a row for each example.")
    top, names = head[0], tuple[str, ...]()
    if _has_headings(head):
        names, head = tuple(head[0][1]), head[1:]
    if not head:
        raise SpecError(f"{source}: has headings but no examples; add a row for each.")
    chosen = chosen_targets(source, asked, names, len(top[1]))
    others = [index for index in range(len(top[1])) if index not in chosen]

    lines, blocks, texts = array("q"), list[Array](), [list[str]() for _ in chosen]
    block = head
    while block:
        block += islice(rows, BLOCK)
        _check_widths(source, block, top)
        lines.extend(line for line, _ in block)
        blocks.append(_numbers(source, block, others, names))
        for index, column in zip(chosen, texts, strict=True):
            column.extend(cells[index] for _, cells in block)
        block = list(islice(rows, 1))

    def where(row: int) -> str:
        return f"line {lines[row]}"

    return Raw(
        source=source,
        inputs=np.concatenate(blocks),
        targets=tuple(
            _target(source, column, column_name(names, index), lines)
            for index, column in zip(chosen, texts, strict=True)
        ),
        feature_names=tuple(names[index] for index in others) if names else (),
        target_names=tuple(names[index] for index in chosen) if names else (),
        where=where,
    )


def _has_headings(head: list[Row]) -> bool:
    top = [number(cell) is None for cell in head[0][1]]
    if len(head) == 1:
        return all(top)
    return any(text and number(cell) is not None for text, cell in zip(top, head[1][1], strict=False))


def _check_widths(source: str, block: list[Row], top: Row) -> None:
    for line, cells in block:
        if len(cells) != len(top[1]):
            raise SpecError(
                f"{source}: line {line} has {_values(len(cells))}, but line {top[0]} has {len(top[1])}; "
                "every line must have as many."
            )


def _values(count: int) -> str:
    return f"{count} value{'' if count == 1 else 's'}"


def _numbers(source: str, block: list[Row], columns: list[int], names: tuple[str, ...]) -> Array:
    """Return the inputs of some rows, ``[rows, columns]``."""
    values = np.empty((len(block), len(columns)))
    for row, (line, cells) in enumerate(block):
        for place, index in enumerate(columns):
            value = number(cells[index])
            if value is None:
                raise _no_number(source, f"line {line}, {column_name(names, index)}", cells[index])
            values[row, place] = value
    check_finite(
        source, values, lambda row, place: f"line {block[row][0]}, {column_name(names, columns[place])}"
    )
    return values


def _no_number(source: str, cell: str, text: str) -> SpecError:
    if not text:
        return SpecError(f"{source}: {cell} is empty. Fill it in, or leave this example out.")
    return SpecError(
        f"{source}: {cell} is {shown(text)}; inputs must be numbers. Replace texts by numbers, "
        "or name the targets if this column is one."
    )


def _target(source: str, texts: list[str], name: str, lines: array[int]) -> Column:
    if "" in texts:
        cell = f"line {lines[texts.index('')]}, {name}"
        raise SpecError(f"{source}: {cell} is empty. Fill it in, or leave this example out.")
    numbers = [number(text) for text in texts]
    values = np.array([value for value in numbers if value is not None])
    if len(values) < len(texts):
        return texts
    check_finite(source, values[:, None], lambda row, _: f"line {lines[row]}, {name}")
    return values
