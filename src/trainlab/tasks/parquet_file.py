"""Parquet files, read by pyarrow (extra ``data``)."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from trainlab.errors import SpecError, shown
from trainlab.tasks.columns import (
    AskedColumns,
    choose_columns,
    column_name,
    column_value,
    display_name,
    named_column,
)
from trainlab.tasks.raw_data import Column, RawData, check_finite, no_number, no_value
from trainlab.tasks.sklearn_datasets import missing

MAX_NUMBERS = 125_000_000
"""The most cells, 1 GB in double precision: a compressed file may be far smaller than its contents."""


def read_parquet(path: Path, source: str, asked: AskedColumns) -> RawData:
    """Read a Parquet file of numbers, booleans and text; messages give a row's number from 0."""
    try:
        arrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
    except ModuleNotFoundError as error:
        raise missing(source, "pyarrow", error) from None
    try:
        with parquet.ParquetFile(path) as file:
            rows, width = int(file.metadata.num_rows), int(file.metadata.num_columns)
            if rows * width > MAX_NUMBERS:
                raise SpecError(
                    f"{source}: holds {rows * width:,} numbers; at most {MAX_NUMBERS:,} are allowed."
                )
            table = file.read()
    except (arrow.ArrowException, OSError) as error:
        reason = " ".join(str(error).split())
        raise SpecError(f"{source}: is not a Parquet file that can be read ({reason}).") from None
    names = tuple(str(name) for name in table.column_names)
    if not rows or not names:
        raise SpecError(f"{source}: has no examples; it must have a row for each.")
    chosen = choose_columns(source, asked, names, len(names))
    columns = {
        index: _column(arrow, source, table.column(index), names, index)
        for index in [*chosen.inputs, *chosen.targets]
    }
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


def _row(row: int) -> str:
    return f"row {row:,}"


def _column(arrow: Any, source: str, column: Any, names: tuple[str, ...], index: int) -> Column:
    """Return one column as numbers or text."""
    kinds, cell = arrow.types, column_name(names, index)
    if column.null_count:
        row = column.is_null().to_pylist().index(True)
        raise no_value(source, f"{_row(row)}, {cell}", "")
    kind = column.type.value_type if kinds.is_dictionary(column.type) else column.type
    if kinds.is_string(kind) or kinds.is_large_string(kind):
        return [str(text) for text in column.to_pylist()]
    if not (
        kinds.is_integer(kind) or kinds.is_floating(kind) or kinds.is_boolean(kind) or kinds.is_decimal(kind)
    ):
        raise SpecError(
            f"{source}: {cell} holds {shown(str(kind))}; only numbers and texts can be read. "
            f"Leave the column out with task.ignore = {column_value(names, index)}."
        )
    values = np.array(column.to_pylist(), dtype=np.float64)
    check_finite(source, values[:, None], lambda row, _: f"{_row(row)}, {cell}")
    return values
