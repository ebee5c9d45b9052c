"""The losses of the reference and of the torch engine, where torch has none, against the maths tables."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from trainlab.engine.reference.module import build_criterion
from trainlab.engine.torch.stack import criterion_of
from trainlab.maths import LOSSES
from trainlab.spec import LogCosh

CRITERIA: dict[str, Callable[[torch.Tensor, torch.Tensor], torch.Tensor]] = {
    "reference": build_criterion(torch, LogCosh()),
    "torch": lambda p, y: criterion_of(LogCosh())(p[None], y[None])[0],
}
ERRORS = [0.0, 1e-30, 1e-9, -1e-6, 1e-3, 0.3, -0.999999, 1.0, 1.000001, -3.0, 40.0, 1e4, -1e30]


def at(engine: str, error: float, dtype: torch.dtype) -> tuple[float, float]:
    """Return log-cosh and its gradient at one output with this error."""
    output: Any = torch.tensor([[error]], dtype=dtype, requires_grad=True)
    value = CRITERIA[engine](output, torch.zeros_like(output))
    value.backward()
    return value.item(), output.grad.item()


@pytest.mark.parametrize("engine", CRITERIA)
@pytest.mark.parametrize(("dtype", "rtol"), [(torch.float64, 1e-15), (torch.float32, 5e-7)])
def test_log_cosh_loses_no_digit_near_the_target(engine: str, dtype: torch.dtype, rtol: float) -> None:
    for error in ERRORS:
        value, gradient = at(engine, error, dtype)
        d = np.array([[torch.tensor(error, dtype=dtype).item()]])
        zero = np.zeros((1, 1))
        # The square of a float32 below 1e-19 is beneath its numbers.
        np.testing.assert_allclose(value, LOSSES["log_cosh"].value(d, zero), rtol=rtol, atol=1e-44)
        np.testing.assert_allclose(gradient, LOSSES["log_cosh"].gradient(d, zero)[0, 0], rtol=rtol)


@pytest.mark.parametrize("engine", CRITERIA)
def test_log_cosh_of_what_is_no_number_is_none(engine: str) -> None:
    assert np.isnan(at(engine, float("nan"), torch.float32)).all()
    assert at(engine, float("-inf"), torch.float32)[0] == np.inf
