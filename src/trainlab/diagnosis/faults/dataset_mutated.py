"""Fetching a batch changes the data themselves: noise or scaling adds up from epoch to epoch.

Silent where values change only once, as those of a cache do, where their spread stays what it was, as with
flips, and where what changes isn't what the network is given.
"""

from __future__ import annotations

from math import prod

from trainlab.diagnosis.fault import Explains, Fault
from trainlab.diagnosis.finding import Finding
from trainlab.diagnosis.observed.events import StoredDataChanged
from trainlab.diagnosis.pictures.kinds import Picture, bars
from trainlab.diagnosis.place import place_at
from trainlab.diagnosis.signals.training import Training

LEAST = 8
SHARE = 0.9
AGAIN = 0.5
PASSES = 3
DRIFT = 1.1
MOVED = 0.1


def judge(training: Training) -> Finding | None:
    """Fire if nearly every fetch changes stored inputs, again and again, and they drift."""
    event = _found(training)
    if event is None:
        return None
    site = event.site
    drift = f"their spread is {event.spread:.2g} times what it was"
    if 1 / DRIFT <= event.spread <= DRIFT:
        drift = f"their mean has moved by {event.moved:.2g} standard deviations"
    return Finding(
        place=place_at(site, "data", module=event.module),
        where=f"{event.module}, changed in place in __getitem__{f' ({site.quoted})' if site else ''}",
        confidence=0.95,
        evidence=(
            f"{event.fetches_that_change} of {event.fetches} fetches looked at changed the values that "
            f"{event.module} holds",
            f"{event.changed:.0%} of the values looked at have changed, {event.again:.0%} of these in more "
            f"than one pass; after {event.passes - 1} passes {drift}",
        ),
        remedy="Make a new tensor in __getitem__, or change a clone.",
        code="x = self.x[i] + noise  # not: x = self.x[i]; x += noise",
    )


def _found(training: Training) -> StoredDataChanged | None:
    row = prod(training.record.data.input_shape[1:])
    for event in training.record.events_of(StoredDataChanged):
        often = event.fetches_that_change >= LEAST and event.fetches_that_change > SHARE * event.fetches
        drifts = not 1 / DRIFT <= event.spread <= DRIFT or event.moved > MOVED
        if often and event.again > AGAIN and event.passes > PASSES and drifts and prod(event.shape) == row:
            return event
    return None


def _picture(training: Training) -> Picture | None:
    """Fetches looked at, and those that changed the data."""
    event = _found(training)
    if event is None:
        return None
    pairs = [
        ("fetches looked at", float(event.fetches)),
        ("changed the stored data", float(event.fetches_that_change)),
    ]
    return bars("Batches fetched, and what that did to the data", "fetches", pairs)


FAULT = Fault(
    name="dataset_mutated",
    family="The data",
    title="fetching a batch changes the data",
    what="`x = self.images[i]; x += noise` writes into the dataset itself: each epoch adds to what the ones "
    "before left, until little of the data is left.",
    formula=f"More than {SHARE:.0%} of the fetches looked at, and at least {LEAST}, change values that the "
    f"loader's dataset holds, in place. Over {AGAIN:.0%} of the values that changed did so in several of at "
    f"least {PASSES} passes, and they drift: their spread by {DRIFT - 1:.0%} or their mean by {MOVED:g} "
    "standard deviations.",
    source="A fact, seen before and after a fetch.",
    silent="values change once (a cache), keep their spread (flips), or aren't what the network is given; "
    "in worker processes it isn't seen.",
    remedy="A new tensor: `x = self.images[i] + noise`, or `x = self.images[i].clone()` before changes.",
    judge=judge,
    picture=_picture,
    untried="the script's own dataset makes the rows",
    explains=(
        Explains(
            ("loss_plateau", "shuffled_targets", "unnormalised_inputs", "oscillating_loss"),
            "less and less of the data is left",
        ),
    ),
)
