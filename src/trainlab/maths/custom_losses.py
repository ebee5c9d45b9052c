"""The user's own losses, by name and digest: what a loss ``custom`` means in this process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from trainlab.errors import SpecError
from trainlab.maths.function_digest import function_digest
from trainlab.maths.losses import Loss

Array = npt.NDArray[np.float64]
Elementwise = Callable[[Array, Array], Array]

CUSTOM = 10
"""The code of every custom loss."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CustomLoss:
    """A loss ``function(prediction, target)`` of one number each, and its `derivative` by the prediction.

    ``values`` and ``slopes`` are the same for arrays. `on_numbers` and `on_tensors` say what the function
    accepts: Python numbers, PyTorch tensors.
    """

    name: str
    digest: str
    function: Callable[[Any, Any], Any]
    derivative: Callable[[Any, Any], Any] | None
    values: Elementwise
    slopes: Elementwise
    on_numbers: bool
    on_tensors: bool

    @property
    def entry(self) -> Loss:
        """The loss as the table has its own: the mean over all elements."""

        def value(p: Array, y: Array, **_: str) -> float:
            return float(np.mean(self.values(p, y)))

        def gradient(p: Array, y: Array, **_: str) -> Array:
            return self.slopes(p, y) / p.size

        return Loss(
            name="custom",
            code=CUSTOM,
            formula=f"L = mean {self.name}(p, y)",
            citation="the user's own",
            torch_class=None,
            label=self.name,
            value=value,
            gradient=gradient,
        )

    def check(self) -> None:
        """Raise SpecError if the function, or a value it uses, is no longer what was registered."""
        if function_digest(f"loss {self.name!r}", self.function, self.derivative) != self.digest:
            raise SpecError(
                f"loss {self.name!r}: a value that it uses has changed since it was registered; register it "
                "again with trainlab.custom_loss, and use what that returns."
            )


_registered: dict[str, dict[str, CustomLoss]] = {}


def register(loss: CustomLoss) -> None:
    """Register a loss; one of that name with another digest stays, but the name alone now means this one."""
    known = _registered.setdefault(loss.name, {})
    known.pop(loss.digest, None)
    known[loss.digest] = loss


def latest_digest(name: str) -> str | None:
    """Return the digest of the last loss registered under a name, None if there is none."""
    return next(reversed(_registered.get(name, {})), None)


def custom_entry(name: str, digest: str) -> CustomLoss:
    """Return a registered loss, unchanged.

    Raises:
        SpecError: nothing is registered under that name, something else is, or it has changed since.
    """
    known = _registered.get(name, {})
    if digest not in known:
        other = "another function is registered by that name"
        raise SpecError(
            f"loss = {name!r} (digest {digest[:8]}…): {other if known else 'is not registered here'}; "
            f"register the function it was made with: trainlab.custom_loss({name!r}, …)."
        )
    known[digest].check()
    return known[digest]
