"""What the probe saw at single calls: an event for each kind and place, counted, with what was read there."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from trainlab.diagnosis.place import Site


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
class Divergence(Event):
    """`kl_div` was called: how often with a sum below 0, its last, and what it was given.

    `high` is the largest of its inputs, which are logarithms of probabilities, `low` the smallest.
    """

    below: int = 0
    value: float = 0.0
    low: float = math.inf
    high: float = -math.inf
    target_low: float = math.inf
    target_high: float = -math.inf
    log_target: bool = False


@dataclass(slots=True, kw_only=True)
class StepsByHand(Event):
    """The user's own code moved weights: in how many steps, and in how many the old gradients were there."""

    steps: int = 0
    stale: int = 0


@dataclass(slots=True, kw_only=True)
class BatchNorm(Event):
    """Batch-norm in training: the fewest values a channel, and how many of its calls had at most 4.

    `momentum` is the largest share of a batch in the statistics that are kept; below 0 where none are.
    """

    values: int
    calls: int = 0
    small: int = 0
    momentum: float = -1.0


@dataclass(slots=True, kw_only=True)
class Dropout(Event):
    """Dropout at work in training, with probability `p`."""

    p: float


@dataclass(slots=True, kw_only=True)
class DropoutInEval(Event):
    """Dropout at work in an evaluation, called by a module in eval mode.

    `made_anew`: by a layer that isn't part of the network, which is in eval mode.
    """

    p: float
    made_anew: bool = False


@dataclass(slots=True, kw_only=True)
class LayerMadeAnew(Event):
    """A layer with weights of its own that isn't the network's: another one in each pass.

    `kind` is its class, `ticks` counts the steps with such a call, of which `last_tick` is the last, and
    `different` has the first weights of those that begin with others, up to two.
    """

    kind: str
    ticks: int = 0
    last_tick: int = -1
    different: set[tuple[float, ...]] = field(default_factory=set[tuple[float, ...]])


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
class NonFiniteData(Event):
    """Before the first step a call made a `share` of NaN or infinities out of finite numbers."""

    name: str
    nearest: float
    share: float


@dataclass(slots=True, kw_only=True)
class AxesExchanged(Event):
    """A batch was reshaped to its axes in another order before a network was given it to learn."""

    before: tuple[int, ...]
    after: tuple[int, ...]


@dataclass(slots=True, kw_only=True)
class UnfrozenInName(Event):
    """``module.requires_grad = True`` was written, which unfreezes nothing; `params` stay frozen."""

    params: set[int]


@dataclass(slots=True, kw_only=True)
class Clipping(Event):
    """`clip_grad_norm_` was called."""


@dataclass(slots=True, kw_only=True)
class LoadedItself(Event):
    """A network was given its own tensors to load, which does nothing; `params` are their keys.

    `taken` is where they were taken as a state, `steps` how many steps there were since then.
    """

    params: set[int] = field(default_factory=set[int])
    steps: int = 0
    taken: Site | None = None


@dataclass(slots=True, kw_only=True)
class MixedWithItself(Event):
    """A call of `name` averaged a parameter with itself, or copied it to itself; `params` are the keys."""

    name: str
    params: set[int] = field(default_factory=set[int])


@dataclass(slots=True, kw_only=True)
class Miscounted(Event):
    """Answers counted as they can't be meant to be: argmax, one column, floor, broadcast or rounded.

    `largest` is the largest result of a division with rounding, or the largest share of a batch that rounds
    to neither 0 nor 1.
    """

    kind: str
    largest: float = 0.0


@dataclass(slots=True, kw_only=True)
class StoredDataChanged(Event):
    """Fetching batches changed what a dataset holds, in place; `module` names the attribute.

    `shape` is that of a row. Of the values looked at the share `changed` isn't what it was at first, and of
    these the share `again` changed in several of the `passes` begun. `spread` is their standard deviation by
    that at first, `moved` how far their mean went, in units of that.
    """

    shape: tuple[int, ...] = ()
    fetches: int = 0
    fetches_that_change: int = 0
    passes: int = 0
    changed: float = 0.0
    again: float = 0.0
    spread: float = 1.0
    moved: float = 0.0


@dataclass(slots=True, kw_only=True)
class RandomDraws(Event):
    """One line draws random numbers by `name`, in `ticks` steps: the first of each draw that is different.

    `shape` is that of a row, `last_tick` the last of the steps.
    """

    name: str
    shape: tuple[int, ...]
    ticks: int = 0
    last_tick: int = -1
    different: set[tuple[float, ...]] = field(default_factory=set[tuple[float, ...]])


@dataclass(slots=True, kw_only=True)
class UnusedFlags(Event):
    """A variable of the function that computes the loss is never read there, and holds flags of the batch.

    It has as many `rows` as the batch; so have the others `beside` it.
    """

    name: str
    rows: int = 0
    beside: int = 0


@dataclass(slots=True, kw_only=True)
class BatchTensor(Event):
    """A tensor that a line makes of a step's data, its `place`-th: how often it was `made`, and `used`.

    `flags`: all values were 0 or 1.
    """

    shape: tuple[int, ...]
    dtype: str
    place: int = 1
    made: int = 0
    used: int = 0
    flags: bool = True
