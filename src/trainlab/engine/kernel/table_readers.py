# pyright: basic
# numba and llvmlite have no types, and arguments of compiled code have none before compilation.
"""The tables of a tile's record, read by row and column; they don't change while the kernel runs."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import types

from trainlab.engine.kernel.memory import field_pointer, invariant_load
from trainlab.engine.kernel.simd import intrinsic
from trainlab.engine.kernel.tables import LAYER_COLUMNS, STEP_COLUMNS

WHOLE = ir.IntType(64)
DROP_COLUMNS = 2


def _reader(table: str, columns: int, kind: Any, result: Any) -> Any:
    """Return a function of compiled code of (tile, row, column); checked, it is 0 for what isn't there."""

    def define(_typing: Any, tile: Any, row: Any, column: Any) -> Any:
        def codegen(_context: Any, builder: Any, _sig: Any, args: Any) -> Any:
            address = invariant_load(builder, field_pointer(builder, args[0], table, WHOLE))
            place = builder.add(builder.mul(args[1], ir.Constant(WHOLE, columns)), args[2])
            start = builder.inttoptr(address, kind.as_pointer())
            if not tile.checked:
                return invariant_load(builder, builder.gep(start, [place]))
            outside = _is_outside(builder, address, place)
            value = builder.load(builder.gep(start, [builder.select(outside, ir.Constant(WHOLE, 0), place)]))
            return builder.select(outside, ir.Constant(kind, 0), value)

        return result(tile, types.int64, types.int64), codegen

    return intrinsic(define)


def _is_outside(builder: Any, address: Any, place: Any) -> Any:
    """Return whether a place lies outside of a table, after noting it there; see `lanes.HEADER`."""

    def before(size: int) -> Any:
        return builder.inttoptr(builder.sub(address, ir.Constant(WHOLE, size)), WHOLE.as_pointer())

    # As a number without a sign, one below 0 is beyond every count.
    outside = builder.icmp_unsigned(">=", place, builder.load(before(8)))
    with builder.if_then(outside, likely=False):
        builder.store(ir.Constant(WHOLE, 1), before(16))
    return outside


layer_of = _reader("layer_table", LAYER_COLUMNS, WHOLE, types.int64)
"""``layer_of(tile, index, column)``: a column of the layer table."""
step_number = _reader("step_table", STEP_COLUMNS, ir.DoubleType(), types.float64)
"""``step_number(tile, row, column)``: a column of the table of steps."""
drop_number = _reader("drop_table", DROP_COLUMNS, ir.DoubleType(), types.float64)
"""``drop_number(tile, index, column)``: what dropout scales a layer by; the least word that keeps a unit."""
mark_of = _reader("marks", 1, WHOLE, types.int64)
"""``mark_of(tile, index, 0)``: the epoch of a mark."""


@intrinsic
def step_row(_typing: Any, tile: Any, step: Any) -> Any:
    """Return the row of the table of steps that holds at a step: the last one for all that follow."""

    def codegen(_context: Any, builder: Any, _sig: Any, args: Any) -> Any:
        rows = invariant_load(builder, field_pointer(builder, args[0], "step_rows", WHOLE))
        last = builder.sub(rows, ir.Constant(WHOLE, 1))
        return builder.select(builder.icmp_signed("<", args[1], last), args[1], last)

    return types.int64(tile, types.int64), codegen
