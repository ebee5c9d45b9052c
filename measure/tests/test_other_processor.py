"""Bits are compared as bits."""

import numpy as np

from measure.other_processor import other_bits


def test_signs_of_zero_count_and_equal_nans_do_not() -> None:
    a, b = np.array([0.0, 1.0, np.nan, 2.0], np.float32), np.array([-0.0, 1.0, np.nan, 2.5], np.float32)
    assert other_bits(a, b) == 2
    assert other_bits(a, a) == 0
