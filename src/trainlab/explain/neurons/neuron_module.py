"""A neuron of a torch module taken apart: input and weights from the trace, its slope by autograd."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from trainlab.errors import ExplainError
from trainlab.explain.network_pass import Array
from trainlab.explain.neurons.apart import Neuron, input_names, response
from trainlab.explain.neurons.chains_module import Reader, linear_nodes, node_place, source_of, users_of
from trainlab.explain.neurons.question import check_place
from trainlab.explain.neurons.trace_module import Traced


def module_neuron(
    traced: Traced, *, layer: int, unit: int, point: int
) -> tuple[Neuron, Callable[[Array], Array]]:
    """Return unit `unit` of the `layer`-th linear layer at example `point`, all from 1; and its output over
    inputs ``[n, …]``, as a function.

    Raises:
        ExplainError: there is no linear layer, or not that layer, unit or example.
    """
    torch: Any = import_module("torch")
    nodes = linear_nodes(traced)
    if not nodes:
        raise ExplainError(
            "module: has no torch.nn.Linear layer, and so no neuron of one; give a module that has."
        )
    check_place("layer", layer, len(nodes), "linear layers", "the module has")
    node = nodes[layer - 1]
    weight, bias, source = _parts(traced, node)
    check_place("unit", unit, weight.shape[0], "units", f"{node_place(node)!r} has")
    check_place("point", point, len(traced.inputs), "examples", "inputs hold")
    examples = len(traced.inputs)

    def row(values: Any) -> Any:
        # Where a layer sees several rows of an example, as of a sequence, the first is looked at.
        return values.reshape(examples, -1, values.shape[-1])[point - 1, 0]

    after = _activation(traced, node)
    sums = row(traced.values[node.name])

    def value(rows: Array) -> Array:
        if after is None:
            return rows
        with torch.no_grad():
            return traced.call(after, node, torch.from_numpy(rows)).numpy()

    slope = 1.0
    if after is not None:
        changing = sums[None].clone().requires_grad_()
        (gradient,) = torch.autograd.grad(traced.call(after, node, changing)[0, unit - 1], changing)
        slope = float(gradient[0, unit - 1])
    inputs = row(traced.values[source.name]).double().numpy()
    direct = source.op == "placeholder"
    neuron = Neuron(
        layer=layer,
        unit=unit,
        place=f"layer {node_place(node)!r}",
        activation="linear" if after is None else _activation_name(traced, after),
        formula="f(x) = x" if after is None else f"{_activation_name(traced, after)} of torch",
        sources=tuple(
            input_names(len(inputs), ()) if direct else [f"input {at + 1}" for at in range(len(inputs))]
        ),
        inputs=inputs,
        weights=weight[unit - 1].numpy(),
        bias=None if bias is None else float(bias[unit - 1]),
        sum=float(sums[unit - 1]),
        output=float(value(sums[None].numpy())[0, unit - 1]),
        slope=slope,
        curve=response(value, sums.numpy(), unit - 1),
    )
    last = node if after is None else after

    def output(points: Array) -> Array:
        found = traced.run(torch.from_numpy(points))[last.name]
        return found.reshape(len(points), -1, found.shape[-1])[:, 0, unit - 1].numpy()

    return neuron, output


def _parts(traced: Traced, node: Any) -> tuple[Any, Any, Any]:
    """Return weight and bias in float64 and the node whose values the layer takes."""
    pair = Reader(traced).linear_of(node)
    assert pair is not None
    weight, bias = pair
    return weight.detach().double(), None if bias is None else bias.detach().double(), source_of(node)


def _activation(traced: Traced, node: Any) -> Any:
    """Return the node of what is done to the sums at once, if it sees them alone and keeps their shape."""
    import torch

    users = users_of(node)
    if len(users) != 1 or users[0].op == "output":
        return None
    after, reader = users[0], Reader(traced)
    sums, result = traced.values[node.name], traced.values[after.name]
    others = [each for each in after.all_input_nodes if each is not node]
    if others or not isinstance(result, torch.Tensor) or result.shape != sums.shape:
        return None
    words = reader.kind(after)
    # What mixes examples, or draws at random, isn't an activation.
    plain = words not in ("linear", "scale", "through") and "Norm" not in words and "ropout" not in words
    return after if plain else None


def _activation_name(traced: Traced, node: Any) -> str:
    if node.op == "call_module":
        return type(traced.graph_module.get_submodule(node.target)).__name__
    return node_place(node)
