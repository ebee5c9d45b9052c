"""What a remedy is, and those that several faults share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

# A remedy as plain data: what is changed from outside, while a training runs again.

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


# How remedies are declared, and those that several faults share.


def single(words: str, name: str, *, same_loss: bool = True, narrow: str = "", **settings: Any) -> Remedy:
    """Return the remedy that is one change, by its name in `applying.CHANGES` and with its settings."""
    given: dict[str, Any] = {"narrow": narrow} if narrow else {}
    return Remedy(words=words, changes=({"change": name, **settings},), same_loss=same_loss, **given)


def rate_times(times: float) -> Remedy:
    """Return the remedy that multiplies the learning rate."""
    words = f"the learning rate × {times:g}"
    return single(words, "lr", times=times, narrow="no optimizer steps with a rate")


def initialized(scheme: str) -> Remedy:
    """Return the remedy that initializes anew: default, he, xavier or orthogonal."""
    words = {
        "default": "PyTorch's default initialization",
        "he": "He's initialization and biases of 0",
        "xavier": "Xavier initialization and biases of 0",
        "orthogonal": "orthogonal recurrent weights",
    }
    narrow = "no layer was found whose weights it could set"
    return single(words[scheme], "init", scheme=scheme, narrow=narrow)


def activation_replaced(words: str, which: tuple[str, ...], by: str, *more: Change) -> Remedy:
    """Return the remedy that puts one activation in the place of others, after `more` changes."""
    change: Change = {"change": "replace", "which": list(which), "by": by}
    return Remedy(words=words, changes=(*more, change), narrow="no such function is called in the network")


CLIPPED = single("gradients clipped to norm 1", "clip", norm=1.0, narrow="no gradient was larger")
RELU_HE = activation_replaced(
    "ReLU for sigmoid and tanh in hidden layers, and He's initialization",
    ("sigmoid", "tanh"),
    "relu",
    {"change": "init", "scheme": "he"},
)
STANDARDIZED_INPUTS = single(
    "standardized inputs", "inputs", narrow="what the network is given isn't a table or picture of floats"
)
