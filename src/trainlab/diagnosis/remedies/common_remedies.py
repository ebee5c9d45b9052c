"""How remedies are declared, and those that several faults share."""

from __future__ import annotations

from typing import Any

from trainlab.diagnosis.remedies.remedy import Change, Remedy


def single(words: str, name: str, *, same_loss: bool = True, narrow: str = "", **settings: Any) -> Remedy:
    """Return the remedy that is one change, by its name in `applying.CHANGES` and with its settings."""
    given: dict[str, Any] = {"narrow": narrow} if narrow else {}
    return Remedy(words=words, changes=({"change": name, **settings},), same_loss=same_loss, **given)


def rate_times(times: float) -> Remedy:
    """Return the remedy that multiplies the learning rate."""
    words = f"the learning rate × {times:g}"
    return single(words, "lr", times=times, narrow="no optimizer steps with a rate")


def initialized(scheme: str) -> Remedy:
    """Return the remedy that initializes anew: default, he, xavier, orthogonal or biases."""
    words = {
        "default": "PyTorch's default initialization",
        "he": "He's initialization and biases of 0",
        "xavier": "Xavier initialization and biases of 0",
        "orthogonal": "orthogonal recurrent weights",
        "biases": "biases of 0",
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
