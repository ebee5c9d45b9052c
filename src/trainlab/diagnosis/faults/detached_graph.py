"""A tensor leaves the autograd graph on its way to the loss: what lies before it learns nothing.

The place is the call, inside the network or on the way to the loss, whose input was computed from just
these parameters: ``detach()``, ``.data``, ``torch.tensor(…)``, ``argmax``, ``no_grad``.
"""

from __future__ import annotations

import ast
import re

from trainlab.diagnosis.edits import called_name, parsed, replaced, splice
from trainlab.diagnosis.fault import Explains, Fault
from trainlab.diagnosis.finding import Finding, Proof, proven_if
from trainlab.diagnosis.observed.events import ConstantDerivative, Cut, NoGradInside
from trainlab.diagnosis.observed.record import Graph, Op, ParamRecord
from trainlab.diagnosis.observed.torch_names import LAYER_NODES
from trainlab.diagnosis.pictures.network import reached
from trainlab.diagnosis.place import place_at
from trainlab.diagnosis.remedies.common_remedies import single
from trainlab.diagnosis.remedies.remedy import Remedy
from trainlab.diagnosis.signals.limits import gets_no_gradient, nothing_moves, rest_words
from trainlab.diagnosis.signals.training import Training

LEAST = 10
TIMES = 5
UNFIT = 0.3


def judge(training: Training) -> Finding | None:
    """Fire if a loss has no graph at all, or if a cut explains parameters without gradient."""
    for loss_curve in training.record.loss_curves:
        if loss_curve.leafs >= 5 and loss_curve.leafs > 0.5 * loss_curve.count:
            return Finding(
                place=place_at(loss_curve.site, "loss"),
                where=f"the loss at {loss_curve.site.quoted}" if loss_curve.site else "the loss",
                confidence=0.97,
                proof=proven_if(_all_without_graph(training), "no gradient reaches any parameter"),
                evidence=(
                    f"{loss_curve.leafs} of {loss_curve.count} losses that backward() was called on "
                    "have no graph: they are "
                    "new tensors, not results of the network",
                ),
                remedy="Call backward() on the loss itself, not on a tensor made of its value.",
                code="loss = criterion(model(x), y)\nloss.backward()",
            )
    elsewhere = _reaches_nothing(training) or _constant_derivative(training)
    if elsewhere is not None:
        return elsewhere
    lost = without_gradient(training)
    asked = _only_asked(training, lost) if lost else None
    if asked is not None:
        return asked
    cut = cut_above(training, lost) if lost else None
    if cut is None:
        return _cut_at_each_turn(training)
    called = {"data": ".data", "tensor": "torch.tensor(…)", "no_grad": "torch.no_grad()"}.get(
        cut.name, f"{cut.name}()"
    )
    place = cut.site.quoted if cut.site is not None else cut.module
    return Finding(
        place=place_at(
            cut.site,
            "call",
            module=cut.module,
            parameters=tuple(param.name for param in lost),
            call=cut.name,
        ),
        where=(
            f"{called} at {place}{f' in {cut.module}' if cut.module else ''}; before it: "
            f"{training.layers(lost)}"
        ),
        confidence=0.93,
        proof=Proof(words=rest_words(training, lost)),
        evidence=(
            f"{called} takes a tensor out of the graph that was computed from {training.names(lost)}",
            f"these {len(lost)} parameters ({sum(param.size for param in lost):,} values) are "
            "in an optimizer and never get a gradient",
        ),
        remedy=f"Pass the tensor on without {called}.",
    )


def _all_without_graph(training: Training) -> bool:
    """Whether no loss that backward() was called on leads to anything, and nothing moves the parameters."""
    curves = [one for one in training.record.loss_curves if one.count]
    return all(one.leafs == one.count for one in curves) and nothing_moves(training)


def _reaches_nothing(training: Training) -> Finding | None:
    """The loss has a graph, but one that begins at a tensor of its own and leads to no parameter."""
    record = training.record
    keys = {key for optimizer in record.optimizers for key in optimizer.params}
    params = [record.params[key] for key in keys]
    losses = [graph for graph in record.graphs if graph.nodes and graph.complete]
    if record.backwards < 2 * LEAST or not losses or not params or not any(param.graphs for param in params):
        return None
    # A leaf that is made anew in every step is no parameter: those are met again and again.
    if any(param.reached >= 3 or param.with_grad for param in record.params.values()):
        return None
    site = losses[0].site.quoted if losses[0].site else "backward()"
    made = next((event for event in record.events_of(Cut) if event.name in ("tensor", "as_tensor")), None)
    made_at = f"; a new tensor is made at {made.site.quoted}" if made is not None and made.site else ""
    return Finding(
        place=place_at(losses[0].site, "loss"),
        where=f"the loss at {site}{made_at}",
        confidence=0.93,
        proof=proven_if(gets_no_gradient(training), "no gradient reaches any parameter"),
        evidence=(
            f"in {params[0].graphs} of {params[0].graphs} graphs looked at, the loss leads to none of the "
            f"{len(params)} parameters that the optimizer has ({training.names(params)})",
            "it was made of a new tensor (torch.tensor(…), .detach(), .item()): numbers without history",
        ),
        remedy="Add up the losses themselves: sum(parts), or torch.stack(parts).sum().",
        code="loss = sum(parts)\nloss.backward()",
    )


def _constant_derivative(training: Training) -> Finding | None:
    """A derivative of the network's own output is a term of its loss, and was made without a graph."""
    graphs = (graph for graph in training.record.graphs if graph.nodes)
    op = next((op for graph in graphs if (op := _with_constant_derivative(graph)) is not None), None)
    events = training.record.events_of(ConstantDerivative)
    if op is None or sum(event.count for event in events if event.site == op.site) < TIMES:
        return None
    made = op.derivative_site
    return Finding(
        place=place_at(made, "call", call="grad"),
        where=f"torch.autograd.grad(…) at {made.quoted if made is not None else 'a call'}",
        confidence=0.93,
        evidence=(
            "the derivative that it gives has no graph (create_graph is False), and is added, at "
            f"{op.place}, to what the same network gives",
            "to the optimizer that term of the loss is a constant",
        ),
        remedy="Set create_graph=True, so that gradients flow through the derivative, too.",
        code="torch.autograd.grad(output, x, torch.ones_like(output), create_graph=True)",
    )


def _with_constant_derivative(graph: Graph) -> Op | None:
    """Return the sum with such a term, between the loss and the last layers."""
    places = [0]
    for place in places:
        node = graph.nodes[place]
        if node.op is not None and node.op.adds_constant_derivative:
            return node.op
        if node.kind not in LAYER_NODES:
            places += [one for one in node.inputs if one not in places]
    return None


def _only_asked(training: Training, lost: list[ParamRecord]) -> Finding | None:
    """A network that an optimizer has is called in every step, and always under no_grad."""
    steps = max(optimizer.steps for optimizer in training.stepped)
    keys = {param.key for param in lost}
    for root in training.record.networks:
        asked = root.judge_in_train + root.judge_in_eval
        mine = keys & set(root.params)
        if (
            not mine
            or root.learn_in_train + root.learn_in_eval
            or asked < steps
            or root.judge_ticks < steps / 2
        ):
            continue
        place = f" at {root.judge_site.quoted}" if root.judge_site is not None else ""
        names = training.names(training.record.params[key] for key in sorted(mine))
        return Finding(
            place=place_at(root.judge_site, "module", module=root.name),
            where=f"{root.name} ({root.kind}), called under no_grad(){place}",
            confidence=0.93,
            evidence=(
                f"{asked:,} calls, all of them without gradients, in {steps:,} steps",
                f"its {len(mine)} parameters ({names}) are in an optimizer and never get a gradient",
            ),
            remedy="Compute what the loss is made of with gradients on; keep no_grad() for evaluations.",
        )
    return None


def _cut_at_each_turn(training: Training) -> Finding | None:
    """A network that fits badly cuts its own state at one line in every turn of a loop."""
    unfit = training.learning.is_unfit(UNFIT)
    for cut in training.record.events_of(Cut) if unfit else []:
        turns = cut.count / max(1, cut.ticks)
        if not cut.inside or not cut.params or cut.name == "item" or turns < TIMES:
            continue
        place = cut.site.quoted if cut.site is not None else cut.module
        return Finding(
            place=place_at(cut.site, "call", module=cut.module, call=cut.name),
            where=f"{cut.name}() at {place}",
            confidence=0.7,
            evidence=(
                f"called {turns:.0f} times in a forward pass, each time on what "
                f"{training.names(training.record.params[key] for key in sorted(cut.params))} gave",
                "what happens in one turn of the loop gets no gradient from the turns after it",
                training.learning.words,
            ),
            remedy="Cut the graph between batches, not between the steps of one sequence.",
        )
    return None


def without_gradient(training: Training) -> list[ParamRecord]:
    """Return the trainable parameters that a stepped optimizer has and that never got a gradient.

    Not those that gave their place to other tensors, as a codebook of running means does in every step.
    """
    record = training.record
    if record.tick < LEAST:
        return []
    keys = dict.fromkeys(
        key for optimizer in training.stepped for key in optimizer.params if optimizer.empty < optimizer.steps
    )
    found = [record.params[key] for key in keys]
    lost = [
        param
        for param in found
        if param.requires_grad
        and not param.replaced
        and not param.with_grad
        and not param.reached
        and param.without_grad >= 5
    ]
    return [] if len(lost) == len(found) or not _are_layers(lost) else lost


def _are_layers(lost: list[ParamRecord]) -> bool:
    return any(len(param.shape) >= 2 for param in lost)


def cut_above(training: Training, lost: list[ParamRecord]) -> Cut | NoGradInside | None:
    """Return the call that took what these parameters compute out of the graph."""
    keys = {param.key for param in lost}
    cuts = [*training.record.events_of(Cut), *training.record.events_of(NoGradInside)]
    # Only what the network itself does counts: loss.item() and metrics after the loss cut nothing off.
    inside = [cut for cut in cuts if cut.inside or cut.name != "item"]
    matching = [cut for cut in inside if keys & cut.params and cut.params <= keys]
    return max(matching, key=lambda cut: (len(keys & cut.params), cut.inside), default=None)


def _edit(finding: Finding, training: Training) -> str:
    """Keep the graph of a derivative, or leave the cut out."""
    return _with_graph(finding, training) or _not_cut(finding, training)


def _with_graph(finding: Finding, training: Training) -> str:
    """Set `create_graph` in the one call of `grad` on the line of a derivative that ought to have a graph."""
    ops = (node.op for graph in training.record.graphs for node in graph.nodes if node.op is not None)
    site = next((op.derivative_site for op in ops if op.adds_constant_derivative), None)
    tree = parsed(site.text) if site is not None and finding.place.call == "grad" else None
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)] if tree is not None else []
    calls = [call for call in calls if called_name(call) == "grad"]
    if site is None or len(calls) != 1:
        return ""
    whole = ast.get_source_segment(site.text, calls[0]) or ""
    keywords = re.findall(r"\b(?:create|retain)_graph\s*=\s*\w+", whole)
    if not whole or len(keywords) > 1:
        return ""
    new = whole.replace(keywords[0], "create_graph=True") if keywords else f"{whole[:-1]}, create_graph=True)"
    return replaced(site, splice(site.text, calls[0], new))


def _not_cut(finding: Finding, training: Training) -> str:
    for event in training.record.events_of(Cut):
        site, name = event.site, event.name
        if site is None or not finding.place.is_at(site):
            continue
        cut = ".data" if name == "data" else f".{name}()"
        if name in ("data", "detach") and site.text.count(cut) == 1:
            return replaced(site, site.text.replace(cut, ""))
    return ""


def _remedies(finding: Finding) -> tuple[Remedy, ...]:
    call, line = finding.place.call, finding.place.script_line
    if call == "no_grad":
        return (single("gradients kept on inside of the network", "gradients_inside"),)
    if line is not None and call == "grad":
        return (single(f"create_graph=True at {line}", "create_graph", line=line, same_loss=False),)
    if line is None or call not in ("data", "detach", "tensor", "as_tensor"):
        return ()
    narrow = "the tensor passes through NumPy or Python numbers there, and has no history left"
    return (single(f"the cut at {line} undone", "no_cut", line=line, narrow=narrow),)


FAULT = Fault(
    name="detached_graph",
    family="The network",
    title="a tensor leaves the autograd graph on its way to the loss",
    what="`detach()`, `.data`, `torch.tensor(…)`, `argmax` or `no_grad` cuts the graph: what comes "
    "before the cut gets no gradient and learns nothing.",
    formula=f"Trainable parameters of a stepped optimizer get no gradient in {LEAST} steps, and a call "
    "was seen whose input was computed from just these. Or the losses that `backward()` is called on "
    f"have no graph. Or, in {TIMES} steps looked at, a network's own derivative by an input is added to "
    "its output, and `torch.autograd.grad` gave it without `create_graph`.",
    source="A fact, read off the calls and the autograd graph.",
    silent="the cut-off tensor feeds a target, a metric, a weight or another network.",
    proven="no gradient reaches any parameter. Where the rest of the network gets gradients, it may "
    "learn without.",
    remedy="Pass the tensor itself on.",
    see=("chain_rule",),
    judge=judge,
    picture=reached,
    edit=_edit,
    remedies=_remedies,
    untried="what was cut off has no history left to restore",
    explains=(Explains(("capacity_too_small", "loss_plateau"), "what comes before the cut learns nothing"),),
    signals=("reach",),
)
