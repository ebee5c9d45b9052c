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

_INHERITED = object()


@dataclass(slots=True)
class Patches:
    """Functions that were replaced, so that they can be put back in reverse order."""

    done: list[tuple[Any, str, Any, Any]] = field(default_factory=list[tuple[Any, str, Any, Any]])

    def around(self, owner: Any, name: str, call: Callable[..., Any], *, inherited: bool = False) -> None:
        """Have ``owner.name(…)`` be ``call(original, …)``.

        It does nothing where the owner doesn't define it or, if that is asked for, inherit it.
        """
        original = getattr(owner, name, None) if inherited else vars(owner).get(name)
        if original is not None:
            around = functools.wraps(original)(lambda *args, **kwargs: call(original, *args, **kwargs))
            self.put(owner, name, around)

    def put(self, owner: Any, name: str, replacement: Any) -> None:
        """Set ``owner.name``."""
        self.done.append((owner, name, vars(owner).get(name, _INHERITED), replacement))
        setattr(owner, name, replacement)

    def undo(self) -> None:
        """Put the originals back, in reverse order; what someone else has replaced since then stays."""
        for owner, name, original, replacement in reversed(self.done):
            if vars(owner).get(name) is not replacement:
                continue
            if original is _INHERITED:
                delattr(owner, name)
            else:
                setattr(owner, name, original)
        self.done.clear()


def random_states() -> tuple[Any, ...]:
    """Return the states of the global generators of PyTorch, NumPy and Python, and of the devices' own."""
    import numpy as np
    import torch

    devices = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else []
    return torch.get_rng_state(), np.random.get_state(), random.getstate(), devices


def set_random_states(states: tuple[Any, ...]) -> None:
    """Put the generators into these states; dropout on a device draws from the device's own."""
    import numpy as np
    import torch

    torch.set_rng_state(states[0])
    np.random.set_state(states[1])
    random.setstate(states[2])
    if states[3]:
        torch.cuda.set_rng_state_all(states[3])


@contextlib.contextmanager
def random_state_kept() -> Iterator[None]:
    """Leave the global generators as they were."""
    states = random_states()
    try:
        yield
    finally:
        set_random_states(states)


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
