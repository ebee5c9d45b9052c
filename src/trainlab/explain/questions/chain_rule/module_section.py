"""The sections about a module."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from trainlab.draw import Curve, curves, format_number, join
from trainlab.explain.questions.chain_rule.layers_module import ModuleLayer
from trainlab.explain.questions.chain_rule.number_words import apart, counted_paths, exactly, share_text
from trainlab.explain.questions.chain_rule.paths import MOST, Path
from trainlab.explain.questions.chain_rule.paths_section import listed_paths
from trainlab.page.section import Section, Table, paragraphs

if TYPE_CHECKING:
    from trainlab.explain.questions.chain_rule.question_module import Reading


def graph_section(found: Reading, paths: tuple[Path, ...]) -> Section:
    """Return the graph, the paths of the number asked about, and how their sum compares."""
    return Section(
        name="graph",
        heading=f"From {found.place} to the loss, through the graph that autograd recorded",
        text=paragraphs(
            f"Computed on a copy of the module in {found.precision}; the module itself is as it was.",
            found.notes,
            f"The graph has {len(found.graph.nodes):,} nodes; {found.place} is {exactly(found.value)}, "
            f"the loss {exactly(found.loss)}.",
            _reach_words(found),
            "Indices are those of PyTorch, from 0; the second tanh of the forward pass is tanh#2. The "
            "backward pass is in result.steps, node by node.",
        ),
        tables=(*_path_tables(found, paths), _compared(found), _nodes(found)),
    )


def module_layers_section(layers: Sequence[ModuleLayer]) -> Section:
    """Return how much of the signal each layer gets."""
    worst = _worst(layers)
    aside = [each for each in layers if not each.follows]
    return Section(
        name="layers",
        heading="Layer by layer",
        text=paragraphs(
            "Layers are the parts with parameters of their own, in the order in which they ran; δ = "
            "∂L/∂(output) over the whole batch. Going back from one to the layer before, δ can grow by "
            "the norm of the Jacobian between their outputs at most, where nothing leads around it.",
            f"Most is lost at {_layer(worst)}: it keeps {share_text(worst.ratio)} of what the layer after it "
            "has."
            if worst
            else "The signal shrinks at no layer whose outputs go to the one that ran next.",
            f"What ran next doesn't depend on {join([each.name for each in aside])}: no ratio there."
            if aside
            else "",
        )
        if layers
        else ("No part of the module that has parameters gave out a tensor that could be followed.",),
        tables=(_table(layers),) if layers else (),
        pictures=(_picture(layers),) if len(layers) > 1 else (),
    )


def module_verdict(found: Reading, layers: Sequence[ModuleLayer]) -> str:
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
    worst, sentences = _worst(layers), [f"{first}."]
    if layers and layers[0].kept is not None:
        sentences.append(
            f"{_layer(layers[0])}, the first, gets {share_text(layers[0].kept)} of the output's error signal."
        )
    if worst:
        sentences.append(f"{_layer(worst)} loses most: it keeps {share_text(worst.ratio)}.")
    return " ".join([*sentences, "One module, one batch."])


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
        "steps": [step.to_dict() for step in found.steps],
    }


def _reach_words(found: Reading) -> str:
    if not found.reached:
        return f"No path leads from it to the loss: the forward pass doesn't use {found.place.name}."
    nodes = f"{counted_paths(found.node_count)} over the graph's nodes"
    if found.count is None:
        return (
            f"{nodes[0].upper()}{nodes[1:]} lead{_s(found.node_count)} from its parameter to the loss, "
            "counted exactly; between single numbers there are too many to follow, so the report goes "
            "layer by layer."
        )
    numbers = f"Between single numbers {counted_paths(found.count)} lead{_s(found.count)} from it to the loss"
    many = (
        f", too many to list (at most {MOST:,}); the report goes layer by layer" if found.count > MOST else ""
    )
    return (
        f"{numbers}, not counting those on which a derivative is 0 at this batch, which add nothing{many}. "
        f"Over the graph's nodes it is {counted_paths(found.node_count)}."
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


def _nodes(found: Reading) -> Table:
    return Table(
        title="The backward pass, node by node",
        headers=["Step", "Gradient", "Norm", "Goes on to"],
        rows=[
            [step.index, step.result.strip("‖"), exactly(step.value), ", ".join(step.feeds) or "–"]
            for step in found.steps
        ],
        shown=16,
    )


def _worst(layers: Sequence[ModuleLayer]) -> ModuleLayer | None:
    shrunk = [layer for layer in layers if layer.ratio is not None and layer.ratio < 1]
    return min(shrunk, key=lambda layer: layer.ratio or 0.0, default=None)


def _table(layers: Sequence[ModuleLayer]) -> Table:
    return Table(
        title="The error signal, from the output (below) back to the inputs (above)",
        headers=["Layer", "Kind", "Outputs", "‖δ‖", "Ratio", "‖Jacobian‖₂", "Kept so far", "‖∂L/∂W‖"],
        rows=[
            [
                layer.name,
                layer.kind,
                layer.outputs,
                layer.delta,
                layer.ratio,
                layer.jacobian,
                layer.kept,
                layer.weight_gradient,
            ]
            for layer in layers
        ],
        shown=40,
    )


def _picture(layers: Sequence[ModuleLayer]) -> Any:
    x = [float(place) for place in range(1, len(layers) + 1)]
    nan = float("nan")
    return curves(
        [
            Curve(label="signal", x=x, median=[nan if each.kept is None else each.kept for each in layers]),
            Curve(label="weights", x=x, median=[each.weight_gradient for each in layers]),
        ],
        x_label="Layer, in the order in which they ran",
        y_label="‖δ‖ as a share of the output's, and ‖∂L/∂W‖",
        title="What is left of the error signal at each layer",
        log_y=True,
    )


def _layer(layer: ModuleLayer) -> str:
    return f"Layer {layer.name} ({layer.kind})"


def _s(count: int) -> str:
    return "s" if count == 1 else ""
