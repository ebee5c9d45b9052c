"""Which linear layers of a torch module follow each other, and so collapse into one.

The module is read as the graph of torch.fx's symbolic trace, so calls in ``forward`` such as ``F.relu`` are
seen; it is made of a copy, and the user's module stays as it is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from trainlab.draw import Cell, counted, format_number, join
from trainlab.engine.network_pass import Array
from trainlab.errors import ExplainError
from trainlab.explain.questions.neuron.linear_stack import Collapse, Difference, Linear, collapse, few_numbers
from trainlab.explain.subject.given import one_line
from trainlab.explain.subject.module_copy import Look, check_outputs, look_at, undisturbed
from trainlab.page.section import Section, Table
from trainlab.plain import pick

# A torch module as a graph of its calls, with the value of each on a batch.
#
# The graph is that of torch.fx's symbolic trace, so calls in ``forward`` such as ``F.relu`` are seen; it is
# made of a copy, and the user's module stays as it is.


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Traced:
    """A module's copy as a `graph_module`, its nodes in order, and their values by node name."""

    look: Look
    graph_module: Any
    nodes: tuple[Any, ...]
    values: dict[str, Any]

    @property
    def inputs(self) -> Any:
        """The batch ``[examples, …]``."""
        return self.look.inputs

    def call(self, node: Any, source: Any, value: Any) -> Any:
        """Return what one node makes of `value` in the place of its input `source`."""
        from torch.fx.node import map_arg

        def filled(argument: Any) -> Any:
            return map_arg(argument, lambda each: value.clone() if each is source else self.values[each.name])

        arguments, keywords = filled(node.args), filled(node.kwargs)
        with undisturbed(self.look.torch):
            if node.op == "call_module":
                return self.graph_module.get_submodule(node.target)(*arguments, **keywords)
            if node.op == "call_method":
                return getattr(arguments[0], node.target)(*arguments[1:], **keywords)
            return node.target(*arguments, **keywords)


def trace(module: Any, inputs: Any) -> Traced:
    """Trace a module and run it on ``inputs [examples, …]``, an array or a tensor.

    Raises:
        ExplainError: inputs that aren't finite numbers, a module that can't be traced or run on them.
    """
    return look_at(module, inputs, _traced)[1]


def _traced(look: Look) -> Traced:
    shape = tuple(look.inputs.shape)
    if len(shape) < 2:
        raise ExplainError(f"inputs: of shape {shape}; give at least one row, [examples, features].")
    graph_module = _graph_module(look.torch, look.module, look.name)
    nodes = tuple(graph_module.graph.nodes)
    if sum(node.op == "placeholder" for node in nodes) != 1:
        raise ExplainError(f"module {look.name}: its forward takes several inputs; give a module of one.")
    values = _values(look.torch, graph_module, look.inputs)
    check_outputs(look.torch, values[nodes[-1].name])
    return Traced(look=look, graph_module=graph_module, nodes=nodes, values=values)


def _graph_module(torch: Any, module: Any, name: str) -> Any:
    """Trace into all modules but torch's; of a Sequential that can't be, into the Sequentials alone."""
    try:
        return _traced_by(torch.fx.Tracer(), torch, module)
    except Exception as error:
        reason = one_line(error)
    if isinstance(module, torch.nn.Sequential):

        class OnlySequentials(torch.fx.Tracer):
            def is_leaf_module(self, m: Any, module_qualified_name: str) -> bool:
                return not isinstance(m, torch.nn.Sequential)

        try:
            return _traced_by(OnlySequentials(), torch, module)
        except Exception as error:
            reason = one_line(error)
    raise ExplainError(
        f"module {name}: can't be traced by torch.fx ({reason}); give a part of it whose forward has no "
        "branches that depend on values."
    )


def _traced_by(tracer: Any, torch: Any, module: Any) -> Any:
    graph = tracer.trace(module)
    # A GraphModule of this class takes the module's parts as they are, its training flags included.
    made = torch.fx.GraphModule(tracer.root, graph)
    made.training = module.training
    return made


def _values(torch: Any, graph_module: Any, inputs: Any) -> dict[str, Any]:
    seen: dict[str, Any] = {}
    interpreter = torch.fx.Interpreter(graph_module)
    run_node = interpreter.run_node

    def recorded(node: Any) -> Any:
        result = run_node(node)
        # Copied at once: what follows may work in place.
        seen[node.name] = result.detach().clone() if isinstance(result, torch.Tensor) else result
        return result

    interpreter.run_node = recorded
    with torch.no_grad():
        interpreter.run(inputs.clone())
    return seen


# Which layers of a network collapse, linear ones with nothing between them that isn't affine.


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Chain:
    """Layers that follow each other, up to what ends the chain.

    `places` name the linear layers, and the batch-norms among them, in order; `linears` of them are linear.
    `passed` names what stands between and does nothing. `stack` is their weights; `parameters` how many
    numbers they hold; `stop` says what comes next.
    """

    places: tuple[str, ...]
    linears: int
    passed: tuple[str, ...]
    stop: str
    stack: tuple[Linear, ...]
    parameters: int

    @property
    def collapses(self) -> bool:
        """Whether two linear layers or more are in it."""
        return self.linears > 1


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Merged:
    """A chain that collapses, the layer that replaces it, and how far the two differ over the data."""

    chain: Chain
    single: Collapse
    difference: Difference

    def to_dict(self) -> dict[str, Any]:
        """Return the merger ready for JSON."""
        return {
            **pick(self.chain, "places passed parameters_before=parameters"),
            **pick(self.single, "parameters_after rank_at_most"),
            "weight": few_numbers(self.single.weight),
            "bias": few_numbers(self.single.bias),
            **pick(self.difference, "difference=absolute bound"),
        }


def merged(chain: Chain, inputs: Array, outputs: Array | None = None) -> Merged:
    """Multiply a chain out; compare it at the ``inputs`` that reach it, of which it makes `outputs`."""
    single = collapse(chain.stack)
    return Merged(chain=chain, single=single, difference=single.difference(inputs, outputs))


def own_layers_section(
    chains: Sequence[Chain], found: Sequence[Merged], *, total: int, notes: Sequence[str] = ()
) -> Section:
    """Return which of the user's layers collapse, and what ends each chain."""
    rows: list[list[Cell]] = []
    pending = list(found)
    for chain in chains:
        if chain.collapses:
            one = pending.pop(0)
            shape = " × ".join(str(size) for size in one.single.weight.shape)
            difference, after = one.difference.absolute, one.single.parameters_after
            rows.append(
                [_places(chain), chain.stop, f"one layer, {shape}", chain.parameters, after, difference]
            )
        else:
            rows.append([_places(chain), chain.stop, "no", chain.parameters, None, None])
    return Section(
        name="own-layers",
        heading="Which of these layers collapse",
        text=(own_words(chains, found, total=total), *notes),
        tables=(
            Table(
                title="Layers, and what comes after them",
                headers=[
                    "layers",
                    "then",
                    "collapse into",
                    "parameters",
                    "after",
                    "largest difference",
                ],
                rows=rows,
            ),
        ),
    )


def own_words(chains: Sequence[Chain], found: Sequence[Merged], *, total: int) -> str:
    """Return in a sentence or two which layers collapse."""
    layers = sum(chain.linears for chain in chains)
    if not found:
        if layers == 1:
            return "There is one fully connected layer, and so no two that could be merged."
        # What ends a chain may be affine all the same, as a skip is: all that is known is what it was.
        stops = list(dict.fromkeys(chain.stop for chain in chains if chain.stop != "the output"))
        shown = join(stops) if len(stops) <= 6 else f"{', '.join(stops[:6])}, …"
        met = f" What stands in the way: {shown}." if stops else ""
        return f"None of its {layers} linear layers collapse: no two of them could be merged.{met}"
    words: list[str] = []
    for one in found:
        before, after = one.chain.parameters, one.single.parameters_after
        size = (
            f"{before:,} parameters become {after:,}"
            if after <= before
            else f"its {before:,} parameters would become {after:,}, since its narrowest place has "
            f"{counted(one.single.rank_at_most, 'unit')}, and the rank of the one layer is no more than that"
        )
        passed = f" (through {join(one.chain.passed)})" if one.chain.passed else ""
        words.append(
            f"{_places(one.chain)} are one linear layer{passed}: {size}; the largest difference over "
            f"{counted(one.difference.inputs, 'input')} is {format_number(one.difference.absolute)}."
        )
    return " ".join([*words, f"The whole network has {total:,} parameters."])


def _places(chain: Chain) -> str:
    names = chain.places
    return (
        join(names) if len(names) <= 4 else f"{', '.join(names[:2])}, … and {names[-1]} ({len(names)} layers)"
    )


# The chains of linear layers in a torch module: adjacent, or with nothing between that isn't affine.


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
        self.torch: Any = traced.look.torch
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
