"""One term of the loss pulls so much harder than another that the other isn't learnt."""

from __future__ import annotations

from trainlab.diagnosis.fault import Explains, Fault
from trainlab.diagnosis.finding import Finding
from trainlab.diagnosis.observed.losses import LossRecord, LossTerm, LossTerms
from trainlab.diagnosis.pictures.kinds import Picture, bars
from trainlab.diagnosis.place import place_at
from trainlab.diagnosis.signals import curve
from trainlab.diagnosis.signals.baselines import trivial_loss
from trainlab.diagnosis.signals.training import Training

TIMES = 500.0
UNLEARNT = 0.95
MEANT = 0.1
FEWEST = 10


def judge(training: Training) -> Finding | None:
    """Fire if a term's gradient is drowned by another's, and its own loss stays at that of a constant."""
    if training.learning.adversarial:
        return None
    for terms in training.record.terms:
        drowned = _drowned(training, terms)
        if drowned is None:
            continue
        term, larger, loss = drowned
        end, constant = curve.end([fit.value for fit in loss.fits]), trivial_loss(loss)
        return Finding(
            place=place_at(loss.site, "loss", call=loss.kind),
            where=f"{loss.kind} at {loss.site.quoted}" if loss.site else loss.kind,
            confidence=0.9,
            evidence=(
                f"on the parameters that both move, the gradient of {_name(training, larger)} was "
                f"{larger.gradient / term.gradient:,.0f} times as large as that of {loss.kind} at the start",
                f"{loss.kind} ends at {end:.3g}, that of the best constant answer is {constant:.3g}: it "
                "isn't learnt",
            ),
            remedy="Bring both terms to one scale: both summed or both averaged over the same axes, "
            "targets in units "
            "of their standard deviation, or a weight.",
            code=f"loss = term / {larger.gradient / term.gradient:.0e} + other  # or both in one unit",
        )
    return None


def _drowned(training: Training, terms: LossTerms) -> tuple[LossTerm, LossTerm, LossRecord] | None:
    """Return a term that isn't learnt, the one that drowns it, and where it is computed."""
    for term in terms.start:
        loss = None if term.loss is None else training.record.losses[term.loss]
        larger = max(terms.start, key=lambda one: one.gradient)
        if loss is None or len(loss.fits) < FEWEST or not loss.count or not term.gradient > 0:
            continue
        if larger.gradient < TIMES * term.gradient or abs(term.factor) < MEANT * abs(larger.factor):
            continue
        constant = trivial_loss(loss)
        if constant > 0 and curve.end([fit.value for fit in loss.fits]) > UNLEARNT * constant:
            return term, larger, loss
    return None


def _name(training: Training, term: LossTerm) -> str:
    if term.loss is None:
        return f"another term ({term.value:.3g} then)"
    return training.record.losses[term.loss].kind


def _picture(training: Training) -> Picture | None:
    """The gradient that each term began with."""
    for terms in training.record.terms:
        if _drowned(training, terms) is not None:
            names = [_name(training, term) for term in terms.start]
            pairs = [(name, term.gradient) for name, term in zip(names, terms.start, strict=True)]
            return bars("Gradient of each term, on parameters that several move", "norm", pairs, log=True)
    return None


FAULT = Fault(
    name="loss_term_dominates",
    family="The loss and its targets",
    title="one term of the loss drowns another",
    what="A sum of terms is moved by the largest gradient. A term summed over the batch beside one "
    "averaged over "
    "pixels, or prices beside classes, leaves the other one next to nothing, and clipping even less.",
    formula="On parameters that several terms move, one term's gradient is at the start over "
    f"{TIMES:g} times as large as another's, whose loss ends above {UNLEARNT:.0%} of the best constant's.",
    source="Our own, measured on a copy; Chen et al. 2018, GradNorm, balance such gradients.",
    silent=f"the drowned term is learnt, or is multiplied by less than {MEANT:g} of the other's factor "
    "on purpose.",
    remedy="Bring the terms to one scale: the same reduction, standardized targets, or weights.",
    see=("loss",),
    judge=judge,
    picture=_picture,
    untried="which scale is meant isn't known",
    explains=(
        Explains(
            ("loss_plateau", "unnormalised_targets", "capacity_too_small", "lr_too_low", "shuffled_targets"),
            "hardly any gradient is left for the other terms",
        ),
    ),
)
