"""The chain rule on a user's module: what is read of it, and the section on the paths of one number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np

from trainlab.draw import format_number
from trainlab.errors import ExplainError
from trainlab.explain.module_copy import Subject, recording, subject_of
from trainlab.explain.options import OnSection, Part, check_parts, tell_parts
from trainlab.explain.questions.chain_rule.evidence import LISTED, ChainRuleExplanation, short_answer
from trainlab.explain.questions.chain_rule.example_pass import apart, counted_paths, exactly
from trainlab.explain.questions.chain_rule.module_graph import (
    Graph,
    LocalDerivatives,
    ParameterEntry,
    local_derivatives,
    read_entry,
    read_graph,
)
from trainlab.explain.questions.chain_rule.paths import MOST, STEP, Difference, Path, listed_paths
from trainlab.page.section import Section, Table, paragraphs

# The sections about a module.


def graph_section(found: Reading, paths: tuple[Path, ...]) -> Section:
    """Return the graph, the paths of the number asked about, and how their sum compares."""
    return Section(
        name="graph",
        heading=f"From {found.place} to the loss, through the graph that autograd recorded",
        text=paragraphs(
            f"Computed on a copy of the module in {found.precision}; the module itself is left as it was.",
            found.notes,
            f"The graph has {len(found.graph.nodes):,} nodes; {found.place} is {exactly(found.value)}, "
            f"the loss {exactly(found.loss)}.",
            _reach_words(found),
            "Indices are those of PyTorch, from 0; the second tanh of the forward pass is tanh#2.",
        ),
        tables=(*_path_tables(found, paths), _compared(found)),
    )


def module_verdict(found: Reading) -> str:
    """Return the answer in a few sentences."""
    if not found.reached:
        return (
            f"No path leads from {found.place} to the loss: the forward pass doesn't use "
            f"{found.place.name}, and it never gets a gradient."
        )
    listed = found.count is not None and found.count <= MOST and found.locals is not None
    if listed and found.locals is not None:
        total = found.locals.total(found.place.flat)
        first = (
            f"The products along {counted_paths(found.count or 0)} add up to ∂L/∂{found.place} = "
            f"{exactly(total)}; autograd differs by {apart(found.derivative, total)}"
        )
    else:
        first = f"∂L/∂{found.place} = {exactly(found.derivative)}, a sum over {_too_many(found)}"
    if found.difference.value is not None:
        first += f", central differences by {apart(found.difference.value, found.derivative)}"
    return f"{first}. One module, one batch."


def graph_numbers(found: Reading, paths: tuple[Path, ...]) -> dict[str, Any]:
    """Return the graph, and the paths of the number asked about, as plain data."""
    count = found.node_count if found.count is None else found.count
    total = found.locals.total(found.place.flat) if found.locals else None
    return {
        "precision": found.precision,
        "loss_value": found.loss,
        "weight": str(found.place),
        "weight_value": found.value,
        "derivative": found.derivative,
        "reached": found.reached,
        "paths": {
            **listed_paths(count, total, paths),
            "between": "nodes" if found.count is None else "numbers",
        },
        "graph": {"nodes": len(found.graph.nodes), "node_paths": found.node_count},
        "checks": {
            "paths": total,
            "autograd": found.derivative,
            "central_difference": found.difference.value,
            "difference_step": found.difference.step,
        },
    }


def _reach_words(found: Reading) -> str:
    if not found.reached:
        return f"No path leads from it to the loss: the forward pass doesn't use {found.place.name}."
    nodes = f"{counted_paths(found.node_count)} over the graph's nodes"
    if found.count is None:
        return (
            f"{nodes[0].upper()}{nodes[1:]} lead{_s(found.node_count)} from its parameter to the loss, "
            "counted exactly; between single numbers there are too many to follow, so none is "
            "listed."
        )
    numbers = f"Between single numbers {counted_paths(found.count)} lead{_s(found.count)} from it to the loss"
    many = f", too many to list (at most {MOST:,})" if found.count > MOST else ""
    return (
        f"{numbers}, not counting those on which a derivative is 0 at this batch, which add nothing{many}. "
        f"Over the graph's nodes there {_are(found.node_count)} {counted_paths(found.node_count)}."
    )


def _too_many(found: Reading) -> str:
    if found.count is None:
        return f"{counted_paths(found.node_count)} over the graph's nodes"
    return f"{counted_paths(found.count)}, too many to list"


def _path_tables(found: Reading, paths: tuple[Path, ...]) -> list[Table]:
    if not paths:
        return []
    of = "" if len(paths) == found.count else f" ({len(paths):,} of {found.count:,})"
    return [
        Table(
            title=f"Paths, the largest first{of}",
            headers=["Path", "Local derivatives, multiplied", "Product"],
            rows=[
                [
                    " → ".join(path.through),
                    " · ".join(format_number(factor.value) for factor in path.factors),
                    exactly(path.product),
                ]
                for path in paths
            ],
            shown=8,
        )
    ]


def _compared(found: Reading) -> Table:
    step = format_number(found.difference.step)
    total = found.locals.total(found.place.flat) if found.locals else None
    rows = [
        ("Sum over all paths", total),
        ("Autograd (PyTorch)", found.derivative),
        (f"Central differences, h = {step}", found.difference.value),
    ]
    return Table(
        title=f"∂L/∂{found.place}, in {found.precision}",
        headers=["By", "Value", "Off autograd"],
        rows=[
            [words, format_number(value, digits=12), apart(value, found.derivative)] for words, value in rows
        ],
    )


def _s(count: int) -> str:
    return "s" if count == 1 else ""


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


# The chain rule on a user's module: its autograd graph, the paths of one number.


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
    with recording(subject.torch):
        found = _read(subject, weight)
    evidence = ModuleEvidence(subject=subject, reading=found, every=every)
    count = evidence.path_count
    if every and (found.count is None or found.count > MOST):
        raise ExplainError(
            f"paths = 'all': {found.place} has {counted_paths(count)} to the loss"
            f"{' through the nodes of the graph alone' if found.count is None else ''}, and at most "
            f"{MOST:,} are listed; leave it out."
        )
    told = tell_parts(MODULE_PARTS, names, evidence, on_section)
    return ChainRuleExplanation(
        question="chain-rule",
        subject=f"{found.kind}, weight {found.place}",
        verdict=module_verdict(found) if told.whole else "",
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
        steps=(),
        flows=(),
    )


def _read(subject: Subject, weight: str | None) -> Reading:
    torch = subject.torch
    module, _, loss = subject.run()
    graph = read_graph(loss, module)
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
        kind=subject.name,
        precision=subject.precision,
        notes=subject.notes,
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
    )


def _difference(subject: Subject, place: ParameterEntry, value: float) -> Difference:
    """Return the central difference, in float64 only; every evaluation draws the same random numbers."""
    step = STEP * max(1.0, abs(value))
    if subject.precision != "float64":
        return Difference(value=None, step=step)

    def at(offset: float) -> float:
        def prepare(module: Any) -> None:
            with subject.torch.no_grad():
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
)
"""The sections on a torch module, in order."""
