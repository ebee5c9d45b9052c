"""Pictures that several faults share: of the loop, the network and the targets."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial

from trainlab.diagnosis.observed.losses import LossCurve, LossRecord
from trainlab.diagnosis.observed.record import ActivationRecord, Graph, Node, Op, ParamRecord
from trainlab.diagnosis.observed.torch_names import RANGES
from trainlab.diagnosis.pictures.kinds import (
    Part,
    Picture,
    bars,
    chain,
    histogram,
    is_wide,
    lines,
    node,
    one_line,
)
from trainlab.diagnosis.signals.loss_readings import held_out
from trainlab.diagnosis.signals.training import Training, behind, early_gradients, optimizer_name, total_norms

# Pictures of the loop: calls counted, losses, norms, rates and graphs over the steps.


def modes(training: Training) -> Picture | None:
    """Passes of the networks that depend on the mode, by purpose and mode."""
    networks = [root for root in training.record.networks if root.noisy] or training.record.networks
    pairs: list[tuple[str, float]] = []
    for root in networks[:3]:
        name = f"{root.name}: " if len(networks) > 1 else ""
        pairs += [
            (f"{name}training, train mode", root.learn_in_train),
            (f"{name}training, eval mode", root.learn_in_eval),
            (f"{name}evaluation, train mode", root.judge_in_train),
            (f"{name}evaluation, eval mode", root.judge_in_eval),
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
    found = [] if main is None else held_out(main)
    line = one_line("evaluation loss", [one.tick for one in found], [one.loss for one in found])
    return line if len(found) > 1 else None


def loss_to_the_end(training: Training) -> Picture | None:
    """The losses until they stopped being finite, and a little on."""
    loss_curve = training.learning.loss_curve
    if loss_curve is None:
        return None
    values = loss_curve.values
    if not any(map(math.isfinite, values)):
        pairs = [("backward passes", loss_curve.count), ("losses that aren't finite", loss_curve.nonfinite)]
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


# Pictures of the network: the way from the input to the loss, and numbers and shares by layer.

RESHAPING = frozenset(
    ("__getitem__", "view", "reshape", "flatten", "squeeze", "unsqueeze", "permute", "transpose",
     "contiguous", "expand", "clone", "to", "float")
)  # fmt: skip
MOST_NODES = 9
MOST_LINES = 6


def chain_to_loss(training: Training, is_wrong: Callable[[int, str, str], bool]) -> Picture | None:
    """Return the operations from the input to the loss; None where none is wrong: there is nothing to show.

    `is_wrong` gets how many operations are left to the loss, an operation's name and the next one's.
    """
    graph = max(training.record.graphs[:3], key=lambda one: one.complete, default=None)
    ops = _operations(graph) if graph is not None else []
    if not ops:
        return None
    nodes: list[Part] = []
    ops = [op for op in ops if op.name not in RESHAPING] or ops
    for place, op in enumerate(ops):
        after = ops[place + 1].name if place + 1 < len(ops) else ""
        note = op.module or (f"line {op.site.line}" if op.site is not None else "")
        nodes.append(node(op.name, note, wrong=is_wrong(len(ops) - 1 - place, op.name, after)))
    if not any(one["wrong"] for one in nodes):
        return None
    if len(nodes) > MOST_NODES:
        left = len(nodes) - MOST_NODES + 1
        nodes = [node("…", f"{left} more"), *nodes[-MOST_NODES + 1 :]]
    return chain("From the input to the loss", nodes, arrows=True)


def _operations(graph: Graph) -> list[Op]:
    """Return the operations on the longest way from the loss to the input, input first."""
    found: list[Op] = []
    place, met = 0, set[int]()
    while graph.nodes and place not in met:
        met.add(place)
        here = graph.nodes[place]
        if here.op is not None and (not found or found[-1] is not here.op):
            found.append(here.op)
        inner = [at for at in here.inputs if at not in met and not _is_weight(graph, graph.nodes[at])]
        if not inner:
            break
        # Gradients of values come before what only changes shape or is a constant.
        place = max(inner, key=partial(_reach, graph))
    return found[::-1]


def _is_weight(graph: Graph, here: Node) -> bool:
    while here.param is None and len(here.inputs) == 1 and here.op is None:
        here = graph.nodes[here.inputs[0]]
    return here.param is not None


def _reach(graph: Graph, start: int) -> int:
    """Return how many nodes lie behind one, counted up to 400."""
    met, waiting = {start}, [start]
    while waiting and len(met) < 400:
        new = [at for at in graph.nodes[waiting.pop()].inputs if at not in met]
        met.update(new)
        waiting += new
    return len(met)


def reached(training: Training) -> Picture | None:
    """Values of each layer, those that gradients reach and those that none does, in order of declaration."""
    return by_layer(
        training,
        "Gradient reaches",
        lambda param: "" if param.reached or param.with_grad else "no gradient reaches it",
    )


def by_layer(training: Training, title: str, fault: Callable[[ParamRecord], str]) -> Picture | None:
    """Return the layers as declared; `fault` says what is wrong with one's parameter, "" if nothing is."""
    layers: dict[str, list[ParamRecord]] = {}
    declared = [key for root in training.record.networks for key in root.params]
    for key in dict.fromkeys([*declared, *training.record.params]):
        param = training.record.params.get(key)
        if param is not None and param.name and not param.is_of_one_step:
            label = training.label(param)
            layers.setdefault(label.rpartition(".")[0] or label, []).append(param)
    nodes: list[Part] = []
    for name, params in layers.items():
        wrong = next((fault(param) for param in params if fault(param)), "")
        nodes.append(
            node(name, wrong or f"{sum(param.size for param in params):,} values", wrong=bool(wrong))
        )
    if not any(one["wrong"] for one in nodes):
        return None  # what is wrong lies elsewhere: layers alone show nothing
    if len(nodes) > MOST_NODES:
        bad = [one for one in nodes if one["wrong"]][: MOST_NODES - 2]
        good = [one for one in nodes if not one["wrong"]]
        kept = [*bad, *good[: MOST_NODES - 1 - len(bad)]]
        nodes = [one for one in nodes if any(one is each for each in kept)]
        nodes.append(node("…", f"{len(layers) - len(nodes)} more"))
    return chain(f"{title}: layer by layer, as declared", nodes, arrows=False)


def gradient_by_depth(training: Training) -> Picture | None:
    """The median rms gradient of each weight matrix in the first 20 steps looked at."""
    pairs = [(training.label(param), value) for param, value in early_gradients(training)]
    return bars("Gradient by layer, input first", "rms gradient (median of 20 steps)", pairs, log=True)


def shares(found: list[ActivationRecord], series: list[list[float]], title: str, unit: str) -> Picture | None:
    """Return the shares of the activations where they are greatest, in the order of the network."""
    import numpy as np

    told = [(one, values) for one, values in zip(found, series, strict=True) if len(values) > 1]
    worst = sorted(range(len(told)), key=lambda at: -float(np.nanmean(told[at][1])))[:MOST_LINES]
    drawn = [
        one_line(
            f"{one.kind} after {one.feeder}" if one.feeder else one.module or one.kind,
            one.ticks,
            [100 * value for value in values],
        )
        for at, (one, values) in enumerate(told)
        if at in worst
    ]
    return lines(title, "step", unit, drawn) if drawn else None


# The targets, and the range that outputs are limited to.


def targets_and_range(training: Training) -> Picture | None:
    """How the targets are spread, and the range of the activation that the outputs come from."""
    loss = main_loss(training)
    if loss is None:
        return None
    if loss.counts:
        known = sorted(loss.counts.items())[:14]
        return bars("Targets seen", "rows", [(f"class {label}", count) for label, count in known])
    for graph in training.record.graphs:
        for made in graph.nodes:
            if training.loss_of(made.op) is not loss:
                continue
            for source in behind(graph, made):
                low, high = RANGES.get(source.kind, (-math.inf, math.inf))
                if any(not low <= value <= high for value in loss.sample):
                    words = f"what {source.kind.lower()} can answer"
                    return histogram(
                        "Targets, and what can be answered",
                        "target",
                        loss.sample,
                        label=words,
                        low=low if math.isfinite(low) else None,
                        high=high if math.isfinite(high) else None,
                    )
    return histogram("Targets seen", "target", loss.sample)


def main_loss(training: Training) -> LossRecord | None:
    """Return the training's main loss, else any."""
    return training.learning.main or next((one for one in training.record.losses if one.count), None)
