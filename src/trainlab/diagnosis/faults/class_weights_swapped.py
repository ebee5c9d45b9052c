"""The frequent class is given the large weight: weights are in proportion to the counts, not the reverse."""

from __future__ import annotations

import math

from trainlab.diagnosis.fault import Explains, Fault
from trainlab.diagnosis.finding import Finding
from trainlab.diagnosis.observed.losses import LossRecord
from trainlab.diagnosis.observed.torch_names import CLASSES
from trainlab.diagnosis.pictures.kinds import Picture, bars
from trainlab.diagnosis.place import place_at
from trainlab.diagnosis.signals.training import Training

UNEQUAL = 2.0
NEAR = 1.5
FEWEST, ENOUGH = 10, 200


def judge(training: Training) -> Finding | None:
    """Fire if the weights of unequal classes are in proportion to how often these occur."""
    for loss in training.record.losses:
        pairs = _pairs(loss) if loss.count else []
        if len(pairs) < 2 or not _in_proportion(pairs):
            continue
        rare, often = min(pairs, key=lambda one: one[1]), max(pairs, key=lambda one: one[1])
        total = sum(count for _, count, _ in pairs)
        return Finding(
            place=place_at(loss.site, "loss", call=loss.kind),
            where=f"loss line {loss.site.quoted if loss.site else loss.kind}",
            confidence=0.9,
            evidence=(
                f"{often[0]} is {often[1] / total:.0%} of the targets seen and has weight {often[2]:.3g}; "
                f"{rare[0]} is {rare[1] / total:.1%} and has weight {rare[2]:.3g}",
                f"the weights of {len(pairs)} classes are in proportion to their counts, within a factor "
                f"of {NEAR:g}: "
                "rare classes count even less than without weights",
            ),
            remedy="Turn the weights round: in proportion to 1 / count."
            if loss.kind in CLASSES
            else "pos_weight is the number of noes by the number of yeses.",
            code="weight = counts.sum() / (len(counts) * counts)"
            if loss.kind in CLASSES
            else "pos_weight = (y == 0).sum() / (y == 1).sum()",
        )
    return None


def _pairs(loss: LossRecord) -> list[tuple[str, float, float]]:
    """Return name, count and weight of each class that was met often enough."""
    if loss.kind in CLASSES:
        if sum(loss.counts.values()) < ENOUGH or len(loss.weights) < 2:
            return []
        found = [
            (f"class {at}", float(loss.counts.get(at, 0)), weight) for at, weight in enumerate(loss.weights)
        ]
        return [one for one in found if one[1] >= FEWEST and one[2] > 0]
    if len(loss.weights) != 1 or len(loss.sums) != 1 or loss.rows < ENOUGH or not loss.weights[0] > 0:
        return []
    yes = loss.sums[0]
    if min(yes, loss.rows - yes) < FEWEST:
        return []
    return [("yes", yes, loss.weights[0]), ("no", loss.rows - yes, 1.0)]


def _in_proportion(pairs: list[tuple[str, float, float]]) -> bool:
    counts = [count for _, count, _ in pairs]
    off = [math.log(weight / count) for _, count, weight in pairs]
    return max(counts) > UNEQUAL * min(counts) and max(off) - min(off) < math.log(NEAR)


def _picture(training: Training) -> Picture | None:
    """The weight that each class has in the loss."""
    for loss in training.record.losses:
        pairs = _pairs(loss) if loss.count else []
        if pairs and _in_proportion(pairs):
            total = sum(count for _, count, _ in pairs)
            drawn = [
                (f"{name} ({count / total:.0%} of the targets)", weight) for name, count, weight in pairs
            ]
            return bars("Weight in the loss", "weight", drawn)
    return None


FAULT = Fault(
    name="class_weights_swapped",
    family="The loss and its targets",
    title="frequent classes are given the large weights",
    what="Weights against imbalance are to grow as a class gets rarer. In proportion to the counts they "
    "make it "
    "worse: rare classes hardly count, and the network answers with the frequent one.",
    formula=f"The weights of all classes met at least {FEWEST} times are in proportion to their counts, "
    "within a "
    f"factor of {NEAR:g}, and the most frequent class is over {UNEQUAL:g} times as frequent as the "
    "rarest; of "
    "`pos_weight` likewise, the noes having 1.",
    source="A fact, counted.",
    silent="weights are in another proportion, as costs are.",
    remedy="Weights in proportion to 1 / count.",
    see=("loss",),
    judge=judge,
    picture=_picture,
    untried="the line that makes the weights isn't known",
    explains=(
        Explains(("shuffled_targets", "loss_plateau", "capacity_too_small"), "rare classes hardly count"),
    ),
)
