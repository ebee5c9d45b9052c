"""PyTorch: whether it is installed, and without what its stubs leave unknown."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def torch_or_none() -> Any:
    """Return torch; None where it isn't installed."""
    try:
        return untyped_torch()
    except ImportError:
        return None


def untyped_torch() -> Any:
    """Return torch as anything: its stubs leave much of it unknown to a type checker."""
    return import_module("torch")
