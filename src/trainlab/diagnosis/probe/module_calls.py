# pyright: basic
"""Calls of modules: which is the network, in which mode, to learn or to be judged; and what runs now."""

from __future__ import annotations

import threading
import weakref
from typing import Any

from torch import nn

from trainlab.diagnosis.observed.events import LayerMadeAnew, NoGradInside
from trainlab.diagnosis.observed.record import MANY_PASSES, NetworkRecord
from trainlab.diagnosis.probe import reading
from trainlab.diagnosis.probe.asking import Asking
from trainlab.diagnosis.probe.batches import Data
from trainlab.diagnosis.probe.frames import user_site
from trainlab.diagnosis.probe.inputs import inputs_by_place
from trainlab.diagnosis.probe.listener import Listener
from trainlab.diagnosis.probe.networks import Networks, Twins
from trainlab.diagnosis.probe.probe_state import ProbeState, guarded
from trainlab.diagnosis.probe.tensor_registry import variable_name
from trainlab.diagnosis.torch_private import (
    call_kwargs,
    in_function,
    is_compiling,
    is_grad_enabled,
    is_module_called,
)

FIRST_WEIGHTS = 8
_AROUND = nn.parallel.DistributedDataParallel
"""A module that is around a network to train it in several processes is none itself."""
_FAST = (nn.TransformerEncoder, nn.TransformerEncoderLayer, nn.MultiheadAttention)


class Calls:
    """Global module hooks."""

    def __init__(self, state: ProbeState, listener: Listener, data: Data, asking: Asking) -> None:
        self.state = state
        self.listener = listener
        self.data = data
        self.asking = asking
        self.networks = Networks(state)
        self.twins = Twins(state)
        self.pending: list[tuple[NetworkRecord, bool, int]] = []
        """Passes that may be there to learn: the network, whether in train mode, the training's number."""
        self.passes = 0
        self.most_passes = self.long_steps = self.learning_steps = 0
        self._suspended: nn.Module | None = None
        self._wholes: weakref.WeakKeyDictionary[nn.Module, weakref.ref[nn.Module]] = (
            weakref.WeakKeyDictionary()
        )
        self._entries: weakref.WeakKeyDictionary[nn.Module, weakref.ref[nn.Module]] = (
            weakref.WeakKeyDictionary()
        )
        self._strangers: weakref.WeakSet[nn.Module] = weakref.WeakSet()
        self._skimmed: nn.Module | None = None
        self._entered = 0
        self._handles: list[Any] = []

    def attach(self) -> None:
        """Register the hooks."""
        register = nn.modules.module
        self._handles = [
            register.register_module_forward_pre_hook(self.before),
            register.register_module_forward_hook(self.after, always_call=True),
        ]

    def detach(self) -> None:
        """Take the hooks off."""
        for handle in self._handles:
            handle.remove()
        self._handles = []

    def step_ended(self) -> None:
        """The next step may be one to look at, also within a pass; passes that were broken off are over."""
        self._skimmed, self._entered = None, 0
        if self.state.modules and not is_module_called():
            self.state.modules.clear()
            self._suspended = None

    def before(self, module: nn.Module, args: Any) -> None:
        """A module is called."""
        state = self.state
        if self._is_skimmed():
            self._entered += module is self._skimmed
            return
        if (
            state.in_backward
            or isinstance(module, _AROUND)
            or not (state.mine() or self._is_followed(module))
        ):
            return
        if not state.modules:
            self._network_before(module, args)
        elif state.sampling:
            if not state.judging and not is_grad_enabled():
                self._without_gradients(module)
            if not state.registry.has_path(module):
                self._met_within(module)
        if not module.training and self.listener.active and isinstance(module, _FAST):
            self.listener.switch(False)
            if not self.listener.active:
                self._suspended = module
        state.modules.append(module)
        if len(state.modules) == 1 and not (state.sampling or state.judging):
            self._skimmed = module

    def after(self, module: nn.Module, args: Any, output: Any) -> None:
        """A module has returned, or failed."""
        state = self.state
        if self._is_skimmed():
            if module is not self._skimmed:
                return
            if self._entered:
                self._entered -= 1
                return
            self._skimmed = None
        if not state.mine() or not state.modules or state.in_backward:
            return
        if not any(module is one for one in state.modules):
            return  # it began in a pass that was skimmed
        while state.modules.pop() is not module:
            pass
        if state.sampling and module in state.registry.parted:
            state.registry.meet_whole(module)
        if not state.modules:
            self._made(output)
        if self._suspended is module:
            self._suspended = None
            self.listener.switch(True)

    def _is_skimmed(self) -> bool:
        """Whether the call is within a pass that nothing is measured in: its layers pass unseen.

        A compiler takes `is_compiling` for true, and leaves the probe out.
        """
        if is_compiling():
            return False
        return self._skimmed is not None and threading.get_ident() == self.state.thread

    def _is_followed(self, module: nn.Module) -> bool:
        """Whether a network learns in another thread, the first one to do so, which is turned to then."""
        state = self.state
        if is_compiling() or state.record.backwards or threading.get_ident() == state.thread:
            return False
        learns = is_grad_enabled() and any(one.requires_grad for one in module.parameters())
        return learns and self.follow()

    def follow(self) -> bool:
        """Turn to the thread that this is called in, where none has learnt so far; return whether it has."""
        followed = self.state.follow()
        if followed:
            self.listener.follow()
        return followed

    @guarded
    def _made(self, output: Any) -> None:
        if self.state.trainings.several and not self.state.judging:
            self.state.trainings.mark(output, self.state.trainings.now)
        self.asking.made(output)

    @guarded
    def declare(self, model: nn.Module) -> None:
        """Declare this a whole network: its layers, where they are called one by one, belong together."""
        self._declare(model)

    def _declare(self, model: nn.Module) -> None:
        registry = self.state.registry
        known = {module for module, _ in registry.modules()}
        registry.enter(model, variable_name(model) or type(model).__name__)
        for module, _ in registry.modules():
            if module not in known and module is not model and not reading.children(module):
                self._wholes[module] = weakref.ref(model)

    def _whole(self, module: nn.Module) -> nn.Module | None:
        """Return the network whose pass begins with this layer; None for layers later in the pass."""
        reference = self._wholes.get(module)
        if reference is None and not self.networks.is_known(module):
            parent = self.state.registry.whole_of(module)
            if parent is not None:
                self._declare(parent)
                reference = self._wholes.get(module)
        model = None if reference is None else reference()
        if model is None:
            return module
        entry = self._entries.setdefault(model, weakref.ref(module))()
        return model if entry is module else None

    @guarded
    def _network_before(self, module: nn.Module, args: Any) -> None:
        whole = self._whole(module)
        if whole is None:
            return
        called, module, root = module, whole, self.networks.record_of(whole)
        if root is None:
            return
        self._call(module, root, args)
        if not self.state.judging and called is module and not self.networks.only_feeds(module):
            self.asking.begin(module, root, args, call_kwargs())
        else:
            self.asking.drop()

    @guarded
    def _without_gradients(self, module: nn.Module) -> None:
        """A part of a network that learns is called under no_grad."""
        if in_function():
            return
        keys = {
            self.state.registry.key(parameter)
            for parameter in reading.parameters(module)
            if parameter.requires_grad
        }
        if keys:
            path = self.state.registry.path(module)
            self.state.seen(NoGradInside(site=user_site(), module=path, params=keys))

    @guarded
    def _met_within(self, module: nn.Module) -> None:
        """A layer that its network didn't have when first called: a new head, or one around an old layer."""
        if reading.own_parameters(module):
            self.networks.changed(self.state.modules[0])
            if not self.state.registry.has_path(module) and module not in self._strangers:
                self._strangers.add(module)
                self._made_anew(module)

    def _made_anew(self, module: nn.Module) -> None:
        """A layer is met for the first time, and isn't the network's: is there another one in each pass?"""
        own = list(reading.own_parameters(module).values())
        if any(self.state.registry.known(one) is not None or not one.is_leaf for one in own):
            return
        if not any(one.requires_grad for one in own):
            return  # a filter with weights that are set by hand: none is to be learnt
        kind, tick = type(module).__name__, self.state.record.tick
        event = self.state.seen(LayerMadeAnew(site=user_site(), kind=kind), key=kind)
        event.ticks += event.last_tick != tick
        event.last_tick = tick
        if len(event.different) <= 1:
            first = own[0].detach().reshape(-1)[:FIRST_WEIGHTS]
            self.state.deferred.read(first, lambda got: event.different.add(tuple(got)))

    def _call(self, module: nn.Module, root: NetworkRecord, args: Any) -> None:
        state = self.state
        # The guard has switched gradients off for itself: what the user has set is in `learning`.
        learning = root.trainable > 0 and (state.grad_enabled or in_function())
        state.judging = not learning
        training = state.trainings.of(root.params[0]) if root.params else None
        if training is not None and not learning:
            state.trainings.judged = training
        elif training is not None and not (state.trainings.several and self.networks.only_feeds(module)):
            state.enter(training)
        self.listener.switch(state.sampling or state.judging)
        root.last_tick = state.record.tick
        batch, *others = inputs_by_place(args)
        self.data.loaded()
        if batch is not None and batch.dim() == 2 and not batch.is_floating_point():
            _count_continued(root, batch.shape[1], learning=learning)
        if learning:
            if batch is not None and state.sampling:
                self.listener.exchanged.given(batch)
            if not self.networks.only_feeds(module):
                if state.sampling and not module.training:
                    self.networks.look_at_modes(module, root)
                self.pending.append((root, module.training, state.trainings.now))
                del self.pending[:-256]
                self.passes += 1
                if state.sampling:
                    self.twins.learns(module, batch)
            is_first = self.data.is_first(root)
            if is_first and batch is not None and not batch.requires_grad:
                self.data.trained_on(batch, others)
            elif batch is not None and not batch.requires_grad:
                self.data.used_elsewhere(batch)
            return
        self.data.fits.unreduced.flush()
        self.twins.follows(module, root)
        if state.sampling:
            self.twins.answers(module, root, batch)
        if module.training:
            root.judge_in_train += 1
            root.judge_site = root.judge_site or user_site()
        else:
            root.judge_in_eval += 1
            root.eval_site = root.eval_site or user_site()
        if root.last_judge_tick != state.record.tick:
            root.last_judge_tick = state.record.tick
            root.judge_ticks += 1
        if batch is not None:
            self.data.judged_on(root, batch, others)

    def learned(self) -> int:
        """A backward pass: the forward passes before it were for learning; return how many there were.

        Those of another training wait for its own.
        """
        trainings, passes = self.state.trainings, self.passes
        waiting: list[tuple[NetworkRecord, bool, int]] = []
        if trainings.several:
            waiting = [one for one in self.pending if trainings.find(one[2]) != trainings.now]
            passes = len(self.pending) - len(waiting)
        for root, training, number in self.pending:
            if waiting and trainings.find(number) != trainings.now:
                continue
            if training:
                root.learn_in_train += 1
            else:
                root.learn_in_eval += 1
        self.pending = waiting
        self.passes = 0
        self.most_passes = max(self.most_passes, passes)
        self.learning_steps += passes > 0
        self.long_steps += passes >= MANY_PASSES
        return passes

    def finish(self) -> None:
        """Forward passes that no backward pass followed were for judging.

        Unless most steps have many, as an agent's games do: these may be of an unfinished one.
        """
        self.twins.finish()
        if self.long_steps > 0.5 * self.learning_steps and self.passes <= 2 * self.most_passes:
            return
        for root, training, _ in self.pending:
            if training:
                root.judge_in_train += 1
            else:
                root.judge_in_eval += 1
        self.pending.clear()


def _count_continued(root: NetworkRecord, length: int, *, learning: bool) -> None:
    """Count sequences of tokens that are continued by one, or given one token at a time."""
    if learning:
        root.tokens_learnt = length
        return
    longer = length == root.tokens_judged + 1 and root.tokens_judged > 0
    root.continued += longer or (length == 1 < root.tokens_learnt)
    root.tokens_judged = length
