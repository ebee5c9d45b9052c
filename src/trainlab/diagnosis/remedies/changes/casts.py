# pyright: basic
"""Casts: bfloat16 where the script takes float16, and none to whole numbers where they cut fractions off."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from trainlab.diagnosis.remedies.changes.lines import is_at
from trainlab.diagnosis.remedies.patching import Patching

_CASTS = ("long", "int", "short", "byte", "to", "type")


def bfloat16(on: Patching) -> None:
    """Compute in bfloat16, whose smallest number is that of float32, where the script computes in float16."""

    def other(value: Any) -> Any:
        if value is torch.float16:
            on.act()
            return torch.bfloat16
        return value

    def wrap(original: Any) -> Any:
        def call(*args: Any, **kwargs: Any) -> Any:
            changed = [other(value) for value in args]
            return original(*changed, **{name: other(value) for name, value in kwargs.items()})

        return call

    def wrap_half(original: Any) -> Any:
        def half(given: Any, *args: Any, **kwargs: Any) -> Any:
            on.act()
            return given.bfloat16()

        return half

    def wrap_autocast(original: Any) -> Any:
        def init(self: Any, device_type: str, dtype: Any = None, *args: Any, **kwargs: Any) -> None:
            default = torch.get_autocast_dtype(device_type) if dtype is None else dtype
            original(self, device_type, other(default), *args, **kwargs)

        return init

    on.replace(torch.autocast, "__init__", wrap_autocast)
    for owner in (nn.Module, torch.Tensor):
        on.replace(owner, "to", wrap)
        on.replace(owner, "half", wrap_half)


def no_cast(on: Patching, *, line: str) -> None:
    """Leave out casts to whole numbers at this line, where they would cut fractions off."""

    def wrap(original: Any) -> Any:
        def cast(tensor: Any, *args: Any, **kwargs: Any) -> Any:
            out = original(tensor, *args, **kwargs)
            if isinstance(out, str) or out.is_floating_point() or not tensor.is_floating_point():
                return out
            if not is_at(line):
                return out
            on.act()
            return tensor

        return cast

    def wrap_made(original: Any) -> Any:
        def made(values: Any, *args: Any, **kwargs: Any) -> Any:
            out = original(values, *args, **kwargs)
            if out.is_floating_point() or not is_at(line):
                return out
            whole = torch.as_tensor(values)
            if not whole.is_floating_point():
                return out
            on.act()
            return whole.to(torch.get_default_dtype())

        return made

    for name in _CASTS:
        on.replace(torch.Tensor, name, wrap)
    # torch.as_tensor is what the replacement itself needs: only the other is replaced.
    on.replace(torch, "tensor", wrap_made)
