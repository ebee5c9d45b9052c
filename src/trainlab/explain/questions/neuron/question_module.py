"""The answer for a neuron of a live torch module, and which of the module's layers collapse."""

from __future__ import annotations

from typing import Any

import numpy as np

from trainlab.draw import counted, format_number
from trainlab.engine.network_pass import Array
from trainlab.explain.common.options import check_place
from trainlab.explain.common.progress import Telling
from trainlab.explain.questions.neuron.answer import short_answer
from trainlab.explain.questions.neuron.apart_section import apart_section
from trainlab.explain.questions.neuron.chains_module import changes_by_batch, module_chains
from trainlab.explain.questions.neuron.decompose import Neuron, input_names, point_words
from trainlab.explain.questions.neuron.neuron_module import module_neuron
from trainlab.explain.questions.neuron.own_layers_section import merged, own_layers_section, own_words
from trainlab.explain.questions.neuron.plane_section import MOST_DRAWN, plane_section
from trainlab.explain.questions.neuron.result import NeuronExplanation
from trainlab.explain.questions.neuron.trace_module import trace
from trainlab.explain.subject.network import first_telling
from trainlab.page.section import Section


def explain_module(
    module: Any, inputs: Any, *, layer: int, unit: int, point: int | None, telling: Telling
) -> NeuronExplanation:
    """Answer for one neuron of a module and its batch ``[examples, …]``; see `trainlab.explain.neuron`."""
    traced = trace(module, inputs)
    points = traced.inputs.detach().cpu().double().numpy()
    place = (
        first_telling(points) if point is None else check_place("point", point, len(points), "inputs hold")
    )
    one, output = module_neuron(traced, layer=layer, unit=unit, point=place)
    name = traced.look.name
    where = f"Unit {unit} of {one.place} of {name}, at example {place}"
    where += f", {point_words(points[place - 1])}." if points.ndim == 2 else "."
    telling.add(apart_section(one, where=where))
    view = None
    if changes_by_batch(traced):
        telling.add(
            Section(
                name="plane",
                heading="No plane in training mode",
                text=(
                    "In training mode what reaches a unit hangs on chance (dropout) or on the whole batch "
                    "(batch-norm), so nothing is drawn over the input plane; call eval() first.",
                ),
            )
        )
    elif points.ndim == 2 and traced.inputs.is_floating_point():
        first = layer == 1 and _direct(one.inputs, points[place - 1])
        middle = float(np.interp(0.0, *one.curve)) if first else None
        side, view = plane_section(
            one,
            output,
            points=points,
            drawn=points[:MOST_DRAWN],
            labels=["example"] * len(points[:MOST_DRAWN]),
            names=input_names(points.shape[1], ()),
            middle=middle,
        )
        telling.add(side)
    told = module_chains(traced)
    chains = [each.chain for each in told]
    # What a module made in float32 says nothing of the stack in float64.
    exact = traced.look.precision == "float64"
    found = tuple(
        merged(each.chain, each.inputs, each.outputs if exact else None)
        for each in told
        if each.chain.collapses
    )
    total = sum(each.numel() for each in module.parameters())
    notes = [*traced.look.notes, f"Computed on a copy in {traced.look.precision}."]
    telling.add(own_layers_section(chains, found, total=total, notes=notes))
    return NeuronExplanation(
        question="neuron",
        subject=name,
        verdict=(
            "A neuron adds up its weighted inputs and its bias, and its activation decides what passes "
            f"on. {where.removesuffix('.')}: the sum is {format_number(one.sum)}{_onward(one)}. "
            f"{own_words(chains, found, total=total)} Looked at: {counted(len(points), 'example')}."
        ),
        sections=telling.done(),
        answer=short_answer(one, where),
        numbers={
            "network": None,
            "module": name,
            "seed": None,
            "trained": None,
            "solved": None,
            "point": place,
            "input": points[place - 1].tolist(),
            "neuron": one.to_dict(),
            "autograd_difference": None,
            "plane": None if view is None else view.to_dict(),
            "own_layers": [each.to_dict() for each in found],
            "stack": None,
            "affine": None,
            "can_be_solved": None,
            "stacks": None,
        },
        neuron=one,
        plane=view,
        collapses=found,
        stack=None,
        affine=(),
        stacks=(),
        autograd_difference=None,
    )


def _onward(one: Neuron) -> str:
    """Return what becomes of the sum, in a clause."""
    if one.follows:
        return f"; what is done to it ({one.follows}) isn't looked through"
    if one.activation == "linear":
        return ", and goes on as it is"
    return f", its activation makes {format_number(one.output)} of it, slope {format_number(one.slope)}"


def _direct(inputs: Array, point: Array) -> bool:
    """Return whether the layer's inputs are the network's own."""
    return inputs.shape == point.shape and bool((inputs == point).all())
