"""The chains of linear layers in a torch module: adjacent, or with nothing between that isn't affine."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from importlib import import_module
from typing import Any, cast

from trainlab.explain.questions.neuron.fx_trace_module import Traced
from trainlab.explain.questions.neuron.linear_stack import Array, Linear
from trainlab.explain.questions.neuron.own_layers_section import Chain


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ModuleChain:
    """A chain, with the values ``[rows, …]`` that reach it and those that leave it."""

    chain: Chain
    inputs: Array
    outputs: Array


def module_chains(traced: Traced) -> tuple[ModuleChain, ...]:
    """Return every chain with at least one linear layer, in the order of the calls."""
    reader = Reader(traced)
    taken: set[str] = set()
    found: list[ModuleChain] = []
    for node in traced.nodes:
        begins = reader.linear_of(node) is not None or reader.kind(node) == "scale"
        if node.name in taken or not begins:
            continue
        members, stop = _followed(reader, node)
        taken.update(each.name for each in members)
        chain = reader.chain(members, stop)
        if chain.chain.linears:
            found.append(chain)
    return tuple(found)


def changes_by_batch(traced: Traced) -> bool:
    """Return whether dropout or batch-norm is at work as in training."""
    reader = Reader(traced)
    return any(reader.kind(node).endswith("in training") for node in traced.nodes)


def linear_nodes(traced: Traced) -> tuple[Any, ...]:
    """Return the nodes of all linear layers, in the order of the calls."""
    reader = Reader(traced)
    return tuple(node for node in traced.nodes if reader.linear_of(node) is not None)


def node_place(node: Any) -> str:
    """Return the name of a node: a module's path, or a function's name."""
    target = node.target
    return target if isinstance(target, str) else getattr(target, "__name__", str(target))


def users_of(node: Any) -> list[Any]:
    """Return the nodes that use the values of a node, not its shape alone."""
    return [user for user in node.users if not _reads_shape(user)]


def _reads_shape(node: Any) -> bool:
    if node.op == "call_function" and node.target is getattr:
        return node.args[1] in ("shape", "ndim", "dtype", "device")
    return node.op == "call_method" and node.target in ("size", "dim")


def _followed(reader: Reader, node: Any) -> tuple[list[Any], str]:
    """Return the nodes of the chain that begins here, and what ends it."""
    members = [node]
    if reader.kind(node) not in ("linear", "scale"):
        return members, reader.kind(node)
    while True:
        users = users_of(members[-1])
        if len(users) > 1:
            return members, f"used {len(users)} times"
        if not users:
            return members, "not used"
        if users[0].op == "output":
            return members, "the output"
        kind = reader.kind(users[0])
        if kind not in ("linear", "scale", "through"):
            return members, kind
        members.append(users[0])


class Reader:
    """Tells what the nodes of a traced module are."""

    def __init__(self, traced: Traced) -> None:
        self.torch: Any = import_module("torch")
        self.traced = traced
        self.calls = Counter(node.target for node in traced.nodes if node.op == "call_module")
        self.uses = Counter(self._identity(node) for node in traced.nodes if self.linear_of(node) is not None)

    def kind(self, node: Any) -> str:
        """Return "linear", "scale" or "through", or else the words for what the node is."""
        if self.linear_of(node) is not None:
            alone = self.uses[self._identity(node)] == 1
            if node.op == "call_module" and self._hooked(node):
                return f"{self._name(node)} (has hooks)"
            return "linear" if alone else f"{self._name(node)} (weights used more than once)"
        if node.op == "call_module":
            return self._kind_of_module(node)
        if node.op == "call_function" and node.target is self.torch.nn.functional.dropout:
            training = node.kwargs.get("training", node.args[2] if len(node.args) > 2 else True)
            return "through" if not training else "dropout in training"
        shaping = ("flatten", "view", "reshape", "contiguous", "clone")
        if node_place(node) in shaping and node.op in ("call_function", "call_method"):
            return "through" if self._keeps_shape(node) else f"{node_place(node)}, which changes the shape"
        return node_place(node)

    def linear_of(self, node: Any) -> tuple[Any, Any] | None:
        """Return weight and bias tensors of a linear layer, called as a module or as F.linear."""
        nn = self.torch.nn
        if node.op == "call_module":
            module = self._module(node)
            return (module.weight, module.bias) if _plain(module, nn.Linear) else None
        if node.op == "call_function" and node.target is nn.functional.linear:
            weight, bias = (
                node.args[place] if len(node.args) > place else node.kwargs.get(key)
                for place, key in ((1, "weight"), (2, "bias"))
            )
            tensors = [None if each is None else self._attribute(each) for each in (weight, bias)]
            if tensors[0] is not None and (bias is None or tensors[1] is not None):
                return tensors[0], tensors[1]
        return None

    def chain(self, members: list[Any], stop: str) -> ModuleChain:
        """Return the chain of these nodes; what does nothing at its end isn't part of it."""
        while self.kind(members[-1]) == "through":
            members = members[:-1]
        affine = [node for node in members if self.kind(node) != "through"]
        stack, parameters = list[Linear](), 0
        for node in affine:
            pair = self.linear_of(node)
            weight, bias = self._scale(node) if pair is None else pair
            if node.op == "call_module":
                parameters += sum(each.numel() for each in self._module(node).parameters())
            else:
                parameters += weight.numel() + (0 if bias is None else bias.numel())
            stack.append((_numbers(weight), None if bias is None else _numbers(bias)))
        values = self.traced.values
        return ModuleChain(
            chain=Chain(
                places=tuple(self._name(node) for node in affine),
                linears=sum(self.linear_of(node) is not None for node in affine),
                passed=tuple(self._name(node) for node in members if self.kind(node) == "through"),
                stop=stop,
                stack=tuple(stack),
                parameters=parameters,
            ),
            inputs=_numbers(values[source_of(members[0]).name]),
            outputs=_numbers(values[members[-1].name]),
        )

    def _kind_of_module(self, node: Any) -> str:
        nn, module = self.torch.nn, self._module(node)
        words = f"{type(module).__name__} {node.target!r}"
        if self.calls[node.target] > 1 and any(True for _ in module.parameters()):
            return f"{words} (called {self.calls[node.target]} times)"
        if self._hooked(node):
            return f"{words} (has hooks)"
        if any(_plain(module, each) for each in (nn.Dropout, nn.AlphaDropout)):
            return "through" if not module.training else f"{words} in training"
        if _plain(module, nn.BatchNorm1d):
            if module.training:
                return f"{words} in training"
            if module.running_mean is None:
                return f"{words} (no running statistics)"
            return "scale" if self.traced.values[node.name].ndim == 2 else f"{words} over channels"
        if _plain(module, nn.Identity) or _plain(module, nn.Flatten):
            return "through" if self._keeps_shape(node) else f"{words}, which changes the shape"
        return words

    def _scale(self, node: Any) -> tuple[Any, Any]:
        """Return scale and shift of a batch-norm in evaluation: γ/√(σ² + ε), β − μγ/√(σ² + ε)."""
        module = self._module(node)
        scale = (module.running_var + module.eps).rsqrt()
        if module.weight is not None:
            scale = scale * module.weight
        shift = -module.running_mean * scale
        return scale, shift if module.bias is None else shift + module.bias

    def _keeps_shape(self, node: Any) -> bool:
        source = source_of(node)
        values = self.traced.values
        return source is not None and values[node.name].shape == values[source.name].shape

    def _attribute(self, node: Any) -> Any:
        """Return the tensor that a get_attr node holds; None for what is computed."""
        if getattr(node, "op", "") != "get_attr":
            return None
        path, _, name = node.target.rpartition(".")
        return getattr(self.traced.graph_module.get_submodule(path), name)

    def _module(self, node: Any) -> Any:
        return self.traced.graph_module.get_submodule(node.target)

    def _hooked(self, node: Any) -> bool:
        """Return whether a part has hooks, the user's, which the copy hasn't, or torch's own."""
        module = self._module(node)
        own = bool(module._forward_hooks or module._forward_pre_hooks)
        return own or node.target in self.traced.look.hooked

    def _identity(self, node: Any) -> object:
        """Return what two uses of the same weights have in common."""
        pair = self.linear_of(node)
        # Weights that are computed, as by a parametrization, are another tensor each time.
        if pair is None or not isinstance(pair[0], self.torch.nn.Parameter):
            return node.op, node.target
        return id(pair[0])

    def _name(self, node: Any) -> str:
        if node.op == "call_function" and self.linear_of(node) is not None:
            weight = node.kwargs.get("weight", node.args[1] if len(node.args) > 1 else None)
            return str(weight.target).removesuffix(".weight")
        return node_place(node)


def source_of(node: Any) -> Any:
    """Return the node whose values this one takes."""
    given = [*node.args, *(node.kwargs[key] for key in ("input", "x") if key in node.kwargs)]
    return next((each for each in given if hasattr(each, "op")), None)


def _plain(module: Any, kind: Any) -> bool:
    """Return whether a module does what those of that torch class do, and nothing else."""
    own = cast("Any", type(module))
    same = isinstance(module, kind) and own.forward is kind.forward
    return same and "forward" not in vars(module)


def _numbers(tensor: Any) -> Array:
    return tensor.detach().cpu().double().numpy()
