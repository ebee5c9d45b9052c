"""Pictures of the loop: calls counted, losses, norms, rates and graphs over the steps."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from trainlab.diagnosis.pictures.kinds import bars, is_wide, lines, one_line
from trainlab.diagnosis.signals.case import Case, optimizer_name
from trainlab.diagnosis.signals.curve import autocorrelation
from trainlab.diagnosis.signals.gradients import total_norms

Picture = dict[str, Any]


def calls(case: Case) -> Picture | None:
    """Backward passes beside the steps of each optimizer."""
    steps = [(f"{optimizer_name(one)}.step()", float(one.steps)) for one in case.seen.optimizers]
    return bars("Calls counted", "calls", [("loss.backward()", float(case.seen.backwards)), *steps])


def stale_gradients(case: Case) -> Picture | None:
    """How gradients that add up grow; where they don't, in how many steps old ones were still there."""
    _, norms = total_norms(case)
    part = max(1, len(norms) // 4)
    if len(norms) > 1 and np.median(norms[-part:]) > 1.5 * np.median(norms[:part]):
        return gradient_norm(case)
    pairs: list[tuple[str, float]] = []
    for one in case.seen.optimizers:
        name = optimizer_name(one)
        pairs += [
            (f"{name}: steps looked at", float(one.checked)),
            ("old gradients still there", float(one.stale)),
        ]
    if not any(one.stale for one in case.seen.optimizers):
        for event in case.seen.events_of("steps_by_hand"):
            facts = event.facts
            pairs = [
                ("updates by hand", float(facts.get("steps", 0))),
                ("old gradients still there", float(facts.get("stale", 0))),
            ]
    return bars("Steps, and gradients that were never cleared", "steps", pairs)


def modes(case: Case) -> Picture | None:
    """Passes of the networks that depend on the mode, by purpose and mode."""
    roots = [root for root in case.seen.roots if root.noisy] or case.seen.roots
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


def graph_sizes(case: Case) -> Picture | None:
    """Autograd nodes that a backward pass goes through, and graphs of old steps that are alive."""
    sizes: dict[int, int] = {}
    for tick, nodes, _ in case.seen.graph_sizes:
        sizes[tick] = max(sizes.get(tick, 0), nodes)
    drawn = [one_line("nodes a backward pass", sorted(sizes), [sizes[tick] for tick in sorted(sizes)])]
    alive = case.seen.retained_ticks
    if any(count for _, count in alive):
        drawn.append(one_line("old graphs alive", [tick for tick, _ in alive], [count for _, count in alive]))
    return lines("What backward goes through, and what is kept", "step", "count", drawn)


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
        if ticks and ticks[-1] < case.seen.tick:
            ticks, rates = [*ticks, float(case.seen.tick)], [*rates, rates[-1]]
        if len(ticks) > 1:
            drawn.append(one_line(optimizer_name(optimizer), ticks, rates))
    wide = is_wide([value for each in drawn for value in each["y"]], 30)
    return (
        lines("Learning rate over the steps", "step", "learning rate", drawn, log_y=wide) if drawn else None
    )


def clipping(case: Case) -> Picture | None:
    """Gradient norms before clipping, and the limit."""
    clips = [(tick, norm, limit) for tick, norm, limit in case.seen.clips if math.isfinite(norm) and norm > 0]
    if len(clips) < 2:
        return None
    ticks = [tick for tick, _, _ in clips]
    return lines(
        "Gradient norms before clipping, and the limit",
        "step",
        "‖gradient‖",
        [
            one_line("norm", ticks, [norm for _, norm, _ in clips]),
            one_line("max_norm", ticks, [limit for _, _, limit in clips]),
        ],
        log_y=True,
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


def held_out(case: Case) -> Picture | None:
    """Training and held-out loss, by the same criterion."""
    main, held = case.learning.main, held_out_line(case)
    if main is None or held is None:
        return None
    training = one_line("training batches", [fit.tick for fit in main.fits], [fit.value for fit in main.fits])
    wide = is_wide([*training["y"], *held["y"]], 100)
    return lines("Training and evaluation loss", "step", "loss", [training, held], log_y=wide)


def swinging_losses(case: Case) -> Picture | None:
    """The first 200 losses, one by one, or the last where these swing more."""
    stream = case.learning.stream
    if stream is None or len(stream.values) <= 200:
        return _losses(case, 0, 200, "The first losses, one by one")
    early, late = autocorrelation(stream.values[:200]), autocorrelation(stream.values[-200:])
    if late < early:
        return _losses(case, len(stream.values) - 200, None, "The last losses, one by one")
    return _losses(case, 0, 200, "The first losses, one by one")


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
    return _losses(
        case, 0, bad + 20, "Loss until it stops being finite" if bad < len(stream.values) else "Loss"
    )


def _losses(case: Case, first: int, end: int | None, title: str) -> Picture | None:
    stream = case.learning.stream
    if stream is None or len(stream.values) < 2:
        return None
    ticks, values = stream.ticks[first:end], stream.values[first:end]
    wide = is_wide(values, 100)
    return lines(title, "step", "loss", [one_line("training loss", ticks, values)], log_y=wide)
