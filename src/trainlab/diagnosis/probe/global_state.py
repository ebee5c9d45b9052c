# pyright: basic
"""Global state that is put back: wrapped functions of PyTorch, random generators, filters of warnings."""

from __future__ import annotations

import contextlib
import functools
import random
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Patches:
    """Functions that were replaced, so that they can be put back in reverse order."""

    done: list[tuple[Any, str, Any, Any]] = field(default_factory=list[tuple[Any, str, Any, Any]])

    def wrap(self, owner: Any, name: str, make: Callable[[Any], Callable[..., Any]]) -> None:
        """Replace ``owner.name`` by ``make(original)``; does nothing where the owner doesn't define it."""
        original = vars(owner).get(name)
        if original is None:
            return
        replacement = functools.wraps(original)(make(original))
        setattr(owner, name, replacement)
        self.done.append((owner, name, original, replacement))

    def undo(self) -> None:
        """Put the originals back; what someone else has replaced since then stays."""
        for owner, name, original, replacement in reversed(self.done):
            if vars(owner).get(name) is replacement:
                setattr(owner, name, original)
        self.done.clear()


@contextlib.contextmanager
def random_state_kept() -> Iterator[None]:
    """Leave the global generators of PyTorch, NumPy and Python as they were."""
    import numpy as np
    import torch

    states = torch.get_rng_state(), np.random.get_state(), random.getstate()
    devices = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []
    try:
        yield
    finally:
        torch.set_rng_state(states[0])
        np.random.set_state(states[1])
        random.setstate(states[2])
        if devices:
            torch.cuda.set_rng_state_all(devices)


@contextlib.contextmanager
def warnings_ignored() -> Iterator[None]:
    """Show no warning. After `warnings.catch_warnings` Python would show again what it shows once."""
    filters: Any = warnings.filters
    every = ("ignore", None, Warning, None, 0)
    filters.insert(0, every)
    try:
        yield
    finally:
        filters[:] = [one for one in filters if one is not every]
