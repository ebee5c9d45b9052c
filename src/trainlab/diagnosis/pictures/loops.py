"""Pictures of the loop: calls counted, losses, norms, rates and graphs over the steps."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from trainlab.diagnosis.pictures.kinds import Picture, bars, is_wide, lines, one_line
from trainlab.diagnosis.signals.case import Case, optimizer_name
from trainlab.diagnosis.signals.gradients import total_norms


def modes(case: Case) -> Picture | None:
    """Passes of the networks that depend on the mode, by purpose and mode."""
    roots = [root for root in case.record.roots if root.noisy] or case.record.roots
    pairs: list[tuple[str, float]] = []
    for root in roots[:3]:
        name = f"{root.name}: " if len(roots) > 1 else ""
        pairs += [
            (f"{name}training, train mode", float(root.learn_in_train)),
            (f"{name}training, eval mode", float(root.learn_in_eval)),
            (f"{name}evaluation, train mode", float(root.judge_in_train)),
            (f"{name}evaluation, eval mode", float(root.judge_in_eval)),
        ]
    return bars("Forward passes by purpose and mode", "forward passes", pairs)


def gradient_norm(case: Case) -> Picture | None:
    """‖gradient‖ over the steps looked at."""
    ticks, norms = total_norms(case)
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


def learning_rate(case: Case) -> Picture | None:
    """The learning rate of each optimizer, as steps see it."""
    drawn: list[dict[str, Any]] = []
    for optimizer in case.stepped[:4]:
        ticks = [float(tick) for tick, _ in optimizer.lr]
        rates = [rate for _, rate in optimizer.lr]
        if ticks and ticks[-1] < case.record.tick:
            ticks, rates = [*ticks, float(case.record.tick)], [*rates, rates[-1]]
        if len(ticks) > 1:
            drawn.append(one_line(optimizer_name(optimizer), ticks, rates))
    wide = is_wide([value for each in drawn for value in each["y"]], 30)
    return (
        lines("Learning rate over the steps", "step", "learning rate", drawn, log_y=wide) if drawn else None
    )


def held_out_line(case: Case) -> dict[str, Any] | None:
    """The mean held-out loss of each evaluation, of the loss that most of the training has."""
    main = case.learning.main
    by_tick: dict[int, list[float]] = {}
    for fit in main.judged if main is not None else ():
        by_tick.setdefault(fit.tick, []).append(fit.value)
    ticks = sorted(by_tick)
    values = [float(np.mean(by_tick[tick])) for tick in ticks]
    return one_line("evaluation loss", ticks, values) if len(ticks) > 1 else None


def loss_to_the_end(case: Case) -> Picture | None:
    """The losses until they stopped being finite, and a little on."""
    stream = case.learning.stream
    if stream is None:
        return None
    finite = sum(map(math.isfinite, stream.values))
    if not finite:
        pairs = [
            ("backward passes", float(stream.count)),
            ("losses that aren't finite", float(stream.nonfinite)),
        ]
        return bars("Losses that aren't finite", "losses", pairs)
    bad = next((at for at, value in enumerate(stream.values) if not math.isfinite(value)), len(stream.values))
    return losses_drawn(
        case, 0, bad + 20, "Loss until it stops being finite" if bad < len(stream.values) else "Loss"
    )


def losses_drawn(case: Case, first: int, end: int | None, title: str) -> Picture | None:
    """Return the losses from one step to another."""
    stream = case.learning.stream
    if stream is None or len(stream.values) < 2:
        return None
    ticks, values = stream.ticks[first:end], stream.values[first:end]
    wide = is_wide(values, 100)
    return lines(title, "step", "loss", [one_line("training loss", ticks, values)], log_y=wide)


def loss_curve(case: Case) -> Picture | None:
    """Return the loss over the steps, with that of the best constant answer and of held-out data."""
    stream = case.learning.stream
    if stream is None or len(stream.values) < 2:
        return None
    drawn = [one_line("training loss", stream.ticks, stream.values)]
    held = held_out_line(case) if _same_unit(case) else None
    if held is not None:
        drawn.append(held)
    trivial = case.learning.constant_answer
    if _same_unit(case) and math.isfinite(trivial) and trivial > 0:
        ends = [stream.ticks[0], stream.ticks[-1]]
        drawn.append(one_line("best constant answer", ends, [trivial, trivial]))
    return lines("Loss over the steps", "step", "loss", drawn, log_y=is_wide(stream.values, 100))


def _same_unit(case: Case) -> bool:
    """Whether backward is called, step by step, on the loss that the constant answer is measured in."""
    main, stream = case.learning.main, case.learning.stream
    if main is None or stream is None:
        return False
    values = stream.first or dict(zip(stream.ticks, stream.values, strict=False))
    pairs = [(fit.value, values[fit.tick]) for fit in main.fits if fit.tick in values]
    close = [abs(a - b) <= 0.02 * abs(b) for a, b in pairs if math.isfinite(a) and math.isfinite(b)]
    return len(close) >= 3 and sum(close) >= 0.9 * len(close)
