"""What shows in the loss and the gradients: values that aren't finite, explosions, swings, a plateau."""

from __future__ import annotations

import math

from trainlab.diagnosis.fault import GROWTH, Explains, Fault
from trainlab.diagnosis.finding import Finding, Proof, proven_if
from trainlab.diagnosis.observed.events import NonFinite, NonFiniteData, NonFiniteGradient, NonFiniteLoss
from trainlab.diagnosis.pictures.kinds import Picture
from trainlab.diagnosis.pictures.shared_pictures import (
    gradient_by_depth,
    gradient_norm,
    loss_to_the_end,
    losses_drawn,
)
from trainlab.diagnosis.place import Place, place_at, quoted
from trainlab.diagnosis.remedies.remedy import CLIPPED, Remedy, initialized, rate_times, single
from trainlab.diagnosis.signals import curve
from trainlab.diagnosis.signals.curve import autocorrelation, median
from trainlab.diagnosis.signals.loss_readings import unsteady
from trainlab.diagnosis.signals.signed_terms import LEAST_LOSSES
from trainlab.diagnosis.signals.training import Training, early_gradients, total_norms

# nonfinite_values: NaN or infinity: the first operation that made one, or the data that brought it.

_AT_POLE = 1e-12
"""An input this near to zero is where the function, or its derivative, is infinite."""


def judge_nonfinite_values(training: Training) -> Finding | None:
    """Fire if a loss stopped being finite, or if gradients did and there is no loss scaler."""
    record = training.record
    losses = [loss_curve for loss_curve in record.loss_curves if loss_curve.first_nonfinite is not None]
    gradients = record.events_of(NonFiniteGradient)
    if not losses and (not gradients or record.uses_scaler):
        return None
    if record.uses_scaler and sum(loss_curve.nonfinite for loss_curve in losses) < 3:
        return None
    if record.data.nonfinite_input is not None:
        return _of_the_data(training)
    events = [*gradients, *record.events_of(NonFiniteLoss)]
    first = min(events, key=lambda event: event.tick, default=None)
    return None if first is None else _of_an_operation(training, first)


def _of_the_data(training: Training) -> Finding:
    step = training.record.data.nonfinite_input
    made = training.record.events_of(NonFiniteData)
    evidence = (f"a batch given to the network at step {step} holds NaN or infinity",)
    first = made[0] if made else None
    if first is not None and first.site is not None:
        pole = f"; the nearest input to 0 was {first.nearest:.3g}" if first.nearest < _AT_POLE else ""
        return Finding(
            place=place_at(first.site, "data", call=first.name),
            where=f"the data at {first.site.quoted}",
            confidence=0.95,
            evidence=(
                *evidence,
                f"it comes from there: before the training {first.name} was given finite numbers, and "
                f"{first.share:.1%} of its results were NaN or infinite{pole}",
            ),
            remedy="Don't divide by 0, nor take a root or a logarithm of it: a feature that never changes "
            "has a standard deviation of 0.",
            code="std = x.std(0)\nstd[std == 0] = 1",
        )
    return Finding(
        place=Place(kind="data"),
        where=f"the input batch at step {step}: the data has NaN or infinite values",
        confidence=0.97,
        proof=_ruined(training),
        evidence=evidence,
        remedy="Clean the data: fill in or drop missing values before training.",
        code="X = torch.nan_to_num(X)  # or drop the rows",
    )


def _infinite(name: str) -> str:
    """Return what is infinite at 0: of a root it's the derivative alone, of a power that depends."""
    if name in ("sqrt", "norm", "std", "atan2"):
        return "its derivative"
    return "it, or its derivative," if name in ("pow", "__pow__") else "it"


def _of_an_operation(training: Training, event: NonFinite) -> Finding:
    name = event.name
    place = quoted(event.site, event.module or "the loss")
    at_pole = event.nearest < _AT_POLE
    evidence = [
        f"step {event.tick}: the first value that isn't finite comes out of {name or 'the loss'} at {place}"
    ]
    if isinstance(event, NonFiniteGradient):
        evidence = [
            f"step {event.tick}: gradients of {', '.join(event.parameters)} aren't "
            f"finite; see {name or 'the loss'} at {place}"
        ]
    if at_pole:
        evidence.append(f"an input of {name} is {event.nearest:.3g}, where {_infinite(name)} is infinite")
    if event.parameters and isinstance(event, NonFiniteLoss):
        evidence.append(f"already not finite: {', '.join(event.parameters)}")
    bad = sum(loss_curve.nonfinite for loss_curve in training.record.loss_curves)
    evidence.append(f"{bad} of {training.record.backwards} losses are NaN or infinite")
    return Finding(
        place=place_at(event.site, "call", module=event.module, call=name),
        where=f"{name or 'loss'} at {place}{f' (in {event.module})' if event.module else ''}",
        confidence=0.95 if at_pole else 0.7,
        proof=_ruined(training),
        evidence=tuple(evidence),
        remedy=f"Keep the input of {name or 'the operation'} away from "
        f"{'0' if at_pole else 'where it is infinite'}: add a small constant, or clamp it.",
        code="eps = 1e-6\nx = x.clamp(min=eps)  # before log, sqrt or a division",
    )


def _ruined(training: Training) -> Proof:
    """Return the proof that it is for good: from then on no loss was finite."""
    curves = [one for one in training.record.loss_curves if one.first_nonfinite is not None]
    # Two or more in a row to the end: what NaN weights answer is NaN.
    last = [one for one in curves if one.nonfinite > 1 and not math.isfinite(one.last)]
    return proven_if(bool(last), "from then on every loss is NaN or infinite")


_EPS = 1e-6
_POLES = frozenset(
    ("log", "log2", "log10", "sqrt", "rsqrt", "pow", "__pow__", "logdet", "div", "true_divide", "__truediv__",
     "divide", "reciprocal", "__rtruediv__", "__rdiv__", "norm", "std", "acos", "asin", "exp")
)  # fmt: skip


def _remedies_for_nonfinite_values(finding: Finding) -> tuple[Remedy, ...]:
    if finding.place.kind == "data":
        return (single("0 for inputs that aren't finite", "finite_inputs"),)
    line, name = finding.place.script_line, finding.place.call
    pole: tuple[Remedy, ...] = ()
    if line is not None and name in _POLES:
        words = f"the input of {name.strip('_')} at {line} kept {_EPS:g} away from where it isn't finite"
        pole = (single(words, "away_from_pole", line=line, eps=_EPS),)
    return (*pole, CLIPPED, rate_times(0.1))


NONFINITE_VALUES = Fault(
    name="nonfinite_values",
    family="What shows in the numbers",
    title="values become NaN or infinite",
    what="One logarithm of 0, one division by 0 or one overflow ruins every weight that it touches.",
    formula="A loss, or a gradient that is applied, isn't finite. Named is the first operation whose "
    "inputs are finite and whose result isn't, or the batch that brought it.",
    source="A fact.",
    silent="a gradient scaler skips such steps, as it should in mixed precision.",
    proven="from then on to the end no loss is finite.",
    remedy="Keep the operation's input away from where it is infinite: add a small constant, or clamp it.",
    see=("loss",),
    judge=judge_nonfinite_values,
    picture=loss_to_the_end,
    remedies=_remedies_for_nonfinite_values,
    explains=(
        Explains(
            ("exploding_gradient", "lr_too_high"), "where a value is about to be infinite, so is its slope"
        ),
        Explains(("loss_plateau", "shuffled_targets"), "NaN weights answer NaN to everything"),
    ),
)


# exploding_gradient: Gradients grow from layer to layer, from time step to time step or from step to step.

GROWN = 1e3
LARGE = 1e4
AT_START = 1e3
FIRST = 10
"""By so many losses it is seen by how much what is stepped on is larger than a mean over samples."""


def judge_exploding_gradient(training: Training) -> Finding | None:
    """Fire where the training fails and ‖g‖ exceeds 1e4 three times, or 1,000 times its first median."""
    import numpy as np

    if not training.learning.failing:
        return None
    ticks, norms = total_norms(training)
    if not norms:
        return None
    values = np.nan_to_num(np.asarray(norms), nan=1e30, posinf=1e30)
    first = median(values[:3])
    top = float(values.max())
    scale = _unit(training)
    huge = int((values > LARGE * scale).sum()) >= 3
    if not huge and top <= GROWN * first and first <= AT_START * scale:
        return None
    at_start = first > AT_START * scale
    layers = early_gradients(training)
    profile = ", ".join(f"{param.name} {value:.1e}" for param, value in layers[:10])
    worst = max(layers, key=lambda pair: pair[1], default=None)
    return Finding(
        place=Place(kind="parameters", parameters=(worst[0].name,) if worst else ()),
        where=(
            f"{worst[0].name if worst else 'all parameters'} (largest), from step "
            f"{ticks[int(values.argmax())]}"
        ),
        confidence=0.9 if at_start else 0.7,
        evidence=(
            f"‖gradient‖ is {first:.3g} in the first steps and {top:.3g} at most (step "
            f"{ticks[int(values.argmax())]})",
            f"rms by layer, input first: {profile}",
            training.learning.words,
        ),
        remedy="Clip gradients to norm 1, start recurrent weights orthogonal, lower the learning rate.",
        code="torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)",
    )


def _unit(training: Training) -> float:
    """Return the loss to measure gradients by: large targets, or a sum over samples, raise no alarm.

    A loss scaler's factor is in the losses that backward is called on, but in no gradient that is stepped on.
    """
    learning = training.learning
    unit = learning.trivial if math.isfinite(learning.trivial) else learning.start
    scale = max(1.0, abs(unit)) if math.isfinite(unit) else 1.0
    if learning.main is None or learning.loss_curve is None or training.record.uses_scaler:
        return scale
    called = learning.loss_curve.first
    sums = [
        called[fit.tick] / fit.value
        for fit in learning.main.fits[:FIRST]
        if fit.value > 0 and math.isfinite(called.get(fit.tick, math.nan))
    ]
    return scale * max(1.0, median(sums)) if sums else scale


def _picture_of_exploding_gradient(training: Training) -> Picture | None:
    """The norm over the steps; where there is only one, the gradient by layer."""
    return gradient_norm(training) or gradient_by_depth(training)


EXPLODING_GRADIENT = Fault(
    name="exploding_gradient",
    family="What shows in the numbers",
    title="the gradients explode",
    what="They grow from layer to layer, from time step to time step, or from step to step.",
    formula=f"The training fails, and ‖g‖ exceeds {LARGE:,.0f} three times, or {GROWN:,.0f} times its "
    f"first median, or starts above {AT_START:,.0f}; in units of the loss of the best constant "
    f"answer, summed as the loss is. How it is summed is read from the first {FIRST} losses.",
    source="SageMaker, traintools and gradscope warn from 1e3 on; in that unit large targets raise no alarm.",
    silent="the training succeeds: single spikes are common in recurrent networks.",
    remedy="Clip to norm 1, start recurrent weights orthogonal, lower the learning rate.",
    see=("chain_rule", "init"),
    judge=judge_exploding_gradient,
    picture=_picture_of_exploding_gradient,
    remedies=(CLIPPED, initialized("orthogonal"), rate_times(0.1)),
    explains=(Explains(("lr_too_high", *GROWTH[1:], "loss_plateau"), "a huge gradient is a huge step"),),
    signals=("smoothed start", "loss of the best constant answer", "rms gradient", "gradient norm"),
)


# oscillating_loss: The loss jumps up and down from step to step instead of falling.

OPPOSITE = -0.3
SMALL = 0.01


def judge_oscillating_loss(training: Training) -> Finding | None:
    """Fire where the training fails and successive losses go opposite ways: correlation below −0.3.

    Swings of less than 1 % of the loss are rounding, or no matter.
    """
    loss_curve = training.learning.loss_curve
    if not training.learning.failing or loss_curve is None or loss_curve.stride > 1:
        return None
    values, data = loss_curve.values, training.record.data
    correlation = min(curve.autocorrelation(values), curve.autocorrelation(values[:200]))
    if correlation >= OPPOSITE or len(data.batches) > 0.2 * max(1, data.fingerprinted):
        return None
    if curve.swing(loss_curve.values) < SMALL * abs(median(curve.finite(loss_curve.values))):
        return None
    return Finding(
        place=place_at(loss_curve.site, "loss"),
        where=f"the loss{quoted(loss_curve.site, before=' at ')}",
        confidence=0.6,
        evidence=(
            f"without its trend, the loss has a correlation of {correlation:.2f} from step to step",
            training.learning.words,
        ),
        remedy="Lower the learning rate or the momentum.",
        code="lr = lr / 10",
    )


def _picture_of_oscillating_loss(training: Training) -> Picture | None:
    """The first 200 losses, one by one, or the last where these swing more."""
    loss_curve = training.learning.loss_curve
    if loss_curve is None or len(loss_curve.values) <= 200:
        return losses_drawn(training, 0, 200, "The first losses, one by one")
    early, late = autocorrelation(loss_curve.values[:200]), autocorrelation(loss_curve.values[-200:])
    if late < early:
        return losses_drawn(training, len(loss_curve.values) - 200, None, "The last losses, one by one")
    return losses_drawn(training, 0, 200, "The first losses, one by one")


OSCILLATING_LOSS = Fault(
    name="oscillating_loss",
    family="What shows in the numbers",
    title="the loss jumps up and down",
    what="Each step overshoots, and the next one comes back.",
    formula="The training fails, and the loss, less its moving median of 9, has a correlation below "
    f"{OPPOSITE:g} with itself one step later; its swings are above {SMALL:.0%} of the loss.",
    source="The noise of batches shows no such correlation; gradient descent above half of its limit does.",
    silent="the same few batches take turns, several optimizers train, or the training succeeds.",
    remedy="Lower the learning rate or the momentum.",
    see=("learning_rate",),
    judge=judge_oscillating_loss,
    picture=_picture_of_oscillating_loss,
    remedies=(rate_times(0.1), rate_times(0.01)),
    signals=("autocorrelation of the loss", "different batches"),
)


# loss_rises: The loss ends a hundred times above its start, and no cause was found.

HUNDRED = 100.0
LEAST_START = 1e-3
"""A loss may begin at 0, as a penalty on what changes: then it has to rise."""


def judge_loss_rises(training: Training) -> Finding | None:
    """A symptom; fires where the loss ends 100 times above its start and no cause was found."""
    learning, record = training.learning, training.record
    loss_curve = learning.loss_curve
    if loss_curve is None or training.faults or learning.adversarial or unsteady(record, learning.main):
        return None
    start, end = curve.start(loss_curve.values), curve.end(loss_curve.values)
    above = not end <= learning.constant_answer
    if loss_curve.count < LEAST_LOSSES or not start > LEAST_START or not end > HUNDRED * start or not above:
        return None
    return Finding(
        place=place_at(loss_curve.site, "loss"),
        where=f"the loss{quoted(loss_curve.site, before=' at ')}",
        confidence=0.8,
        evidence=(
            f"the loss begins at {start:.3g} and ends at {end:.3g}, {end / start:,.0f} times that",
            *((learning.words,) if learning.main is not None else ()),
        ),
        remedy="Lower the learning rate, clip gradients; look for a term of the loss that grows.",
        code="lr = lr / 10",
    )


LOSS_RISES = Fault(
    name="loss_rises",
    family="What shows in the numbers",
    title="the loss ends a hundred times above its start",
    what="A symptom, told only if no cause was found: what is learnt is lost, and more.",
    formula=f"Smoothed, the loss ends over {HUNDRED:g} times above its start, which is above "
    f"{LEAST_START:g}, in at least {LEAST_LOSSES} steps, and above the best constant answer's, where that "
    "is known.",
    source="A fact; ten times is where `diverged` begins, which wants a loss whose constant is known.",
    silent="any cause was found, networks compete, or what is to be learnt changes, as returns do.",
    remedy="Lower the learning rate, clip gradients; look for a term of the loss that grows.",
    see=("learning_rate",),
    judge=judge_loss_rises,
    picture=_picture_of_exploding_gradient,
    remedies=(rate_times(0.1), rate_times(0.01), CLIPPED),
    explains=(Explains((*GROWTH, "loss_plateau"), "the gradients grow with the loss"),),
    signals=("smoothed start", "smoothed end", "loss of the best constant answer"),
)


# loss_plateau: The loss hardly falls any more, and nothing more specific was found.


def judge_loss_plateau(training: Training) -> Finding | None:
    """A symptom; fires only where the training is stuck and no cause was found."""
    learning = training.learning
    if not learning.falls_short or training.faults or training.record.tick < 100 or learning.falling:
        return None
    if learning.lowest is not None:
        return None  # it learnt, and lost it again
    from trainlab.draw import counted

    site = learning.main and learning.main.site
    finding = Finding(
        place=place_at(site, "loss"),
        where=f"the loss{quoted(site, before=' at ')}",
        confidence=0.4,
        evidence=(
            learning.words,
            f"in the last third of {counted(training.record.tick, 'step')} it fell by less than 10 %",
        ),
        remedy="Train on a single batch, again and again: its loss must come near 0. If it does, try "
        "learning rates 10 and 100 times as large and as small; if it doesn't, look for the error between "
        "data, network and loss.",
    )
    known_better = learning.rows >= 100 and learning.reference - learning.reached > 0.2
    return finding if known_better and learning.state == "stuck" else finding.as_note()


LOSS_PLATEAU = Fault(
    name="loss_plateau",
    family="What shows in the numbers",
    title="the loss hardly falls any more",
    what="A symptom, told only if no cause was found. Where the loss stays at that of a constant answer, "
    "the verdict says so, and that the cause wasn't found.",
    formula="After 100 steps or more the loss is above 90 % of that of the best constant answer, or 5 "
    "nearest neighbours do far better, and it no longer falls.",
    source="The best constant answer: entropy of the labels, variance of the targets.",
    silent="any cause was found, the loss is still falling, or it was far lower and rose again.",
    remedy="Train on a single batch until its loss is near 0. If that works, try other learning rates; "
    "if it doesn't, look for the error between data, network and loss.",
    see=("learning_rate", "loss"),
    judge=judge_loss_plateau,
    picture=loss_to_the_end,
    remedies=(rate_times(10), rate_times(0.1), rate_times(0.01), initialized("default")),
    signals=(
        "outcome",
        "smoothed start",
        "smoothed end",
        "improvement",
        "still falling",
        "loss of the best constant answer",
        "reference",
    ),
)
