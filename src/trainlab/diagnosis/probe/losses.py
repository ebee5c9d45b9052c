# pyright: basic
"""Where outputs meet targets: loss functions, and differences that a hand-written loss is made of."""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from trainlab.diagnosis.observed.events import ConstantDerivative, Cut, Divergence, SignedTargets
from trainlab.diagnosis.observed.losses import LossRecord
from trainlab.diagnosis.observed.record import Graph, Op
from trainlab.diagnosis.observed.torch_names import (
    BY_HAND,
    CLASSES,
    DISTANCES,
    LAYER_NODES,
    LOSS_FUNCTIONS,
    SHAPE_NODES,
)
from trainlab.diagnosis.place import Site
from trainlab.diagnosis.probe.counted_places import told
from trainlab.diagnosis.probe.fits import Fits
from trainlab.diagnosis.probe.frames import user_site
from trainlab.diagnosis.probe.probe_state import ProbeState
from trainlab.diagnosis.probe.tensor_registry import leaves_above
from trainlab.diagnosis.probe.unused_flags import UnusedFlagsSeen
from trainlab.diagnosis.torch_private import functions

# Derivatives by an input that `torch.autograd.grad` returns without a graph, and the sums they enter.


SUMS = frozenset(("add", "__add__", "__radd__", "sub", "__sub__", "__rsub__", "rsub", "subtract"))
MAX_KEPT = 256


@dataclass(frozen=True, slots=True)
class _Derivative:
    tensor: weakref.ref[torch.Tensor]
    site: Site | None
    params: frozenset[int]


class Derivatives:
    """Those of the current step, with the trained parameters that they were computed from."""

    def __init__(self, state: ProbeState) -> None:
        self.state = state
        self._tick = -1
        self._known: dict[int, _Derivative] = {}

    def made(self, outputs: Any, inputs: Any, found: Sequence[Any], *, create_graph: bool) -> None:
        """Remember derivatives by inputs: no gradient flows back through them.

        Not those by parameters or by computed tensors: such a step, or the target that it leads to, is meant
        to be constant (first-order meta-learning, learnt samplers).
        """
        state = self.state
        if create_graph or not state.sampling or not isinstance(outputs, torch.Tensor):
            return
        if self._tick != state.record.tick:
            self._tick, self._known = state.record.tick, {}
        asked = [inputs] if isinstance(inputs, torch.Tensor) else list(inputs)
        params: frozenset[int] | None = None
        for by, tensor in zip(asked, found, strict=False):
            if isinstance(tensor, torch.Tensor) and not tensor.requires_grad and self._is_an_input(by):
                params = self._trained(outputs) if params is None else params
                self._keep(_Derivative(weakref.ref(tensor), user_site(), params))

    def passed_on(self, given: Sequence[torch.Tensor], out: torch.Tensor) -> None:
        """What is computed from such a derivative without a graph is just as constant."""
        known = self._first(given)
        if known is not None:
            self._keep(_Derivative(weakref.ref(out), known.site, known.params))

    def added(self, given: Sequence[torch.Tensor], op: Op) -> None:
        """One is added to something that the same parameters gave: note it at the sum's node in the graph."""
        known = self._first(given)
        if known is None or len(given) < 2:
            return
        with_graph = [one for one in given if one.requires_grad]
        if any(known.params & self._trained(one) for one in with_graph):
            op.adds_constant_derivative, op.derivative_site = True, known.site
            self.state.seen(ConstantDerivative(site=op.site, module=op.module))

    def _first(self, given: Sequence[torch.Tensor]) -> _Derivative | None:
        if self._tick != self.state.record.tick:
            return None
        found = (self._known.get(id(one)) for one in given)
        return next((one for one in found if one is not None and one.tensor() is not None), None)

    def _keep(self, one: _Derivative) -> None:
        if one.params and len(self._known) < MAX_KEPT:
            self._known[id(one.tensor())] = one

    def _trained(self, tensor: torch.Tensor) -> frozenset[int]:
        params = self.state.record.params
        return frozenset(key for key in leaves_above(tensor, self.state.registry) if params[key].optimizers)

    def _is_an_input(self, tensor: torch.Tensor) -> bool:
        key = self.state.registry.known(tensor)
        return tensor.is_leaf and (key is None or not self.state.record.params[key].optimizers)


DIFFERENCES = frozenset(("sub", "__sub__", "__rsub__", "rsub", "subtract"))
LOSSES = DIFFERENCES.union(LOSS_FUNCTIONS)
MAX_PLACES, MOST_PLACES = 60, 240
"""So many places are kept of a training, and of all."""
MAX_JUDGED_A_TICK = 64
MAX_CLASSES = 1_000
MAX_SUMS = 20_000
MOST_TARGETS = 64
"""Tensors of targets, told apart for each place: few are given again and again, or all are new."""
_NEAR = 12
DIVERGES = 1e-3
"""A divergence below minus this is below 0 by more than rounding."""


class Losses:
    """One entry for each kind, line and module."""

    def __init__(self, state: ProbeState, fits: Fits) -> None:
        self.state = state
        self.fits = fits
        self.derivatives = Derivatives(state)
        self.flags = UnusedFlagsSeen(state)
        self.sums: list[Op] = []
        self._known: dict[tuple[Any, ...], LossRecord] = {}
        self._rejected: set[int] = set()
        self._walks: dict[int, int] = {}
        self._judged: tuple[int, int] = (-1, 0)
        self._made: tuple[int, dict[int, weakref.ref[torch.Tensor]]] = (-1, {})
        self._asked = 0
        self._cut: tuple[int, dict[int, weakref.ref[torch.Tensor]]] = (-1, {})
        self._targets: dict[int, dict[int, tuple[int, weakref.ref[torch.Tensor]]]] = {}
        state.trainings.at_union.append(self._united)

    def hear(
        self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any], out: torch.Tensor, op: Op
    ) -> None:
        """Measure a loss function or a difference; a difference only until it is known to be in no loss."""
        pair = pair_of(name, args, kwargs) or self._of_two_networks(name, args)
        if pair is None:
            return
        output, target = pair
        record = self._entry(name, output, target, op)
        if record is None:
            return
        record.turned |= name in DISTANCES and target is (args[0] if args else kwargs.get("input"))
        index = self.state.record.losses.index(record)
        if index in self._rejected:
            return
        op.loss = index
        if name not in CLASSES and output.shape != target.shape:
            wide = np.broadcast_shapes(output.shape, target.shape)
            op.broadcast = (tuple(output.shape), tuple(target.shape), tuple(wide))
        if not record.weights:
            self._weights_of(record, name, args, kwargs)
        record.masked |= out.dim() > 0 or _has_weights(args, kwargs)
        record.made_here += self.is_made_now(target)
        self.flags.look(target.shape[0] if target.dim() else 0)
        record.given_again += self._is_given_again(record, index, target)
        record.cut_off += self._is_cut_off(target)
        self._read(record, (output, target), name, args, kwargs, out)

    def _read(
        self,
        record: LossRecord,
        pair: tuple[torch.Tensor, torch.Tensor],
        name: str,
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
        value: torch.Tensor,
        *,
        judged: bool = False,
    ) -> None:
        """Measure a batch where it counts; a loss with a value for each place isn't done with that."""
        output, target = _on_the_targets_scale(name, pair[0], args, kwargs), pair[1]
        counted = told(name, args, kwargs, target)
        if value.numel() > 1:
            self.fits.later(record, output, target, value, counted=counted, judged=judged)
        else:
            self.fits.read(record, output, target, counted=counted, judged=judged)

    def remember(self, op: Op) -> None:
        """Keep a call until the next backward pass, which may never come: then only the last ones."""
        if len(self.sums) >= 2 * MAX_SUMS:
            del self.sums[:MAX_SUMS]
        self.sums.append(op)

    def count_zero_targets(self, name: str, tensors: list[torch.Tensor], op: Op) -> None:
        """Count the zeros among targets that should be 1 or −1."""
        event = self.state.seen(SignedTargets(site=op.site, module=op.module, name=name))
        if event.count > MAX_PLACES or len(tensors) < 2 or tensors[-1].numel() == 0:
            return
        target = tensors[-1].detach().float()
        event.learnt_both |= sum(one.requires_grad for one in tensors[:-1]) > 1
        count = target.numel()

        def keep(got: list[float]) -> None:
            event.values += count
            event.zeros += got[0]
            event.lowest = min(event.lowest, got[1])

        self.state.deferred.read(functions.stack([(target == 0).float().sum(), target.min()]), keep)

    def read_divergence(
        self, tensors: list[torch.Tensor], kwargs: dict[str, Any], out: torch.Tensor, op: Op
    ) -> None:
        """Read what a divergence is given, to be logarithms and probabilities, and what it gives."""
        event = self.state.seen(Divergence(site=op.site, module=op.module))
        if len(tensors) < 2 or not tensors[0].numel() or not tensors[1].numel() or not out.numel():
            return
        event.log_target |= bool(kwargs.get("log_target", False))
        given, target = (one.detach().float() for one in tensors[:2])
        total = out.detach().float().sum()
        numbers = [total, given.min(), given.max(), target.min(), target.max()]

        def keep(got: list[float]) -> None:
            event.value = got[0]
            event.below += not got[0] >= -DIVERGES  # of numbers below 0 there are no logarithms
            event.low, event.high = min(event.low, got[1]), max(event.high, got[2])
            event.target_low = min(event.target_low, got[3])
            event.target_high = max(event.target_high, got[4])

        self.state.deferred.read(functions.stack(numbers), keep)

    def _weights_of(
        self, record: LossRecord, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> None:
        """Read the weights of classes, if the loss is given any."""
        place, key = (2, "weight") if name in CLASSES else (6, "pos_weight")
        weights = args[place] if len(args) > place else kwargs.get(key)
        weighted = name in CLASSES or name == "binary_cross_entropy_with_logits"
        if weighted and isinstance(weights, torch.Tensor) and 0 < weights.numel() <= MAX_CLASSES:

            def keep(got: list[float]) -> None:
                record.weights = record.weights or got  # from a device they may come several times

            self.state.deferred.read(weights.detach().float(), keep)

    def _entry(self, name: str, output: torch.Tensor, target: torch.Tensor, op: Op) -> LossRecord | None:
        kind = BY_HAND if name in DIFFERENCES else name
        # One line may serve several trainings, each with other classes.
        classes = output.shape[1] if kind in CLASSES and output.dim() > 1 else 0
        training = self._training_of(output)
        key = (training, kind, op.site, op.module, output.dim(), target.dim(), classes)
        record = self._known.get(key)
        if record is None and self._has_room(training):
            dtype = str(target.dtype).removeprefix("torch.")
            shapes = tuple(output.shape), tuple(target.shape)
            record = LossRecord(kind, op.site, op.module, *shapes, dtype, training=training)
            self._known[key] = record
            self.state.record.losses.append(record)
        return record

    def _has_room(self, training: int) -> bool:
        own = sum(place[0] == training for place in self._known)
        return own < MAX_PLACES and len(self._known) < MOST_PLACES

    def _training_of(self, output: torch.Tensor) -> int:
        """Return the training whose network gave an output."""
        trainings = self.state.trainings
        behind = trainings.behind(output) if trainings.several else None
        return trainings.now if behind is None else behind

    def _united(self, training: int, other: int) -> None:
        for place in [place for place in self._known if place[0] == other]:
            record = self._known.pop(place)
            record.training = training
            self._known.setdefault((training, *place[1:]), record)

    def _of_two_networks(self, name: str, args: tuple[Any, ...]) -> tuple[torch.Tensor, torch.Tensor] | None:
        """Outputs of two networks, one of them the target, in a difference that may be broadcast."""
        if name not in DIFFERENCES or len(args) < 2 or self._asked > MAX_PLACES:
            return None
        first, second = args[:2]
        if not isinstance(first, torch.Tensor) or not isinstance(second, torch.Tensor):
            return None
        if not first.requires_grad or not second.requires_grad or first.dim() == second.dim():
            return None
        self._asked += 1
        ours, theirs = (leaves_above(tensor, self.state.registry) for tensor in (first, second))
        return (first, second) if ours and theirs and not set(ours) & set(theirs) else None

    def made_now(self, tensor: torch.Tensor) -> None:
        """Noise, ones or zeros were made in this step: targets made of them are no data."""
        tick = self.state.record.tick
        if self._made[0] != tick:
            self._made = (tick, {})
        self._made[1][tensor.data_ptr()] = weakref.ref(tensor)

    def cut_off(self, tensor: torch.Tensor) -> None:
        """A tensor that a network has computed was taken out of the graph in this step."""
        tick = self.state.record.tick
        if self._cut[0] != tick:
            self._cut = (tick, {})
        self._cut[1][id(tensor)] = weakref.ref(tensor)

    def _is_cut_off(self, target: torch.Tensor) -> bool:
        tick, cut = self._cut
        known = cut.get(id(target)) if tick == self.state.record.tick else None
        return known is not None and known() is target

    def is_made_now(self, target: torch.Tensor) -> bool:
        """Whether its numbers are those made in this step; an address may have been reused since."""
        tick, made = self._made
        known = made.get(target.data_ptr()) if tick == self.state.record.tick else None
        return known is not None and known() is not None

    def _is_given_again(self, record: LossRecord, index: int, target: torch.Tensor) -> bool:
        """Whether the very tensor was a target in an earlier step; so many are kept as may be told apart."""
        tick, known = self.state.record.tick, self._targets.setdefault(index, {})
        first, tensor = known.get(id(target), (tick, None))
        if tensor is not None and tensor() is target:
            return first < tick
        if record.target_tensors < MOST_TARGETS:
            record.target_tensors += 1
            known[id(target)] = (tick, weakref.ref(target))
        return False

    def judge(self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any], out: torch.Tensor) -> None:
        """Measure a loss in an evaluation, if training has one of the same kind."""
        tick = self.state.record.tick
        count = self._judged[1] + 1 if self._judged[0] == tick else 1
        self._judged = (tick, count)
        if count > MAX_JUDGED_A_TICK:
            return
        pair = pair_of(name, args, kwargs)
        kind = BY_HAND if name in DIFFERENCES else name
        judged = self.state.trainings.judged
        same = [
            record
            for record in self.state.record.losses
            if record.kind == kind and record.count and record.training == judged
        ]
        if pair is not None and same and pair[0].shape[1:] == torch.Size(same[0].out_shape[1:]):
            site = user_site()
            at = [record for record in same if record.site == site] or same
            output, target = reversed(pair) if at[0].turned and not pair[0].requires_grad else pair
            self._read(at[0], (output, target), name, args, kwargs, out, judged=True)

    def confirm(self, graph: Graph) -> None:
        """Count the entries that are part of this loss; forget the differences that aren't.

        A difference that only adds to the loss, without a square, an absolute value or a logarithm, has no
        minimum and measures no error: so do the terms of a policy's or a critic's loss.
        """
        walks = self._walks.get(graph.training, 0) + 1
        self._walks[graph.training] = walks
        found: set[int] = set()
        reach, frontier = {(0, False)}, [(0, 0, False)]
        for place, steps, bent in frontier:
            node = graph.nodes[place] if graph.nodes else None
            index = node.op.loss if node is not None and node.op is not None else None
            if index is not None and (bent or self.state.record.losses[index].kind != BY_HAND):
                found.add(index)
            if node is None or index is not None:
                continue
            bends = bent or node.kind not in _STRAIGHT or (node.kind == "Mul" and len(node.inputs) > 1)
            for parent in node.inputs if steps < _NEAR else ():
                if (parent, bends) not in reach and graph.nodes[parent].kind not in _BARRIERS:
                    reach.add((parent, bends))
                    frontier.append((parent, steps + 1, bends))
        for index in found:
            self.state.record.losses[index].count += 1
            self.fits.confirmed(self.state.record.losses[index])
        if walks >= 4:
            for index, record in enumerate(self.state.record.losses):
                if record.kind == BY_HAND and not record.count and record.training == graph.training:
                    self._rejected.add(index)
                    self.fits.rejected(record)

    def cut(self, op: Op, source: torch.Tensor) -> None:
        """A tensor leaves the graph: note by which call, and which parameters it was computed from."""
        inside = bool(self.state.modules)
        event = self.state.seen(Cut(site=op.site, module=op.module, name=op.name, inside=inside), key=op.name)
        if event.last_tick != self.state.record.tick:
            event.last_tick = self.state.record.tick
            event.ticks += 1
        if event.count <= 3:
            event.params.update(leaves_above(source, self.state.registry))


_STRAIGHT = (SHAPE_NODES - {"Index"}) | frozenset(
    ("Add", "Sub", "Rsub", "Neg", "Mean", "Sum", "Mul", "Div", "Stack", "Cat")
)
"""Linear operations. An index isn't one: quantile losses pick with it where a difference is positive."""
_BARRIERS = LAYER_NODES | frozenset(("AccumulateGrad",))


def _has_weights(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether a loss is given a weight for each of its values, as a mask is."""
    return isinstance(args[2] if len(args) > 2 else kwargs.get("weight"), torch.Tensor)


def _on_the_targets_scale(
    name: str, output: torch.Tensor, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> torch.Tensor:
    """Return what the output answers in the target's units: a Poisson loss takes logarithms of rates."""
    if name != "poisson_nll_loss":
        return output
    return output.exp() if (args[2] if len(args) > 2 else kwargs.get("log_input", True)) else output


def pair_of(
    name: str, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[torch.Tensor, torch.Tensor] | None:
    """Return output and target, or None where a call has no such pair.

    A distance is the same either way: of its two tensors the one that is learnt is the output.
    """
    first = args[0] if args else kwargs.get("input")
    second = args[1] if len(args) > 1 else kwargs.get("target", kwargs.get("other"))
    if name not in DIFFERENCES:
        if not isinstance(first, torch.Tensor) or not isinstance(second, torch.Tensor):
            return None
        turned = name in DISTANCES and second.requires_grad and not first.requires_grad
        return (second, first) if turned else (first, second)
    if isinstance(first, torch.Tensor) and isinstance(second, int | float):
        second = functions.full_like(first, float(second)) if first.numel() == 1 else None
    if not isinstance(first, torch.Tensor) or not isinstance(second, torch.Tensor):
        return None
    if first.requires_grad == second.requires_grad:
        return None
    output, target = (first, second) if first.requires_grad else (second, first)
    return None if output.is_leaf else (output, target)
