"""The loss on held-out data rises while the training loss goes on falling, and nobody stops it."""

from __future__ import annotations

from trainlab.diagnosis.fault import Fault
from trainlab.diagnosis.finding import Finding
from trainlab.diagnosis.judge.card import epochs
from trainlab.diagnosis.observed.losses import LossRecord
from trainlab.diagnosis.pictures.kinds import Picture, is_wide, lines, one_line
from trainlab.diagnosis.pictures.loops import held_out_line
from trainlab.diagnosis.place import Place, place_at
from trainlab.diagnosis.signals.averages import mean, median
from trainlab.diagnosis.signals.training import Training
from trainlab.diagnosis.signals.twins import is_a_copy_judged

RISEN = 1.3
BEFORE = 0.6
GAP = 3.0
BY_HEART, APART, PASSES = 0.98, 0.25, 20


def judge(training: Training) -> Finding | None:
    """Fire if the held-out loss was least before 60 % of the run and ends 1.3 times that.

    And at 3 times the training loss at least. Also where the training data are learnt by heart, gone through
    20 times, and the accuracy on other rows is 0.25 lower.
    """
    import numpy as np

    if training.record.restored or training.learning.adversarial or is_a_copy_judged(training.record):
        return None
    for loss in training.record.losses:
        ticks, values = _curve(loss)
        if len(values) < 8 or not loss.fits:
            continue
        least = int(np.argmin(values))
        last = median(values[-3:])
        train = median([fit.value for fit in loss.fits[-max(5, len(loss.fits) // 10) :]])
        if (
            ticks[least] > BEFORE * ticks[-1]
            or last < RISEN * values[least]
            or last < GAP * max(train, 1e-12)
        ):
            continue
        return Finding(
            place=Place(kind="evaluation", call=loss.kind),
            where=f"held-out loss ({loss.kind}) from step {ticks[least]} on",
            confidence=0.8,
            evidence=(
                f"held-out loss {values[least]:.3g} at step {ticks[least]}, {last:.3g} at the "
                f"end (step {ticks[-1]})",
                f"training loss {train:.3g} at the end",
            ),
            remedy=(
                "Stop at the lowest held-out loss, use weight decay or dropout, a smaller network, "
                "or more data."
            ),
            code="# keep the weights of the best epoch\nbest = copy.deepcopy(model.state_dict())",
        )
    return _by_heart(training)


def _by_heart(training: Training) -> Finding | None:
    """Every training example is answered rightly and surely, but new ones are not."""
    learning, data = training.learning, training.record.data
    told = training.record.judged_accuracy[-1:]
    if training.faults or not told or learning.main is None or not data.train_rows or not data.judged_rows:
        return None
    _, judged, count, _ = told[0]
    known = data.judged_known / len(data.judged_rows)
    passes = epochs(training.record) or 0.0
    by_heart = learning.reached > BY_HEART and learning.ratio < 1 - BY_HEART
    if not by_heart or known > 0.5 or count < 100 or passes < PASSES or learning.reached - judged < APART:
        return None
    site = next((root.eval_site for root in training.record.networks if root.eval_site), None)
    values = sum(param.size for param in training.weights())
    return Finding(
        place=place_at(site, "evaluation"),
        where=f"the evaluation{f' at {site.quoted}' if site else ''}, on other rows than those trained on",
        confidence=0.65,
        evidence=(
            f"accuracy {learning.reached:.2f} on rows trained on, {judged:.2f} in the last evaluation "
            f"({count:,} answers)",
            f"{len(data.train_rows):,} different training rows, gone through {passes:.0f} times, "
            f"for {values:,} weights",
        ),
        remedy="More data, a smaller network, weight decay or dropout; stop where the evaluation is best.",
        code="# keep the weights of the best epoch\nbest = copy.deepcopy(model.state_dict())",
    )


def _curve(loss: LossRecord) -> tuple[list[int], list[float]]:
    """Return the held-out loss, the mean of each evaluation."""
    by_tick: dict[int, list[float]] = {}
    for fit in loss.judged:
        by_tick.setdefault(fit.tick, []).append(fit.value)
    ticks = sorted(by_tick)
    return ticks, [mean(by_tick[tick]) for tick in ticks]


def _picture(training: Training) -> Picture | None:
    """Training and held-out loss, by the same criterion."""
    main, held = training.learning.main, held_out_line(training)
    if main is None or held is None:
        return None
    batches = one_line("training batches", [fit.tick for fit in main.fits], [fit.value for fit in main.fits])
    wide = is_wide([*batches["y"], *held["y"]], 100)
    return lines("Training and evaluation loss", "step", "loss", [batches, held], log_y=wide)


FAULT = Fault(
    name="overfitting",
    family="The data",
    title="it overfits: the held-out loss rises while the training loss falls",
    what="From some step on the network gets better on its training data only.",
    formula=f"The held-out loss is least before {BEFORE:.0%} of the training, ends at {RISEN:g} times "
    f"that, and at {GAP:g} times the training loss at least.",
    source="Such a rise is beyond the noise in evaluations of healthy trainings; single rises are common.",
    silent="the best weights are restored at the end, a copy of the network is evaluated then, or there are "
    "fewer than 8 evaluations.",
    remedy="Stop at the lowest held-out loss; weight decay, dropout, a smaller network, or more data.",
    judge=judge,
    picture=_picture,
    untried="it takes more data or another network, not another training",
)
