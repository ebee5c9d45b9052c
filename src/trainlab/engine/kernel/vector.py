# numba and llvmlite have no types, and arguments of compiled code have none before compilation.
# pyright: basic
"""The operations the kernel is written with, on vectors in registers: one LLVM instruction or few each."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import lower_builtin, overload

from trainlab.engine.kernel.simd import ELEMENTS, Vector, element_pointer, inside, intrinsic, mark_fault


def _splat(builder: Any, scalar: Any, length: int) -> Any:
    kind = ir.VectorType(scalar.type, length)
    undefined = ir.Constant(kind, ir.Undefined)
    single = builder.insert_element(undefined, scalar, ir.Constant(ir.IntType(32), 0))
    zeros = ir.Constant(ir.VectorType(ir.IntType(32), length), [0] * length)
    return builder.shuffle_vector(single, undefined, zeros)


def _slice(builder: Any, vector: Any, start: int, length: int) -> Any:
    mask = ir.Constant(ir.VectorType(ir.IntType(32), length), list(range(start, start + length)))
    return builder.shuffle_vector(vector, ir.Constant(vector.type, ir.Undefined), mask)


def _call(builder: Any, name: str, arguments: list[Any]) -> Any:
    """Call an LLVM intrinsic whose arguments and result are one vector type."""
    kind = arguments[0].type
    element = {ir.FloatType(): "f32", ir.DoubleType(): "f64"}[kind.element]
    function = cgutils.get_or_insert_function(
        builder.module,
        ir.FunctionType(kind, [kind] * len(arguments)),
        f"llvm.{name}.v{kind.count}{element}",
    )
    return builder.call(function, arguments)


@intrinsic
def splat(_typing: Any, tag: Any, value: Any) -> Any:
    """Return a vector with the same value in every place."""
    result = tag.vector
    scalar_type = ELEMENTS[result.element][1]

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        scalar = context.cast(builder, args[1], sig.args[1], scalar_type)
        return _splat(builder, scalar, result.length)

    return result(tag, value), codegen


@intrinsic
def splat_word(_typing: Any, tag: Any, value: Any) -> Any:
    """Return a vector of uint32, one a network, with the same value in every place."""
    result = Vector("uint32", tag.tag.networks)

    def codegen(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return _splat(builder, context.cast(builder, args[1], sig.args[1], types.uint32), result.length)

    return result(tag, value), codegen


@intrinsic
def repeat_samples(_typing: Any, block: Any, row: Any) -> Any:
    """Return a block with the same row for each of its samples."""
    result = block.vector
    networks, samples = block.tag.networks, block.tag.samples

    def codegen(_context: Any, builder: Any, _sig: Any, args: Any) -> Any:
        if samples == 1:
            return args[1]
        mask = ir.Constant(ir.VectorType(ir.IntType(32), result.length), list(range(networks)) * samples)
        return builder.shuffle_vector(args[1], ir.Constant(args[1].type, ir.Undefined), mask)

    return result(block, row), codegen


@intrinsic
def dot_samples(_typing: Any, block: Any, a: Any, b: Any, before: Any) -> Any:
    """Return the row `before` + Σ a·b over the samples of two blocks: fused multiply-adds in order."""
    networks, samples = block.tag.networks, block.tag.samples
    result = Vector(a.element, networks)

    def codegen(_context: Any, builder: Any, _sig: Any, args: Any) -> Any:
        def part(value: Any, index: int) -> Any:
            return value if samples == 1 else _slice(builder, value, index * networks, networks)

        total = args[3]
        for index in range(samples):
            total = _call(builder, "fma", [part(args[1], index), part(args[2], index), total])
        return total

    return result(block, a, b, before), codegen


@intrinsic
def fma(_typing: Any, a: Any, b: Any, c: Any) -> Any:
    """Return a·b + c, rounded once."""
    return a(a, b, c), lambda _context, builder, _sig, args: _call(builder, "fma", list(args))


@intrinsic
def sqrt(_typing: Any, a: Any) -> Any:
    """Return √a."""
    return a(a), lambda _context, builder, _sig, args: _call(builder, "sqrt", list(args))


@intrinsic
def absolute(_typing: Any, a: Any) -> Any:
    """Return |a|."""
    return a(a), lambda _context, builder, _sig, args: _call(builder, "fabs", list(args))


def _compare(predicate: str) -> Any:
    def define(_typing: Any, a: Any, b: Any, yes: Any, no: Any) -> Any:
        def codegen(_context: Any, builder: Any, _sig: Any, args: Any) -> Any:
            if a.element == "uint32":
                mask = builder.icmp_unsigned(predicate, args[0], args[1])
            else:
                mask = builder.fcmp_ordered(predicate, args[0], args[1])
            return builder.select(mask, args[2], args[3])

        return yes(a, b, yes, no), codegen

    return define


where_less = intrinsic(_compare("<"))
"""``where_less(a, b, yes, no)``: `yes` where a < b, else `no`; a NaN is never less."""
where_equal = intrinsic(_compare("=="))
"""``where_equal(a, b, yes, no)``: `yes` where a = b, else `no`."""


@intrinsic
def any_not_finite(_typing: Any, a: Any) -> Any:
    """Return whether any place holds a NaN or an infinity."""

    def codegen(_context: Any, builder: Any, _sig: Any, args: Any) -> Any:
        # x − x is 0 for a finite x and NaN otherwise.
        difference = builder.fsub(args[0], args[0])
        mask = builder.fcmp_unordered("uno", difference, difference)
        bits = builder.bitcast(mask, ir.IntType(a.length))
        return builder.icmp_unsigned("!=", bits, ir.Constant(bits.type, 0))

    return types.boolean(a), codegen


@intrinsic
def power_of_two(_typing: Any, shifted: Any) -> Any:
    """Return 2ⁿ for a whole number n added to 1.5 · 2^mantissa: n stands in the low bits of that sum."""
    bits, mantissa, one = (
        (32, 23, 0x3F800000) if shifted.element == "float32" else (64, 52, 0x3FF0000000000000)
    )

    def codegen(_context: Any, builder: Any, _sig: Any, args: Any) -> Any:
        kind = ir.VectorType(ir.IntType(bits), shifted.length)
        whole = builder.bitcast(args[0], kind)
        shift = ir.Constant(kind, [mantissa] * shifted.length)
        exponent = builder.add(builder.shl(whole, shift), ir.Constant(kind, [one] * shifted.length))
        return builder.bitcast(exponent, args[0].type)

    return shifted(shifted), codegen


@intrinsic
def multiply_high(_typing: Any, a: Any, b: Any) -> Any:
    """Return the upper 32 bits of the product of two vectors of uint32."""

    def codegen(_context: Any, builder: Any, _sig: Any, args: Any) -> Any:
        wide = ir.VectorType(ir.IntType(64), a.length)
        product = builder.mul(builder.zext(args[0], wide), builder.zext(args[1], wide))
        upper = builder.lshr(product, ir.Constant(wide, [32] * a.length))
        return builder.trunc(upper, args[0].type)

    return a(a, b), codegen


infer: Any = infer_global


def _operator(symbol: Any, float_operation: str | None, word_operation: str | None) -> None:
    """Let compiled code write ``a + b`` for two vectors of one type."""

    @infer(symbol)
    class _Template(AbstractTemplate):  # pyright: ignore[reportUnusedClass]
        def generic(self, args: Any, kws: Any) -> Any:
            if len(args) == 2 and isinstance(args[0], Vector) and args[0] == args[1]:
                return signature(args[0], *args)
            return None

    @lower_builtin(symbol, Vector, Vector)
    def _lower(_context: Any, builder: Any, sig: Any, args: Any) -> Any:  # pyright: ignore[reportUnusedFunction]
        operation = word_operation if sig.return_type.element == "uint32" else float_operation
        if operation is None:
            raise TypeError(f"{symbol.__name__} is not defined for {sig.return_type}")
        return getattr(builder, operation)(*args)


_operator(operator.add, "fadd", "add")
_operator(operator.sub, "fsub", "sub")
_operator(operator.mul, "fmul", "mul")
_operator(operator.truediv, "fdiv", None)
_operator(operator.xor, None, "xor")


# More operations on vectors: words to floats, the parts of a float, polynomials and table look-ups.
#
# Words need no comparison of their own: ``vector.where_less(a, b, yes, no)`` chooses floats by words a, b,
# too.


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
