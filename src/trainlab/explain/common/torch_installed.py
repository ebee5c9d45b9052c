"""The check against autograd: PyTorch where it is installed, and only then."""

from __future__ import annotations

from importlib import import_module
from typing import Any


def torch_or_none() -> Any:
    """Return torch; None where it isn't installed."""
    try:
        return import_module("torch")
    except ImportError:
        return None
