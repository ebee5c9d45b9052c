# pyright: basic
"""At the end: which weights have moved from where they started, and which rows are still the same."""

from __future__ import annotations

import torch

from trainlab.diagnosis.probe.parameter_values import MAX_ELEMENTS, equal_shares
from trainlab.diagnosis.probe.probe_state import Core
from trainlab.diagnosis.probe.readable_tensors import readable

ALIKE = 1e-3
"""Rounding sets equal units apart a little, and Adam makes small differences larger."""


def finish_modules(core: Core) -> None:
    """Note where ``module.requires_grad = True`` was written: it sets an attribute and unfreezes nothing."""
    for module, path in core.book.modules():
        if vars(module).get("requires_grad") is not True:
            continue
        frozen = [core.book.known(one) for one in module.parameters() if not one.requires_grad]
        keys = {key for key in frozen if key is not None}
        if keys:
            core.event("unfrozen_in_name", None, path, params=keys)


def finish_params(core: Core) -> None:
    """Compare each parameter that is still alive with its first look."""
    for key, record in core.record.params.items():
        tensor = core.book.tensor(key)
        values = None if tensor is None else readable(tensor)
        if tensor is None or values is None or not 0 < values.numel() <= MAX_ELEMENTS:
            continue
        if not values.is_floating_point():
            continue
        values = values.detach().float()
        if not record.name:
            core.book.name_leaf(tensor)
        record.requires_grad = tensor.requires_grad
        if "mean" not in record.start:
            continue
        rows, columns = equal_shares(values, within=ALIKE)
        numbers = [values.mean(), values.std(unbiased=False), values.abs().mean(), rows, columns]
        now = torch.stack(numbers).tolist()
        start = [record.start["mean"], record.start["std"], record.start["mean_abs"]]
        if record.moved is not True:
            record.moved = now[:3] != start or any(record.update)
        record.equal_rows_later, record.equal_columns_later = now[3], now[4]
        record.start["end_std"], record.start["end_mean_abs"] = now[1], now[2]
