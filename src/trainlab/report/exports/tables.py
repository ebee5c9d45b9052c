"""A study's tables as files that other programs read: CSV, or Parquet by pyarrow (extra ``data``)."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Final

import numpy as np

from trainlab.draw import Column
from trainlab.errors import MissingPackageError, TrainlabError, listing, shown
from trainlab.whole_file import whole_file

ENDINGS: Final = (".csv", ".parquet")
"""What a file's name ends with says which it is."""


def check_table_file(path: str | os.PathLike[str]) -> None:
    """Refuse, before any work is done, a file whose kind isn't known or can't be written here.

    Raises:
        TrainlabError: the name has none of `ENDINGS`.
        MissingPackageError: it is Parquet, and pyarrow isn't installed.
    """
    ending = Path(path).suffix.lower()
    if ending not in ENDINGS:
        raise TrainlabError(
            f"{shown(str(path))}: must end with {listing(ENDINGS)}, which says what to write."
        )
    if ending == ".parquet":
        _pyarrow()


def write_table(columns: Mapping[str, Column], path: str | os.PathLike[str]) -> None:
    """Write columns of one length as CSV or Parquet, whole, or leave what was there.

    What is missing, None or NaN, is an empty field of CSV and null in Parquet.

    Raises:
        TrainlabError: as `check_table_file`.
        OSError: the file can't be written.
    """
    check_table_file(path)
    whole = _csv(columns) if Path(path).suffix.lower() == ".csv" else _parquet(columns)
    with whole_file(path) as file:
        file.write(whole)


def _csv(columns: Mapping[str, Column]) -> bytes:
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(columns)
    table.writerows(zip(*map(_plain, columns.values()), strict=True))
    return text.getvalue().encode()


def _plain(column: Column) -> list[Any]:
    """Return a column as Python has it; NaN, which is no field of CSV that all programs read, as None."""
    values = column.tolist() if isinstance(column, np.ndarray) else list(column)
    return [None if value != value else value for value in values]


def _parquet(columns: Mapping[str, Column]) -> bytes:
    arrow, parquet = _pyarrow()
    arrays = {name: arrow.array(values, from_pandas=True) for name, values in columns.items()}
    sink = arrow.BufferOutputStream()
    parquet.write_table(arrow.table(arrays), sink)
    return sink.getvalue().to_pybytes()


def _pyarrow() -> tuple[Any, Any]:
    try:
        return import_module("pyarrow"), import_module("pyarrow.parquet")
    except ModuleNotFoundError as error:
        raise MissingPackageError(
            "Parquet needs pyarrow, which isn't installed. pip install 'trainlab[data]', or write .csv.",
            name="pyarrow",
        ) from error
