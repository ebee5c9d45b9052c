# pyright: basic
# numba and llvmlite have no types, and arguments of compiled code have none before compilation.
"""Explicit SIMD inside numba: an LLVM vector as a numba type, and how rows of memory become one and back.

A *lane* is one network. A `Lanes` tag says at compile time how many networks a row of memory holds, how many
samples of each a block holds, and in which precision; the operations take it to know the vector's shape. A
vector of a block lists all networks of the first sample, then of the second, and so on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from llvmlite import ir
from numba import extending
from numba.core import types
from numba.extending import NativeValue, models, overload, register_model, typeof_impl, unbox

ELEMENTS = {
    "float32": (ir.FloatType(), types.float32, 4),
    "float64": (ir.DoubleType(), types.float64, 8),
    "uint32": (ir.IntType(32), types.uint32, 4),
}
MAX_ALIGNMENT = 64

intrinsic: Any = extending.intrinsic
"""numba's decorator; callers leave out the first argument, the typing context: no type checker knows."""


class Vector(types.Type):
    """`length` elements side by side in registers."""

    def __init__(self, element: str, length: int) -> None:
        self.element = element
        self.length = length
        super().__init__(name=f"Vector({element} x {length})")


@register_model(Vector)
class _VectorModel(models.PrimitiveModel):
    def __init__(self, dmm: Any, fe_type: Vector) -> None:
        super().__init__(dmm, fe_type, ir.VectorType(ELEMENTS[fe_type.element][0], fe_type.length))


@dataclass(frozen=True, kw_only=True)
class Lanes:
    """How memory is read: `networks` side by side, `samples` of each, elements of `dtype`.

    `source` is a digest of the kernel's code: part of the compiled kernel's identity on disk, so that an edit
    anywhere in it can never be answered by an older build. `checked` refuses rows outside of the memory.
    """

    networks: int
    samples: int = 1
    dtype: str = "float32"
    source: str = ""
    checked: bool = False


class LanesType(types.Type):
    """The numba type of a `Lanes` tag; it holds no data."""

    def __init__(self, tag: Lanes) -> None:
        self.tag = tag
        super().__init__(name=repr(tag))

    @property
    def vector(self) -> Vector:
        """The type of a row or block."""
        return Vector(self.tag.dtype, self.tag.networks * self.tag.samples)


@register_model(LanesType)
class _LanesModel(models.OpaqueModel):
    pass


@typeof_impl.register(Lanes)
def _typeof_lanes(value: Lanes, _context: Any) -> LanesType:
    return LanesType(value)


@unbox(LanesType)
def _unbox_lanes(typ: LanesType, _obj: Any, c: Any) -> NativeValue:
    return NativeValue(c.context.get_dummy_value())


def _address(
    context: Any, builder: Any, kind: Vector, tag: Lanes, array_type: Any, array: Any, row: Any
) -> Any:
    """Return the vector pointer and the alignment of a row: `tag.networks` elements a row."""
    data = context.make_array(array_type)(context, builder, array).data
    offset = builder.mul(row, ir.Constant(row.type, tag.networks))
    pointer = builder.bitcast(
        builder.gep(data, [offset]), ir.VectorType(ELEMENTS[kind.element][0], kind.length).as_pointer()
    )
    return pointer, min(MAX_ALIGNMENT, tag.networks * ELEMENTS[kind.element][2])


@intrinsic
def _load(_typing: Any, tag: Any, memory: Any, row: Any) -> Any:
    result = Vector(str(memory.dtype), tag.vector.length)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        pointer, alignment = _address(context, builder, result, tag.tag, sig.args[1], args[1], args[2])
        return builder.load(pointer, align=alignment)

    return result(tag, memory, types.int64), codegen


@intrinsic
def _store(_typing: Any, tag: Any, memory: Any, row: Any, value: Any) -> Any:
    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        pointer, alignment = _address(context, builder, value, tag.tag, sig.args[1], args[1], args[2])
        builder.store(args[3], pointer, align=alignment)
        return context.get_dummy_value()

    return types.void(tag, memory, types.int64, value), codegen


def load(tag: Lanes, memory: np.ndarray, row: int) -> Any:
    """Return the row of memory, or the block of rows, that starts at `row`."""
    raise TypeError("load runs in compiled code only")


def store(tag: Lanes, memory: np.ndarray, row: int, value: Any) -> None:
    """Write a row or block of memory."""
    raise TypeError("store runs in compiled code only")


@overload(load, strict=False, jit_options={"forceinline": True})
def _overload_load(tag: Any, memory: Any, row: Any) -> Any:
    if not tag.tag.checked:
        return lambda tag, memory, row: _load(tag, memory, row)
    networks, samples = tag.tag.networks, tag.tag.samples

    def checked(tag: Any, memory: Any, row: Any) -> Any:
        if row < 0 or (row + samples) * networks > memory.size:
            raise IndexError("load outside of the tile's memory")
        return _load(tag, memory, row)

    return checked


@overload(store, strict=False, jit_options={"forceinline": True})
def _overload_store(tag: Any, memory: Any, row: Any, value: Any) -> Any:
    if not tag.tag.checked:
        return lambda tag, memory, row, value: _store(tag, memory, row, value)
    networks, samples = tag.tag.networks, tag.tag.samples

    def checked(tag: Any, memory: Any, row: Any, value: Any) -> Any:
        if row < 0 or (row + samples) * networks > memory.size:
            raise IndexError("store outside of the tile's memory")
        _store(tag, memory, row, value)

    return checked


def samples_of(tag: Lanes) -> int:
    """Return how many samples a block of this tag holds, known at compile time."""
    return tag.samples


@overload(samples_of, strict=False)
def _overload_samples_of(tag: Any) -> Any:
    samples = tag.tag.samples
    return lambda tag: samples
