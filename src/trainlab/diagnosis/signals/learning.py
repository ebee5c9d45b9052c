"""How a training went: learnt, poor, stuck or diverged, and by which numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass

from trainlab.diagnosis.observed.answers import ModelAsked
from trainlab.diagnosis.observed.losses import LossCurve, LossRecord
from trainlab.diagnosis.observed.record import TrainingRecord
from trainlab.diagnosis.observed.torch_names import BINARY, BY_HAND, CLASSES
from trainlab.diagnosis.signals import curve
from trainlab.diagnosis.signals.baselines import (
    is_table,
    is_weighted,
    linear_signal,
    own_constant,
    own_entropy,
    references,
    trivial_loss,
)
from trainlab.diagnosis.signals.curve import mean
from trainlab.diagnosis.signals.learnt import (
    LEARNT,
    Ruling,
    State,
    holds_weak_signal,
    is_behind,
    mistakes_by_commonest,
    state_of,
)
from trainlab.diagnosis.signals.loss_readings import (
    FEWEST,
    Lowest,
    adversarial,
    all_losses,
    have_several,
    late_readings,
    loss_at_end,
    lowest_before_a_loss,
    over_passes,
    reached_when_evaluated,
    unsteady,
)

# Does it learn? The gate before every symptom: what doesn't trouble the training is no fault.

LEAST_CONSTANT = 1e-6
"""A smaller loss of the best constant is 0, but for rounding and for limits on logarithms."""
FIRST, STEADY = 5, 1.25
"""The first losses show by which number the training's own differ, if that is the same to a quarter."""
CONTRADICTED, SLACK = 2.0, 0.1
"""Answers are those of the training unless their loss is twice that of its last batches, and more by a tenth
of the best constant's."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Learning:
    """How the training went.

    `ratio` is the last loss in units of the best constant's, by the plain criterion. `own` is the loss itself
    at the end, over rows trained on, and `own_constant` what the best constant scores by the same; the
    outcome goes by these where they are known, else by `end` and `trivial`. `asked` is what the network
    answered when it was asked at the end. `reached_on` says on which rows `reached` was read;
    `known_failure` what was to be reached, where the outcome was judged by that. `reference` is what
    neighbours reach, `allowed` the better of them and a linear fit, where these agree, and 1 of a table.
    `ruling` is what the user's own rule says, if there is one: then `state` is by that. `commonest` is the
    share of the commonest class. `unlike` says why what the network answered isn't counted: it was asked
    otherwise than in training, as its loss shows. `lowest` is how far it was before it lost all again.
    """

    state: State
    main: LossRecord | None
    loss_curve: LossCurve | None
    adversarial: bool
    trivial: float
    start: float
    end: float
    reached: float
    reference: float
    chance: float
    rows: int
    improvement: float
    falling: bool
    known_failure: str = ""
    reached_on: str = ""
    own: float = float("nan")
    own_constant: float = float("nan")
    asked: ModelAsked | None = None
    allowed: float = float("nan")
    ruling: Ruling | None = None
    commonest: float = float("nan")
    unlike: str = ""
    lowest: Lowest | None = None

    @property
    def loss_by_constant(self) -> float:
        """The loss at the end by that of the best constant answer, both by the same loss."""
        if math.isfinite(self.own) and self.own_constant > 1e-12 and not self.known_failure:
            return self.own / self.own_constant
        return self.ratio

    @property
    def constant_answer(self) -> float:
        """The loss of the best constant answer, by the loss itself where that is known."""
        if math.isfinite(self.own_constant) and not self.known_failure:
            return self.own_constant
        return self.trivial + (own_entropy(self.main) if self.main is not None else 0.0)

    @property
    def ratio(self) -> float:
        """The last loss by the loss of the best constant answer."""
        return self.end / self.trivial if self.trivial > 1e-12 else float("nan")

    @property
    def is_behind(self) -> bool:
        """Whether it is poor where more can be learnt, or was asked for; of others that isn't known."""
        known = bool(self.known_failure) or self.misses_rule or math.isfinite(self.allowed)
        return self.state == "poor" and (known or is_behind(self.reached, self.reference, self.rows))

    @property
    def misses_rule(self) -> bool:
        """Whether the user's own rule says that it isn't solved."""
        return self.ruling is not None and self.ruling.solved is False

    @property
    def solved(self) -> bool:
        """Whether the user's own rule says that it is solved."""
        return self.ruling is not None and self.ruling.solved is True

    @property
    def falls_short(self) -> bool:
        """Whether it is known to have learnt too little, without having diverged."""
        return self.state == "stuck" or self.is_behind

    @property
    def failing(self) -> bool:
        """Whether the outcome is known to be bad."""
        return self.state == "diverged" or self.falls_short

    def is_unfit(self, ratio: float) -> bool:
        """Whether it fails, or ends above this share of the best constant's loss, unless networks compete.

        What is solved by the user's rule is fit, whatever its loss.
        """
        if self.solved:
            return False
        return self.failing or (self.ratio > ratio and not self.adversarial)

    @property
    def words(self) -> str:
        """The outcome in a sentence."""
        if self.ruling is not None and self.misses_rule:
            return f"{self.ruling.number}, and {self.ruling.rule.limit} was asked for"
        if self.state == "unknown" or self.main is None:
            return f"the loss went from {self.start:.3g} to {self.end:.3g}"
        if self.known_failure:
            return f"{self.known_failure}; the last loss is {self.end:.3g}"
        if self.is_behind:
            kind = "accuracy" if self.main.kind in CLASSES + BINARY else "R²"
            reached = f"the network reaches {kind} {self.reached:.2f} at best, in training or evaluation; "
            if math.isnan(self.reference):
                return (
                    reached + "its rows are few and all differ: a network that is large enough answers each"
                )
            if is_behind(self.reached, self.reference, self.rows):
                return reached + f"5 nearest neighbours {self.reference:.2f}"
            return reached + f"neighbours and a linear fit agree on {self.allowed:.2f}"
        if math.isfinite(self.own) and math.isfinite(self.own_constant):
            where = "the loss over rows trained on is" if self.asked is not None else "the last loss is"
            return f"{where} {self.own:.3g}, that of the best constant answer {self.own_constant:.3g}"
        return f"the last loss is {self.end:.3g}, that of the best constant answer {self.trivial:.3g}"


def learning(record: TrainingRecord) -> Learning:
    """Judge the outcome by the training's main loss."""
    main = _main(record)
    loss_curve = max(record.loss_curves, key=lambda one: one.count, default=None)
    against = adversarial(record)
    values = loss_curve.values if loss_curve is not None else []
    first, last, trivial = curve.start(values), curve.end(values), float("nan")
    reached = reference = chance = own = constant = allowed = mistakes = answered = passes = float("nan")
    commonest = float("nan")
    rows, on, holds_weak, unlike = 0, "", False, ""
    asked = None
    if main is not None and main.fits:
        trivial = trivial_loss(main)
        fits = [fit.value for fit in main.fits]
        first = curve.start(fits)
        late = late_readings(record, main)
        last = loss_at_end(first, curve.end(fits), curve.end(all_losses(main, loss_curve)))
        own, constant = over_passes(record, main, loss_curve), own_constant(main)
        many = over_passes(record, main, loss_curve, least=FEWEST)
        passes = many / constant if constant > LEAST_CONSTANT else float("nan")
        classes = main.kind in CLASSES or (main.kind in BINARY and main.columns == 1)
        if main.kind in CLASSES + BINARY:
            right = [fit.accuracy for fit in main.fits[-late:]]
            reached = mean([value for value in right if value is not None] or [float("nan")])
        elif trivial > 0:
            reached = 1 - last / trivial
        on = f"{late} late batches"
        if math.isfinite(own) and main.kind in CLASSES + BINARY:
            last = own
        asked, unlike = _asked(record, main, loss_curve, trivial, passes)
        if asked is not None:
            own, constant = asked.best.loss, asked.constant_loss
            reached, on = asked.best.reached, _rows_words(record, asked)
            share = asked.best.plain if math.isfinite(asked.best.plain) else own / max(constant, 1e-12)
            last = share * trivial if math.isfinite(share) else last
        judged = reached_when_evaluated(record, main, trivial)
        sure = reached if asked is not None or have_several(main.fits[-late:]) else float("nan")
        if math.isnan(reached) or (judged > reached and (asked is None or classes)):
            # Dropout and noise hold training batches back: where an evaluation shows more, that counts.
            reached, on = judged, "the last batches evaluated"
        if main.columns == 1 or main.kind in CLASSES:
            found = references(record.data.sample_x, record.data.sample_y, classes=classes)
            if found is not None:
                reference, chance, rows = found.neighbours, found.chance, found.rows
                allowed = found.allowed
                weak = record.data.is_tabular and holds_weak_signal(
                    reached=reached, line=found.linear, chance=chance, rows=rows, classes=classes
                )
                if weak:
                    signal = linear_signal(record.data.sample_x, record.data.sample_y, classes=classes)
                    holds_weak = signal is not None and signal.is_seen
            elif is_table(record.data.sample_x, record.data.sample_y):
                allowed = 1.0
                answered = float("nan") if asked is None else asked.best.right
        if classes:
            commonest = _commonest(main)
            right_at_best = max([one for one in (sure, judged) if one >= 0], default=float("nan"))
            mistakes = mistakes_by_commonest(right_at_best, commonest)
        if is_weighted(main):
            # Accuracy isn't what is learnt, and the plain criterion not the loss.
            reference = allowed = float("nan")
            if asked is None:
                trivial = float("nan")
    # Of a loss written by hand it isn't known whether its best constant lies between the median and the mean.
    known = math.isfinite(own) and constant > LEAST_CONSTANT and main is not None and main.kind != BY_HAND
    if not known:
        own = constant = float("nan")
    bad = loss_curve is not None and loss_curve.nonfinite > 0
    moving = against or unsteady(record, main)
    state: State = "unknown"
    if bad:
        state = "diverged"
    elif not moving and main is not None and _is_judged(main) and (known or not is_weighted(main)):
        state = state_of(
            loss=own if known else last,
            constant=constant if known else _enough(main, trivial),
            start=curve.start(values) if known else first,
            reached=reached,
            neighbours=reference,
            rows=rows,
            steps=record.tick or record.backwards,  # without any step it has had as long to learn
            unexplained=float("nan") if asked is None or not known else asked.best.plain,
            mistakes=mistakes,
            allowed=allowed,
            right=answered,
            holds_weak=holds_weak,
        )
        told = asked is not None or math.isfinite(passes) or math.isfinite(answered)
        believed = float("nan") if told else _believed(record, main, loss_curve, trivial)
        contradicts = last > CONTRADICTED * believed + SLACK * trivial
        if state in ("stuck", "poor") and believed <= LEARNT * trivial and contradicts:
            # What was read off the outputs isn't what the training's own loss says: that is believed.
            state, own, constant, reached = "learnt", believed, trivial, float("nan")
    failed = state in ("stuck", "poor", "diverged") and not bad
    return Learning(
        state=state,
        main=main,
        loss_curve=loss_curve,
        adversarial=against,
        trivial=trivial,
        start=first,
        end=last,
        reached=reached,
        reference=reference,
        chance=chance,
        rows=rows,
        improvement=curve.improvement(values),
        falling=curve.still_falling([fit.value for fit in main.fits] if main is not None else values),
        reached_on=on if math.isfinite(reached) else "",
        own=own,
        own_constant=constant,
        asked=asked,
        allowed=allowed,
        commonest=commonest,
        unlike=unlike,
        lowest=lowest_before_a_loss(main, loss_curve, trivial) if failed and main is not None else None,
    )


def _believed(
    record: TrainingRecord, main: LossRecord, loss_curve: LossCurve | None, trivial: float
) -> float:
    """Return the loss at the end by the training's own curve, in units of the plain criterion.

    NaN where that isn't known. It is where one loss alone is learnt, by the plain criterion but for a number
    that it's multiplied by: at first, while all answers are about as bad, the curve shows which.
    """
    plain = main.kind in CLASSES + BINARY or main.kind == "mse_loss"
    alone = sum(loss.count > 0 for loss in record.losses) == 1 and len(record.loss_curves) == 1
    if loss_curve is None or not plain or not alone or not trivial > 0:
        return float("nan")
    called = loss_curve.first
    first = [fit for fit in main.fits[:FIRST] if fit.value > 0 and called.get(fit.tick, 0) > 0]
    times = [called[fit.tick] / fit.value for fit in first]
    near = [fit.value for fit in first if fit.value > 0.5 * trivial]
    if len(near) < 3 or max(times) > STEADY * min(times):
        return float("nan")
    return curve.end(loss_curve.values) / curve.median(times)


def _commonest(main: LossRecord) -> float:
    """Return the share of the commonest class among the targets."""
    if main.kind in CLASSES:
        return max(main.counts.values(), default=0) / max(1, sum(main.counts.values()))
    yes = main.sums[0] / max(1, main.rows) if main.sums else float("nan")
    return max(yes, 1 - yes)


def _is_judged(main: LossRecord) -> bool:
    """Whether there is enough to judge by, and the targets are data, not made in the step itself."""
    return len(main.fits) >= 10 and main.made_here <= 0.5 * len(main.fits)


def _is_of_itself(loss: LossRecord) -> bool:
    """Whether a network is compared with what it has just computed itself, as a codebook is with codes."""
    return loss.cut_off > 0.5 * len(loss.fits)


def _enough(main: LossRecord, trivial: float) -> float:
    """Return the loss of the best constant; NaN where targets of classes are all of one."""
    one_class = main.kind in CLASSES + BINARY and trivial < LEAST_CONSTANT
    return float("nan") if one_class else trivial


def _asked(
    record: TrainingRecord, main: LossRecord, loss_curve: LossCurve | None, trivial: float, passes: float
) -> tuple[ModelAsked | None, str]:
    """Return what the last network that learnt by the judged loss answered at the end, or why not.

    Not where it did worse than its training shows: then it was asked with other weights than it ended with,
    about what it was to forget, or otherwise than in training. `passes` is the loss over the last whole
    passes by that of the best constant, known where batches are small: the last few of those may miss what is
    wrong.
    """
    place = next((at for at, one in enumerate(record.losses) if one is main), -1)
    found = [
        one
        for one in record.asked
        if one.loss == place and one.unique > 1 and math.isfinite(one.best.loss + one.constant_loss)
    ]
    if not found or not trivial > 0:
        return None, ""
    asked = found[-1]
    late = curve.end(loss_curve.values) if loss_curve is not None else float("nan")
    if math.isfinite(passes) and asked.constant_loss > LEAST_CONSTANT:
        late, share = passes, asked.best.loss / asked.constant_loss
    elif len(record.loss_curves) == 1 and late > 0 and asked.end > 0 and asked.train.loss > 0:
        # The very number that backward was called on, in units of its best constant.
        unit = asked.constant_loss * asked.end / asked.train.loss
        late, share = late / max(unit, 1e-12), asked.end / max(unit, 1e-12)
    else:
        late = mean([fit.value for fit in main.fits[-late_readings(record, main) :]]) / trivial
        by_constant = asked.best.loss / max(asked.constant_loss, 1e-12)
        share = asked.best.plain if math.isfinite(asked.best.plain) else by_constant
    if share <= CONTRADICTED * late + SLACK:
        return asked, ""
    return None, (
        f"its loss is {late:.3g} of that of a constant answer in its last steps, and {share:.3g} when it was "
        "checked after the last step: otherwise than in training, or about what it was to forget, so that "
        "isn't counted"
    )


def _rows_words(record: TrainingRecord, asked: ModelAsked) -> str:
    """Return which rows were asked, and of which network where there are several."""
    several = sum(bool(network.params) for network in record.networks) > 1
    checked = f"checked on {asked.name}" if several else "checked"
    mode = f", in {asked.best_mode}" if asked.best_mode else ""
    rows = "places" if asked.of_tokens else "rows"
    of = f"{asked.rows:,} {rows} trained on"
    if asked.unique < asked.rows:
        of = f"{asked.unique:,} different {rows} trained on"
    return f"{of}, {checked} after the last step{mode}"


def _main(record: TrainingRecord) -> LossRecord | None:
    confirmed = [loss for loss in record.losses if loss.count and loss.fits]
    confirmed = [loss for loss in confirmed if not _is_of_itself(loss)] or confirmed
    named = [loss for loss in confirmed if loss.kind != BY_HAND]
    return max(named or confirmed, key=lambda loss: (loss.count, len(loss.fits)), default=None)
