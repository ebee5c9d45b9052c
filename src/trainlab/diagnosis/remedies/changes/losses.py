# pyright: basic
"""Where outputs meet targets: shapes made equal, squared error for the absolute one, 1 and −1 for 1 and 0."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from trainlab.diagnosis.observed.torch_names import DISTANCES, SIGNED
from trainlab.diagnosis.remedies.patching import Patching


def equal_shapes(on: Patching) -> None:
    """Give a target its output's shape, where the two would be broadcast to a table of all pairs."""

    def wrap_named(original: Any) -> Any:
        def loss(output: Any, target: Any, *args: Any, **kwargs: Any) -> Any:
            if _blown_up(output, target):
                on.act()
                target = target.reshape(output.shape)
            return original(output, target, *args, **kwargs)

        return loss

    def wrap_difference(original: Any) -> Any:
        def difference(first: Any, second: Any, *args: Any, **kwargs: Any) -> Any:
            if _blown_up(first, second) and first.requires_grad != second.requires_grad:
                on.act()
                if first.requires_grad:
                    second = second.reshape(first.shape)
                else:
                    first = first.reshape(second.shape)
            return original(first, second, *args, **kwargs)

        return difference

    for name in DISTANCES:
        on.replace(nn.functional, name, wrap_named)
    for owner, name in differences():
        on.replace(owner, name, wrap_difference)


def differences() -> list[tuple[Any, str]]:
    """Return the places of subtraction."""
    return [
        (torch.Tensor, "__sub__"), (torch.Tensor, "__rsub__"), (torch.Tensor, "sub"), (torch, "sub"),
        (torch.Tensor, "subtract"), (torch, "subtract"),
    ]  # fmt: skip


def _blown_up(first: Any, second: Any) -> bool:
    """Whether two tensors of as many values, but not as many axes, would pair all values with all."""
    if not isinstance(first, torch.Tensor) or not isinstance(second, torch.Tensor):
        return False
    if first.dim() == second.dim() or first.numel() != second.numel():
        return False
    pairs = zip(reversed(first.shape), reversed(second.shape), strict=False)
    if not all(a == b or 1 in (a, b) for a, b in pairs):
        return False
    return torch.broadcast_shapes(first.shape, second.shape).numel() > first.numel()


def squared(on: Patching) -> None:
    """Use squared error where the script uses absolute error."""

    def wrap(original: Any) -> Any:
        def l1_loss(output: Any, target: Any, *args: Any, **kwargs: Any) -> Any:
            on.act()
            allowed = {name: value for name, value in kwargs.items() if name in ("reduction", "weight")}
            return nn.functional.mse_loss(output, target, **allowed)

        return l1_loss

    on.replace(nn.functional, "l1_loss", wrap)


def signed_targets(on: Patching) -> None:
    """Give losses that want targets of 1 and −1 these, where the script gives them 1 and 0."""

    def signed(target: torch.Tensor) -> torch.Tensor:
        if bool((target < 0).any()) or not bool((target == 0).any()):
            return target
        on.act()
        return 2 * target - 1

    def wrap(original: Any) -> Any:
        def loss(*args: Any, **kwargs: Any) -> Any:
            if "target" in kwargs:
                return original(*args, **kwargs | {"target": signed(kwargs["target"])})
            place = max(place for place, one in enumerate(args) if isinstance(one, torch.Tensor))
            return original(*args[:place], signed(args[place]), *args[place + 1 :], **kwargs)

        return loss

    for name in SIGNED:
        on.replace(nn.functional, name, wrap)
