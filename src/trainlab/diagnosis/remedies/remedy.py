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
        words: what is changed, as it reads after "with".
        changes: applied together, in this order (`applying`).
        same_loss: the loss still measures the same thing; else losses with and without can't be compared.
        narrow: why it couldn't act, told where it never took hold.
        joint: it is two remedies at once, so that neither is shown to be what helps.
    """

    words: str
    changes: tuple[Change, ...]
    same_loss: bool = True
    narrow: str = "the training has nothing that it could act on"
    joint: bool = False

    def to_plan(self) -> dict[str, Any]:
        """Return the remedy as a plan carries it to the process that runs the script."""
        return {"changes": [dict(change) for change in self.changes]}


def together(first: Remedy, second: Remedy) -> Remedy:
    """Return both at once."""
    return Remedy(
        words=f"{first.words} and {second.words}",
        changes=(*first.changes, *second.changes),
        same_loss=first.same_loss and second.same_loss,
        narrow=f"{first.narrow}; {second.narrow}",
        joint=True,
    )
