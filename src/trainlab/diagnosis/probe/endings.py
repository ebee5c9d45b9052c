# pyright: basic
"""At the end: which weights have moved from where they started, and which rows are still the same."""

from __future__ import annotations

import torch

from trainlab.diagnosis.probe.core import Core
from trainlab.diagnosis.probe.values import MAX_ELEMENTS, equal_shares

ALIKE = 1e-3
"""Rounding sets equal units apart a little, and Adam makes small differences larger."""


def finish_params(core: Core) -> None:
    """Compare each parameter that is still alive with its first look."""
    for key, seen in core.seen.params.items():
        tensor = core.book.tensor(key)
        if tensor is None or not tensor.is_floating_point() or not 0 < tensor.numel() <= MAX_ELEMENTS:
            continue
        values = tensor.detach().float()
        if not seen.name:
            core.book.name_leaf(tensor)
        seen.requires_grad = tensor.requires_grad
        if "mean" not in seen.start:
            continue
        rows, _ = equal_shares(values, within=ALIKE)
        now = torch.stack([values.mean(), values.std(unbiased=False), values.abs().mean(), rows]).tolist()
        start = [seen.start["mean"], seen.start["std"], seen.start["mean_abs"]]
        if seen.moved is not True:
            seen.moved = now[:3] != start or any(seen.update)
        seen.equal_rows_later = now[3]
        seen.start["end_std"], seen.start["end_mean_abs"] = now[1], now[2]
