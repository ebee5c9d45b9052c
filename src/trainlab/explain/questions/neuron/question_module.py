"""The answer for a neuron of a live torch module, and which of the module's layers collapse."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np

from trainlab.draw import counted, format_number
from trainlab.engine.network_pass import Array
from trainlab.explain.common.options import check_place
from trainlab.explain.common.parts import OnSection, Part, check_parts, tell_parts
from trainlab.explain.questions.neuron.answer import short_answer
from trainlab.explain.questions.neuron.apart_section import apart_section
from trainlab.explain.questions.neuron.decompose import Neuron, input_names, point_words
from trainlab.explain.questions.neuron.fx_trace_module import Traced, trace
from trainlab.explain.questions.neuron.linear_chains_module import changes_by_batch, module_chains
from trainlab.explain.questions.neuron.neuron_module import module_neuron
from trainlab.explain.questions.neuron.own_layers_section import (
    Chain,
    Merged,
    merged,
    own_layers_section,
    own_words,
)
from trainlab.explain.questions.neuron.plane import PlaneView
from trainlab.explain.questions.neuron.plane_section import MOST_DRAWN, plane_section
from trainlab.explain.questions.neuron.result import NeuronExplanation
from trainlab.explain.subject.network import first_telling
from trainlab.page.section import Section


@dataclass(frozen=True, kw_only=True, eq=False)
class ModuleEvidence:
    """A traced module, one of its neurons at example `place` (from 1), and its output over inputs."""

    traced: Traced
    layer: int
    unit: int
    place: int
    parameters: int
    neuron: Neuron
    output: Callable[[Array], Array]

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
    def plane(self) -> tuple[Section | str, PlaneView | None]:
        """Where in the inputs' space the unit is on: the section, or why there is none; what is drawn."""
        if changes_by_batch(self.traced):
            return Section(
                name="plane",
                heading="No plane in training mode",
                text=(
                    "In training mode what reaches a unit depends on chance (dropout) or on the whole batch "
                    "(batch-norm), so nothing is drawn over the input plane; call eval() first.",
                ),
            ), None
        points, one = self.points, self.neuron
        if points.ndim != 2 or not self.traced.inputs.is_floating_point():
            return "the examples aren't rows of real numbers, so they lie in no plane.", None
        first = self.layer == 1 and _direct(one.inputs, points[self.place - 1])
        return plane_section(
            one,
            self.output,
            points=points,
            drawn=points[:MOST_DRAWN],
            labels=["example"] * len(points[:MOST_DRAWN]),
            names=input_names(points.shape[1], ()),
            middle=float(np.interp(0.0, *one.curve)) if first else None,
        )

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
    one, output = module_neuron(traced, layer=layer, unit=unit, point=place)
    evidence = ModuleEvidence(
        traced=traced,
        layer=layer,
        unit=unit,
        place=place,
        parameters=sum(each.numel() for each in module.parameters()),
        neuron=one,
        output=output,
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
        plane=evidence.plane[1] if told.has("plane") else None,
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


def _plane_numbers(evidence: ModuleEvidence) -> dict[str, Any]:
    view = evidence.plane[1]
    return {"plane": None if view is None else view.to_dict()}


def _onward(one: Neuron) -> str:
    """Return what becomes of the sum, in a clause."""
    if one.follows:
        return f"; what becomes of it ({one.follows}) isn't traced further"
    if one.activation == "linear":
        return ", and is passed on unchanged"
    return (
        f"; its activation turns that into {format_number(one.output)}, with slope {format_number(one.slope)}"
    )


def _direct(inputs: Array, point: Array) -> bool:
    """Return whether the layer's inputs are the network's own."""
    return inputs.shape == point.shape and bool((inputs == point).all())


MODULE_PARTS: Final[tuple[Part[ModuleEvidence], ...]] = (
    Part(
        name="apart",
        section=lambda evidence: apart_section(evidence.neuron, where=evidence.where),
        numbers=lambda evidence: {"neuron": evidence.neuron.to_dict()},
    ),
    Part(
        name="plane",
        section=lambda evidence: evidence.plane[0],
        numbers=_plane_numbers,
    ),
    Part(
        name="own-layers",
        section=_own_layers_section,
        numbers=lambda evidence: {
            "own_layers": [each.to_dict() for each in evidence.chains_and_collapses[1]]
        },
    ),
)
"""The sections on a module, in order."""
