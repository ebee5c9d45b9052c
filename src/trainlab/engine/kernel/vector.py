# pyright: basic
# numba and llvmlite have no types, and arguments of compiled code have none before compilation.
"""The operations the kernel is written with, on vectors in registers: one LLVM instruction or few each."""

from __future__ import annotations

import operator
from typing import Any

from llvmlite import ir
from numba.core import cgutils, types
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import lower_builtin

from trainlab.engine.kernel.simd import ELEMENTS, Vector, intrinsic


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
