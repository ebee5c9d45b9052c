# pyright: basic
"""Functions of PyTorch that are wrapped while the probe listens, and put back after it."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Patches:
    """What was replaced, so that it can be undone in reverse order."""

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
