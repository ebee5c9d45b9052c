# pyright: basic
"""Backward passes, and steps that the script takes by hand after them."""

from __future__ import annotations

import math
import threading
from typing import Any

import torch

from trainlab.diagnosis.observed.events import NonFiniteGradient, NonFiniteLoss, StepsByHand
from trainlab.diagnosis.observed.losses import LossCurve
from trainlab.diagnosis.observed.record import Graph, Op, OptimizerRecord
from trainlab.diagnosis.place import Site
from trainlab.diagnosis.probe.asking import Asking
from trainlab.diagnosis.probe.frames import user_site
from trainlab.diagnosis.probe.losses import Losses
from trainlab.diagnosis.probe.module_calls import Calls
from trainlab.diagnosis.probe.optimizer_steps import Steps
from trainlab.diagnosis.probe.parameter_values import first_look, sample_of
from trainlab.diagnosis.probe.probe_state import ProbeState, guarded
from trainlab.diagnosis.probe.reading import as_floats, readable
from trainlab.diagnosis.probe.telling_calls import (
    first_nonfinite,
    near_singularities,
    nearest_singularity,
    saved_nonfinite,
)
from trainlab.diagnosis.probe.tensor_registry import depths, walk
from trainlab.diagnosis.probe.trainings import is_walked
from trainlab.diagnosis.torch_private import functions, is_compiling

# Trainings without an optimizer: weights that the user's own code moves after each backward pass.


MAX_WATCHED, MAX_COMPARED = 8, 512


class Manual:
    """Compares a few weights and gradients between backward passes until an optimizer is stepped."""

    def __init__(self, state: ProbeState) -> None:
        self.state = state
        self._watched: dict[int, torch.Tensor] = {}
        self._first: dict[int, torch.Tensor] = {}
        self._grads: dict[int, Any] = {}
        self.record: OptimizerRecord | None = None

    def reached(self, keys: set[int]) -> None:
        """The loss depends on these parameters."""
        for key in keys:
            tensor = self.state.registry.tensor(key)
            values = None if tensor is None else readable(tensor)
            if values is None:
                continue
            if len(self._watched) < MAX_WATCHED and key not in self._watched:
                self._watched[key] = sample_of(values)
            if self.state.record.optimizers:
                self._compare(key, values)

    def _compare(self, key: int, values: torch.Tensor) -> None:
        """Note that a parameter moves which no optimizer has, where other trainings have one."""
        told = self.state.record.params[key]
        if told.moved is True or told.optimizers:
            self._first.pop(key, None)
        elif key in self._first:
            told.moved = True if not functions.equal(self._first[key], sample_of(values)) else told.moved
        elif len(self._first) < MAX_COMPARED:
            self._first[key] = sample_of(values)

    def before_backward(self) -> None:
        """Have the weights moved since the last backward pass, and are its gradients still there?"""
        state = self.state
        if state.record.backwards == 0 or state.record.optimizers or not state.sampling:
            if state.record.backwards and not state.record.optimizers:
                state.boundary(by_hand=True)
            return
        moved = stale = False
        for key, old in self._watched.items():
            tensor = state.registry.tensor(key)
            values = None if tensor is None else readable(tensor)
            if tensor is None or values is None:
                continue
            now = sample_of(values)
            if not functions.equal(now, old):
                moved = True
                self._watched[key] = now
                told = state.record.params[key]
                change, size = (as_floats(part).square().mean().sqrt() for part in (now - old, old))
                told.ticks.append(state.record.tick)
                told.update.append(float(change) / max(float(size), 1e-30))
                told.moved = True
            stale = stale or (tensor.grad is not None and bool(tensor.grad.detach().any()))
        if moved:
            self._step(stale)
        state.boundary(by_hand=True)

    def _step(self, stale: bool) -> None:
        if self.record is None:
            self.record = OptimizerRecord(-1, "by hand", None, list(self._watched), {})
        self.record.steps += 1
        self.record.checked += 1
        self.record.stale += stale
        event = self.state.seen(StepsByHand())
        event.steps, event.stale = self.record.steps, self.record.stale


# Backward passes: the loss and its place, its graph, and where numbers stop being finite.


MAX_LOSS_CURVES, MOST_LOSS_CURVES = 160, 640
"""So many lines that call backward are kept of a training, and of all."""
MAX_GRAPHS, MOST_GRAPHS = 24, 240
"""So many graphs are kept of a training, and of all."""
MAX_WALKS_A_TICK = 6


class Backward:
    """Listens to ``torch.autograd.backward``, which ``Tensor.backward`` calls, too."""

    def __init__(self, state: ProbeState, calls: Calls, losses: Losses, steps: Steps, asking: Asking) -> None:
        self.state = state
        self.calls = calls
        self.losses = losses
        self.steps = steps
        self.asking = asking
        self.manual = Manual(state)
        self._loss_curves: dict[tuple[int, Site | None], LossCurve] = {}
        self._signatures: dict[Any, int] = {}
        self._graphs: dict[int, int] = {}
        state.trainings.at_union.append(self._united)
        self._walks = (-1, 0)
        self._last: Graph | None = None
        self._suspects: list[Op] = []
        self._given: Any = None

    def around_backward(self, original: Any, *args: Any, **kwargs: Any) -> Any:
        """Look before and after ``backward``."""
        tensors = args[0] if args else kwargs.get("tensors")
        if is_compiling() or self._is_again(tensors):
            return original(*args, **kwargs)
        if self.state.on and threading.get_ident() != self.state.thread and not self.calls.follow():
            self.state.record.other_threads += 1
        self.before(tensors, _retains(args[1:], kwargs))
        out = self._run(original, tensors, *args, **kwargs)
        if self.state.sampling or self.losses.sums:  # a guarded call takes time, and most steps need none
            self.after()
        return out

    def around_grad(self, original: Any, *args: Any, **kwargs: Any) -> Any:
        """Look before and after ``grad``, where gradients of parameters are asked for."""
        outputs = args[0] if args else kwargs.get("outputs")
        inputs = args[1] if len(args) > 1 else kwargs.get("inputs")
        if is_compiling() or self._is_again(outputs):
            return original(*args, **kwargs)
        self.before_grad(outputs, inputs, _retains(args[2:], kwargs))
        found = self._run(original, outputs, *args, **kwargs)
        create_graph = bool(args[4] if len(args) > 4 else kwargs.get("create_graph"))
        self.after_grad(outputs, inputs, found, create_graph)
        return found

    def _is_again(self, given: Any) -> bool:
        """Whether it's the same call once more: where a function mode is on, PyTorch calls its own twice."""
        mine = self.state.thread == threading.get_ident()
        return mine and self._given is not None and _first(given) is self._given

    def _run(self, original: Any, given: Any, *args: Any, **kwargs: Any) -> Any:
        """Make the backward pass; networks called in it, as by checkpoints, are no passes of their own."""
        mine = self.state.thread == threading.get_ident()
        self.state.in_backward += mine
        before, self._given = self._given, _first(given) if mine else self._given
        try:
            return original(*args, **kwargs)
        finally:
            self.state.in_backward -= mine
            self._given = before if mine else self._given

    @guarded
    def before_grad(self, outputs: Any, inputs: Any, retains: bool) -> None:
        """Gradients are asked for: if of parameters, it is a backward pass."""
        if self._asks_for_parameters(inputs):
            self._look(outputs, retains)

    @guarded
    def after_grad(self, outputs: Any, inputs: Any, found: Any, create_graph: bool) -> None:
        """Gradients are there: those of inputs may be terms of a loss."""
        self.losses.derivatives.made(outputs, inputs, found, create_graph=create_graph)

    def _asks_for_parameters(self, inputs: Any) -> bool:
        first = _first(inputs)
        if first is None or not first.is_leaf or not first.requires_grad:
            return False
        return self.state.registry.known(first) is not None

    @guarded
    def before(self, tensors: Any, retains: bool) -> None:
        """The loss is known and its graph is whole."""
        self._look(tensors, retains)

    def _look(self, tensors: Any, retains: bool) -> None:
        state = self.state
        loss = _first(tensors)
        if loss is None:
            return
        if state.steps_taken == 0:
            self.manual.before_backward()
        if state.trainings.several:
            self._turn_to(loss)
        state.record.backwards += 1
        state.trainings.went_back()
        self.asking.backward(loss)
        self.losses.fits.unreduced.flush()
        self.steps.clearing.before_backward_now()
        site = user_site()
        self.steps.lost.before_backward()
        passes = self.calls.learned()
        loss_curve = self._loss_curve(site)
        if loss_curve is None:
            return
        loss_curve.retained += retains
        if loss.grad_fn is None:
            loss_curve.leafs += 1
        tick = state.record.tick
        if loss.numel() == 1 and readable(loss) is not None:
            was_bad = loss_curve.first_nonfinite is not None
            state.deferred.read(loss.detach(), lambda got: loss_curve.add(tick, got[0]))
            if loss_curve.first_nonfinite is not None and not was_bad:
                self._look_for_origin(loss)
        if state.sampling:
            self._read_graph(loss, loss_curve, tick, passes)

    def _turn_to(self, loss: torch.Tensor) -> None:
        """Turn to the training whose networks a loss comes from."""
        training = self.state.trainings.behind(loss)
        if training is not None:
            self.state.enter(training)

    def _united(self, training: int, other: int) -> None:
        for place in [place for place in self._loss_curves if place[0] == other]:
            gone = self._loss_curves.pop(place)
            kept = self._loss_curves.setdefault((training, place[1]), gone)
            if kept is not gone and kept.join(gone):
                # By identity: lists of numbers that aren't finite equal nothing.
                curves = self.state.record.loss_curves
                del curves[next(at for at, one in enumerate(curves) if one is gone)]

    def _loss_curve(self, site: Site | None) -> LossCurve | None:
        place = (self.state.trainings.now, site)
        loss_curve = self._loss_curves.get(place)
        if loss_curve is None and self._has_room(place[0]):
            loss_curve = self._loss_curves[place] = LossCurve(site, training=place[0])
            self.state.record.loss_curves.append(loss_curve)
        return loss_curve

    def _has_room(self, training: int) -> bool:
        own = sum(place[0] == training for place in self._loss_curves)
        return own < MAX_LOSS_CURVES and len(self._loss_curves) < MOST_LOSS_CURVES

    def _read_graph(self, loss: torch.Tensor, loss_curve: LossCurve, tick: int, passes: int) -> None:
        state, site = self.state, loss_curve.site
        count = self._walks[1] + 1 if self._walks[0] == tick else 1
        self._walks = (tick, count)
        if not is_walked(state.trainings.clock()) or count > MAX_WALKS_A_TICK:
            return
        graph = walk(loss, state.registry, tick=tick, site=site)
        loss_curve.walked += 1
        present = {node.param for node in graph.nodes if node.param is not None}
        if present:
            state.enter(state.trainings.reached(present))
        graph.training = state.trainings.now
        self._last = graph
        state.record.graph_passes.append(passes)
        state.trainings.part.graph_passes.append(passes)
        self.losses.confirm(graph)
        depth = depths(graph)
        for key in present:
            told = state.record.params[key]
            told.reached += 1
            told.reached_from.add(site)
            told.depth = max(told.depth, depth.get(key, 0))
            tensor = state.registry.tensor(key)
            if not told.looked_at and tensor is not None:
                first_look(state.deferred, told, tensor)
        self.manual.reached(present)
        training = graph.training
        for key, told in state.record.params.items():
            told.graphs += state.trainings.has(key)
        signature = (training, site, tuple(node.kind for node in graph.nodes[:400]))
        times = self._signatures.get(signature, 0)
        self._signatures[signature] = times + 1
        kept = self._graphs.get(training, 0)
        if times == 0 and kept < MAX_GRAPHS and len(state.record.graphs) < MOST_GRAPHS:
            state.record.graphs.append(graph)
            self._graphs[training] = kept + 1

    def _look_for_origin(self, loss: torch.Tensor) -> None:
        """The loss has just stopped being finite: which operation was the first?"""
        state = self.state
        bad = [
            told.name
            for key, told in state.record.params.items()
            if state.trainings.has(key) and _bad(state.registry.tensor(key))
        ]
        op = first_nonfinite(self.losses.sums)
        saved = ""
        if op is None and bad:
            # The step before spoilt the weights: what came near a singularity when last looked at?
            op = min(self._suspects, key=lambda one: one.nearest, default=None)
        elif op is None:
            saved, place = saved_nonfinite(loss)
            op = self._op_at(place, saved)
        self._see(NonFiniteLoss, op, bad, saved)

    def _op_at(self, place: int, kind: str) -> Op | None:
        """Return the call at a place of the graph, as it was when last looked at closely."""
        nodes = self._last.nodes if self._last is not None else []
        node = nodes[place] if 0 <= place < len(nodes) else None
        return node.op if node is not None and node.kind.lower() == kind else None

    @guarded
    def after(self) -> None:
        """The gradients are there: are they finite?"""
        state = self.state
        if state.sampling:
            self.steps.lost.after_backward()
        if state.sampling and not any(
            event.training == state.trainings.now for event in state.record.events_of(NonFiniteGradient)
        ):
            self._check_gradients()
        if self.losses.sums:
            self._suspects = near_singularities(self.losses.sums)
        self.losses.sums = []

    def _check_gradients(self) -> None:
        state = self.state
        grads = [
            (key, tensor.grad)
            for key in list(filter(state.trainings.has, state.record.params))[:400]
            if (tensor := state.registry.tensor(key)) is not None
            and tensor.grad is not None
            and readable(tensor.grad) is tensor.grad
        ]
        if not grads or grads[0][1].device.type != "cpu":
            return
        total = sum(float(as_floats(grad).sum()) for _, grad in grads)
        if math.isfinite(total):
            return
        bad = [
            state.record.params[key].name for key, grad in grads if not bool(functions.isfinite(grad).all())
        ]
        if not bad:
            return
        op = first_nonfinite(self.losses.sums) or nearest_singularity(self.losses.sums)
        self._see(NonFiniteGradient, op, bad)

    def _see(
        self, kind: type[NonFiniteLoss | NonFiniteGradient], op: Op | None, bad: list[str], name: str = ""
    ) -> None:
        op = op or Op(name, "", user_site(), self.state.record.tick)
        seen = kind(site=op.site, module=op.module, name=op.name, parameters=bad[:5], nearest=op.nearest)
        self.state.seen(seen)


def _retains(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether a graph is kept for its own sake; `Tensor.backward` says so by place."""
    keeps = args[1] if len(args) > 1 else kwargs.get("retain_graph")
    creates = args[2] if len(args) > 2 else kwargs.get("create_graph")
    return bool(keeps) and not creates


def _first(given: Any) -> torch.Tensor | None:
    first = next(iter(given), None) if isinstance(given, list | tuple) else given
    return first if isinstance(first, torch.Tensor) else None


def _bad(tensor: torch.Tensor | None) -> bool:
    values = None if tensor is None else readable(tensor)
    return values is not None and values.is_floating_point() and not bool(functions.isfinite(values).all())
