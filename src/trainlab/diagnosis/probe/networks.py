# pyright: basic
"""Networks: which modules are one, their modes, and those that are another's twin."""

from __future__ import annotations

import math
import weakref
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn
from torch.nn.parameter import is_lazy

from trainlab.diagnosis.observed.record import NetworkRecord
from trainlab.diagnosis.place import Site
from trainlab.diagnosis.probe import reading
from trainlab.diagnosis.probe.frames import user_site
from trainlab.diagnosis.probe.parameter_values import first_look, sample_of
from trainlab.diagnosis.probe.probe_state import ProbeState
from trainlab.diagnosis.probe.reading import Fingerprints, readable
from trainlab.diagnosis.probe.tensor_registry import variable_name
from trainlab.diagnosis.torch_private import BATCH_NORMS, DROPOUTS, LOSS_MODULES, functions

# Networks: modules that the user's own code calls, their parameters, and the modes that they are in.


MAX_NETWORKS = 128
_NOISY = (*BATCH_NORMS, *DROPOUTS)


class Networks:
    """One entry for each; modules without parameters have none."""

    def __init__(self, state: ProbeState) -> None:
        self.state = state
        self._known: weakref.WeakKeyDictionary[nn.Module, NetworkRecord | None] = weakref.WeakKeyDictionary()
        self._eval_sites: weakref.WeakKeyDictionary[nn.Module, Site | None] = weakref.WeakKeyDictionary()
        self._looked_at: weakref.WeakKeyDictionary[nn.Module, int] = weakref.WeakKeyDictionary()
        self._feeding: weakref.WeakKeyDictionary[nn.Module, bool] = weakref.WeakKeyDictionary()

    def record_of(self, module: nn.Module) -> NetworkRecord | None:
        """Return the record of a network; None for a module without parameters."""
        if module in self._known:
            known = self._known[module]
            if known is not None and not known.trainable and self.state.sampling:
                known.trainable = _trainable(module)  # it may have been frozen for its first pass alone
            return known
        root: NetworkRecord | None = None
        parameters = reading.parameters(module)
        if any(is_lazy(parameter) for parameter in parameters):
            return None  # known from its second call on
        hidden = not parameters and not isinstance(module, LOSS_MODULES)
        if (parameters or hidden) and len(self.state.record.networks) < MAX_NETWORKS:
            name = variable_name(module) or type(module).__name__
            if parameters:
                root = NetworkRecord(name=name, kind=type(module).__name__)
                self._describe(module, root, len(self.state.record.networks))
                self.state.record.networks.append(root)
            else:
                self.state.registry.enter(module, name)
        self._known[module] = root
        return root

    def is_known(self, module: nn.Module) -> bool:
        """Whether it was called before."""
        return module in self._known

    def alive(self) -> list[nn.Module]:
        """Return the networks that were called and are still there."""
        return [module for module, root in self._known.items() if root is not None]

    def changed(self, module: nn.Module) -> None:
        """A layer isn't known: if the network's layers have changed since the last look, look again."""
        root, tick = self._known.get(module), self.state.record.tick
        if root is None or self._looked_at.get(module) == tick:
            return
        self._looked_at[module] = tick
        if {self.state.registry.known(one) for one in reading.parameters(module)} != set(root.params):
            index = next(place for place, one in enumerate(self.state.record.networks) if one is root)
            self._describe(module, root, index)

    def _describe(self, module: nn.Module, root: NetworkRecord, index: int) -> None:
        """Count and name what a network has now."""
        parameters = reading.parameters(module)
        root.params = self.state.registry.enter(module, root.name)
        if root.params:
            self.state.trainings.meet(root.params)
        root.parameters = sum(parameter.numel() for parameter in parameters)
        root.trainable = _trainable(module) or root.trainable  # it may be frozen for this pass alone
        noisy = self._noisy_of(module)
        root.noisy = [self.state.registry.path(inner) for inner in noisy]
        root.noisy_kinds = [type(inner).__name__ for inner in noisy]
        for key in root.params:
            self._enter(key, index)

    def _enter(self, key: int, root: int) -> None:
        record, tensor = self.state.record.params[key], self.state.registry.tensor(key)
        record.owner = root
        if tensor is not None and not tensor.requires_grad and not record.looked_at:
            first_look(self.state.deferred, record, tensor)

    def only_feeds(self, module: nn.Module) -> bool:
        """Whether a network was frozen after it had learnt, and put in eval mode: it feeds another one."""
        if module.training:
            return False
        known = self._feeding.get(module)
        if known is None or self.state.sampling:
            known = self._feeding[module] = not any(one.requires_grad for one in reading.parameters(module))
        return known

    def look_at_modes(self, module: nn.Module, root: NetworkRecord) -> None:
        """Note where eval() was called, and which layers that depend on the mode are in eval mode.

        With each are the parameters that learn in the part that it belongs to: its own, or those of the
        smallest part around it that has some. A part whose parameters are all frozen is left out.
        """
        root.last_eval = self._eval_sites.get(module) or root.last_eval
        root.noisy_in_eval = {}
        for inner in self._noisy_of(module):
            held = _held_around(inner, module)
            learning = [one for one in held if one.requires_grad]
            if not inner.training and (learning or not held):
                keys = [self.state.registry.known(one) for one in learning]
                path = self.state.registry.path(inner)
                root.noisy_in_eval[path] = [key for key in keys if key is not None]

    def _noisy_of(self, module: nn.Module) -> list[nn.Module]:
        return [inner for inner in reading.parts(module) if isinstance(inner, _NOISY) and _at_work(inner)]

    def mode_set(self, module: nn.Module, mode: bool) -> None:
        """``eval()`` was called on a module."""
        if not mode and self.state.mine() and self._known.get(module) is not None:
            self._eval_sites[module] = user_site()
            root = self._known[module]
            if root is not None:
                root.eval_ever = True


def _held_around(inner: nn.Module, whole: nn.Module) -> list[nn.Parameter]:
    """Return the parameters of a layer, or of the smallest part around it that has some."""
    own = reading.parameters(inner)
    around = [part for part in reading.parts(whole) if any(one is inner for one in reading.parts(part))]
    held = [own, *(reading.parameters(part) for part in reversed(around))]
    return min((found for found in held if found), key=len, default=[])


def _trainable(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in reading.parameters(module) if parameter.requires_grad)


def _at_work(module: nn.Module) -> bool:
    share: Any = getattr(module, "p", None)
    return share is None or share > 0


# Networks that only answer, beside one of the same kind that learns: do they ever follow it?


MAX_LOOKS = 12
MAX_TENSORS = 8
MAX_ROWS = 16
MAX_LEARNING = 8
NEAR = 0.5
"""It follows if the way that it has come has a cosine above 0.5 with that of the weights that learn."""
APART = 10
"""A network that only answers is looked at again this many steps later."""
EARLY = 5
"""A copy made later than this is one of a network that has learnt: it may be meant to stay what it is."""


@dataclass(slots=True)
class _Still:
    """A network that only answers: some of its weights when first called, and the batches of this step."""

    module: weakref.ref[nn.Module]
    before: list[torch.Tensor]
    rows: set[int] = field(default_factory=set[int])
    compared: int = -1


class Twins:
    """Compares weights with those at the first call, and what both networks are given in a step."""

    def __init__(self, state: ProbeState) -> None:
        self.state = state
        self._prints = Fingerprints()
        self._learning: list[weakref.ref[nn.Module]] = []
        self._start: list[torch.Tensor] = []
        self._seen: dict[int, int] = {}
        self._still: dict[int, tuple[NetworkRecord, _Still]] = {}
        self._learnt_rows: set[int] = set()
        self._tick = -1

    def learns(self, module: nn.Module, batch: torch.Tensor | None) -> None:
        """A network is called to learn."""
        if not any(one() is module for one in self._learning) and len(self._learning) < MAX_LEARNING:
            self._learning.append(weakref.ref(module))
            self._start = self._start or _samples(module)
            if self.state.record.tick <= EARLY:
                for root, still in self._still.values():
                    root.began_as_twin |= _alike(still.before, _samples(module))
        if self._still and self._looks():
            self._learnt_rows |= self._rows(batch)

    def answers(self, module: nn.Module, root: NetworkRecord, batch: torch.Tensor | None) -> None:
        """A network is called without gradients."""
        if self._is_learning(module, root):
            return
        entry = self._still.get(id(root))
        if entry is None:
            if self.state.record.tick > EARLY:
                return
            entry = self._still[id(root)] = (root, _Still(weakref.ref(module), _samples(module)))
            twins = [other for one in self._learning if (other := one()) is not None]
            root.began_as_twin = any(_alike(entry[1].before, _samples(other)) for other in twins)
        if self._looks():
            entry[1].rows |= self._rows(batch)
        self._compare_weights(root, entry[1], module)

    def _is_learning(self, module: nn.Module, root: NetworkRecord) -> bool:
        return bool(root.learn_in_train or root.learn_in_eval) or any(
            one() is module for one in self._learning
        )

    def follows(self, module: nn.Module, root: NetworkRecord) -> None:
        """Measure how far it has come on the way that the weights learnt have gone from their start."""
        tick = self.state.record.tick
        # Of several that learn, as in meta-learning, it may be meant to follow each a little.
        other = self._learning[0]() if len(self._learning) == 1 else None
        if other is None or tick < self._seen.get(id(root), 0) + APART or self._is_learning(module, root):
            return
        self._seen[id(root)] = tick
        at, now = _samples(module), _samples(other)
        if not at or [one.shape for one in at] != [one.shape for one in now]:
            return
        gone = [(two - one).double() for one, two in zip(self._start, now, strict=True)]
        came = [(two - one).double() for one, two in zip(self._start, at, strict=True)]
        length, aside, along = (
            sum(float((one * two).sum()) for one, two in zip(some, others, strict=True))
            for some, others in ((gone, gone), (came, came), (gone, came))
        )
        root.unfilled = "" if _unfilled(other) else _unfilled(module)
        if length > 0 and aside > 0:
            # What lies far from the way doesn't follow it.
            near = along > NEAR * math.sqrt(length * aside)
            root.followed.append(along / length if near else math.inf)

    def _compare_weights(self, root: NetworkRecord, still: _Still, module: nn.Module) -> None:
        """Has it changed? Looked up while it's there: it may be gone by the end."""
        tick, on_cpu = self.state.record.tick, all(one.device.type == "cpu" for one in still.before)
        if on_cpu and still.before and root.never_changed is not False and tick != still.compared:
            still.compared = tick
            root.never_changed = _alike(still.before, _samples(module))

    def _looks(self) -> bool:
        """Whether rows are compared in this step; what was gathered in the one before is."""
        tick = self.state.record.tick
        if tick != self._tick:
            self._compare()
            self._tick = tick
        return self.state.sampling and tick < MAX_LOOKS

    def _compare(self) -> None:
        for root, still in self._still.values():
            if still.rows and self._learnt_rows:
                known = bool(still.rows & self._learnt_rows)
                root.rows_of_twin += known
                root.rows_of_its_own += not known
            still.rows = set()
        self._learnt_rows = set()

    def _rows(self, batch: torch.Tensor | None) -> set[int]:
        if batch is None or not batch.numel():
            return {0}  # whatever it is, it can't be told from what the other was given
        return {hash(tuple(self._prints.rows(batch, most=MAX_ROWS)))}

    def finish(self) -> None:
        """Has a network that only answered changed since it was first called?"""
        self._compare()
        for root, still in self._still.values():
            module = still.module()
            if module is not None and still.before and root.never_changed is not False:
                root.never_changed = _alike(still.before, _samples(module))


def _samples(module: nn.Module) -> list[torch.Tensor]:
    values = [readable(one) for one in reading.parameters(module)[:MAX_TENSORS]]
    return [sample_of(one) for one in values if one is not None and one.numel()]


def _alike(some: list[torch.Tensor], others: list[torch.Tensor]) -> bool:
    same = len(some) == len(others)
    return same and all(
        one.shape == other.shape and one.device == other.device and functions.equal(one, other)
        for one, other in zip(some, others, strict=True)
    )


def _unfilled(module: nn.Module) -> str:
    """Return a layer that normalizes by the running mean and variance of a new one, 0 and 1; else nothing."""
    for path, part in reading.named_parts(module):
        if not isinstance(part, BATCH_NORMS) or part.training:
            continue
        mean, variance = (
            readable(one) if isinstance(one, torch.Tensor) else None
            for one in (part.running_mean, part.running_var)
        )
        if mean is not None and variance is not None and not mean.any() and bool((variance == 1).all()):
            return path or type(part).__name__
    return ""
