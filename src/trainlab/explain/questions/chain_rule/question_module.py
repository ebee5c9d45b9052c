"""The chain rule on a user's module: its autograd graph, the paths of one number, the layers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np

from trainlab.errors import ExplainError
from trainlab.explain.common.parts import OnSection, Part, check_parts, tell_parts
from trainlab.explain.questions.chain_rule.answer import short_answer
from trainlab.explain.questions.chain_rule.central_difference import STEP, Difference
from trainlab.explain.questions.chain_rule.evidence import LISTED
from trainlab.explain.questions.chain_rule.graph_module import Graph, read_graph
from trainlab.explain.questions.chain_rule.layers_module import ModuleFlow, module_layers
from trainlab.explain.questions.chain_rule.local_derivatives_module import LocalDerivatives, local_derivatives
from trainlab.explain.questions.chain_rule.module_section import (
    graph_numbers,
    graph_section,
    module_layers_section,
    module_verdict,
)
from trainlab.explain.questions.chain_rule.number_words import counted_paths
from trainlab.explain.questions.chain_rule.parameter_entry_module import ParameterEntry, read_entry
from trainlab.explain.questions.chain_rule.paths import MOST, Path
from trainlab.explain.questions.chain_rule.result import ChainRuleExplanation
from trainlab.explain.questions.chain_rule.steps import Step
from trainlab.explain.subject.module_copy import Subject, recording, subject_of
from trainlab.page.section import Section


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Reading:
    """What was read of a module: its graph, the number asked about, and the derivatives; and, as `notes`, how
    it was looked at.

    `count` are the paths between single numbers, None where there are too many numbers to count between;
    ``node_count`` those over the graph's nodes. `gradients` has an array for every parameter reached.
    """

    kind: str
    precision: str
    notes: tuple[str, ...]
    loss: float
    graph: Graph
    place: ParameterEntry
    value: float
    derivative: float
    reached: bool
    count: int | None
    node_count: int
    locals: LocalDerivatives | None
    difference: Difference
    steps: tuple[Step, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class ModuleEvidence:
    """A module with what was read of it; its paths are all listed if `every`."""

    subject: Subject
    reading: Reading
    every: bool

    @property
    def path_count(self) -> int:
        """How many paths lead to the loss, between single numbers, or else over the graph's nodes."""
        return self.reading.node_count if self.reading.count is None else self.reading.count

    @cached_property
    def paths(self) -> tuple[Path, ...]:
        """The paths between single numbers, if they aren't too many."""
        found = self.reading
        if found.locals is None or found.count is None or found.count > MOST:
            return ()
        return found.locals.paths(found.place.flat, listed=MOST if self.every else LISTED)

    @cached_property
    def graph_section(self) -> Section:
        """The graph and the paths; its first table is that of the answer."""
        return graph_section(self.reading, self.paths)

    @cached_property
    def layers(self) -> tuple[ModuleFlow, ...]:
        """What is left of the error signal at each layer."""
        with recording(self.subject.look.torch):
            return module_layers(self.subject)


def chain_rule_of_module(
    module: Any,
    *,
    inputs: Any,
    targets: Any,
    loss: Any,
    weight: str | None,
    every: bool,
    parts: str | Sequence[str],
    on_section: OnSection | None,
) -> ChainRuleExplanation:
    """Return the explanation; see `chain_rule`."""
    names = check_parts(MODULE_PARTS, parts)
    subject = subject_of(module, inputs, targets, loss)
    # A backward pass of the user's own may draw random numbers, too.
    with recording(subject.look.torch):
        found = _read(subject, weight)
    evidence = ModuleEvidence(subject=subject, reading=found, every=every)
    count = evidence.path_count
    if every and (found.count is None or found.count > MOST):
        raise ExplainError(
            f"paths = 'all': {found.place} has {counted_paths(count)} to the loss"
            f"{' through the nodes of the graph alone' if found.count is None else ''}, and at most "
            f"{MOST:,} are listed; leave it out for the report layer by layer."
        )
    told = tell_parts(MODULE_PARTS, names, evidence, on_section)
    return ChainRuleExplanation(
        question="chain-rule",
        subject=f"{found.kind}, weight {found.place}",
        verdict=module_verdict(found, evidence.layers) if told.whole else "",
        sections=told.sections,
        answer=short_answer(
            weight=str(found.place),
            derivative=found.derivative,
            count=count,
            listed=bool(evidence.paths),
            autograd=None,
            table=evidence.graph_section.tables[0],
            shown_on=f"One {found.kind}, one batch, in {found.precision}"
            f"{'; paths over the nodes of its graph' if found.count is None else ''}.",
        )
        if told.whole
        else None,
        numbers={"source": "module", "network": None, "module": found.kind, **told.numbers},
        weight=str(found.place),
        derivative=found.derivative,
        path_count=count,
        paths=evidence.paths if told.has("graph") else (),
        steps=found.steps if told.has("graph") else (),
        flows=(),
    )


def _read(subject: Subject, weight: str | None) -> Reading:
    torch = subject.look.torch
    module, _, loss = subject.run()
    graph = read_graph(loss, module)
    arrivals = _watch(graph)
    trained = {name: p for name, p in module.named_parameters() if p.requires_grad}
    found = torch.autograd.grad(loss, list(trained.values()), retain_graph=True, allow_unused=True)
    gradients = {
        name: None if g is None else g.detach().cpu().double().numpy()
        for name, g in zip(trained, found, strict=True)
    }
    for name, each in gradients.items():
        if each is not None and not np.isfinite(each).all():
            raise ExplainError(
                f"module: the gradient of {name} is not finite on this batch, though the loss is; look for a "
                "root, a logarithm or a quotient at 0."
            )
    place = read_entry(module, weight, gradients)
    gradient, node = gradients[place.name], graph.parameters.get(place.name)
    located = None if node is None else local_derivatives(torch, graph, node)
    value = float(trained[place.name].detach().reshape(-1)[place.flat])
    return Reading(
        kind=subject.look.name,
        precision=subject.look.precision,
        notes=subject.look.notes,
        loss=float(loss.detach()),
        graph=graph,
        place=place,
        value=value,
        derivative=0.0 if gradient is None else float(gradient.ravel()[place.flat]),
        reached=gradient is not None,
        count=0 if node is None else None if located is None else located.count(place.flat),
        node_count=0 if node is None else graph.count_paths(node),
        locals=located,
        difference=_difference(subject, place, value),
        steps=_steps(graph, arrivals, gradients),
    )


def _watch(graph: Graph) -> dict[int, float]:
    """Let each node note the norm of the gradient that comes to it, in the next backward pass."""
    arrivals: dict[int, float] = {}

    def watcher(index: int) -> Any:
        def note(gradients: Any) -> None:
            squares = [float(g.detach().norm()) ** 2 for g in gradients if g is not None]
            arrivals[index] = sum(squares) ** 0.5

        return note

    for index, node in enumerate(graph.nodes):
        if node.next_functions:
            node.register_prehook(watcher(index))
    return arrivals


def _steps(graph: Graph, arrivals: dict[int, float], gradients: dict[str, Any]) -> tuple[Step, ...]:
    """Return a step for each node, from the loss on; its value is the norm of the gradient that arrives."""
    steps: list[Step] = []
    for index, name in enumerate(graph.names):
        gradient = gradients.get(name)
        value = arrivals.get(index, 0.0) if gradient is None else float(np.linalg.norm(gradient))
        feeds = tuple(f"∂L/∂{graph.names[edge[0]]}" for edge in graph.edges[index] if edge is not None)
        kind = name.partition("#")[0]
        steps.append(
            Step(
                index=index + 1,
                phase="backward",
                layer=0,
                operation="parameter" if name in graph.parameters else kind,
                result=f"‖∂L/∂{name}‖",
                formula="the gradient ends here"
                if name in graph.parameters
                else f"vector-Jacobian product of {kind}",
                operands=(),
                value=value,
                feeds=feeds,
            )
        )
    return tuple(steps)


def _difference(subject: Subject, place: ParameterEntry, value: float) -> Difference:
    """Return the central difference, in float64 only; every evaluation draws the same random numbers."""
    step = STEP * max(1.0, abs(value))
    if subject.look.precision != "float64":
        return Difference(value=None, step=step)

    def at(offset: float) -> float:
        def prepare(module: Any) -> None:
            with subject.look.torch.no_grad():
                dict(module.named_parameters())[place.name].view(-1)[place.flat] += offset

        return float(subject.run(prepare)[2].detach())

    near, far = at(step) - at(-step), at(2 * step) - at(-2 * step)
    return Difference(value=(8.0 * near - far) / (12.0 * step), step=step)


MODULE_PARTS: Final[tuple[Part[ModuleEvidence], ...]] = (
    Part(
        name="graph",
        section=lambda evidence: evidence.graph_section,
        numbers=lambda evidence: graph_numbers(evidence.reading, evidence.paths),
    ),
    Part(
        name="layers",
        section=lambda evidence: module_layers_section(evidence.layers),
        numbers=lambda evidence: {"layers": [layer.to_dict() for layer in evidence.layers]},
    ),
)
"""The sections on a torch module, in order."""
