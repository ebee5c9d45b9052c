"""Which examples a training step sees."""

from __future__ import annotations

from typing import Literal

from trainlab.errors import SpecError
from trainlab.spec.checks import MAX_COUNT, check_number
from trainlab.spec.fields import Kind, Part, convert_fields


class Full(Kind, frozen=True, kw_only=True, tag="full"):
    """Every step sees the whole data set; an epoch is one step."""


class Single(Kind, frozen=True, kw_only=True, tag="single"):
    """Every step sees one example, drawn at random with replacement.

    An epoch has `steps_per_epoch` steps; left out, as many as there are examples.
    """

    steps_per_epoch: int | None = None

    def __post_init__(self) -> None:
        convert_fields(self)
        if self.steps_per_epoch is not None:
            check_number("steps_per_epoch", self.steps_per_epoch, at_least=1, at_most=MAX_COUNT)


class Batch(Kind, frozen=True, kw_only=True, tag="batch"):
    """Every step sees `batch_size` examples: all examples in turn, shuffled every epoch, as in a DataLoader.

    The last batch of an epoch holds the remaining examples, unless `drop_last`. With `replacement` every
    example of every batch is drawn at random instead.
    """

    batch_size: int = 32
    replacement: bool = False
    drop_last: bool = False

    def __post_init__(self) -> None:
        convert_fields(self)
        check_number("batch_size", self.batch_size, at_least=1, at_most=MAX_COUNT)


Sampling = Full | Single | Batch


def steps_per_epoch(sampling: Sampling, points: int) -> int:
    """Return the optimizer steps of one epoch over `points` examples; 0 if every batch is dropped."""
    if isinstance(sampling, Full):
        return 1
    if isinstance(sampling, Single):
        return sampling.steps_per_epoch or points
    if sampling.drop_last and not sampling.replacement:
        return points // sampling.batch_size
    return -(-points // sampling.batch_size)


def examples_per_step(sampling: Sampling, points: int) -> int:
    """Return how many of `points` examples a training step sees: 1, the batch, or all of them."""
    if isinstance(sampling, Single):
        return 1
    return min(sampling.batch_size, points) if isinstance(sampling, Batch) else points


def check_batches(sampling: Sampling, points: int) -> None:
    """Refuse a sampling that drops every batch of `points` examples."""
    if isinstance(sampling, Batch) and not steps_per_epoch(sampling, points):
        raise SpecError(
            f"sampling.batch_size = {sampling.batch_size:,}: with drop_last no batch is left of "
            f"{points:,} examples; lower batch_size or drop drop_last."
        )


# What else happens in a training step besides loss and optimizer: gradient, clipping, penalty, noise.


Gradient = Literal["plain", "equalised"]
"""What a step does to the gradient, penalty included, before clipping.

``"plain"`` leaves it as it is. ``"equalised"`` makes every layer's as large as the last one's, L: with mᵢ the
mean |gradient| of the weights of layer i in a step, its size is sᵢ ← 0.9 sᵢ + mᵢ, from 0 when the training
begins; and the gradients of weights and biases of each layer i < L become (g / sᵢ) · s_L. A layer whose sᵢ is
0 is left as it is. There is no cap: with the division first, no gradient leaves float32's range, however
small sᵢ is.

The sizes are sums over about ten steps. With those of a single step every example would have another weight
in every layer, and steps on single examples would no longer lead down the loss.
"""


class Clip(Part, frozen=True, kw_only=True):
    """Cap the gradient's `norm` over all parameters, or the `value` of each element, but not both.

    As ``torch.nn.utils.clip_grad_norm_`` (L2) and ``clip_grad_value_``.
    """

    norm: float | None = None
    value: float | None = None

    def __post_init__(self) -> None:
        convert_fields(self)
        for field, number in (("norm", self.norm), ("value", self.value)):
            if number is not None:
                check_number(field, number, above=0)
        if self.norm is not None and self.value is not None:
            raise SpecError(f"norm = {self.norm:g}, value = {self.value:g}: set only one of the two.")


class Penalty(Part, frozen=True, kw_only=True):
    """Add l1 · Σ|w| + l2 · Σw², over the weights but not the biases, to the loss that is trained.

    Recorded losses and gradients are without it.
    """

    l1: float = 0.0
    l2: float = 0.0

    def __post_init__(self) -> None:
        convert_fields(self)
        check_number("l1", self.l1, at_least=0)
        check_number("l2", self.l2, at_least=0)


class Noise(Part, frozen=True, kw_only=True):
    """Add N(0, std²) to each input every time a training step sees it."""

    std: float = 0.0

    def __post_init__(self) -> None:
        convert_fields(self)
        check_number("std", self.std, at_least=0)
