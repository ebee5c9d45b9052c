"""Words to floats, a float's parts, polynomials and table look-ups, against NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from engine.lanes import NETWORKS, Floats, call, elementwise, memory_of, tag
from numba import njit

from trainlab.engine.kernel import vector as b
from trainlab.engine.kernel.lanes import aligned_zeros, is_faulty
from trainlab.engine.kernel.simd import load_words, store
from trainlab.engine.kernel.vector import splat, splat_word, where_less

each_dtype = pytest.mark.parametrize("dtype", ["float32", "float64"])
EDGES = np.array([0, 1, 2**24 + 1, 2**31 - 1, 2**31, 2**32 - 129, 2**32 - 128, 2**32 - 1], dtype=np.uint32)


@njit(error_model="numpy")
def _floats(lane: Any, words: Any, target: Any) -> None:
    store(lane, target, 0, b.to_float(lane, load_words(lane, words, 0)))


@each_dtype
def test_words_become_the_nearest_float(dtype: str) -> None:
    target = aligned_zeros(NETWORKS, dtype)
    call(_floats, tag(dtype), memory_of(EDGES), target)
    np.testing.assert_array_equal(target, EDGES.astype(dtype))


@njit(error_model="numpy")
def _words(lane: Any, words: Any, floats: Any, target: Any) -> None:
    first, second = load_words(lane, words, 0), load_words(lane, words, 1)
    store(lane, target, 0, b.invert_word(first))
    store(lane, target, 1, b.minimum_word(first, second))
    chosen = where_less(first, splat_word(lane, 1 << 31), splat(lane, 1.0), splat(lane, 2.0))
    store(lane, floats, 0, chosen)


def test_words_are_unsigned() -> None:
    words = np.stack([EDGES, EDGES[::-1]])
    target, floats = aligned_zeros(2 * NETWORKS, "uint32"), aligned_zeros(NETWORKS, "float64")
    call(_words, tag("float64"), memory_of(words), floats, target)
    np.testing.assert_array_equal(target.reshape(2, NETWORKS), [~words[0], words.min(axis=0)])
    np.testing.assert_array_equal(floats, np.where(EDGES < 1 << 31, 1.0, 2.0))


@njit(forceinline=True)
def _mantissa(_tag: Any, x: Any) -> Any:
    return b.mantissa(x)


@njit(forceinline=True)
def _exponent(_tag: Any, x: Any) -> Any:
    return b.exponent(x)


@each_dtype
def test_a_float_is_its_mantissa_times_a_power_of_two(dtype: str) -> None:
    info = np.finfo(dtype)
    root = np.sqrt(np.array(0.5, dtype=dtype))
    around = [root, np.nextafter(root, 0, dtype=dtype), 2 * root, 1, 2, info.tiny, info.max]
    x = np.concatenate([around, np.geomspace(2 * info.tiny, info.max / 2, 10_001)]).astype(dtype)
    mantissa, exponent = elementwise(_mantissa)(x), elementwise(_exponent)(x)
    assert mantissa.min() == root
    assert mantissa.max() < 2 * root
    np.testing.assert_array_equal(exponent, np.rint(exponent))
    np.testing.assert_array_equal(np.ldexp(mantissa, exponent.astype(np.int32)), x)


_cubic = b.polynomial_of({"float32": (1.0, -3.0, 0.5, 2.0), "float64": (2.0, 1.0)})


@njit(forceinline=True)
def _polynomial(lane: Any, x: Any) -> Any:
    return _cubic(lane, x)


def test_a_polynomial_has_the_coefficients_of_its_precision() -> None:
    x = np.linspace(-2, 2, 17)
    function = elementwise(_polynomial)
    np.testing.assert_array_equal(function(x.astype(np.float32)), 1 - 3 * x + 0.5 * x**2 + 2 * x**3)
    np.testing.assert_array_equal(function(x), 2 + x)


@njit(error_model="numpy")
def _look_up(lane: Any, table: Any, words: Any, target: Any, stride: int, offset: int) -> None:
    store(lane, target, 0, b.gather(lane, table, load_words(lane, words, 0), stride, offset))


def look_up(
    table: Floats, index: list[int], stride: int, offset: int, dtype: str, *, checked: bool = False
) -> Floats:
    target = aligned_zeros(NETWORKS, dtype)
    words = memory_of(np.array(index, dtype=np.uint32))
    call(_look_up, tag(dtype, checked=checked), table, words, target, stride, offset)
    return target


@pytest.mark.parametrize("checked", [False, True])
@each_dtype
def test_gather_reads_each_networks_element(dtype: str, checked: bool) -> None:
    table = np.random.default_rng(0).normal(size=(10, 3)).astype(dtype)
    index = [9, 0, 3, 3, 7, 1, 2, 9]
    for column in range(3):
        found = look_up(memory_of(table), index, 3, column, dtype, checked=checked)
        np.testing.assert_array_equal(found, table[index, column])
    np.testing.assert_array_equal(look_up(memory_of(table), index, 0, 4, dtype, checked=checked), table[1, 1])


@pytest.mark.parametrize(
    ("last", "stride", "offset"), [(10, 3, 0), (9, 3, 3), (1, 3, -1), (1, -1, 5), (2**32 - 1, 1, 0)]
)
def test_the_checked_build_refuses_what_is_outside_of_the_table(last: int, stride: int, offset: int) -> None:
    index = [0] * (NETWORKS - 1) + [last]
    table = memory_of(np.full(30, 7.0))
    found = look_up(table, index, stride, offset, "float64", checked=True)
    assert is_faulty(table)
    np.testing.assert_array_equal(found, 7.0)


def test_gather_refuses_to_run_uncompiled() -> None:
    with pytest.raises(TypeError, match="compiled code only"):
        b.gather(tag(), 0, 0, 1, 0)
