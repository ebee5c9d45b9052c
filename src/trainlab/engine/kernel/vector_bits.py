# pyright: basic
# numba and llvmlite have no types, and arguments of compiled code have none before compilation.
"""More operations on vectors: words to floats, the parts of a float, polynomials and table look-ups.

Words need no comparison of their own: ``vector.where_less(a, b, yes, no)`` chooses floats by words a, b, too.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import overload

from trainlab.engine.kernel.simd import ELEMENTS, Vector, element_pointer, inside, intrinsic, mark_fault
from trainlab.engine.kernel.vector import _call

_SQRT_HALF = {"float32": 0x3F3504F3, "float64": 0x3FE6A09E667F3BCD}
"""The bits of √½, rounded to nearest."""


def _layout(element: str) -> tuple[Any, int, int]:
    """Return the integer type of a float's bits, the width of its mantissa and the bits of 1.0."""
    if element == "float32":
        return ir.IntType(32), 23, 0x3F800000
    return ir.IntType(64), 52, 0x3FF0000000000000


def _all(kind: Any, value: float) -> Any:
    return ir.Constant(kind, [value] * kind.count)


@intrinsic
def to_float(_typing: Any, tag: Any, words: Any) -> Any:
    """Return unsigned words as floats of the tag's precision, rounded to nearest."""
    result = Vector(tag.tag.dtype, words.length)

    def codegen(_context: Any, builder: Any, _sig: Any, args: Any) -> Any:
        return builder.uitofp(args[1], ir.VectorType(ELEMENTS[result.element][0], result.length))

    return result(tag, words), codegen


@intrinsic
def invert_word(_typing: Any, a: Any) -> Any:
    """Return 2³² − 1 − a: the words a with every bit flipped."""
    return a(a), lambda _context, builder, _sig, args: builder.not_(args[0])


@intrinsic
def minimum_word(_typing: Any, a: Any, b: Any) -> Any:
    """Return the smaller of two words."""

    def codegen(_context: Any, builder: Any, _sig: Any, args: Any) -> Any:
        return builder.select(builder.icmp_unsigned("<", args[0], args[1]), args[0], args[1])

    return a(a, b), codegen


def _from_root_half(builder: Any, x: Any, element: str) -> Any:
    """Return the bits of x moved so that the exponent field changes at √½ · 2ᵉ, not at 2ᵉ."""
    integer, _, one = _layout(element)
    kind = ir.VectorType(integer, x.type.count)
    return builder.add(builder.bitcast(x, kind), _all(kind, one - _SQRT_HALF[element]))


@intrinsic
def mantissa(_typing: Any, x: Any) -> Any:
    """Return m within [√½, √2) where x = m · 2ᵉ, for normal x > 0."""

    def codegen(_context: Any, builder: Any, _sig: Any, args: Any) -> Any:
        moved = _from_root_half(builder, args[0], x.element)
        kind = moved.type
        fraction = builder.and_(moved, _all(kind, (1 << _layout(x.element)[1]) - 1))
        return builder.bitcast(builder.add(fraction, _all(kind, _SQRT_HALF[x.element])), args[0].type)

    return x(x), codegen


@intrinsic
def exponent(_typing: Any, x: Any) -> Any:
    """Return the whole number e where x = m · 2ᵉ with m within [√½, √2), for normal x > 0."""
    _, width, one = _layout(x.element)
    # The bits of 1.5 · 2^width + n are those of 1.5 · 2^width plus n: no conversion from integers is needed.
    shift = 1.5 * 2.0**width
    shift_bits = ((width + (one >> width)) << width) + (1 << (width - 1))

    def codegen(_context: Any, builder: Any, _sig: Any, args: Any) -> Any:
        moved = _from_root_half(builder, args[0], x.element)
        kind = moved.type
        field = builder.lshr(moved, _all(kind, width))
        bits = builder.add(field, _all(kind, shift_bits - (one >> width)))
        return builder.fsub(builder.bitcast(bits, args[0].type), _all(args[0].type, shift))

    return x(x), codegen


def polynomial_of(coefficients: dict[str, tuple[float, ...]]) -> Any:
    """Return the function ``p(tag, x)`` = Σ cₖ xᵏ with the coefficients of the tag's precision, lowest first.

    Evaluated from the highest on, one fused multiply-add each.
    """

    def polynomial(_typing: Any, tag: Any, x: Any) -> Any:
        chosen = coefficients[tag.tag.dtype]

        def codegen(_context: Any, builder: Any, _sig: Any, args: Any) -> Any:
            kind = args[1].type
            total = _all(kind, chosen[-1])
            for coefficient in reversed(chosen[:-1]):
                total = _call(builder, "fma", [total, args[1], _all(kind, coefficient)])
            return total

        return x(tag, x), codegen

    return intrinsic(polynomial)


@intrinsic
def _gather(_typing: Any, tag: Any, address: Any, index: Any, stride: Any, offset: Any) -> Any:
    result = Vector(tag.tag.dtype, index.length)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        start = element_pointer(builder, args[1], args[4], result.element)
        value = ir.Constant(ir.VectorType(ELEMENTS[result.element][0], result.length), ir.Undefined)
        # Single loads: the processors' own gathers measured 1.3 to 2 times slower.
        for number in range(result.length):
            lane = ir.Constant(ir.IntType(32), number)
            place = builder.mul(builder.zext(builder.extract_element(args[2], lane), args[3].type), args[3])
            value = builder.insert_element(value, builder.load(builder.gep(start, [place])), lane)
        return value

    return result(tag, types.int64, index, types.int64, types.int64), codegen


@intrinsic
def _largest_word(_typing: Any, a: Any) -> Any:
    def codegen(_context: Any, builder: Any, _sig: Any, args: Any) -> Any:
        function = cgutils.get_or_insert_function(
            builder.module,
            ir.FunctionType(ir.IntType(32), [args[0].type]),
            f"llvm.vector.reduce.umax.v{a.length}i32",
        )
        return builder.call(function, args)

    return types.uint32(a), codegen


def gather(tag: Any, address: int, index: Any, stride: int, offset: int) -> Any:
    """Return ``table[index · stride + offset]`` for a vector of words `index`, one a network.

    The table, at an address, is flat and of the tag's precision; `stride` lies within [0, 2³²).
    """
    raise TypeError("gather runs in compiled code only")


@overload(gather, strict=False, jit_options={"forceinline": True})
def _overload_gather(tag: Any, address: Any, index: Any, stride: Any, offset: Any) -> Any:
    if not tag.tag.checked:
        return lambda tag, address, index, stride, offset: _gather(tag, address, index, stride, offset)

    def checked(tag: Any, address: Any, index: Any, stride: Any, offset: Any) -> Any:
        last = np.int64(_largest_word(index)) * stride + offset
        if offset < 0 or stride < 0 or not inside(address, last, 1):
            mark_fault(address)
            return _gather(tag, address, index, 0, 0)
        return _gather(tag, address, index, stride, offset)

    return checked
