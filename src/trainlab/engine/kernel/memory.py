# numba and llvmlite have no types, and arguments of compiled code have none before compilation.
# pyright: basic
"""A tile's memory: its rows, tables, and the calls of units by their addresses."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.imputils import lower_getattr_generic
from numba.core.typing.templates import AttributeTemplate, infer_getattr
from numba.extending import models, overload, register_model

from trainlab.engine.kernel.simd import ELEMENTS, element_pointer, inside, intrinsic
from trainlab.engine.kernel.tables import LAYER_COLUMNS, RECORD, STEP_COLUMNS

# How compiled code reaches a tile: one pointer to a record of numbers and addresses, and single elements.
#
# Handing arrays and tuples to every function of the kernel makes it thirty times longer and slower to
# compile. The record never changes while the kernel runs, so its fields are loaded as invariant: the
# compiler may keep them in registers across stores.


class TileType(types.Type):
    """The numba type of the pointer to a tile's record; a `checked` build reads no table outside of it."""

    def __init__(self, *, checked: bool) -> None:
        self.checked = checked
        super().__init__(name=f"Tile(checked={checked})")


@register_model(TileType)
class _TileModel(models.OpaqueModel):
    pass


@intrinsic
def tile_at(_typing: Any, tag: Any, address: Any) -> Any:
    """Return the tile whose record, of type `RECORD`, lies at an address; the `Lanes` say whether checked."""

    def codegen(_context: Any, builder: Any, _sig: Any, args: Any) -> Any:
        return builder.inttoptr(args[1], cgutils.voidptr_t)

    return TileType(checked=tag.tag.checked)(tag, types.int64), codegen


@intrinsic
def call(_typing: Any, function: Any, tile: Any, a: Any, b: Any, c: Any) -> Any:
    """Call the compiled unit at an address with the tile's address and three whole numbers.

    A checked build passes over the address 0, which is what it reads outside of a table.
    """

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        whole = ir.IntType(64)
        kind = ir.FunctionType(ir.VoidType(), [whole] * 4)
        numbers = [
            context.cast(builder, value, given, types.int64)
            for value, given in zip(args[2:], sig.args[2:], strict=True)
        ]
        guard: Any = nullcontext()
        if tile.checked:
            guard = builder.if_then(builder.icmp_unsigned("!=", args[0], ir.Constant(whole, 0)))
        with guard:
            builder.call(
                builder.inttoptr(args[0], kind.as_pointer()), [builder.ptrtoint(args[1], whole), *numbers]
            )
        return context.get_dummy_value()

    return types.void(types.int64, tile, a, b, c), codegen


def _field_type(name: str) -> Any:
    return types.int64 if RECORD[name] == np.int64 else types.float64


@infer_getattr
class _TileAttributes(AttributeTemplate):
    key = TileType

    def generic_resolve(self, typ: Any, attr: str) -> Any:
        return _field_type(attr) if attr in (RECORD.names or ()) else None


def invariant_load(builder: Any, pointer: Any) -> Any:
    """Load what doesn't change while the kernel runs."""
    value = builder.load(pointer)
    value.set_metadata("invariant.load", builder.module.add_metadata([]))
    return value


def field_pointer(builder: Any, tile: Any, name: str, kind: Any) -> Any:
    """Return the LLVM pointer to a field of a tile's record."""
    fields: Any = RECORD.fields
    offset = ir.Constant(ir.IntType(64), fields[name][1])
    return builder.bitcast(builder.gep(tile, [offset]), kind.as_pointer())


@lower_getattr_generic(TileType)
def _lower_field(_context: Any, builder: Any, _typ: Any, value: Any, attr: str) -> Any:
    kind = ir.IntType(64) if _field_type(attr) is types.int64 else ir.DoubleType()
    return invariant_load(builder, field_pointer(builder, value, attr, kind))


def _getter(element: str | None) -> Any:
    def define(_typing: Any, tag: Any, address: Any, index: Any) -> Any:
        name = element or tag.tag.dtype

        def codegen(_context: Any, builder: Any, _sig: Any, args: Any) -> Any:
            return builder.load(element_pointer(builder, args[1], args[2], name))

        return ELEMENTS[name][1](tag, types.int64, types.int64), codegen

    return intrinsic(define)


def _setter(element: str | None) -> Any:
    def define(_typing: Any, tag: Any, address: Any, index: Any, value: Any) -> Any:
        name = element or tag.tag.dtype
        kind = ELEMENTS[name][1]

        def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            converted = context.cast(builder, args[3], sig.args[3], kind)
            builder.store(converted, element_pointer(builder, args[1], args[2], name))
            return context.get_dummy_value()

        return types.void(tag, types.int64, types.int64, value), codegen

    return intrinsic(define)


def _reading(plain: Any) -> Any:
    """Return a function of compiled code that is `plain`, but stays inside in a checked build."""

    def access(tag: Any, address: Any, index: Any) -> Any:
        raise TypeError("runs in compiled code only")

    @overload(access, strict=False, jit_options={"forceinline": True})
    def _overload(tag: Any, address: Any, index: Any) -> Any:
        if not tag.tag.checked:
            return lambda tag, address, index: plain(tag, address, index)
        return lambda tag, address, index: plain(tag, address, index if inside(address, index, 1) else 0)

    return access


def _writing(plain: Any) -> Any:
    """Return a function of compiled code that is `plain`, but does nothing outside in a checked build."""

    def access(tag: Any, address: Any, index: Any, value: Any) -> Any:
        raise TypeError("runs in compiled code only")

    @overload(access, strict=False, jit_options={"forceinline": True})
    def _overload(tag: Any, address: Any, index: Any, value: Any) -> Any:
        if not tag.tag.checked:
            return lambda tag, address, index, value: plain(tag, address, index, value)

        def checked(tag: Any, address: Any, index: Any, value: Any) -> Any:
            if inside(address, index, 1):
                plain(tag, address, index, value)

        return checked

    return access


element = _reading(_getter(None))
"""``element(tag, address, index)``: a number of an array of the tag's precision."""
set_element = _writing(_setter(None))
"""``set_element(tag, address, index, value)``."""
word = _reading(_getter("uint32"))
"""``word(tag, address, index)``: a number of an array of uint32."""
set_word = _writing(_setter("uint32"))
"""``set_word(tag, address, index, value)``."""
event = _reading(_getter("int64"))
"""``event(tag, address, index)``: a number of an array of int64."""
set_event = _writing(_setter("int64"))
"""``set_event(tag, address, index, value)``."""


# The tables of a tile's record, read by row and column; they don't change while the kernel runs.


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
