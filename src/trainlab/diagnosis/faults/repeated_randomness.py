"""Noise that ought to be new in each step, and is the same: its generator is seeded anew each time.

Silent where what is drawn isn't of the shape of an input: a random projection may be made again on purpose.
"""

from __future__ import annotations

from math import prod

from trainlab.diagnosis.fault import Explains, Fault
from trainlab.diagnosis.finding import Finding
from trainlab.diagnosis.observed.events import RandomDraws
from trainlab.diagnosis.pictures.kinds import Picture, bars
from trainlab.diagnosis.place import place_at
from trainlab.diagnosis.signals.training import Training

LEAST = 20
DENSE = 40
"""The first steps, all looked at."""


def judge(training: Training) -> Finding | None:
    """Fire if a line draws the same numbers, of an input's shape, in 20 steps looked at or more."""
    event = _found(training)
    if event is None:
        return None
    return Finding(
        place=place_at(event.site, "data", call=event.name),
        where=event.site.quoted if event.site else f"torch.{event.name}",
        confidence=0.88,
        evidence=(
            f"in {event.ticks} steps looked at this line drew random numbers for the whole batch, and they "
            "were the same each time",
            "what is added to the rows doesn't vary: the network can learn it by heart",
        ),
        remedy="Seed once, before the loop, not where the numbers are drawn.",
        code="generator = torch.Generator().manual_seed(0)  # once\nfor batch in loader:\n    …",
    )


def _found(training: Training) -> RandomDraws | None:
    row = prod(training.record.data.input_shape[1:])
    least = max(LEAST, 0.5 * min(DENSE, training.record.tick))
    for event in training.record.events_of(RandomDraws):
        if len(event.different) == 1 and event.ticks >= least and row > 1 and prod(event.shape) == row:
            return event
    return None


def _picture(training: Training) -> Picture | None:
    """Steps in which the line drew, and different draws among them."""
    event = _found(training)
    if event is None:
        return None
    pairs = [("steps that drew", float(event.ticks)), ("different draws", float(len(event.different)))]
    return bars("Random numbers of one line", "count", pairs)


FAULT = Fault(
    name="repeated_randomness",
    family="The data",
    title="the random numbers are the same in every step",
    what="Noise or augmentation is drawn from a generator that is seeded anew each time: every batch gets "
    "the same, and the network learns it instead of learning to do without.",
    formula=f"A line draws random numbers of the shape of an input batch in at least {LEAST} steps looked "
    "at, half of them all, and they begin with the same values each time.",
    source="A fact, by the first numbers drawn.",
    silent="what is drawn has another shape than the input, or varies in any step.",
    remedy="Seed once before the loop.",
    judge=judge,
    picture=_picture,
    untried="the script's own code seeds the generator",
    explains=(Explains(("overfitting",), "noise that never varies is learnt by heart"),),
)
