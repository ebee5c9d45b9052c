"""Each operation of the kernel's vectors alone, against NumPy."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
import pytest
from engine.lanes import NETWORKS, Floats, call, memory_of, tag
from numba import njit

from trainlab.engine.kernel import vector as v
from trainlab.engine.kernel.lanes import aligned, aligned_zeros, is_faulty
from trainlab.engine.kernel.memory import element, event, set_element, set_event, set_word, word
from trainlab.engine.kernel.simd import load, load_words, samples_of, store

SAMPLES = 4
each_dtype = pytest.mark.parametrize("dtype", ["float32", "float64"])


def numbers(rows: int, dtype: str, seed: int = 0) -> Floats:
    return np.random.default_rng(seed).normal(size=(rows, NETWORKS)).astype(dtype)


@njit(error_model="numpy")
def _arithmetic(lane: Any, source: Any, target: Any) -> None:
    a, b, c = load(lane, source, 0), load(lane, source, 1), load(lane, source, 2)
    store(lane, target, 0, a + b)
    store(lane, target, 1, a - b)
    store(lane, target, 2, a * b)
    store(lane, target, 3, a / b)
    store(lane, target, 4, v.sqrt(v.absolute(a)))
    store(lane, target, 5, v.absolute(a))
    store(lane, target, 6, v.fma(a, b, c))
    store(lane, target, 7, v.splat(lane, 0.1))


@each_dtype
def test_arithmetic_is_to_the_bit_that_of_numpy(dtype: str) -> None:
    a, b, c = source = numbers(3, dtype)
    target = aligned_zeros(8 * NETWORKS, dtype)
    call(_arithmetic, tag(dtype), memory_of(source), target)
    exact = a.astype(np.longdouble) * b + c
    tenth = np.full(NETWORKS, 0.1, dtype=dtype)
    plain = [a + b, a - b, a * b, a / b, np.sqrt(np.abs(a)), np.abs(a)]
    rows = target.reshape(8, NETWORKS)
    np.testing.assert_array_equal(rows[:6], plain)
    np.testing.assert_array_equal(rows[7], tenth)
    # One rounding of a·b + c; long double holds the exact product of two float32.
    tolerance = 0.5 if dtype == "float32" else 0.51
    assert (np.abs(rows[6] - exact) <= tolerance * np.spacing(np.abs(rows[6]))).all()


@each_dtype
def test_fma_rounds_once(dtype: str) -> None:
    # (1 + ε)² − (1 + 2ε) = ε², which two roundings lose.
    eps = np.finfo(dtype).eps
    source = np.empty((3, NETWORKS), dtype=dtype)
    source[0] = source[1] = 1 + eps
    source[2] = -(1 + 2 * eps)
    target = aligned_zeros(8 * NETWORKS, dtype)
    call(_arithmetic, tag(dtype), memory_of(source), target)
    np.testing.assert_array_equal(target.reshape(8, NETWORKS)[6], eps * eps)


@njit(error_model="numpy")
def _move(lane: Any, source: Any, target: Any, start: int, stop: int) -> None:
    for row in range(start, stop):
        store(lane, target, stop - 1 - (row - start), load(lane, source, row))


@each_dtype
def test_load_and_store_touch_their_row_only(dtype: str) -> None:
    source = numbers(6, dtype)
    target = memory_of(np.full((6, NETWORKS), -7.0), dtype)
    call(_move, tag(dtype), memory_of(source), target, 2, 5)
    expected = np.full((6, NETWORKS), -7.0, dtype=dtype)
    expected[2:5] = source[2:5][::-1]
    np.testing.assert_array_equal(target.reshape(6, NETWORKS), expected)


@pytest.mark.parametrize(("start", "stop", "fault"), [(-1, 1, True), (5, 7, True), (0, 6, False)])
def test_the_checked_build_marks_the_memory_of_which_rows_outside_are_asked(
    start: int, stop: int, fault: bool
) -> None:
    memory = memory_of(numbers(6, "float32"))
    larger = memory_of(np.zeros((9, NETWORKS)), "float32")
    call(_move, tag("float32", checked=True), memory, larger, start, stop)
    assert is_faulty(memory) == fault
    assert is_faulty(larger) == (start < 0)


@njit(error_model="numpy")
def _fill(lane: Any, target: Any, row: int) -> None:
    store(lane, target, row, v.splat(lane, 1.0))


@pytest.mark.parametrize(("row", "samples"), [(-1, 1), (6, 1), (3, 4), (1 << 40, 1)])
def test_the_checked_build_refuses_to_store_outside(row: int, samples: int) -> None:
    memory = memory_of(np.zeros((6, NETWORKS)), "float32")
    call(_fill, tag("float32", samples=samples, checked=True), memory, row)
    assert is_faulty(memory)
    assert not memory.any()


@njit(error_model="numpy")
def _elements(lane: Any, floats: int, words: int, events: int, index: int) -> float:
    set_element(lane, floats, index, element(lane, floats, index) + 0.5)
    set_word(lane, words, index, word(lane, words, index) + 1)
    set_event(lane, events, index, event(lane, events, index) - 2)
    return element(lane, floats, index)


@each_dtype
@pytest.mark.parametrize("checked", [False, True])
def test_single_elements(checked: bool, dtype: str) -> None:
    floats, words, events = (memory_of(np.arange(NETWORKS), kind) for kind in (dtype, "uint32", "int64"))
    arrays = (floats, words, events)
    assert call(_elements, tag(dtype, checked=checked), *arrays, 3) == 3.5
    for array, change in zip(arrays, (0.5, 1, -2), strict=True):
        expected = np.arange(NETWORKS, dtype=array.dtype)
        expected[3] += array.dtype.type(change)
        np.testing.assert_array_equal(array, expected)
        assert not is_faulty(array)


@pytest.mark.parametrize("index", [-1, NETWORKS, 1 << 40])
def test_the_checked_build_refuses_elements_outside(index: int) -> None:
    arrays = [memory_of(np.arange(NETWORKS), kind) for kind in ("float32", "uint32", "int64")]
    call(_elements, tag("float32", checked=True), *arrays, index)
    for array in arrays:
        assert is_faulty(array)
        np.testing.assert_array_equal(array, np.arange(NETWORKS))


def test_operations_refuse_to_run_uncompiled() -> None:
    memory = memory_of(np.zeros((1, NETWORKS)))
    for function in (load, load_words, element, word, event):
        with pytest.raises(TypeError, match="compiled code only"):
            function(tag(), memory.ctypes.data, 0)
    for function in (store, set_element, set_word, set_event):
        with pytest.raises(TypeError, match="compiled code only"):
            function(tag(), memory.ctypes.data, 0, 0.0)


@njit(error_model="numpy")
def _choose(lane: Any, source: Any, target: Any) -> None:
    a, b = load(lane, source, 0), load(lane, source, 1)
    yes, no = load(lane, source, 2), load(lane, source, 3)
    store(lane, target, 0, v.where_less(a, b, yes, no))
    store(lane, target, 1, v.where_equal(a, b, yes, no))


@each_dtype
def test_where_takes_no_for_a_nan(dtype: str) -> None:
    nan, inf = np.nan, np.inf
    source = np.empty((4, NETWORKS), dtype=dtype)
    source[0] = a = np.array([1.0, 2.0, 2.0, nan, 1.0, nan, -inf, -0.0], dtype=dtype)
    source[1] = b = np.array([2.0, 1.0, 2.0, 1.0, nan, nan, inf, 0.0], dtype=dtype)
    source[2], source[3] = 1.0, 0.0
    target = aligned_zeros(2 * NETWORKS, dtype)
    call(_choose, tag(dtype), memory_of(source), target)
    np.testing.assert_array_equal(target.reshape(2, NETWORKS), [a < b, a == b])


@njit(error_model="numpy")
def _over_samples(lane: Any, block: Any, source: Any, target: Any) -> None:
    a, b = load(block, source, 0), load(block, source, samples_of(block))
    before = load(lane, source, 2 * samples_of(block))
    store(lane, target, 0, v.dot_samples(block, a, b, before))
    store(lane, target, 1, v.dot_samples(block, a, v.splat(block, 1.0), before))
    store(block, target, 2, v.repeat_samples(block, load(lane, source, 0)))


@pytest.mark.parametrize("samples", [1, SAMPLES])
@each_dtype
def test_sums_over_the_samples_of_a_block(dtype: str, samples: int) -> None:
    source = numbers(2 * samples + 1, dtype)
    a, b, before = source[:samples], source[samples:-1], source[-1]
    target = aligned_zeros((2 + samples) * NETWORKS, dtype)
    call(_over_samples, tag(dtype), tag(dtype, samples=samples), memory_of(source), target)
    rows = target.reshape(-1, NETWORKS)
    wide = np.longdouble
    dot = before + (a.astype(wide) * b).sum(axis=0)
    eps = np.finfo(dtype).eps
    np.testing.assert_allclose(rows[0], dot.astype(float), rtol=0, atol=8 * eps)
    in_order = before.copy()
    for row in a:
        in_order += row
    np.testing.assert_array_equal(rows[1], in_order)
    np.testing.assert_array_equal(rows[2:], np.tile(source[0], (samples, 1)))


@njit(error_model="numpy")
def _powers(lane: Any, source: Any, target: Any, shift: float) -> None:
    store(lane, target, 0, v.power_of_two(load(lane, source, 0) + v.splat(lane, shift)))


@pytest.mark.parametrize(("dtype", "mantissa", "least"), [("float32", 23, -126), ("float64", 52, -1022)])
def test_power_of_two(dtype: str, mantissa: int, least: int) -> None:
    n = np.array([[least, -2, -1, 0, 1, 2, 31, -least + 1]])
    target = aligned_zeros(NETWORKS, dtype)
    call(_powers, tag(dtype), memory_of(n, dtype), target, 1.5 * 2.0**mantissa)
    np.testing.assert_array_equal(target, np.ldexp(np.ones(NETWORKS), n[0]).astype(dtype))


@njit(error_model="numpy")
def _finite(lane: Any, source: int) -> bool:
    return v.any_not_finite(load(lane, source, 0))


@each_dtype
def test_any_not_finite(dtype: str) -> None:
    largest = np.finfo(dtype).max
    fine = np.array([0.0, -0.0, 1.0, -1.0, largest, -largest, np.finfo(dtype).tiny, 3.0], dtype=dtype)
    assert not call(_finite, tag(dtype), memory_of(fine))
    for place in range(NETWORKS):
        for value in (np.nan, np.inf, -np.inf):
            spoilt = fine.copy()
            spoilt[place] = value
            assert call(_finite, tag(dtype), memory_of(spoilt))


@njit(error_model="numpy")
def _words(lane: Any, source: Any, target: Any) -> None:
    a, b = load_words(lane, source, 0), load_words(lane, source, 1)
    store(lane, target, 0, v.multiply_high(a, b))
    store(lane, target, 1, a * b)
    store(lane, target, 2, a + b)
    store(lane, target, 3, a ^ b)
    store(lane, target, 4, v.splat_word(lane, 0xFFFFFFFF))
    store(lane, target, 5, v.where_equal(a, b, a, v.splat_word(lane, 7)))


def test_words_wrap_at_32_bits() -> None:
    source = np.random.default_rng(1).integers(0, 1 << 32, size=(2, NETWORKS), dtype=np.uint64)
    source[:, 0] = 0xFFFFFFFF
    target = aligned_zeros(6 * NETWORKS, "uint32")
    call(_words, tag("float32"), memory_of(source, "uint32"), target)
    a, b = source
    low = np.uint64(0xFFFFFFFF)
    expected = [
        a * b >> np.uint64(32),
        a * b & low,
        a + b & low,
        a ^ b,
        np.full_like(a, low),
        np.where(a == b, a, 7),
    ]
    np.testing.assert_array_equal(target.reshape(6, NETWORKS), expected)


@pytest.mark.parametrize("dtype", ["float32", "float64", "uint32"])
@pytest.mark.parametrize("count", [0, 1, 7, 64, 1000])
def test_memory_begins_at_a_cache_line(dtype: str, count: int) -> None:
    memory = aligned_zeros(count, dtype)
    assert memory.ctypes.data % 64 == 0
    assert memory.shape == (count,)
    assert not memory.any()
    assert memory.flags.writeable
    assert not is_faulty(memory)
    assert ctypes.c_int64.from_address(memory.ctypes.data - 8).value == count
    values = np.arange(count).reshape(-1, 1)
    copy = aligned(values, dtype)
    assert copy.ctypes.data % 64 == 0
    assert copy.dtype == dtype
    np.testing.assert_array_equal(copy, values.ravel())
