# pyright: basic
"""Tensors by which the probe knows parameters, and the way from a loss back through the autograd graph."""

from __future__ import annotations

import gc
import re
import weakref
from typing import Any

import torch
from torch import nn
from torch.autograd.function import BackwardCFunction
from torch.nn.parameter import is_lazy

from trainlab.diagnosis.observed.record import Graph, Node, Op, ParamRecord, TrainingRecord
from trainlab.diagnosis.place import Site
from trainlab.diagnosis.probe import reading
from trainlab.diagnosis.probe.frames import user_frames
from trainlab.diagnosis.probe.reading import readable

# Names of parameters and modules, without keeping these alive.


MAX_PARAMS = 20_000
MAX_ITEMS = 1_000
MAX_SEARCHES = 8
"""So often memory is gone through for the network that a layer is in: each time takes some 20 ms."""
_NO_NAMES = re.compile(r"__.*|_\d*|_oh|Out")  # the latter are what a notebook showed last


class TensorRegistry:
    """Keys for tensors (an id alone may be given out again) and paths for modules."""

    def __init__(self, record: TrainingRecord) -> None:
        self.record = record
        self._keys: dict[int, int] = {}
        self._live: dict[int, weakref.ref[torch.Tensor]] = {}
        self._paths: weakref.WeakKeyDictionary[nn.Module, str] = weakref.WeakKeyDictionary()
        self._next = 0
        self._searches = 0
        self._provisional: set[int] = set()
        """Named after a variable or by their shapes, until a module is met that holds them."""
        self._homes: dict[int, tuple[weakref.ref[nn.Module], str]] = {}
        self.parted: weakref.WeakKeyDictionary[nn.Module, dict[str, int]] = weakref.WeakKeyDictionary()

    def key(self, tensor: torch.Tensor) -> int:
        """Return the tensor's key; it is entered under a provisional name when first met."""
        known = self._keys.get(id(tensor))
        if known is not None:
            return known
        key = self._next
        self._next += 1
        identity = id(tensor)
        self._keys[identity] = key
        self._live[key] = weakref.ref(tensor, lambda _: self._forget(identity, key))
        self.record.params[key] = ParamRecord(
            key=key,
            name="",
            module_kind="",
            shape=() if is_lazy(tensor) else tuple(tensor.shape),
            requires_grad=tensor.requires_grad,
        )
        return key

    def _forget(self, identity: int, key: int) -> None:
        if self._keys.get(identity) == key:
            del self._keys[identity]

    def known(self, tensor: torch.Tensor) -> int | None:
        """Return the tensor's key, or None if it was never met."""
        return self._keys.get(id(tensor))

    def tensor(self, key: int) -> torch.Tensor | None:
        """Return the tensor if it is still alive."""
        reference = self._live.get(key)
        return None if reference is None else reference()

    def is_replaced(self, key: int) -> bool:
        """Whether the module that had this parameter has another one in its place, which gets no gradient.

        One with a gradient was to be learnt, as one that is clamped anew in every pass; a mean isn't.
        """
        home, leaf = self._homes.get(key, (None, ""))
        module = None if home is None else home()
        now = None if module is None else reading.own_parameters(module).get(leaf)
        return now is not None and now.grad is None and self.known(now) != key

    def path(self, module: nn.Module) -> str:
        """Return the module's path in its root, or its class."""
        return self._paths.get(module) or type(module).__name__

    def enter(self, root: nn.Module, name: str) -> list[int]:
        """Name the modules and parameters of a root, with those that it doesn't know to be its own."""
        for path, module in reading.named_parts(root):
            self._paths.setdefault(module, path or name)
        keys: list[int] = []
        entered: list[tuple[str, nn.Module]] = []
        for path, module in reading.named_parts(root):
            entered.append((path, module))
            for leaf, parameter in reading.own_parameters(module).items():
                key = self.key(parameter)
                self._homes.setdefault(key, (weakref.ref(module), leaf))
                if key not in keys:
                    keys.append(key)
                self._name(key, f"{path}.{leaf}" if path else leaf, module)
                if readable(parameter) is not parameter and not is_lazy(parameter):
                    self.parted.setdefault(module, {})[leaf] = key
            if len(keys) > MAX_PARAMS:
                break
        # A module in a plain dictionary may be a registered one, too.
        for path, module in entered:
            self._enter_hidden(module, path)
        return keys

    def meet_whole(self, module: nn.Module) -> None:
        """Enter the whole parameters that stand in for a module's distributed ones while it runs."""
        for leaf, key in self.parted.get(module, {}).items():
            whole = reading.own_parameters(module).get(leaf)
            if whole is not None and id(whole) not in self._keys:
                self._keys[id(whole)] = key
                weakref.finalize(whole, self._forget, id(whole), key)

    def _name(self, key: int, name: str, module: nn.Module | None, *, registered: bool = True) -> None:
        record = self.record.params[key]
        if not record.name or key in self._provisional:
            self._provisional.discard(key)
            record.name = name
            record.module_kind = type(module).__name__ if module is not None else ""
            record.registered = registered

    def _enter_hidden(self, module: nn.Module, path: str) -> None:
        for attribute, value in list(vars(module).items()):
            if attribute.startswith("_") or isinstance(value, str | int | float | bool):
                continue
            for place, item in _items(value):
                name = f"{path}.{attribute}{place}" if path else f"{attribute}{place}"
                if isinstance(item, nn.Module):
                    self._hidden_module(item, name)
                elif item.is_leaf and item.requires_grad:
                    self._name(self.key(item), name, None, registered=False)

    def _hidden_module(self, module: nn.Module, name: str) -> None:
        for path, inner in reading.named_parts(module):
            full = f"{name}.{path}" if path else name
            if inner not in self._paths:
                self._paths[inner] = full
            for leaf, parameter in reading.own_parameters(inner).items():
                key = self.key(parameter)
                self._name(key, f"{full}.{leaf}", inner, registered=False)

    def name_leaf(self, tensor: torch.Tensor) -> int:
        """Return the key of a leaf that no module holds, named after the user's variable where one does."""
        key = self.key(tensor)
        record = self.record.params[key]
        if not record.name:
            record.name = variable_name(tensor) or f"tensor {list(tensor.shape)}"
            record.registered = False
            self._provisional.add(key)
        return key

    def name_the_rest(self) -> None:
        """Name what is still there without a name."""
        self.look_for_modules()
        for key, record in self.record.params.items():
            tensor = None if record.name else self.tensor(key)
            if tensor is not None and tensor.is_leaf:
                self.name_leaf(tensor)

    def look_for_modules(self) -> None:
        """Name parameters of modules that were never called, but an optimizer or a loss has them."""
        unnamed = {
            id(tensor)
            for key, record in self.record.params.items()
            if (not record.name or key in self._provisional) and (tensor := self.tensor(key)) is not None
        }
        if not unnamed:
            return
        modules, parents = _all_modules()
        for root in modules:
            if id(root) not in parents and any(id(one) in unnamed for one in reading.parameters(root)):
                self.enter(root, variable_name(root) or type(root).__name__)

    def whole_of(self, module: nn.Module) -> nn.Module | None:
        """Return the network that one of PyTorch's own layers is in, where the layer has no name of its own.

        ``model.forward(x)`` calls none but the layers.
        """
        own = type(module).__module__.startswith("torch.nn.") and not reading.children(module)
        if not own or self._searches >= MAX_SEARCHES or not reading.parameters(module):
            return None
        if variable_name(module):
            return None
        self._searches += 1
        _, parents = _all_modules()
        whole, met = parents.get(id(module)), {id(module)}
        while whole is not None and id(whole) in parents and id(whole) not in met:
            met.add(id(whole))
            whole = parents[id(whole)]
        return whole

    def modules(self) -> list[tuple[nn.Module, str]]:
        """Return the modules that are still alive, with their paths."""
        return list(self._paths.items())

    def has_path(self, module: nn.Module) -> bool:
        """Whether the module belongs to a root that was entered."""
        return module in self._paths


def _all_modules() -> tuple[list[nn.Module], dict[int, nn.Module]]:
    """Return the modules that there are, and by the id of each that is in another one, which."""
    modules = [
        thing
        for thing in gc.get_objects()
        if issubclass(type(thing), nn.Module) and "_modules" in vars(thing) and "_parameters" in vars(thing)
    ]
    parents = (one for one in modules if not isinstance(one, nn.parallel.DistributedDataParallel))
    return modules, {id(child): one for one in parents for child in reading.children(one)}


def _items(value: Any) -> list[tuple[str, Any]]:
    """Return the modules and tensors in an attribute, be it a list, a tuple or a dictionary."""
    if isinstance(value, nn.Module | torch.Tensor):
        return [("", value)]
    pairs: list[tuple[Any, Any]] = []
    if type(value) in (list, tuple):
        pairs = list(enumerate(value[:MAX_ITEMS]))
    elif type(value) is dict:
        pairs = [(repr(key), item) for key, item in list(value.items())[:MAX_ITEMS]]
    found: list[tuple[str, Any]] = []
    for place, item in pairs:
        if isinstance(item, nn.Module | torch.Tensor):
            found.append((f"[{place}]", item))
        elif type(item) in (list, tuple):
            inner = enumerate(item[:MAX_ITEMS])
            found += [
                (f"[{place}][{at}]", one) for at, one in inner if isinstance(one, nn.Module | torch.Tensor)
            ]
    return found


def variable_name(thing: object) -> str:
    """Return the global name under which the user's code knows the thing, or an empty string.

    Names inside functions are left alone: asking a frame for them would change what ``locals()`` returned.
    """
    met: set[int] = set()
    for frame in user_frames():
        space = frame.f_globals
        if id(space) in met:
            continue
        met.add(id(space))
        for name, value in list(space.items()):
            if _NO_NAMES.fullmatch(name):
                continue
            if value is thing:
                return name
            for place, item in _items(value) if type(value) in (list, tuple, dict) else ():
                if item is thing:
                    return f"{name}{place}"
    return ""


# An autograd graph as plain nodes, from the loss to the leaves.


KEY = "trainlab"
MAX_NODES = 6_000
_SUFFIX = re.compile(r"Backward\d*$")


def kind_of(node: Any) -> str:
    """Return ``Softmax`` for a ``SoftmaxBackward0``."""
    return _SUFFIX.sub("", str(type(node).name(node)).rsplit("::", 1)[-1])


def _is_users(node: Any) -> bool:
    """Whether the node's derivative was written in Python, and isn't one of PyTorch's own layers.

    What a compiler made of several calls counts, too: it may hold such a one.
    """
    if not isinstance(node, BackwardCFunction):
        return False
    module = getattr(getattr(type(node), "_forward_cls", None), "__module__", "")
    return not module.startswith(("torch.nn.", "torch.utils.checkpoint"))


def walk(
    loss: torch.Tensor, registry: TensorRegistry, *, tick: int, site: Site | None, most: int = MAX_NODES
) -> Graph:
    """Read the graph above a loss, breadth first; at most `most` nodes."""
    start: Any = loss.grad_fn
    graph = Graph(tick=tick, site=site, nodes=[])
    if start is None:
        return graph
    places: dict[Any, int] = {start: 0}
    queue: list[Any] = [start]
    for node in queue:
        entry = Node(kind_of(node), is_users=_is_users(node))
        graph.nodes.append(entry)
        variable = getattr(node, "variable", None)
        if isinstance(variable, torch.Tensor):
            entry.param = registry.name_leaf(variable)
        else:
            op = node.metadata.get(KEY)
            entry.op = op if isinstance(op, Op) else None
        for parent, _ in node.next_functions:
            if parent is None:
                continue
            place = places.get(parent)
            if place is None:
                if len(queue) >= most:
                    graph.complete = False
                    continue
                place = len(queue)
                places[parent] = place
                queue.append(parent)
            entry.inputs.append(place)
    return graph


def leaves_above(tensor: torch.Tensor, registry: TensorRegistry, *, most: int = 600) -> list[int]:
    """Return the keys of the parameters that a tensor was computed from."""
    graph = walk(tensor, registry, tick=0, site=None, most=most)
    return [node.param for node in graph.nodes if node.param is not None]


def depths(graph: Graph) -> dict[int, int]:
    """Return for each parameter the longest path, in nodes, from the loss to it."""
    count = len(graph.nodes)
    incoming = [0] * count
    for node in graph.nodes:
        for place in node.inputs:
            incoming[place] += 1
    depth = [0] * count
    ready = [place for place in range(count) if incoming[place] == 0]
    while ready:
        place = ready.pop()
        for parent in graph.nodes[place].inputs:
            depth[parent] = max(depth[parent], depth[place] + 1)
            incoming[parent] -= 1
            if incoming[parent] == 0:
                ready.append(parent)
    return {node.param: depth[place] for place, node in enumerate(graph.nodes) if node.param is not None}
