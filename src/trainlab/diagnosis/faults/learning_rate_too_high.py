"""Steps so large that weights change by much of their own size: the training jumps about or diverges."""

from __future__ import annotations

from dataclasses import dataclass

from trainlab.diagnosis.edits import setting
from trainlab.diagnosis.fault import GROWTH, Explains, Fault
from trainlab.diagnosis.faults.capacity import only_layer
from trainlab.diagnosis.finding import Finding
from trainlab.diagnosis.observed.record import ParamRecord
from trainlab.diagnosis.pictures.kinds import Picture, bars
from trainlab.diagnosis.pictures.shared_pictures import loss_to_the_end
from trainlab.diagnosis.place import place_at
from trainlab.diagnosis.remedies.remedy import rate_times
from trainlab.diagnosis.signals.curve import finite, median, medians_of_5
from trainlab.diagnosis.signals.training import Training, largest_rate, new_rate, vanished, with_setting

LARGE, ROSEN = 5e-2, 1e-2
HUGE, OVERRUN = 0.4, 10
WINDOW, UNTIL = 10, 100
GROWN, BACK = 2.0, 2.0
UNFIT, FITTED = 0.3, 0.05
NOISE = 1.1
BLOWN, EARLY, FADED = 1.0, 10, 0.01
_USUAL_STEP = (1e-3, 1e-2)
"""rms(update) / rms(weight) of healthy trainings."""
USUAL = f"{' to '.join(f'{end:.0e}'.replace('e-0', 'e-') for end in _USUAL_STEP)} is usual"


def judge_lr_too_high(training: Training) -> Finding | None:
    """Fire where the training fails and updates are over 5 % of the weights for 10 of the first 100 steps.

    Also where the loss rose to twice its start within the first steps, with updates over 1 %, or where the
    first step overran the weights, or a few of the first blew the network up and left it without a gradient.
    In a training that gets somewhere, but stays well short of a fit: if the
    updates are far larger, stay large, overran the start, or threw it back from a loss it had reached.
    """
    import numpy as np

    learning = training.learning
    if not training.stepped or training.faults & _OTHER_CAUSES_OF_LARGE or learning.state == "unknown":
        return None
    by_weight = largest_steps(training)
    if not by_weight:
        return None
    typical = median(list(by_weight.values()))
    loss_curve = training.learning.loss_curve
    values = medians_of_5(loss_curve.values[:200]) if loss_curve is not None else np.empty(0)
    blown = blown_up(training)
    rose = len(values) > 3 and float(values.max()) > GROWN * abs(float(values[0]))
    if learning.state in ("stuck", "diverged"):
        large = typical > LARGE and not _never_above(training)
        told = large or (rose and typical > ROSEN) or overran(training) is not None or blown is not None
        flat = bool(training.faults & _FLAT) or bool(only_layer(training))
        if not told or (learning.state == "stuck" and flat):
            return None
    elif not _keeps_it_short(training, typical):
        return None
    optimizer = max(training.stepped, key=lambda one: one.steps)
    rate = largest_rate(optimizer)
    shown = ", ".join(
        f"{key} {value:.1e}" for key, value in sorted(by_weight.items(), key=lambda pair: -pair[1])[:6]
    )
    evidence = [
        f"rms(update) / rms(weight) is {typical:.2g} over 10 steps, the median of the "
        f"weights ({shown}); {USUAL}",
        training.learning.words,
    ]
    if blown is not None:
        evidence = [*_blown_words(blown), training.learning.words]
    elif rose and loss_curve is not None:
        first = finite(loss_curve.values[:200])
        evidence.append(f"the loss rose from {first[0]:.3g} to {first.max():.3g} at first")
    if (over := overran(training)) is not None:
        evidence.append(
            f"the first step was {over[0]:.2g} times as large as the weights, which ended {over[1]:.2g} "
            "times as large as they began"
        )
    if (back := thrown_back(training)) is not None:
        evidence.append(f"the loss had come down to {back[0]:.3g}, and ends at {back[1]:.3g}")
    return Finding(
        place=place_at(optimizer.site, "optimizer", call=optimizer.kind),
        where=with_setting(optimizer, "lr", rate),
        confidence=0.85 if typical > LARGE or blown is not None else 0.7,
        evidence=tuple(evidence),
        remedy=f"Divide the learning rate by 10, and by 10 again: lr={rate / 10:g}, lr={rate / 100:g}.",
        code=new_rate(optimizer, rate / 10),
        value=rate / 10,
    )


def largest_steps(training: Training) -> dict[str, float]:
    """Return rms(update) / rms(weight) of each weight matrix over the 10 steps in a row where it is largest.

    Of the first 100 steps looked at, without weights of which hardly anything is left.
    """
    return {
        param.name: _largest_window(param.update[:UNTIL])
        for param in training.weights()
        if _has_size(param) and len(param.update) >= 3 and not vanished(param)
    }


def _has_size(param: ParamRecord) -> bool:
    """Whether a weight starts with values that a step can be compared with."""
    return param.start is not None and param.start.std > 1e-3


def _never_above(training: Training) -> bool:
    """Whether no loss was above that of the best constant answer, but for batches' noise, once it was there.

    Steps that are too large throw outputs about, and these cost more than a constant does.
    """
    import numpy as np

    loss_curve, learning = training.learning.loss_curve, training.learning
    values = finite(loss_curve.values if loss_curve is not None else [])
    there = np.flatnonzero(values < NOISE * learning.trivial)
    if len(values) <= WINDOW or len(there) == 0:
        return False
    before, after = values[: there[0]], values[there[0] :]
    return float(after.max()) < NOISE * learning.trivial and bool((before < NOISE * values[0]).all())


def _keeps_it_short(training: Training, typical: float) -> bool:
    """It learns, if not enough: only where the steps are still large, or were huge and led nowhere."""
    learning = training.learning
    late = [
        median(param.update[-WINDOW:])
        for param in training.weights()
        if len(param.update) > WINDOW and _has_size(param) and not vanished(param)
    ]
    if not late or not learning.ratio > FITTED:
        return False
    lasting = learning.is_behind and median(late) >= LARGE / 3 and not learning.falling
    huge = learning.ratio > UNFIT and (typical > HUGE or (typical > HUGE / 2 and not learning.falling))
    overrun = learning.is_behind and overran(training) is not None
    still = learning.ratio > UNFIT or learning.is_behind
    back = max(late) > LARGE and learning.ratio > 2 * FITTED and thrown_back(training) is not None
    wild = back or (still and max(late) > 1.6 * LARGE)
    return wild or (typical > LARGE and lasting) or huge or overrun


def thrown_back(training: Training) -> tuple[float, float] | None:
    """Return the lowest mean loss over a twentieth of the steps, in their first half, and that at the end.

    None unless the first is below half of the second.
    """
    import numpy as np

    values = finite(training.learning.loss_curve.values if training.learning.loss_curve is not None else [])
    width = len(values) // 20
    if width < 5:
        return None
    means = np.convolve(values, np.ones(width) / width, mode="valid")
    best = float(means[: len(values) // 2].min())
    last = median(means[-len(values) // 10 :])
    return (best, last) if 0 < best < last / BACK else None


def overran(training: Training) -> tuple[float, float] | None:
    """Return the size of the first step by that of the weights, and how many times these grew to the end.

    Both in the middle of the weights; None unless the first is above 1 and the second above 10.
    """
    weights = [param for param in training.weights() if _has_size(param) and param.update]
    first = [param.update[0] for param in weights]
    growth = [
        param.mean_abs_later / param.start.mean_abs
        for param in weights
        if param.start and param.start.mean_abs and param.mean_abs_later is not None
    ]
    if not growth:
        return None
    step, grown = median(first), median(growth)
    return (step, grown) if step > 1 and grown > OVERRUN else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Blown:
    """A network that was blown up at once, and has learnt nothing since.

    `largest` has each weight's largest step of the first ten, by its own size; `start` and `peak` are losses,
    `at` the step of the peak; `left` is the gradient at the end by the largest of the first ten.
    """

    largest: dict[str, float]
    start: float
    peak: float
    at: int
    left: float


def blown_up(training: Training) -> Blown | None:
    """Return how a few of the first steps killed the network; None if they didn't.

    Steps larger than the weights, in the middle of these, a loss that rose to twice its start among them, and
    hardly any gradient at the end. A step of that size is no accident that the gradients died of later.
    """
    import numpy as np

    loss_curve = training.learning.loss_curve
    weights = [param for param in training.weights() if _has_size(param) and len(param.update) > 2 * EARLY]
    values = finite(loss_curve.values[:EARLY]) if loss_curve is not None else np.empty(0)
    if not weights or len(values) < EARLY or training.learning.state not in ("stuck", "diverged"):
        return None
    largest = {
        param.name: float(np.nan_to_num(param.update[:EARLY], nan=0, posinf=1e3).max()) for param in weights
    }
    kept = [median(one.grad_rms[-EARLY:]) / max(*one.grad_rms[:EARLY], 1e-30) for one in weights]
    left = median(kept)
    start, peak, at = float(values[0]), float(values.max()), int(values.argmax())
    if median(list(largest.values())) > BLOWN and peak > GROWN * abs(start) and left < FADED:
        return Blown(largest=largest, start=start, peak=peak, at=at, left=left)
    return None


def _blown_words(blown: Blown) -> list[str]:
    shown = ", ".join(
        f"{name} {value:.1f}" for name, value in sorted(blown.largest.items(), key=lambda pair: -pair[1])[:6]
    )
    return [
        f"a step of the first {EARLY} was larger than the weights: rms(update) / rms(weight) up to "
        f"{shown}; {USUAL}",
        f"the loss rose from {blown.start:.3g} to {blown.peak:.3g} (step {blown.at}), and the gradients at "
        f"the end are {100 * blown.left:.2g} % of the largest at first: the network is dead",
    ]


_FLAT = frozenset(("no_nonlinearity",))
"""With these a training gets nowhere with steps of any size."""
_OTHER_CAUSES_OF_LARGE = frozenset(("missing_zero_grad", "unnormalised_targets"))


def _largest_window(update: list[float]) -> float:
    """Return the largest median over 10 updates in a row."""
    import numpy as np

    values = np.minimum(np.nan_to_num(np.asarray(update), nan=1e3, posinf=1e3), 1e3)
    if len(values) <= WINDOW:
        return median(values)
    windows = np.lib.stride_tricks.sliding_window_view(values, WINDOW)
    return float(np.median(windows, axis=1).max())


def large_steps(training: Training) -> Picture | None:
    """The largest steps in units of the weights, where these are above the usual; else the loss itself.

    Steps can be large at first only: after them nothing is left to step by.
    """
    blown = blown_up(training)
    if blown is not None:
        return _updates(f"Largest update of the first {EARLY}, in units of the weight", blown.largest)
    largest = largest_steps(training)
    if largest and median(list(largest.values())) > _USUAL_STEP[1]:
        return _updates("Largest update in units of the weight (median of 10 steps in a row)", largest)
    first = {param.name: param.update[0] for param in training.weights() if param.update}
    if first and median(list(first.values())) > 1:
        return _updates("The first update, in units of the weight", first)
    return loss_to_the_end(training)


def _updates(title: str, by_weight: dict[str, float]) -> Picture | None:
    return bars(
        f"{title}, input first",
        "update / weight (rms)",
        list(by_weight.items()),
        log=True,
        usual=_USUAL_STEP,
        worst=lambda value: value,
    )


LR_TOO_HIGH = Fault(
    name="lr_too_high",
    family="Settings",
    title="the steps are too large",
    what="Each step changes the weights by much of their size: the training jumps about, dies or diverges.",
    formula=f"The training fails, and rms(update) / rms(weight) is above {LARGE:.0%}, in the median over "
    f"the weights, for {WINDOW} steps in a row of the first {UNTIL}, while the loss went over "
    f"{NOISE:g} times that of the best constant answer; {ROSEN:.0%} for as long is enough if the loss rose "
    f"to {GROWN:g} times its start. Or the first step was larger than the weights, and these grew "
    f"{OVERRUN:g} times. Or one or a few steps blew the network up, and it has been dead since: a step of "
    f"the first {EARLY} was over {BLOWN:.0%} of the weights, the loss rose among them to {GROWN:g} times its "
    f"start, and the gradients at the end are below {FADED:.0%} of the first. If the network learns "
    f"something, its loss must stay above {FITTED:.0%} of the best constant answer's, and steps must have "
    f"stayed that large, or the loss must end at {BACK:g} times its lowest, or above {UNFIT:.0%} after steps "
    f"of over {HUGE:.0%}.",
    source="1e-3 is the usual ratio (Karpathy, CS231n, Neural Networks Part 3); healthy first steps "
    "reach 1e-2.",
    silent="the training succeeds, stale gradients or huge targets explain it, weights start at 0, or "
    "nothing could be learnt with steps of any size (no non-linearity, biases far off).",
    remedy="Divide the learning rate by 10; if need be, by 10 again.",
    see=("learning_rate",),
    judge=judge_lr_too_high,
    picture=large_steps,
    edit=setting("lr", lambda rate: rate / 10),
    remedies=(rate_times(0.1), rate_times(0.01)),
    explains=(Explains((*GROWTH, "loss_plateau"), "steps that large overshoot, and kill or blow up units"),),
    signals=("outcome", "still falling", "reached", "reference", "update ratio"),
)
