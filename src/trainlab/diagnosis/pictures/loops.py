"""Pictures of the loop: calls counted, losses, norms, rates and graphs over the steps."""

from __future__ import annotations

import math

from trainlab.diagnosis.observed.losses import LossCurve
from trainlab.diagnosis.pictures.kinds import Part, Picture, bars, is_wide, lines, one_line
from trainlab.diagnosis.signals.averages import mean
from trainlab.diagnosis.signals.gradients import total_norms
from trainlab.diagnosis.signals.training import Training, optimizer_name


def modes(training: Training) -> Picture | None:
    """Passes of the networks that depend on the mode, by purpose and mode."""
    networks = [root for root in training.record.networks if root.noisy] or training.record.networks
    pairs: list[tuple[str, float]] = []
    for root in networks[:3]:
        name = f"{root.name}: " if len(networks) > 1 else ""
        pairs += [
            (f"{name}training, train mode", float(root.learn_in_train)),
            (f"{name}training, eval mode", float(root.learn_in_eval)),
            (f"{name}evaluation, train mode", float(root.judge_in_train)),
            (f"{name}evaluation, eval mode", float(root.judge_in_eval)),
        ]
    return bars("Forward passes by purpose and mode", "forward passes", pairs)


def gradient_norm(training: Training) -> Picture | None:
    """‖gradient‖ over the steps looked at."""
    ticks, norms = total_norms(training)
    if len(ticks) < 2:
        return None
    wide = is_wide(norms, 30)
    return lines(
        "Gradient norm over the steps",
        "step",
        "‖gradient‖",
        [one_line("all parameters", ticks, norms)],
        log_y=wide,
    )


def learning_rate(training: Training) -> Picture | None:
    """The learning rate of each optimizer, as steps see it."""
    drawn: list[Part] = []
    for optimizer in training.stepped[:4]:
        ticks = [float(tick) for tick, _ in optimizer.lr]
        rates = [rate for _, rate in optimizer.lr]
        if ticks and ticks[-1] < training.record.tick:
            ticks, rates = [*ticks, float(training.record.tick)], [*rates, rates[-1]]
        if len(ticks) > 1:
            drawn.append(one_line(optimizer_name(optimizer), ticks, rates))
    wide = is_wide([value for each in drawn for value in each["y"]], 30)
    return (
        lines("Learning rate over the steps", "step", "learning rate", drawn, log_y=wide) if drawn else None
    )


def held_out_line(training: Training) -> Part | None:
    """The mean held-out loss of each evaluation, by the training's main loss."""
    main = training.learning.main
    by_tick: dict[int, list[float]] = {}
    for fit in main.judged if main is not None else ():
        by_tick.setdefault(fit.tick, []).append(fit.value)
    ticks = sorted(by_tick)
    values = [mean(by_tick[tick]) for tick in ticks]
    return one_line("evaluation loss", ticks, values) if len(ticks) > 1 else None


def loss_to_the_end(training: Training) -> Picture | None:
    """The losses until they stopped being finite, and a little on."""
    loss_curve = training.learning.loss_curve
    if loss_curve is None:
        return None
    values = loss_curve.values
    if not any(map(math.isfinite, values)):
        pairs = [
            ("backward passes", float(loss_curve.count)),
            ("losses that aren't finite", float(loss_curve.nonfinite)),
        ]
        return bars("Losses that aren't finite", "losses", pairs)
    bad = next((at for at, value in enumerate(values) if not math.isfinite(value)), len(values))
    title = "Loss until it stops being finite" if bad < len(values) else "Loss"
    return losses_drawn(training, 0, bad + 20, title)


def losses_drawn(training: Training, first: int, end: int | None, title: str) -> Picture | None:
    """Return the losses from one step to another."""
    loss_curve = training.learning.loss_curve
    if loss_curve is None or len(loss_curve.values) < 2:
        return None
    along, what = _along(loss_curve)
    values = loss_curve.values[first:end]
    wide = is_wide(values, 100)
    return lines(title, what, "loss", [one_line("training loss", along[first:end], values)], log_y=wide)


def loss_picture(training: Training) -> Picture | None:
    """Return the loss over the steps, with that of the best constant answer and of held-out data."""
    loss_curve = training.learning.loss_curve
    if loss_curve is None or len(loss_curve.values) < 2:
        return None
    along, what = _along(loss_curve)
    drawn = [one_line("training loss", along, loss_curve.values)]
    held = held_out_line(training) if _same_unit(training) else None
    if held is not None:
        drawn.append(held)
    trivial = training.learning.constant_answer
    if _same_unit(training) and math.isfinite(trivial) and trivial > 0:
        ends = [along[0], along[-1]]
        drawn.append(one_line("best constant answer", ends, [trivial, trivial]))
    over = "the steps" if what == "step" else "backward passes"
    return lines(f"Loss over {over}", what, "loss", drawn, log_y=is_wide(loss_curve.values, 100))


def _along(loss_curve: LossCurve) -> tuple[list[int], str]:
    """Return where the losses stand, and what is counted: backward passes where no step was ever taken."""
    ticks = loss_curve.ticks
    if ticks[0] == ticks[-1]:
        return [place * loss_curve.stride for place in range(len(ticks))], "backward pass"
    return ticks, "step"


def _same_unit(training: Training) -> bool:
    """Whether backward is called, step by step, on the loss that the constant answer is measured in."""
    main, loss_curve = training.learning.main, training.learning.loss_curve
    if main is None or loss_curve is None:
        return False
    values = loss_curve.first or dict(zip(loss_curve.ticks, loss_curve.values, strict=False))
    pairs = [(fit.value, values[fit.tick]) for fit in main.fits if fit.tick in values]
    close = [abs(a - b) <= 0.02 * abs(b) for a, b in pairs if math.isfinite(a) and math.isfinite(b)]
    return len(close) >= 3 and sum(close) >= 0.9 * len(close)
