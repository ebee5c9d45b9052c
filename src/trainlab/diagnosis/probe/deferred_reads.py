# pyright: basic
"""Fetches numbers from a device in groups, since every fetch makes the device wait."""

from __future__ import annotations

from collections.abc import Callable

import torch

from trainlab.diagnosis.torch_private import functions

MAX_WAITING = 256


class DeferredReads:
    """Short vectors whose values are wanted, with what to do with them."""

    def __init__(self) -> None:
        self._waiting: list[tuple[torch.Tensor, Callable[[list[float]], None]]] = []

    def read(self, values: torch.Tensor, then: Callable[[list[float]], None]) -> None:
        """Call `then` with the numbers: at once on the CPU, else when enough have gathered."""
        flat = values.detach().reshape(-1)
        if flat.device.type == "cpu":
            then(flat.tolist())
            return
        self._waiting.append((flat.to(torch.float32, copy=True), then))
        if len(self._waiting) >= MAX_WAITING:
            self.flush()

    def flush(self) -> None:
        """Fetch everything that waits, in one transfer per device."""
        waiting, self._waiting = self._waiting, []
        by_device: dict[torch.device, list[tuple[torch.Tensor, Callable[[list[float]], None]]]] = {}
        for values, then in waiting:
            by_device.setdefault(values.device, []).append((values, then))
        for group in by_device.values():
            numbers = functions.cat([values for values, _ in group]).tolist()
            at = 0
            for values, then in group:
                count = values.numel()
                then(numbers[at : at + count])
                at += count
