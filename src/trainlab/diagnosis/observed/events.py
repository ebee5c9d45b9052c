"""What the probe saw at single calls: an event for each kind and place, counted, with what was read there."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from trainlab.diagnosis.observed.site import Site


@dataclass(slots=True, kw_only=True)
class Event:
    """Something seen at one place, `count` times, first at `tick`."""

    site: Site | None = None
    module: str = ""
    tick: int = 0
    count: int = 1
    training: int = 0


@dataclass(slots=True, kw_only=True)
class Cut(Event):
    """A tensor left the autograd graph by a call of `name`, in a module or not (`inside`).

    `params` are the keys of the parameters that it was computed from, `ticks` counts the steps with such a
    call, of which `last_tick` is the last.
    """

    name: str
    inside: bool
    params: set[int] = field(default_factory=set[int])
    ticks: int = 0
    last_tick: int = -1


@dataclass(slots=True, kw_only=True)
class NoGradInside(Event):
    """A part of a network that learns was called under `no_grad`; `params` are its parameters' keys."""

    params: set[int]
    name: str = "no_grad"
    inside: bool = True


@dataclass(slots=True, kw_only=True)
class ConstantDerivative(Event):
    """A derivative without a graph was added to what the same parameters gave."""


@dataclass(slots=True, kw_only=True)
class Truncated(Event):
    """A cast to whole numbers cut fractions off.

    `name` is the call, `share` that of the `values` which weren't whole; `before` and `after` count different
    values.
    """

    name: str
    share: float
    values: int
    before: int
    after: int
    dtype: str


@dataclass(slots=True, kw_only=True)
class SignedTargets(Event):
    """A loss that takes targets of 1 and −1: how many it was given, how many were 0, and the lowest.

    `learnt_both`: more than one of its other tensors has a gradient.
    """

    name: str
    values: int = 0
    zeros: float = 0.0
    lowest: float = 0.0
    learnt_both: bool = False


@dataclass(slots=True, kw_only=True)
class StepsByHand(Event):
    """The user's own code moved weights: in how many steps, and in how many the old gradients were there."""

    steps: int = 0
    stale: int = 0


@dataclass(slots=True, kw_only=True)
class BatchNorm(Event):
    """Batch-norm in training: the fewest values a channel, and how many of its calls had at most 4."""

    values: int
    calls: int = 0
    small: int = 0


@dataclass(slots=True, kw_only=True)
class Dropout(Event):
    """Dropout at work in training, with probability `p`."""

    p: float


@dataclass(slots=True, kw_only=True)
class DropoutInEval(Event):
    """Dropout at work in an evaluation, called by a module in eval mode."""

    p: float


@dataclass(slots=True, kw_only=True)
class FirstInput(Event):
    """What a layer is given that comes from no other layer: mean |x|, and largest by least spread.

    Both are None until they have been read.
    """

    size: float | None = None
    ratio: float | None = None


@dataclass(slots=True, kw_only=True)
class NonFinite(Event):
    """A loss or a gradient that isn't finite, and the call that is to blame, if its `name` is known.

    `parameters` are the names of those that aren't finite, `nearest` is how near to zero an input of the call
    came.
    """

    name: str
    parameters: list[str]
    nearest: float = math.inf


@dataclass(slots=True, kw_only=True)
class NonFiniteLoss(NonFinite):
    """A loss that isn't finite."""


@dataclass(slots=True, kw_only=True)
class NonFiniteGradient(NonFinite):
    """Gradients that aren't finite."""


@dataclass(slots=True, kw_only=True)
class UnfrozenInName(Event):
    """``module.requires_grad = True`` was written, which unfreezes nothing; `params` stay frozen."""

    params: set[int]


@dataclass(slots=True, kw_only=True)
class Clipping(Event):
    """`clip_grad_norm_` was called."""
