# pyright: basic
# numba and llvmlite have no types, and arguments of compiled code have none before compilation.
"""The tables of a tile's record, read by row and column; they don't change while the kernel runs."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import types

from trainlab.engine.kernel.lanes import intrinsic
from trainlab.engine.kernel.memory import TileType, field_pointer, invariant_load
from trainlab.engine.kernel.tables import LAYER_COLUMNS, STEP_COLUMNS


def _reader(table: str, columns: int, kind: Any, result: Any) -> Any:
    """Return a function of compiled code of (tile, row, column)."""

    def define(_typing: Any, tile: Any, row: Any, column: Any) -> Any:
        def codegen(_context: Any, builder: Any, _sig: Any, args: Any) -> Any:
            whole = ir.IntType(64)
            address = invariant_load(builder, field_pointer(builder, args[0], table, whole))
            place = builder.add(builder.mul(args[1], ir.Constant(whole, columns)), args[2])
            start = builder.inttoptr(address, kind.as_pointer())
            return invariant_load(builder, builder.gep(start, [place]))

        return result(TileType(), types.int64, types.int64), codegen

    return intrinsic(define)


layer_of = _reader("layer_table", LAYER_COLUMNS, ir.IntType(64), types.int64)
"""``layer_of(tile, index, column)``: a column of the layer table."""
step_number = _reader("step_table", STEP_COLUMNS, ir.DoubleType(), types.float64)
"""``step_number(tile, row, column)``: a column of the table of steps."""


@intrinsic
def step_row(_typing: Any, tile: Any, step: Any) -> Any:
    """Return the row of the table of steps that holds at a step: the last one for all that follow."""

    def codegen(_context: Any, builder: Any, _sig: Any, args: Any) -> Any:
        whole = ir.IntType(64)
        rows = invariant_load(builder, field_pointer(builder, args[0], "step_rows", whole))
        last = builder.sub(rows, ir.Constant(whole, 1))
        return builder.select(builder.icmp_signed("<", args[1], last), args[1], last)

    return types.int64(TileType(), types.int64), codegen
