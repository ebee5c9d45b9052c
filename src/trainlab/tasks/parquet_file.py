"""Parquet files, read by pyarrow (extra ``data``)."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from trainlab.errors import SpecError, printable, shown
from trainlab.tasks.columns import (
    AskedColumns,
    choose_columns,
    column_name,
    column_value,
    display_name,
    named_column,
)
from trainlab.tasks.raw_data import (
    Column,
    RawData,
    check_finite,
    check_size,
    check_texts,
    no_number,
    no_value,
)
from trainlab.tasks.sklearn_datasets import missing
from trainlab.tasks.task import Array

BATCH = 65_536
"""The most rows that are decoded at a time."""


def read_parquet(path: Path, source: str, asked: AskedColumns) -> RawData:
    """Read a Parquet file of numbers, booleans and text; messages give a row's number from 0.

    It is decoded in batches, and refused as soon as what was decoded is too large: a file says neither how
    long the texts are that it holds once and refers to in every row, nor, if it is damaged, how many rows it
    has.
    """
    try:
        arrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
    except ModuleNotFoundError as error:
        raise missing(source, "pyarrow", error) from None
    try:
        schema = parquet.read_schema(path)
        texts = [str(field.name) for field in schema if _is_text(arrow, field.type)]
        # Read as it is kept: each text once, and a number for each row.
        file = parquet.ParquetFile(path, read_dictionary=texts)
    except Exception as error:
        raise unreadable(source, error) from None
    with file:
        rows, names = int(file.metadata.num_rows), tuple(str(name) for name in file.schema_arrow.names)
        check_size(source, "the file", rows * int(file.metadata.num_columns))
        if rows < 1 or not names:
            raise SpecError(f"{source}: has no examples; it must have a row for each.")
        chosen = choose_columns(source, asked, names, len(names))
        wanted = [*chosen.inputs, *chosen.targets]
        for index in wanted:
            _check_kind(arrow, source, file.schema_arrow.field(index).type, names, index)
        columns = dict(zip(wanted, _decoded(arrow, source, file, names, wanted), strict=True))
    for index in chosen.inputs:
        column = columns[index]
        if isinstance(column, list):
            raise no_number(source, _row(0), column[0], names, index)
    return RawData(
        source=source,
        inputs=np.stack([np.asarray(columns[index], dtype=np.float64) for index in chosen.inputs], axis=1),
        targets=tuple(columns[index] for index in chosen.targets),
        feature_names=tuple(display_name(names, index) for index in chosen.inputs),
        target_names=tuple(display_name(names, index) for index in chosen.targets),
        where=_row,
        input_columns=tuple(named_column(names, index) for index in chosen.inputs),
    )


def _decoded(arrow: Any, source: str, file: Any, names: tuple[str, ...], wanted: list[int]) -> list[Column]:
    """Return the columns that are wanted, in their order, as numbers or texts."""
    blocks = [list[Array]() for _ in wanted]
    texts = [list[str]() for _ in wanted]
    known: dict[str, str] = {}
    rows, letters = 0, 0
    # Where names don't tell the columns apart, all are read.
    told = len(set(names)) == len(names) and not any("." in name for name in names)
    for batch in _batches(source, file, [names[index] for index in wanted] if told else None):
        rows_now = rows + int(batch.num_rows)
        check_size(source, "the file", rows_now * len(wanted))
        for place, index in enumerate(wanted):
            column, cell = batch.column(names[index] if told else index), column_name(names, index)
            if column.null_count:
                row = rows + column.is_null().to_pylist().index(True)
                raise no_value(source, f"{_row(row)}, {cell}", "")
            if _is_text(arrow, column.type):
                check_texts(source, cell, 1, letters=(letters + int(column.dictionary.nbytes)) / 4)
                try:
                    each = [known.setdefault(text, text) for text in column.dictionary.to_pylist()]
                except UnicodeDecodeError as error:
                    raise unreadable(source, error) from None
                letters = sum(map(len, known))
                texts[place] += [each[number] for number in column.indices.to_numpy().tolist()]
            else:
                blocks[place].append(_numbers(arrow, source, column, cell, rows))
        rows = rows_now
    if not rows:
        raise SpecError(f"{source}: has no examples; it must have a row for each.")
    return [words or np.concatenate(block) for words, block in zip(texts, blocks, strict=True)]


def _batches(source: str, file: Any, columns: list[str] | None) -> Iterator[Any]:
    """Yield the rows of these columns, or of all."""
    batches = file.iter_batches(BATCH, columns=columns)
    while True:
        try:
            batch = next(batches, None)
        except Exception as error:
            raise unreadable(source, error) from None
        if batch is None:
            return
        yield batch


def _numbers(arrow: Any, source: str, column: Any, cell: str, first: int) -> Array:
    """Return a batch of a column as numbers; its first row has this number."""
    if arrow.types.is_decimal(column.type):
        # Arrow's own conversion doesn't round to the nearest.
        values = np.array(column.to_pylist(), dtype=np.float64)
    else:
        values = column.to_numpy(zero_copy_only=False).astype(np.float64)
    check_finite(source, values[:, None], lambda row, _: f"{_row(first + row)}, {cell}")
    return values


def _check_kind(arrow: Any, source: str, kind: Any, names: tuple[str, ...], index: int) -> None:
    """Refuse a column that holds neither numbers nor texts."""
    kinds = arrow.types
    if not (
        _is_text(arrow, kind)
        or kinds.is_integer(kind)
        or kinds.is_floating(kind)
        or kinds.is_boolean(kind)
        or kinds.is_decimal(kind)
    ):
        raise SpecError(
            f"{source}: {column_name(names, index)} holds {shown(str(kind))}; only numbers and texts can be "
            f"read. Leave the column out with task.ignore = {column_value(names, index)}."
        )


def _is_text(arrow: Any, kind: Any) -> bool:
    """Whether a type is that of texts, as they are or in a dictionary."""
    kinds = arrow.types
    inner = kind.value_type if kinds.is_dictionary(kind) else kind
    return bool(kinds.is_string(inner) or kinds.is_large_string(inner))


def _row(row: int) -> str:
    return f"row {row:,}"


def unreadable(source: str, error: Exception) -> SpecError:
    """Return the error for a file that pyarrow couldn't read; it doesn't promise which errors it raises."""
    reason = printable(" ".join(str(error).split())) or type(error).__name__
    return SpecError(f"{source}: is not a Parquet file that can be read ({reason}).")
