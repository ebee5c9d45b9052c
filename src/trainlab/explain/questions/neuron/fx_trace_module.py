"""A torch module as a graph of its calls, with the value of each on a batch.

The graph is that of torch.fx's symbolic trace, so calls in ``forward`` such as ``F.relu`` are seen; it is
made of a copy, and the user's module stays as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import Any

from trainlab.errors import ExplainError
from trainlab.explain.subject.given_module import one_line
from trainlab.explain.subject.module_copy import Look, check_outputs, look_at, undisturbed


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

    def run(self, inputs: Any) -> dict[str, Any]:
        """Return the value of every node on other inputs."""
        with undisturbed(self.look.torch):
            return _values(self.graph_module, inputs.to(self.look.inputs))

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
    values = _values(graph_module, look.inputs)
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


def _values(graph_module: Any, inputs: Any) -> dict[str, Any]:
    torch: Any = import_module("torch")
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
