"""What parts of a loss weigh: its terms and its classes."""

from __future__ import annotations

import math

from trainlab.diagnosis.fault import Explains, Fault
from trainlab.diagnosis.finding import Finding
from trainlab.diagnosis.observed.losses import LossRecord, LossTerm, LossTerms
from trainlab.diagnosis.observed.torch_names import CLASSES
from trainlab.diagnosis.pictures.kinds import Picture, bars
from trainlab.diagnosis.place import place_at, quoted
from trainlab.diagnosis.remedies.remedy import Remedy, single
from trainlab.diagnosis.signals import curve
from trainlab.diagnosis.signals.baselines import trivial_loss
from trainlab.diagnosis.signals.training import Training

# class_weights_swapped: The frequent class is given the large weight: weights are in proportion to the
# counts, not the reverse.

UNEQUAL = 2.0
NEAR = 1.5
FEWEST_TARGETS, ENOUGH = 10, 200


def judge_class_weights_swapped(training: Training) -> Finding | None:
    """Fire if the weights of unequal classes are in proportion to how often these occur."""
    for loss in training.record.losses:
        pairs = _pairs(loss) if loss.count else []
        if len(pairs) < 2 or not _in_proportion(pairs):
            continue
        rare, often = min(pairs, key=lambda one: one[1]), max(pairs, key=lambda one: one[1])
        total = sum(count for _, count, _ in pairs)
        return Finding(
            place=place_at(loss.site, "loss", call=loss.kind),
            where=f"loss line {quoted(loss.site, loss.kind)}",
            confidence=0.9,
            evidence=(
                f"{often[0]} is {often[1] / total:.0%} of the targets seen and has weight {often[2]:.3g}; "
                f"{rare[0]} is {rare[1] / total:.1%} and has weight {rare[2]:.3g}",
                f"the weights of {len(pairs)} classes are in proportion to their counts, within a factor "
                f"of {NEAR:g}: rare classes count even less than without weights",
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
        return [one for one in found if one[1] >= FEWEST_TARGETS and one[2] > 0]
    if len(loss.weights) != 1 or len(loss.sums) != 1 or loss.rows < ENOUGH or not loss.weights[0] > 0:
        return []
    yes = loss.sums[0]
    if min(yes, loss.rows - yes) < FEWEST_TARGETS:
        return []
    return [("yes", yes, loss.weights[0]), ("no", loss.rows - yes, 1.0)]


def _in_proportion(pairs: list[tuple[str, float, float]]) -> bool:
    counts = [count for _, count, _ in pairs]
    off = [math.log(weight / count) for _, count, weight in pairs]
    return max(counts) > UNEQUAL * min(counts) and max(off) - min(off) < math.log(NEAR)


def _picture_of_class_weights_swapped(training: Training) -> Picture | None:
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


CLASS_WEIGHTS_SWAPPED = Fault(
    name="class_weights_swapped",
    family="The loss and its targets",
    title="frequent classes are given the large weights",
    what="Weights against imbalance are to grow as a class gets rarer. In proportion to the counts they "
    "make it worse: rare classes hardly count, and the network answers with the frequent one.",
    formula=f"The weights of all classes met at least {FEWEST_TARGETS} times are in proportion to "
    f"their counts, within a "
    f"factor of {NEAR:g}, and the most frequent class is over {UNEQUAL:g} times as frequent as the "
    f"rarest; of `pos_weight` likewise, the noes having 1. At least {ENOUGH} targets are needed.",
    source="A fact, counted.",
    silent="weights are in another proportion, as costs are.",
    remedy="Weights in proportion to 1 / count.",
    see=("loss",),
    judge=judge_class_weights_swapped,
    picture=_picture_of_class_weights_swapped,
    untried="the line that makes the weights isn't known",
    explains=(
        Explains(("shuffled_targets", "loss_plateau", "capacity_too_small"), "rare classes hardly count"),
    ),
)


# class_imbalance: One class is so common that the network answers it to every row, though it tells the
# others apart.

COMMON, MISSED, FEWEST_RARE = 0.8, 0.05, 10


def judge_class_imbalance(training: Training) -> Finding | None:
    """Fire if hardly any row of the rare classes is answered right, though these rank above chance."""
    learning = training.learning
    asked, main = learning.asked, learning.main
    if asked is None or main is None or asked.of_tokens or training.faults or learning.solved:
        return None
    rare = asked.best.rare
    if rare is None or rare.count < FEWEST_RARE or rare.count > (1 - COMMON) * rare.rows:
        return None
    if rare.right > MISSED or not rare.is_told_apart:
        return None
    often, few = rare.rows - rare.count, rare.count
    return Finding(
        place=place_at(main.site, "loss", call=main.kind),
        where=f"loss line {quoted(main.site, main.kind)}",
        confidence=0.9,
        evidence=(
            f"{often / rare.rows:.1%} of the rows checked are of one class, and {rare.right:.0%} of the "
            f"{few} others are answered right: an accuracy is as high as always answering that class",
            "the network does tell them apart: of a rare row and a common one it gives the rare one the "
            f"larger share of a rare class in {rare.ranked:.0%} of the pairs (chance: 50%)",
        ),
        remedy="Give rare classes more weight in the loss, or answer them above a lower share than a half. "
        "Look at recall and precision, not at accuracy.",
        code="weight = torch.bincount(y).sum() / torch.bincount(y)  # CrossEntropyLoss(weight=weight)"
        if main.kind in CLASSES
        else f"criterion = nn.BCEWithLogitsLoss(pos_weight=torch.tensor({often / few:.3g}))",
    )


def _picture_of_class_imbalance(training: Training) -> Picture | None:
    """How many rows of the rare classes there are, and how many are answered right."""
    asked = training.learning.asked
    rare = None if asked is None else asked.best.rare
    if rare is None:
        return None
    pairs = [
        ("rows of the commonest class", rare.rows - rare.count),
        ("rows of others", rare.count),
        ("of these answered right", rare.right * rare.count),
    ]
    return bars("Rows checked, by class", "rows", pairs)


CLASS_IMBALANCE = Fault(
    name="class_imbalance",
    family="The loss and its targets",
    title="it always answers the commonest class",
    what="One class is so common that answering it alone costs little. The accuracy looks high, and no rare "
    "row is found, though the network gives rare rows a larger share than common ones.",
    formula=f"At least {COMMON:.0%} of the rows checked after the last step are of one class, at most "
    f"{MISSED:.0%} of the others ({FEWEST_RARE} at least) are answered right, and these rank above the "
    "common ones by four standard errors (Mann and Whitney's U).",
    source="Our own: the ranks say that more is in the answers than the threshold of a half lets through.",
    silent="the network doesn't tell rare rows from common ones, or another fault is found.",
    remedy="Weight the loss by class, or lower the threshold; and measure recall.",
    see=("loss",),
    judge=judge_class_imbalance,
    picture=_picture_of_class_imbalance,
    untried="what a missed row costs, and a false alarm, only you know",
    explains=(Explains(("loss_plateau", "capacity_too_small"), "the rare rows hardly count"),),
)


# loss_term_dominates: One term of the loss pulls so much harder than another that the other isn't learnt.

TIMES, STUCK_TIMES = 500.0, 20.0
"""So many times as large a gradient drowns another's; a smaller one may, where nothing is learnt."""
WEAKER = 0.01
UNLEARNT = 0.95
MEANT = 0.1
FEWEST_READINGS = 10


def judge_loss_term_dominates(training: Training) -> Finding | None:
    """Fire if a term's gradient is drowned by another's, and its own loss stays at that of a constant."""
    if training.learning.adversarial:
        return None
    for terms in training.record.terms:
        drowned = _drowned(training, terms)
        if drowned is None:
            continue
        term, larger, loss = drowned
        end, constant = curve.end([fit.value for fit in loss.fits]), trivial_loss(loss)
        is_far = larger.gradient >= TIMES * term.gradient
        return Finding(
            place=place_at(loss.site, "loss", call=loss.kind),
            where=f"{loss.kind}{quoted(loss.site, before=' at ')}",
            confidence=0.9 if is_far else 0.7,
            evidence=(
                f"on the parameters that both move, the gradient of {_name(training, larger)} was "
                f"{larger.gradient / term.gradient:,.0f} times as large as that of {loss.kind} at the start",
                f"{loss.kind} ends at {end:.3g}, that of the best constant answer is {constant:.3g}: it "
                "isn't learnt",
            ),
            remedy="Bring both terms to one scale: both summed or both averaged over the same axes, "
            "targets in units of their standard deviation, or a weight.",
            code=f"loss = term / {larger.gradient / term.gradient:.0e} + other  # or both in one unit",
            value=WEAKER if larger.loss is None else None,
        )
    return None


def _drowned(training: Training, terms: LossTerms) -> tuple[LossTerm, LossTerm, LossRecord] | None:
    """Return a term that isn't learnt, the one that drowns it, and where it is computed."""
    for term in terms.start:
        loss = None if term.loss is None else training.record.losses[term.loss]
        larger = max(terms.start, key=lambda one: one.gradient)
        if loss is None or len(loss.fits) < FEWEST_READINGS or not loss.count or not term.gradient > 0:
            continue
        is_stuck = training.learning.state == "stuck"
        times = STUCK_TIMES if larger.loss is None and is_stuck else TIMES
        if larger.gradient < times * term.gradient or abs(term.factor) < MEANT * abs(larger.factor):
            continue
        constant = trivial_loss(loss)
        if constant > 0 and curve.end([fit.value for fit in loss.fits]) > UNLEARNT * constant:
            return term, larger, loss
    return None


def _remedies_for_loss_term_dominates(finding: Finding) -> tuple[Remedy, ...]:
    """Weaken what isn't a loss of outputs and targets; which of two such losses is meant to count isn't "
    "known."""
    if finding.value is None:
        return ()
    words = f"the gradients of the loss's other terms × {finding.value:g}"
    narrow = "no such term was found in the sum"
    return (single(words, "weaker_terms", times=finding.value, same_loss=False, narrow=narrow),)


def _name(training: Training, term: LossTerm) -> str:
    if term.loss is None:
        return f"another term ({term.value:.3g} then)"
    return training.record.losses[term.loss].kind


def _picture_of_loss_term_dominates(training: Training) -> Picture | None:
    """The gradient that each term began with."""
    for terms in training.record.terms:
        if _drowned(training, terms) is not None:
            names = [_name(training, term) for term in terms.start]
            pairs = [(name, term.gradient) for name, term in zip(names, terms.start, strict=True)]
            return bars("Gradient of each term, on parameters that several move", "norm", pairs, log=True)
    return None


LOSS_TERM_DOMINATES = Fault(
    name="loss_term_dominates",
    family="The loss and its targets",
    title="one term of the loss drowns another",
    what="A sum of terms is moved by the largest gradient. A term summed over the batch beside one "
    "averaged over "
    "pixels, or prices beside classes, leaves the other one next to nothing, and clipping even less.",
    formula="On parameters that several terms move, one term's gradient is at the start over "
    f"{TIMES:g} times as large as another's, whose loss ends above {UNLEARNT:.0%} of the best constant's; or "
    f"{STUCK_TIMES:g} times, where it's a term that compares no outputs with targets, as a divergence is, "
    f"and nothing is learnt: its gradients × {WEAKER:g} are tried."
    f" The other's loss must be known in at least {FEWEST_READINGS} steps.",
    source="Our own, measured on a copy; Chen et al. 2018, GradNorm, balance such gradients.",
    silent=f"the drowned term is learnt, or is multiplied by less than {MEANT:g} of the other's factor "
    "on purpose.",
    remedy="Bring the terms to one scale: the same reduction, standardized targets, or weights.",
    see=("loss",),
    judge=judge_loss_term_dominates,
    picture=_picture_of_loss_term_dominates,
    remedies=_remedies_for_loss_term_dominates,
    untried="which scale is meant isn't known",
    explains=(
        Explains(
            ("loss_plateau", "unnormalised_targets", "capacity_too_small", "lr_too_low", "shuffled_targets"),
            "hardly any gradient is left for the other terms",
        ),
    ),
)
