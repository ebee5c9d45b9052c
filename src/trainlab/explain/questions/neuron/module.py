"""The answer for a neuron of a live torch module, and which of the module's layers collapse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from trainlab.draw import counted, format_number
from trainlab.engine.network_pass import Array
from trainlab.errors import ExplainError
from trainlab.explain.options import OnSection, Part, check_parts, check_place, tell_parts
from trainlab.explain.questions.neuron.evidence import NeuronExplanation, short_answer
from trainlab.explain.questions.neuron.linear_chains import (
    Chain,
    Merged,
    Reader,
    Traced,
    linear_nodes,
    merged,
    module_chains,
    node_place,
    own_layers_section,
    own_words,
    source_of,
    trace,
    users_of,
)
from trainlab.explain.questions.neuron.one_neuron import Neuron, apart_section, input_names, point_words
from trainlab.explain.subject.network import first_telling
from trainlab.page.section import Section


@dataclass(frozen=True, kw_only=True, slots=True)
class _After:
    """What is done to the sums: `node` is the activation, None if there is none or it isn't traced;
    `source` gives it the sums; `follows` says in words what isn't traced further.
    """

    node: Any
    source: Any
    follows: str = ""


def module_neuron(traced: Traced, *, layer: int, unit: int, point: int) -> Neuron:
    """Return unit `unit` of the `layer`-th linear layer at example `point`, all from 1.

    Where a layer sees several rows of an example, as of a sequence, the first is looked at.

    Raises:
        ExplainError: there is no linear layer, or not that layer, unit or example; or examples can't be told
            apart at the layer.
    """
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

    output, slope = _output(traced, after, place, unit - 1)
    inputs = _first(_example(traced, source, place)).cpu().double().numpy()
    direct = source.op == "placeholder"
    name = "linear" if after.node is None else _activation_name(traced, after.node)
    return Neuron(
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
        follows=after.follows,
    )


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


# The answer for a neuron of a live torch module, and which of the module's layers collapse.


@dataclass(frozen=True, kw_only=True, eq=False)
class ModuleEvidence:
    """A traced module, and one of its neurons at example `place` (from 1)."""

    traced: Traced
    layer: int
    unit: int
    place: int
    parameters: int
    neuron: Neuron

    @property
    def name(self) -> str:
        """Of the module's class."""
        return self.traced.look.name

    @cached_property
    def points(self) -> Array:
        """The batch ``[examples, …]``."""
        return self.traced.inputs.detach().cpu().double().numpy()

    @property
    def where(self) -> str:
        """Which unit and example, in a sentence."""
        where = f"Unit {self.unit} of {self.neuron.place} of {self.name}, at example {self.place}"
        return where + (f", {point_words(self.points[self.place - 1])}." if self.points.ndim == 2 else ".")

    @cached_property
    def chains_and_collapses(self) -> tuple[list[Chain], tuple[Merged, ...]]:
        """The module's layers, by what ends a chain of linear ones, and those of which one can be made."""
        told = module_chains(self.traced)
        # What a module made in float32 says nothing of the stack in float64.
        exact = self.traced.look.precision == "float64"
        found = tuple(
            merged(each.chain, each.inputs, each.outputs if exact else None)
            for each in told
            if each.chain.collapses
        )
        return [each.chain for each in told], found


def explain_module(
    module: Any,
    inputs: Any,
    *,
    layer: int,
    unit: int,
    point: int | None,
    parts: str | Sequence[str],
    on_section: OnSection | None,
) -> NeuronExplanation:
    """Answer for one neuron of a module and its batch ``[examples, …]``; see `trainlab.explain.neuron`."""
    names = check_parts(MODULE_PARTS, parts)
    traced = trace(module, inputs)
    points = traced.inputs.detach().cpu().double().numpy()
    place = (
        first_telling(points) if point is None else check_place("point", point, len(points), "inputs hold")
    )
    one = module_neuron(traced, layer=layer, unit=unit, point=place)
    evidence = ModuleEvidence(
        traced=traced,
        layer=layer,
        unit=unit,
        place=place,
        parameters=sum(each.numel() for each in module.parameters()),
        neuron=one,
    )
    told = tell_parts(MODULE_PARTS, names, evidence, on_section)
    return NeuronExplanation(
        question="neuron",
        subject=evidence.name,
        verdict=_verdict(evidence) if told.whole else "",
        sections=told.sections,
        answer=short_answer(one, evidence.where) if told.whole else None,
        numbers={
            "network": None,
            "module": evidence.name,
            "seed": None,
            "trained": None,
            "solved": None,
            "point": place,
            "input": evidence.points[place - 1].tolist(),
            "autograd_difference": None,
            "stack": None,
            "affine": None,
            "can_be_solved": None,
            "stacks": None,
            **told.numbers,
        },
        neuron=one,
        plane=None,
        collapses=evidence.chains_and_collapses[1] if told.has("own-layers") else (),
        stack=None,
        affine=(),
        stacks=(),
        autograd_difference=None,
    )


def _own_layers_section(evidence: ModuleEvidence) -> Section:
    look = evidence.traced.look
    notes = [*look.notes, f"Computed on a copy in {look.precision}."]
    return own_layers_section(*evidence.chains_and_collapses, total=evidence.parameters, notes=notes)


def _verdict(evidence: ModuleEvidence) -> str:
    one = evidence.neuron
    collapse = own_words(*evidence.chains_and_collapses, total=evidence.parameters)
    return (
        "A neuron adds up its weighted inputs and its bias, and its activation decides what passes "
        f"on. {evidence.where.removesuffix('.')}: the sum is {format_number(one.sum)}{_onward(one)}. "
        f"{collapse} Based on a batch of {counted(len(evidence.points), 'example')}."
    )


def _onward(one: Neuron) -> str:
    """Return what becomes of the sum, in a clause."""
    if one.follows:
        return f"; what becomes of it ({one.follows}) isn't traced further"
    if one.activation == "linear":
        return ", and is passed on unchanged"
    return (
        f"; its activation turns that into {format_number(one.output)}, with slope {format_number(one.slope)}"
    )


MODULE_PARTS: Final[tuple[Part[ModuleEvidence], ...]] = (
    Part(
        name="apart",
        section=lambda evidence: apart_section(evidence.neuron, where=evidence.where),
        numbers=lambda evidence: {"neuron": evidence.neuron},
    ),
    Part(
        name="own-layers",
        section=_own_layers_section,
        numbers=lambda evidence: {"own_layers": evidence.chains_and_collapses[1]},
    ),
)
"""The sections on a module, in order."""
