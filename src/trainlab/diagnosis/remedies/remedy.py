"""A remedy as plain data: what is changed from outside, while a training runs again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Change = dict[str, Any]
"""``{"change": "lr", "times": 0.1}``: the name of a change, and its settings."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Remedy:
    """One way to mend a training.

    Args:
        words: what is changed, to go on after "with".
        changes: applied together, in this order (`applying`).
        same_loss: the loss still measures the same; else losses of both sides can't be compared.
        narrow: what it says if it never took hold: why it couldn't.
    """

    words: str
    changes: tuple[Change, ...]
    same_loss: bool = True
    narrow: str = "the training has nothing that it could act on"

    def to_plan(self) -> dict[str, Any]:
        """Return it as a plan carries it to the process that runs the script."""
        return {"changes": [dict(change) for change in self.changes]}


def together(first: Remedy, second: Remedy) -> Remedy:
    """Return both at once."""
    return Remedy(
        words=f"{first.words} and {second.words}",
        changes=(*first.changes, *second.changes),
        same_loss=first.same_loss and second.same_loss,
        narrow=f"{first.narrow}; {second.narrow}",
    )
