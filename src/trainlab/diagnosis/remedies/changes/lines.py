# pyright: basic
"""What one line of the script does to a tensor: cuts undone, graphs kept, poles avoided."""

from __future__ import annotations

import os
from typing import Any

import torch
from torch import nn

from trainlab.diagnosis.probe.user_frames import user_frame
from trainlab.diagnosis.remedies.patching import Patching


def is_at(line: str) -> bool:
    """Whether the script's own code is at this ``file.py:12``."""
    frame = user_frame()
    return frame is not None and line == f"{os.path.basename(frame.f_code.co_filename)}:{frame.f_lineno}"


def no_cut(on: Patching, *, line: str) -> None:
    """Have ``detach()``, ``.data`` and ``torch.tensor(…)`` at this line pass on the tensor itself."""

    def wrap(original: Any) -> Any:
        def cut(given: Any, *args: Any, **kwargs: Any) -> Any:
            if isinstance(given, torch.Tensor) and given.grad_fn is not None and is_at(line):
                on.act()
                return given
            return original(given, *args, **kwargs)

        return cut

    data: Any = torch.Tensor.data

    def read(tensor: Any) -> Any:
        if tensor.grad_fn is not None and is_at(line):
            on.act()
            return tensor
        return data.__get__(tensor)

    on.replace(torch.Tensor, "detach", wrap)
    on.replace(torch, "tensor", wrap)
    on.replace(torch, "as_tensor", wrap)
    on.put(torch.Tensor, "data", property(read, lambda tensor, value: data.__set__(tensor, value)))


def create_graph(on: Patching, *, line: str) -> None:
    """Have `torch.autograd.grad` at this line give derivatives that gradients flow through."""

    def wrap(original: Any) -> Any:
        def grad(outputs: Any, inputs: Any, *args: Any, **kwargs: Any) -> Any:
            if not is_at(line):
                return original(outputs, inputs, *args, **kwargs)
            on.act()
            first = dict(zip(("grad_outputs", "retain_graph"), args, strict=False))
            return original(outputs, inputs, **{**kwargs, **first, "create_graph": True})

        return grad

    on.replace(torch.autograd, "grad", wrap)


def gradients_inside(on: Patching) -> None:
    """Keep gradients on inside of a network that is called with them."""
    roots = on.roots()
    switched: list[nn.Module] = []

    def before(module: nn.Module, args: Any) -> None:
        if roots.running is not None and roots.gradients and not torch.is_grad_enabled() and not switched:
            switched.append(module)
            torch.set_grad_enabled(True)
            on.act()

    def after(module: nn.Module, args: Any, output: Any) -> None:
        if switched and switched[0] is module:
            switched.clear()
            torch.set_grad_enabled(False)

    on.before_call(before)
    on.after_call(after)


def away_from_pole(on: Patching, *, line: str, eps: float) -> None:
    """Keep the input of a logarithm, root or division at this line away from where it isn't finite."""

    def apart(tensor: torch.Tensor) -> torch.Tensor:
        return torch.where(tensor.abs() < eps, torch.where(tensor < 0, -eps, eps).to(tensor), tensor)

    def positive(tensor: torch.Tensor) -> torch.Tensor:
        return tensor.clamp_min(eps)

    def bounded(tensor: torch.Tensor) -> torch.Tensor:
        return tensor.clamp(-1 + eps, 1 - eps)

    def wrap_with(change: Any, place: int) -> Any:
        def wrap(original: Any) -> Any:
            def call(*args: Any, **kwargs: Any) -> Any:
                given = args[place] if len(args) > place else None
                if not isinstance(given, torch.Tensor) or not given.is_floating_point() or not is_at(line):
                    return original(*args, **kwargs)
                on.act()
                return original(*args[:place], change(given), *args[place + 1 :], **kwargs)

            return call

        return wrap

    def small(tensor: torch.Tensor) -> torch.Tensor:
        return tensor.clamp_max(80.0)

    def change(names: tuple[str, ...], how: Any, place: int = 0) -> None:
        for name in names:
            for owner in (torch, torch.Tensor):
                if hasattr(owner, name):
                    on.replace(owner, name, wrap_with(how, place))

    change(("log", "log2", "log10", "sqrt", "rsqrt", "pow", "__pow__", "logdet"), positive)
    change(("div", "true_divide", "__truediv__", "divide"), apart, 1)
    change(("reciprocal", "__rtruediv__", "__rdiv__", "norm", "std"), apart)
    change(("acos", "asin", "arccos", "arcsin"), bounded)
    change(("exp",), small)
