"""A watched training as faults ask about it: what was seen, its signals, and what it can't get around."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from trainlab.diagnosis.observed.events import NonFinite
from trainlab.diagnosis.observed.losses import LossRecord
from trainlab.diagnosis.observed.record import (
    Graph,
    NetworkRecord,
    Node,
    Op,
    OptimizerRecord,
    ParamRecord,
    TrainingRecord,
)
from trainlab.diagnosis.observed.torch_names import SHAPE_NODES
from trainlab.diagnosis.place import quoted
from trainlab.diagnosis.signals.baselines import TELLING
from trainlab.diagnosis.signals.curve import median, medians_of_5
from trainlab.diagnosis.signals.learning import Learning, learning
from trainlab.diagnosis.signals.learnt import STUCK

# A watched training as faults ask about it: what was seen, and the signals made of it.

GONE = 0.01
MAX_NAMED = 6


@dataclass(slots=True)
class Training:
    """What was seen of one training, how it went, and the faults found so far; it may have been `cut_off`."""

    record: TrainingRecord
    learning: Learning
    faults: set[str] = field(default_factory=set[str])
    cut_off: bool = False
    _alike: frozenset[int] | None = None

    @property
    def stepped(self) -> list[OptimizerRecord]:
        """The optimizers that took a step."""
        return [one for one in self.record.optimizers if one.steps]

    def is_stepped(self, param: ParamRecord) -> bool:
        """Whether an optimizer that takes steps has the parameter."""
        return any(self.record.optimizers[index].steps for index in param.optimizers)

    def loss_of(self, op: Op | None) -> LossRecord | None:
        """Return the loss that an operation is known to be part of."""
        loss = None if op is None or op.loss is None else self.record.losses[op.loss]
        return loss if loss is not None and loss.count else None

    def names(self, params: Iterable[ParamRecord]) -> str:
        """Return the parameters' names in order, not more than six."""
        return named([self.label(param) for param in params])

    def layers(self, params: Iterable[ParamRecord]) -> str:
        """Return the modules that parameters belong to, not more than six."""
        return modules_of(self.label(param) for param in params)

    def label(self, param: ParamRecord) -> str:
        """Return a parameter's name: under its network's, where another network has names that are the same.

        Two stacks both have a ``0.weight``: they are ``encoder[0].weight`` and ``decoder[0].weight``.
        """
        root = None if param.owner is None else self.record.networks[param.owner]
        if root is None or root.name == root.kind or param.owner not in self._named_alike():
            return param.name
        first, dot, rest = param.name.partition(".")
        return f"{root.name}[{first}]{dot}{rest}" if first.isdecimal() else f"{root.name}.{param.name}"

    def _named_alike(self) -> frozenset[int]:
        """Return the places of the networks that share a name of a parameter with another one."""
        if self._alike is None:
            owners: dict[str, set[int]] = {}
            for param in self.record.params.values():
                if param.owner is not None:
                    owners.setdefault(param.name, set()).add(param.owner)
            self._alike = frozenset(one for places in owners.values() if len(places) > 1 for one in places)
        return self._alike

    def weights(self, *, least: int = 4) -> list[ParamRecord]:
        """Return the trainable weight matrices that steps moved, from the input to the output.

        Of fewer values than `least` there is no telling whether they are large or small.
        """
        found = [
            param
            for param in self.record.params.values()
            if len(param.shape) >= 2 and param.size >= least and param.grad_rms and param.reached
        ]
        return sorted(found, key=lambda param: -param.depth)


def training_from(record: TrainingRecord) -> Training:
    """Compute the signals; what came after the first NaN tells nothing and is cut off."""
    bad = [event.tick for event in record.events_of(NonFinite)]
    bad += [
        loss_curve.first_nonfinite
        for loss_curve in record.loss_curves
        if loss_curve.first_nonfinite is not None
    ]
    if bad:
        _cut(record, min(bad))
    return Training(record, learning(record))


def _cut(record: TrainingRecord, tick: int) -> None:
    for param in record.params.values():
        keep = sum(one < tick for one in param.ticks)
        read = (param.update, param.still, param.grad_rms, param.grad_zeros, param.weight_rms)
        for series in (param.ticks, *read):
            del series[keep:]
    for one in record.activations:
        keep = sum(at <= tick for at in one.ticks)
        del one.ticks[keep:], one.silent[keep:], one.saturated[keep:], one.window_silent[keep // 20 :]


def named(names: Iterable[str]) -> str:
    """Return ``a, b, c and 4 more``."""
    unique = list(dict.fromkeys(name for name in names if name))
    shown = ", ".join(unique[:MAX_NAMED])
    return f"{shown} and {len(unique) - MAX_NAMED} more" if len(unique) > MAX_NAMED else shown


def vanished(param: ParamRecord) -> bool:
    """Whether hardly anything is left of a parameter: sizes relative to it mean nothing any more."""
    return bool(param.weight_rms) and param.weight_rms[-1] < GONE * param.weight_rms[0]


def modules_of(names: Iterable[str]) -> str:
    """Return the modules that parameters belong to."""
    return named(name.rpartition(".")[0] or name for name in names)


def optimizer_name(optimizer: OptimizerRecord) -> str:
    """Return the user's variable, read off the line that steps it or makes it; else ``optimizer``.

    A line that steps several says of none which it is.
    """
    steps = optimizer.step_site
    for site, pattern in (
        (steps if steps is not None and steps.text.count(".step(") == 1 else None, r"([\w.\[\]]+)\.step\("),
        (optimizer.site, r"^([\w.]+)\s*=[^=]"),
    ):
        match = re.search(pattern, site.text) if site is not None else None
        if match is not None and match.group(1) not in ("scaler", "self"):
            return match.group(1)
    return "optimizer"


def largest_rate(optimizer: OptimizerRecord) -> float:
    """Return the largest learning rate that it stepped with; NaN if it never did."""
    return max((value for _, value in optimizer.lr), default=math.nan)


def with_setting(optimizer: OptimizerRecord, name: str, value: float) -> str:
    """Return ``optimizer: Adam lr=0.1``, and in brackets the line that makes it."""
    line = quoted(optimizer.site, before=" (") + (")" if optimizer.site else "")
    return f"{optimizer_name(optimizer)}: {optimizer.kind} {name}={value:g}{line}"


def new_rate(optimizer: OptimizerRecord, rate: float) -> str:
    """Return the code that gives an optimizer another learning rate."""
    return f"for group in {optimizer_name(optimizer)}.param_groups:\n    group['lr'] = {rate:g}"


def walk_back(graph: Graph, start: Iterable[int], goes_on: Callable[[Node], bool]) -> Iterator[Node]:
    """Yield the nodes at these places, and on from those that `goes_on` what they come from, each once."""
    waiting = list(dict.fromkeys(start))
    met = set(waiting)
    for place in waiting:
        node = graph.nodes[place]
        yield node
        new = [parent for parent in node.inputs if parent not in met] if goes_on(node) else []
        met.update(new)
        waiting += new


def from_loss(graph: Graph, goes_on: Callable[[Node], bool]) -> Iterator[Node]:
    """Yield the loss's node, and on from those that `goes_on` what they come from, each once."""
    return walk_back(graph, [0] if graph.nodes else [], goes_on)


def behind(graph: Graph, node: Node) -> list[Node]:
    """Return the nodes that a node's inputs come from, seen through changes of shape."""
    found: list[Node] = []
    waiting, met = list(node.inputs), set(node.inputs)
    while waiting:
        parent = graph.nodes[waiting.pop()]
        if parent.kind.rstrip("0123456789") in SHAPE_NODES:
            new = [place for place in parent.inputs if place not in met]
            met.update(new)
            waiting += new
        else:
            found.append(parent)
    return found


# What no training gets around: weights that don't move, answers that can't differ, a loss with a floor.

AT_FLOOR = 0.1
"""A loss has come down to its floor if no more than a tenth of the way from the constant's is left."""
ROWS_A_COLUMN = 2
"""A line through fewer rows than this for each feature fits anything."""


def gets_no_gradient(training: Training) -> bool:
    """Whether no gradient has reached any parameter that an optimizer steps."""
    held = [training.record.params[key] for optimizer in training.stepped for key in optimizer.params]
    return bool(held) and not any(param.reached or param.with_grad for param in held)


def nothing_moves(training: Training) -> bool:
    """Whether no parameter that the loss reaches has changed, nor belongs to an optimizer that steps."""
    reached = [param for param in training.record.params.values() if param.reached or param.with_grad]
    return not any(param.moved is True or training.is_stepped(param) for param in reached)


def rest_words(training: Training, lost: Iterable[ParamRecord]) -> str:
    """Say that the rest of the network can learn without these parameters, where it is half of it or more."""
    keys = {param.key for param in lost}
    rest = [
        param
        for param in training.record.params.values()
        if param.key not in keys and param.reached and training.is_stepped(param)
    ]
    size = sum(param.size for param in rest)
    total = size + sum(training.record.params[key].size for key in keys)
    if 2 * size < total:
        return ""
    return f"the rest of the network, {size:,} of {total:,} values, does get gradients"


def answers_alike(training: Training) -> bool:
    """Whether the network, asked at the end, gives the same answer to everything, in every mode."""
    asked = training.learning.asked
    return asked is not None and asked.train.constant and asked.evaluation.constant


def holds_up(training: Training, floor: float) -> bool:
    """Whether a floor under the loss, in units of the best constant answer's, explains the outcome.

    Either nothing that could count as learnt lies above it, or the loss has come down to it.
    """
    learning = training.learning
    if learning.state not in ("stuck", "poor") or not math.isfinite(floor) or floor <= 0:
        return False
    if learning.state == "stuck" and floor >= STUCK:
        return True
    left = learning.loss_by_constant - floor
    return learning.loss_by_constant < STUCK and left <= AT_FLOOR * (1 - floor)


def share_above_constant(training: Training) -> float:
    """Return the share of the steps before the loss (medians of 5) first fell below the best constant's."""
    learning = training.learning
    fits = [] if learning.main is None else learning.main.fits
    smooth = medians_of_5([fit.value for fit in fits])
    below = next((place for place, value in enumerate(smooth) if value < learning.trivial), None)
    return 0.0 if below is None else fits[below].tick / max(1, training.record.tick)


def may_hold_more(training: Training) -> bool:
    """Whether more than a constant answer may be in the data; not where neighbours are known to find none.

    Without a fault nothing is learnt of noise, either.
    """
    learning = training.learning
    return not learning.reference <= learning.chance + TELLING


def best_line(training: Training) -> float:
    """Return the squared error of the best linear answer by that of the best constant; NaN if unknown.

    On the rows that were kept: over all others no line does better by more than chance. Where even the best
    line is the constant, that is so for cross-entropy as well: its slope at the constant is the same one.
    """
    import numpy as np

    data, main = training.record.data, training.learning.main
    if not data.is_tabular or main is None or main.columns != 1:
        return math.nan
    width = len(data.sample_x[0])
    x = np.asarray([row for row in data.sample_x if len(row) == width], dtype=np.float64)
    y = np.asarray(data.sample_y, dtype=np.float64)
    if len(x) != len(y) or len(x) < ROWS_A_COLUMN * (width + 1) or not y.var() > 0:
        return math.nan
    if main.classes is not None and main.classes > 2:
        return math.nan
    inputs = np.column_stack([x, np.ones(len(x))])
    residual = y - inputs @ np.linalg.lstsq(inputs, y, rcond=None)[0]
    return float((residual**2).mean() / y.var())


# Networks built alike, of which one learns and the other only answers: a target, a teacher, a copy kept.

LEAST_PASSES = 20


def learns(root: NetworkRecord) -> bool:
    """Whether a network made 20 passes or more that a backward pass followed."""
    return root.learn_in_train + root.learn_in_eval >= LEAST_PASSES


def learning_twin(record: TrainingRecord, root: NetworkRecord) -> NetworkRecord | None:
    """Return the network that learns and is built like this one."""
    shapes = [record.params[key].shape for key in root.params]
    for other in record.networks:
        alike = other is not root and [record.params[key].shape for key in other.params] == shapes
        if alike and other.kind == root.kind and learns(other):
            return other
    return None


def is_a_copy_judged(record: TrainingRecord) -> bool:
    """Whether what is evaluated at the end is a copy of the network that learns: the best one, or a mean."""
    return any(
        root.last_judge_tick >= record.tick and not learns(root) and learning_twin(record, root) is not None
        for root in record.networks
    )


# Gradients by depth and over time.

EARLY = 20


def early_gradients(training: Training) -> list[tuple[ParamRecord, float]]:
    """Return the weight matrices, input first, with the median rms gradient of the first 20 steps looked at.

    Embeddings are left out: most of their rows get none.
    """
    return [(param, median(param.grad_rms[:EARLY])) for param in _matrices(training)]


def late_gradients(training: Training) -> list[tuple[ParamRecord, float]]:
    """Return the same of the last 20 steps looked at; nothing where these are some of the first 20."""
    found = _matrices(training)
    if any(len(param.grad_rms) < 2 * EARLY for param in found):
        return []
    return [(param, median(param.grad_rms[-EARLY:])) for param in found]


def _matrices(training: Training) -> list[ParamRecord]:
    return [param for param in training.weights() if "Embedding" not in param.module_kind]


def total_norms(training: Training) -> tuple[list[int], list[float]]:
    """Return ‖gradient‖ over all parameters at the ticks looked at."""
    squares: dict[int, float] = defaultdict(float)
    for param in training.record.params.values():
        for tick, rms in zip(param.ticks, param.grad_rms, strict=False):
            squares[tick] += rms * rms * param.size
    ticks = sorted(squares)
    return ticks, [squares[tick] ** 0.5 for tick in ticks]


_ROWS_OF_A_BATCH = 256
"""Of larger batches only the first rows have a fingerprint."""


def loaders_of(record: TrainingRecord) -> list[dict[str, Any]]:
    """Return the loaders; those of one size count as one: a loop may make its loader anew."""
    passes: dict[tuple[int | None, int | None, bool], int] = {}
    for loader in record.loaders:
        kind = (loader.rows, loader.batch, loader.shuffled)
        passes[kind] = passes.get(kind, 0) + loader.passes
    return [
        {"rows": rows, "batch": batch, "shuffled": shuffled, "passes": count}
        for (rows, batch, shuffled), count in passes.items()
    ]


def epochs(record: TrainingRecord) -> float | None:
    """Return how often the training data was gone through; None if unknown.

    Without loaders: rows used by different rows, in the passes looked at.
    """
    data = record.data
    steps = max((one.steps for one in record.optimizers), default=0) or record.backwards
    if any(one.rows and one.batch for one in record.loaders):
        # Of several loaders, the training's is the one whose length fits the steps best.
        sized = [one for one in loaders_of(record) if one["rows"] and one["batch"]]
        misses = [(abs(steps * one["batch"] / one["rows"] - one["passes"]), one["passes"]) for one in sized]
        return float(min(misses)[1])
    if not data.train_rows or not data.fingerprinted or data.largest_batch > _ROWS_OF_A_BATCH:
        return None
    return round(data.train_row_count / data.fingerprinted * steps / len(data.train_rows), 2)
