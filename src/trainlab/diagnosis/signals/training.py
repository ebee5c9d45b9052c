"""A watched training as faults ask about it: what was seen, and the signals made of it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from trainlab.diagnosis.observed.events import NonFinite
from trainlab.diagnosis.observed.losses import LossRecord
from trainlab.diagnosis.observed.record import Graph, Node, Op, OptimizerRecord, ParamRecord, TrainingRecord
from trainlab.diagnosis.observed.torch_names import SHAPE_NODES
from trainlab.diagnosis.signals.learning import Learning, learning

GONE = 0.01
MAX_NAMED = 6


@dataclass(slots=True)
class Training:
    """What was seen of one training, how it went, and the faults found so far."""

    record: TrainingRecord
    learning: Learning
    faults: set[str] = field(default_factory=set[str])
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
        for series in (param.ticks, param.update, param.grad_rms, param.grad_zeros, param.weight_rms):
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
