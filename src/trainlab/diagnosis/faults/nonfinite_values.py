"""NaN or infinity: the first operation that made one, or the data that brought it."""

from __future__ import annotations

import math

from trainlab.diagnosis.fault import Explains, Fault
from trainlab.diagnosis.finding import Finding, Proof, proven_if
from trainlab.diagnosis.observed.events import NonFinite, NonFiniteData, NonFiniteGradient, NonFiniteLoss
from trainlab.diagnosis.pictures.loops import loss_to_the_end
from trainlab.diagnosis.place import Place, place_at
from trainlab.diagnosis.remedies.common_remedies import CLIPPED, rate_times, single
from trainlab.diagnosis.remedies.remedy import Remedy
from trainlab.diagnosis.signals.training import Training

AT_POLE = 1e-12
"""An input this near to zero is where the function, or its derivative, is infinite."""


def judge(training: Training) -> Finding | None:
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
    if first is None:
        return None
    return _of_an_operation(training, first)


def _of_the_data(training: Training) -> Finding:
    step = training.record.data.nonfinite_input
    made = training.record.events_of(NonFiniteData)
    evidence = (f"a batch given to the network at step {step} holds NaN or infinity",)
    if made and made[0].site is not None:
        first, pole = made[0], ""
        if first.nearest < AT_POLE:
            pole = f"; the nearest input to 0 was {first.nearest:.3g}"
        return Finding(
            place=place_at(first.site, "data", call=first.name),
            where=f"the data at {made[0].site.quoted}",
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


def _of_an_operation(training: Training, event: NonFinite) -> Finding:
    name = event.name
    place = event.site.quoted if event.site is not None else event.module or "the loss"
    at_pole = event.nearest < AT_POLE
    evidence = [
        f"step {event.tick}: the first value that isn't finite comes out of {name or 'the loss'} at {place}"
    ]
    if isinstance(event, NonFiniteGradient):
        evidence = [
            f"step {event.tick}: gradients of {', '.join(event.parameters)} aren't "
            f"finite; see {name or 'the loss'} at {place}"
        ]
    if at_pole:
        evidence.append(f"an input of {name} is {event.nearest:.3g}, where it or its derivative is infinite")
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
        remedy=(
            f"Keep the input of {name or 'the operation'} away from where it is infinite: add a "
            "small constant, or clamp it."
        ),
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


def _remedies(finding: Finding) -> tuple[Remedy, ...]:
    if finding.place.kind == "data":
        return (single("0 for inputs that aren't finite", "finite_inputs"),)
    line, name = finding.place.script_line, finding.place.call
    pole: tuple[Remedy, ...] = ()
    if line is not None and name in _POLES:
        words = f"the input of {name.strip('_')} at {line} kept {_EPS:g} away from where it isn't finite"
        pole = (single(words, "away_from_pole", line=line, eps=_EPS),)
    return (*pole, CLIPPED, rate_times(0.1))


FAULT = Fault(
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
    judge=judge,
    picture=loss_to_the_end,
    remedies=_remedies,
    explains=(
        Explains(
            ("exploding_gradient", "lr_too_high"), "where a value is about to be infinite, so is its slope"
        ),
        Explains(("loss_plateau", "shuffled_targets"), "NaN weights answer NaN to everything"),
    ),
)
