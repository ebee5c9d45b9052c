"""Two-byte losses are torch's bfloat16."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from trainlab.engine.runs import MISSING, NAN, RELATIVE_ERROR, decode, encode, is_missing

EVERY = np.arange(2**16, dtype=np.uint16)
BITS = hnp.arrays(np.uint32, st.integers(0, 40), elements=st.integers(0, 2**32 - 1))


def torch_s(values: np.ndarray) -> np.ndarray:
    return torch.from_numpy(values.astype(np.float32)).to(torch.bfloat16).to(torch.float32).numpy()


def neighbourhoods() -> np.ndarray:
    """Return the float32 at and beside every code, and halfway to the next: each end of each rounding."""
    bits = EVERY.astype(np.uint32) << 16
    beside = [bits + np.uint32(more) for more in (0, 1, 0x7FFF, 0x8000, 0x8001, 0xFFFF)]
    return np.concatenate(beside).view(np.float32)


@given(BITS.map(lambda bits: bits.view(np.float32)))
def test_it_is_torch_s_conversion(values: np.ndarray) -> None:
    np.testing.assert_array_equal(decode(encode(values)), torch_s(values))


def test_it_is_so_around_every_code_infinities_and_subnormals_too() -> None:
    values = neighbourhoods()
    ours = decode(encode(values))
    np.testing.assert_array_equal(ours, torch_s(values))
    told = ~np.isnan(values)
    np.testing.assert_array_equal(np.signbit(ours)[told], np.signbit(values)[told])
    assert np.isinf(ours[told]).sum() > np.isinf(values).sum()
    assert ((ours > 0) & (ours < 1e-38)).any()


def test_codes_are_kept_by_decoding_and_encoding() -> None:
    numbers = ~np.isnan(decode(EVERY))
    np.testing.assert_array_equal(encode(decode(EVERY))[numbers], EVERY[numbers])
    assert set(encode(decode(EVERY))[~numbers]) == {NAN}
    assert MISSING not in encode(neighbourhoods())


def test_numbers_of_normal_size_stay_within_the_stated_share_and_in_order() -> None:
    values = np.sort(np.abs(np.random.default_rng(0).normal(size=10_000)) ** 9).astype(np.float32)
    values = values[values > 1.2e-38]
    kept = decode(encode(values))
    off = np.abs(kept.astype(np.float64) / values - 1)
    assert 0.9 * RELATIVE_ERROR < off.max() <= RELATIVE_ERROR < 0.004
    assert (np.diff(kept) >= 0).all()


def test_float64_goes_by_float32_and_what_that_can_not_hold_is_infinite() -> None:
    values = np.array([0.1, -1e300, 1e300, 1e-300, np.nan, -0.0])
    as_float32 = np.array([0.1, -np.inf, np.inf, 0.0, np.nan, 0.0])
    np.testing.assert_array_equal(decode(encode(values)), torch_s(as_float32))


@pytest.mark.parametrize("shape", [(0, 5), (3, 0), (0, 0), (2, 3)])
def test_shapes_and_layouts_are_kept(shape: tuple[int, int]) -> None:
    values = np.arange(float(shape[0] * shape[1])).reshape(shape[::-1]).T
    codes = encode(values)
    assert codes.dtype == np.uint16
    assert codes.shape == decode(codes).shape == shape
    np.testing.assert_array_equal(decode(codes), values)


def test_what_is_missing_is_no_curve_that_diverged() -> None:
    curves = encode(np.array([[np.nan, np.nan], [1.0, np.nan], [np.inf, -np.inf]]))
    curves = np.concatenate([curves, np.full((1, 2), MISSING, dtype=np.uint16)])
    assert is_missing(curves).tolist() == [False, False, False, True]
    assert np.isnan(decode(curves)[3]).all()
    assert is_missing(curves[:, :0]).tolist() == [False] * 4
