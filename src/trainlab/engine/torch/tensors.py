"""Between arrays and tensors."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt
import torch


def on_device(array: npt.NDArray[Any], device: str) -> torch.Tensor:
    """Return the array as a tensor on the device; on the CPU it shares the array's memory."""
    return torch.as_tensor(array, device=device)
