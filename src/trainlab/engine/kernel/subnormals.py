# pyright: basic
# numba and llvmlite have no types, and arguments of compiled code have none before compilation.
"""Numbers too small for a normal exponent are 0 while a tile is trained, where the processor is slow at them.

Of a network that has learnt, Adam's averages shrink below 1e-38 and stay there: 0.9 times the smallest
subnormal number rounds to itself. On x86 each operation with one takes some 150 cycles, and all of training
up to thirteen times as long. No weight feels them, since what they add is far below its last bit
(tests/engine/test_subnormals.py); so the processor is told to read and write 0 instead (Intel 64 and IA-32
Architectures Software Developer's Manual 1, 10.2.3: FTZ and DAZ), and told to stop when the tile is done:
other code of the thread wants them. A loss or gradient that small is told as 0. They are kept where the
smallest can move a weight: gradients of layers are equalised, or signs are all that counts, as Lion's and
those of an L1 penalty.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba.core import cgutils, types

from trainlab.engine.kernel.simd import intrinsic

FTZ_AND_DAZ = 0x8040
"""The bits of MXCSR: results that are too small become 0, and so do operands."""


@intrinsic
def flush_subnormals(_typing: Any) -> Any:
    """From here on read and write 0 for subnormal numbers; returns how it was, for `restore_subnormals`."""

    def codegen(_context: Any, builder: Any, _sig: Any, _args: Any) -> Any:
        if not _is_x86(builder):
            return ir.Constant(_STATE, 0)
        before = _stored_state(builder)
        _load_state(builder, builder.or_(before, ir.Constant(_STATE, FTZ_AND_DAZ)))
        return before

    return types.int32(), codegen


@intrinsic
def restore_subnormals(_typing: Any, before: Any) -> Any:
    """Let subnormal numbers be again what they were `before`."""

    def codegen(context: Any, builder: Any, _sig: Any, args: Any) -> Any:
        if _is_x86(builder):
            _load_state(builder, args[0])
        return context.get_dummy_value()

    return types.void(types.int32), codegen


_STATE = ir.IntType(32)


def _is_x86(builder: Any) -> bool:
    return builder.module.triple.startswith(("x86_64", "amd64"))


def _stored_state(builder: Any) -> Any:
    place = cgutils.alloca_once(builder, _STATE)
    _call(builder, "llvm.x86.sse.stmxcsr", place)
    return builder.load(place)


def _load_state(builder: Any, state: Any) -> None:
    place = cgutils.alloca_once(builder, _STATE)
    builder.store(state, place)
    _call(builder, "llvm.x86.sse.ldmxcsr", place)


def _call(builder: Any, name: str, place: Any) -> None:
    pointer = ir.IntType(8).as_pointer()
    function = cgutils.get_or_insert_function(builder.module, ir.FunctionType(ir.VoidType(), [pointer]), name)
    builder.call(function, [builder.bitcast(place, pointer)])
