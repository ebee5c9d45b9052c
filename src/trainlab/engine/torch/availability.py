"""What has to be there: PyTorch, and the device."""

from __future__ import annotations

from typing import Any

from trainlab.errors import EngineError, listing

DEVICES = ("cpu", "cuda")


def usable_torch(device: str) -> Any:
    """Return torch; raise EngineError if it isn't installed, or there is no such device."""
    if device not in DEVICES:
        raise EngineError(f"device = {device!r}: must be {listing(DEVICES)}.")
    try:
        import torch
    except ImportError:
        raise EngineError(
            "engine = 'torch': needs PyTorch, which is not installed. Use --engine fast, "
            "or install it with: pip install 'trainlab[torch]'"
        ) from None
    if device == "cuda" and not torch.cuda.is_available():
        raise EngineError(
            "device = 'cuda': this PyTorch sees no CUDA device. Use device = 'cpu' (on the command "
            "line --engine torch), or install a build of PyTorch with CUDA on a machine that has one."
        )
    return torch


def available_devices() -> tuple[str, ...]:
    """Return the devices that this machine's PyTorch can use."""
    import torch

    return DEVICES if torch.cuda.is_available() else ("cpu",)
