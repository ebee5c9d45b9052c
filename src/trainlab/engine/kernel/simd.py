# pyright: basic
# numba and llvmlite have no types, and arguments of compiled code have none before compilation.
"""Explicit SIMD inside numba: an LLVM vector as a numba type, and how rows of memory become one and back.

The operations take a `Lanes` tag, known at compile time, to know the vector's shape. A vector of a block
lists all networks of the first sample, then of the second, and so on.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from llvmlite import ir
from numba import extending, njit
from numba.core import types
from numba.core.imputils import lower_constant
from numba.extending import NativeValue, models, overload, register_model, typeof_impl, unbox

from trainlab.engine.kernel.lanes import Lanes

ELEMENTS = {
    "float32": (ir.FloatType(), types.float32, 4),
    "float64": (ir.DoubleType(), types.float64, 8),
    "uint32": (ir.IntType(32), types.uint32, 4),
    "int64": (ir.IntType(64), types.int64, 8),
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


@lower_constant(LanesType)
def _constant_lanes(context: Any, _builder: Any, _typ: LanesType, _value: Any) -> Any:
    return context.get_dummy_value()


@unbox(LanesType)
def _unbox_lanes(typ: LanesType, _obj: Any, c: Any) -> NativeValue:
    return NativeValue(c.context.get_dummy_value())


def element_pointer(builder: Any, address: Any, index: Any, element: str) -> Any:
    """Return the LLVM pointer to an element of an array at an address."""
    kind = ELEMENTS[element][0]
    return builder.gep(builder.inttoptr(address, kind.as_pointer()), [index])


def _row_pointer(builder: Any, kind: Vector, tag: Lanes, address: Any, row: Any) -> Any:
    """Return the vector pointer and the alignment of a row: `tag.networks` elements a row."""
    offset = builder.mul(row, ir.Constant(row.type, tag.networks))
    pointer = element_pointer(builder, address, offset, kind.element)
    vector = ir.VectorType(ELEMENTS[kind.element][0], kind.length).as_pointer()
    return builder.bitcast(pointer, vector), min(MAX_ALIGNMENT, tag.networks * ELEMENTS[kind.element][2])


def _loader(words: bool) -> Any:
    def define(_typing: Any, tag: Any, address: Any, row: Any) -> Any:
        result = Vector("uint32", tag.tag.networks) if words else tag.vector

        def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            pointer, alignment = _row_pointer(builder, result, tag.tag, args[1], args[2])
            return builder.load(pointer, align=alignment)

        return result(tag, types.int64, types.int64), codegen

    return intrinsic(define)


def _storer() -> Any:
    def define(_typing: Any, tag: Any, address: Any, row: Any, value: Any) -> Any:
        def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            pointer, alignment = _row_pointer(builder, value, tag.tag, args[1], args[2])
            builder.store(args[3], pointer, align=alignment)
            return context.get_dummy_value()

        return types.void(tag, types.int64, types.int64, value), codegen

    return intrinsic(define)


_load, _load_words, _store = _loader(False), _loader(True), _storer()


@intrinsic
def count_of(_typing: Any, address: Any) -> Any:
    """Return how many elements the array at an address has."""

    def codegen(_context: Any, builder: Any, _sig: Any, args: Any) -> Any:
        place = builder.sub(args[0], ir.Constant(args[0].type, 8))
        return builder.load(builder.inttoptr(place, ir.IntType(64).as_pointer()))

    return types.int64(types.int64), codegen


@intrinsic
def mark_fault(_typing: Any, address: Any) -> Any:
    """Note before an array that a place outside of it was asked for."""

    def codegen(context: Any, builder: Any, _sig: Any, args: Any) -> Any:
        kind = ir.IntType(64)
        place = builder.sub(args[0], ir.Constant(kind, 16))
        builder.store(ir.Constant(kind, 1), builder.inttoptr(place, kind.as_pointer()))
        return context.get_dummy_value()

    return types.void(types.int64), codegen


@njit(forceinline=True)
def inside(address: int, first: int, count: int) -> bool:
    """Return whether elements lie within an array; mark a fault if they don't."""
    if first < 0 or first + count > count_of(address):
        mark_fault(address)
        return False
    return True


def load(tag: Lanes, address: int, row: int) -> Any:
    """Return the row of an array, or the block of rows, that starts at `row`."""
    raise TypeError("load runs in compiled code only")


def load_words(tag: Lanes, address: int, row: int) -> Any:
    """Return the row of an array of uint32."""
    raise TypeError("load_words runs in compiled code only")


def store(tag: Lanes, address: int, row: int, value: Any) -> None:
    """Write a row or block of an array."""
    raise TypeError("store runs in compiled code only")


@overload(load, strict=False, jit_options={"forceinline": True})
def _overload_load(tag: Any, address: Any, row: Any) -> Any:
    if not tag.tag.checked:
        return lambda tag, address, row: _load(tag, address, row)
    networks, count = tag.tag.networks, tag.vector.length
    return lambda tag, address, row: _load(tag, address, row if inside(address, row * networks, count) else 0)


@overload(load_words, strict=False, jit_options={"forceinline": True})
def _overload_load_words(tag: Any, address: Any, row: Any) -> Any:
    if not tag.tag.checked:
        return lambda tag, address, row: _load_words(tag, address, row)
    count = tag.tag.networks
    return lambda tag, address, row: _load_words(
        tag, address, row if inside(address, row * count, count) else 0
    )


@overload(store, strict=False, jit_options={"forceinline": True})
def _overload_store(tag: Any, address: Any, row: Any, value: Any) -> Any:
    if not tag.tag.checked:
        return lambda tag, address, row, value: _store(tag, address, row, value)
    networks, count = tag.tag.networks, value.length

    def checked(tag: Any, address: Any, row: Any, value: Any) -> Any:
        if inside(address, row * networks, count):
            _store(tag, address, row, value)

    return checked


def samples_of(tag: Lanes) -> int:
    """Return how many samples a block of this tag holds, known at compile time."""
    return tag.samples


@overload(samples_of, strict=False)
def _overload_samples_of(tag: Any) -> Any:
    samples = tag.tag.samples
    return lambda tag: samples


def networks_of(tag: Lanes) -> int:
    """Return how many networks stand side by side, known at compile time."""
    return tag.networks


@overload(networks_of, strict=False)
def _overload_networks_of(tag: Any) -> Any:
    networks = tag.tag.networks
    return lambda tag: networks


STRIP = 16
"""Networks in a strip: what one register of the widest processors holds of float32."""


def strip_of(tag: Lanes) -> Lanes:
    """Return the tag of a strip of the same networks, at most `STRIP` of them, one sample each."""
    return replace(tag, networks=min(tag.networks, STRIP), samples=1)


@overload(strip_of, strict=False)
def _overload_strip_of(tag: Any) -> Any:
    strip = strip_of(tag.tag)
    return lambda tag: strip


SLICE = 32
"""Numbers in a slice of a block, or one sample of every network where that is more."""


def slice_of(tag: Lanes) -> Lanes:
    """Return the tag of a slice of a block: the same networks, fewer samples.

    What is done to every number by itself is done slice by slice: as fast, and far less code to compile.
    """
    return replace(tag, samples=min(tag.samples, max(1, SLICE // tag.networks)))


@overload(slice_of, strict=False)
def _overload_slice_of(tag: Any) -> Any:
    part = slice_of(tag.tag)
    return lambda tag: part
