# pyright: basic
"""What a module is made of, read without calling a method that its class may have of its own.

A user's ``parameters()`` may count, print or build something; it isn't called because somebody listens.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from torch import nn


def named_parts(module: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """Yield the module and all within, each once, with their paths: those of `nn.Module.named_modules`."""
    if _is_told_by_pytorch(module, "named_modules"):
        yield from module.named_modules()
        return
    met: set[int] = set()
    waiting = [("", module)]
    while waiting:
        path, part = waiting.pop()
        if id(part) in met:
            continue
        met.add(id(part))
        yield path, part
        inner = [(f"{path}.{name}" if path else name, one) for name, one in _held(part, "_modules")]
        waiting += reversed(inner)


def parts(module: nn.Module) -> Iterator[nn.Module]:
    """Yield the module and all within, each once."""
    for _, part in named_parts(module):
        yield part


def children(module: nn.Module) -> list[nn.Module]:
    """Return the modules that it holds itself."""
    return [one for _, one in _held(module, "_modules")]


def own_parameters(module: nn.Module) -> dict[str, nn.Parameter]:
    """Return the parameters that it holds itself, by name, each once."""
    if _is_told_by_pytorch(module, "named_parameters"):
        return dict(module.named_parameters(recurse=False))
    found: dict[int, tuple[str, nn.Parameter]] = {}
    for name, one in _held(module, "_parameters"):
        found.setdefault(id(one), (name, one))
    return dict(found.values())


def named_parameters(module: nn.Module) -> dict[str, nn.Parameter]:
    """Return all parameters, those of the modules within included, by their paths, each once."""
    found: dict[int, tuple[str, nn.Parameter]] = {}
    for path, part in named_parts(module):
        for name, one in own_parameters(part).items():
            found.setdefault(id(one), (f"{path}.{name}" if path else name, one))
    return dict(found.values())


def parameters(module: nn.Module) -> list[nn.Parameter]:
    """Return all parameters, those of the modules within included, each once."""
    return list(named_parameters(module).values())


def _held(module: nn.Module, kind: str) -> list[tuple[str, Any]]:
    held = vars(module).get(kind)
    pairs = (getattr(module, kind, None) or {}) if held is None else held
    return [(name, one) for name, one in pairs.items() if one is not None]


def _is_told_by_pytorch(module: nn.Module, method: str) -> bool:
    """Whether a class of PyTorch's own, as of sharded or scripted modules, tells it in another way."""
    for kind in type(module).__mro__:
        if method in vars(kind) and kind.__module__.partition(".")[0] == "torch":
            return kind is not nn.Module
    return False
