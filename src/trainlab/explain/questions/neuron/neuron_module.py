"""A neuron of a torch module taken apart: input and weights from the trace, its slope by autograd."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from trainlab.engine.network_pass import Array
from trainlab.errors import ExplainError
from trainlab.explain.common.options import check_place
from trainlab.explain.questions.neuron.decompose import Neuron, input_names, response
from trainlab.explain.questions.neuron.fx_trace_module import Traced
from trainlab.explain.questions.neuron.linear_chains_module import (
    Reader,
    linear_nodes,
    node_place,
    source_of,
    users_of,
)

_MOST_NUMBERS: Final = 4_000_000
"""Numbers that go through an activation at a time."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _After:
    """What is done to the sums: `node` is the activation, None if there is none or it isn't looked through;
    `source` gives it the sums; `follows` says in words what isn't looked through.
    """

    node: Any
    source: Any
    follows: str = ""


def module_neuron(
    traced: Traced, *, layer: int, unit: int, point: int
) -> tuple[Neuron, Callable[[Array], Array]]:
    """Return unit `unit` of the `layer`-th linear layer at example `point`, all from 1; and its output over
    inputs ``[n, …]``, as a function.

    Where a layer sees several rows of an example, as of a sequence, the first is looked at.

    Raises:
        ExplainError: there is no linear layer, or not that layer, unit or example; or examples can't be told
            apart at the layer.
    """
    torch: Any = traced.look.torch
    nodes = linear_nodes(traced)
    if not nodes:
        raise ExplainError(
            "module: has no torch.nn.Linear layer, and so no neuron of one; give a module that has."
        )
    node = nodes[check_place("layer", layer, len(nodes), "the module has", "linear layers") - 1]
    weight, bias, source = _parts(traced, node)
    check_place("unit", unit, weight.shape[0], f"{node_place(node)!r} has", "units")
    place = check_place("point", point, len(traced.inputs), "inputs hold", "examples") - 1
    sums = _example(traced, node, place)
    after = _after(traced, node, place)

    def value(rows: Array) -> Array:
        """Return what comes of sums ``[k, units]`` in the place of the example's first row."""
        given = torch.from_numpy(rows).to(sums)
        if after.node is None:
            return given.cpu().double().numpy()
        found: list[Array] = []
        step = max(1, _MOST_NUMBERS // sums.numel())
        for start in range(0, len(rows), step):
            part = given[start : start + step]
            changed = sums.repeat(len(part), *([1] * (sums.ndim - 1)))
            first = changed.reshape(len(part), -1, rows.shape[1])
            first[:, 0] = part
            with torch.no_grad():
                result = traced.call(after.node, after.source, first.reshape(changed.shape))
            found.append(result.reshape(first.shape)[:, 0].cpu().double().numpy())
        return np.concatenate(found)

    output, slope = _output(traced, after, place, unit - 1)
    inputs = _first(_example(traced, source, place)).cpu().double().numpy()
    direct = source.op == "placeholder"
    name = "linear" if after.node is None else _activation_name(traced, after.node)
    neuron = Neuron(
        layer=layer,
        unit=unit,
        place=f"layer {node_place(node)!r}",
        activation=name,
        formula="f(x) = x" if after.node is None else f"{name} of torch",
        sources=tuple(
            input_names(len(inputs), ()) if direct else [f"input {at + 1}" for at in range(len(inputs))]
        ),
        inputs=inputs,
        weights=weight[unit - 1].numpy(),
        bias=None if bias is None else float(bias[unit - 1]),
        sum=float(_first(sums)[unit - 1]),
        output=output,
        slope=slope,
        curve=response(value, _first(sums).cpu().double().numpy(), unit - 1),
        follows=after.follows,
    )
    last = node if after.node is None else after.node

    def outputs(points: Array) -> Array:
        found = traced.run(torch.from_numpy(points))[last.name]
        return found.reshape(len(points), -1, found.shape[-1])[:, 0, unit - 1].cpu().double().numpy()

    return neuron, outputs


def _parts(traced: Traced, node: Any) -> tuple[Any, Any, Any]:
    """Return weight and bias in float64 and the node whose values the layer takes."""
    pair = Reader(traced).linear_of(node)
    assert pair is not None
    weight, bias = (None if each is None else each.detach().cpu().double() for each in pair)
    return weight, bias, source_of(node)


def _example(traced: Traced, node: Any, place: int) -> Any:
    """Return the part of a node's values that is one example's, with as many axes."""
    values, examples = traced.values[node.name], len(traced.inputs)
    rows = len(values) // examples
    # Rows of all the examples one after the other, as [examples × steps, features], are as good.
    if len(values) != rows * examples or (rows > 1 and values.ndim > 2):
        raise ExplainError(
            f"module: at {node_place(node)!r} values have the shape {tuple(values.shape)}, whose first axis "
            f"isn't the {examples:,} examples; give a module that keeps them first."
        )
    return values[place * rows : (place + 1) * rows]


def _first(values: Any) -> Any:
    """Return the first row of an example."""
    return values.reshape(-1, values.shape[-1])[0]


def _output(traced: Traced, after: _After, place: int, unit: int) -> tuple[float, float]:
    """Return what comes of the unit's sum, and how fast that changes with the sum."""
    if after.node is None:
        return float(_first(_example(traced, after.source, place))[unit]), 1.0
    torch: Any = traced.look.torch
    changing = _example(traced, after.source, place).clone().requires_grad_()
    with torch.enable_grad():
        (gradient,) = torch.autograd.grad(
            _first(traced.call(after.node, after.source, changing))[unit], changing, allow_unused=True
        )
    slope = 0.0 if gradient is None else float(_first(gradient)[unit])
    return float(_first(_example(traced, after.node, place))[unit]), slope


def _after(traced: Traced, node: Any, place: int) -> _After:
    """Return what is done to the sums at once, past what does nothing, as dropout in evaluation."""
    reader = Reader(traced)
    while True:
        users = users_of(node)
        if len(users) > 1:
            names = ", ".join(node_place(user) for user in users[:3])
            return _After(node=None, source=node, follows=f"used {len(users)} times ({names})")
        if not users or users[0].op == "output" or reader.linear_of(users[0]) is not None:
            return _After(node=None, source=node)
        if reader.kind(users[0]) != "through":
            break
        node = users[0]
    why = _not_looked_through(traced, users[0], node, place)
    if why is None:
        return _After(node=users[0], source=node)
    kind = reader.kind(users[0])
    name = f"{_activation_name(traced, users[0])} {users[0].target!r}" if kind == "scale" else kind
    return _After(node=None, source=node, follows=f"{name}{why}")


def _not_looked_through(traced: Traced, after: Any, node: Any, place: int) -> str | None:
    """Return why an operation isn't a unit's activation: in words that may be empty, None if it is one."""
    torch: Any = traced.look.torch
    sums, result = traced.values[node.name], traced.values[after.name]
    words, name = Reader(traced).kind(after), _activation_name(traced, after).lower()
    # What draws at random, or takes the statistics of examples or layers, isn't an activation.
    if "norm" in name or "dropout" in name:
        return ""
    if any(each is not node for each in after.all_input_nodes):
        return ", which takes other values, too"
    if not isinstance(result, torch.Tensor) or result.shape != sums.shape:
        return "" if "changes the shape" in words else ", which changes the shape"
    given, whole = (_example(traced, each, place) for each in (node, after))
    with torch.no_grad():
        twice = traced.call(after, node, torch.cat([given, given]))
    wanted = torch.cat([whole, whole])
    if twice.shape != wanted.shape or not torch.allclose(twice, wanted, rtol=1e-5, atol=1e-7, equal_nan=True):
        return ", which mixes examples or draws at random"
    return None


def _activation_name(traced: Traced, node: Any) -> str:
    if node.op == "call_module":
        return type(traced.graph_module.get_submodule(node.target)).__name__
    return node_place(node)
