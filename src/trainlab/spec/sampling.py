"""Which examples a training step sees."""

from __future__ import annotations

from trainlab.errors import SpecError
from trainlab.spec.checks import MAX_COUNT, check_number
from trainlab.spec.fields import convert_fields
from trainlab.spec.parts import Kind


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
