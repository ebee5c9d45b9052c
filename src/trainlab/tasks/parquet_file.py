"""Parquet files, read by pyarrow (extra ``data``)."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np

from trainlab.errors import SpecError, printable, shown
from trainlab.tasks.columns import (
    MAX_LETTERS,
    AskedColumns,
    Column,
    RawData,
    check_finite,
    check_letters,
    check_size,
    choose_columns,
    column_name,
    column_value,
    display_names,
    named_columns,
    no_number,
    no_value,
    texts_among_targets,
)
from trainlab.tasks.generated import missing
from trainlab.tasks.task import MAX_CLASSES, Array

BATCH = 4_000_000
"""The most cells that are decoded at a time."""

MAX_FOOTER = 5_000_000
"""The most bytes of a footer, which has each column of each row group; reading takes twentyfold memory."""

MAX_TEXTS = 64_000_000
"""The most bytes that a column's texts may unfold to in one row group: they are unpacked at once."""


def read_parquet(path: Path, source: str, asked: AskedColumns) -> RawData:
    """Read a Parquet file of numbers, booleans and text; messages give a row's number from 0.

    What can be judged by the footer alone is judged before anything is unpacked. Then rows are decoded in
    batches, and counted: a damaged file doesn't say how many there are.
    """
    metadata, schema = read_footer(path, source)
    arrow = import_module("pyarrow")
    names = tuple(str(name) for name in schema.names)
    if metadata.num_rows < 1 or not names:
        raise SpecError(f"{source}: has no examples; it must have a row for each.")
    chosen = choose_columns(source, asked, names, len(names))
    wanted = sorted([*chosen.inputs, *chosen.targets])
    check_size(source, "the file", int(metadata.num_rows) * len(wanted))
    leaves = list(accumulate((_leaves(field.type) for field in schema), initial=0))
    labels = list[str]()
    for index in wanted:
        if not _is_text(arrow, schema.field(index).type):
            _check_kind(arrow, source, schema.field(index).type, names, index)
        elif index in chosen.inputs:
            raise no_number(source, "", "holds texts", names, index)
        elif len(chosen.targets) > 1:
            raise texts_among_targets(source, len(chosen.targets))
        elif names.count(names[index]) > 1:
            # Which columns are to be read as they are kept is said by name.
            raise SpecError(
                f"{source}: column {index} holds texts, and others are called {shown(names[index])}, "
                "too; rename it."
            )
        else:
            _check_texts(source, metadata, leaves[index], column_name(names, index))
            labels = [names[index]]
    try:
        # Texts are read as they are kept: each once, and a number for each row.
        file = arrow.parquet.ParquetFile(path, metadata=metadata, read_dictionary=labels, pre_buffer=False)
    except Exception as error:
        raise unreadable(source, error) from None
    with file:
        columns = _decoded(source, file, names, wanted, leaves)
    return RawData(
        source=source,
        inputs=np.stack([np.asarray(columns[index], dtype=np.float64) for index in chosen.inputs], axis=1),
        targets=tuple(columns[index] for index in chosen.targets),
        feature_names=display_names(names, chosen.inputs),
        target_names=display_names(names, chosen.targets),
        where=_row,
        input_columns=named_columns(names, chosen.inputs),
    )


def read_footer(path: Path, source: str) -> tuple[Any, Any]:
    """Return a Parquet file's metadata and its Arrow schema; refuse a footer that is too large."""
    try:
        import_module("pyarrow")
        parquet = import_module("pyarrow.parquet")
    except ModuleNotFoundError as error:
        raise missing(source, "pyarrow", error) from None
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 8))
        size = int.from_bytes(file.read(4), "little")
    if MAX_FOOTER < size < path.stat().st_size:
        raise SpecError(
            f"{source}: its footer has {size:,} bytes; at most {MAX_FOOTER:,} are allowed. Write fewer "
            "columns, or larger row groups."
        )
    try:
        metadata = parquet.read_metadata(path)
        return metadata, metadata.schema.to_arrow_schema()
    except Exception as error:
        raise unreadable(source, error) from None


def _check_texts(source: str, metadata: Any, leaf: int, cell: str) -> None:
    """Refuse texts that unfold to more than may be unpacked at once."""
    for group in range(metadata.num_row_groups):
        size = int(metadata.row_group(group).column(leaf).total_uncompressed_size)
        if size > MAX_TEXTS:
            raise SpecError(
                f"{source}: the texts of {cell} take {size:,} bytes in row group {group}; at most "
                f"{MAX_TEXTS:,} are allowed. Write numbers for classes, or smaller row groups."
            )


def _leaves(kind: Any) -> int:
    """Return how many columns of a Parquet file a column of this type is."""
    kind = getattr(kind, "storage_type", kind)  # an extension is kept as what it is made of
    return sum(_leaves(kind.field(place).type) for place in range(kind.num_fields)) or 1


def _decoded(
    source: str, file: Any, names: tuple[str, ...], wanted: list[int], leaves: list[int]
) -> dict[int, Column]:
    """Return the columns that are wanted, by their numbers, as numbers or texts."""
    arrow = import_module("pyarrow")
    blocks = {index: list[Array]() for index in wanted}
    texts = {index: list[str]() for index in wanted}
    known: dict[str, str] = {}
    rows = 0
    for batch in _batches(source, file, [leaves[index] for index in wanted]):
        check_size(source, "the file", (rows + int(batch.num_rows)) * len(wanted))
        for index, column in zip(wanted, batch.columns, strict=True):
            if column.null_count:
                row = rows + column.is_null().to_pylist().index(True)
                raise no_value(source, f"{_row(row)}, {column_name(names, index)}", "")
            if arrow.types.is_dictionary(column.type):
                texts[index] += _texts(source, column, known, column_name(names, index), rows)
            else:
                blocks[index].append(_numbers(arrow, source, column, names, index, rows))
        rows += int(batch.num_rows)
    if not rows:
        raise SpecError(f"{source}: has no examples; it must have a row for each.")
    return {index: texts[index] or np.concatenate(blocks[index]) for index in wanted}


def _texts(source: str, column: Any, known: dict[str, str], cell: str, first: int) -> list[str]:
    """Return a batch of texts, each held once for all rows; its first row has this number."""
    places, numbers = np.unique(column.indices.to_numpy(), return_inverse=True)
    if len(places) > MAX_CLASSES:
        raise SpecError(
            f"{source}: {cell} has more than {MAX_CLASSES:,} different texts; classes are at most as many."
        )
    lengths = import_module("pyarrow.compute").binary_length(column.dictionary)
    for number, place in enumerate(places.tolist()):
        if int(lengths[place].as_py()) > 4 * MAX_LETTERS:
            row = first + int(np.argmax(numbers == number))
            check_letters(source, f"{_row(row)}, {cell}", column.dictionary[place].as_py())
    try:
        each = [known.setdefault(text, text) for text in column.dictionary.take(places).to_pylist()]
    except UnicodeDecodeError as error:
        raise unreadable(source, error) from None
    return [each[number] for number in numbers.tolist()]


def _batches(source: str, file: Any, leaves: list[int]) -> Iterator[Any]:
    """Yield the rows of these columns; by number, since names may not tell them apart."""
    rows = min(65_536, BATCH // len(leaves))
    for group in range(file.metadata.num_row_groups):
        # Each group for itself: a batch of several would hold the texts of them all.
        batches = file.reader.iter_batches(rows, row_groups=[group], column_indices=leaves)
        while True:
            try:
                batch = next(batches, None)
            except Exception as error:
                raise unreadable(source, error) from None
            if batch is None:
                break
            yield batch


def _numbers(arrow: Any, source: str, column: Any, names: tuple[str, ...], index: int, first: int) -> Array:
    """Return a batch of a column as numbers; its first row has this number."""
    if arrow.types.is_decimal(column.type):
        # Arrow's own conversion doesn't round to the nearest.
        values = np.array(column.to_pylist(), dtype=np.float64)
    else:
        values = column.to_numpy(zero_copy_only=False).astype(np.float64)
    check_finite(source, values[:, None], lambda row, _: f"{_row(first + row)}, {column_name(names, index)}")
    return values


def _check_kind(arrow: Any, source: str, kind: Any, names: tuple[str, ...], index: int) -> None:
    """Refuse a column that holds neither numbers nor texts."""
    kinds = arrow.types
    if not (
        kinds.is_integer(kind) or kinds.is_floating(kind) or kinds.is_boolean(kind) or kinds.is_decimal(kind)
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
