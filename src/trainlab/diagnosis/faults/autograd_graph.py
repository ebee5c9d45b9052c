"""Where the way from the loss back to a parameter is cut, or never led."""

from __future__ import annotations

import ast
import re

from trainlab.diagnosis.edits import called_name, parsed, replaced, splice
from trainlab.diagnosis.fault import Explains, Fault
from trainlab.diagnosis.finding import Finding, Proof, proven_if
from trainlab.diagnosis.observed.events import ConstantDerivative, Cut, NoGradInside
from trainlab.diagnosis.observed.losses import LossCurve
from trainlab.diagnosis.observed.record import Graph, Op, ParamRecord
from trainlab.diagnosis.observed.torch_names import LAYER_NODES
from trainlab.diagnosis.pictures.shared_pictures import reached
from trainlab.diagnosis.place import Place, place_at, quoted
from trainlab.diagnosis.remedies.remedy import Remedy, single
from trainlab.diagnosis.signals.training import (
    Training,
    from_loss,
    gets_no_gradient,
    nothing_moves,
    rest_words,
)

# detached_graph: A tensor leaves the autograd graph on its way to the loss: what lies before it learns
# nothing.
#
# The place is the call, inside the network or on the way to the loss, whose input was computed from just
# these parameters: ``detach()``, ``.data``, ``torch.tensor(…)``, ``argmax``, ``no_grad``.

LEAST_CUT = 10
TIMES = 5
UNFIT = 0.3
WITHOUT_DERIVATIVE = ("argmax", "argmin", "argsort", "round", "sign", "gt", "lt", "ge", "le", "eq", "ne")


def judge_detached_graph(training: Training) -> Finding | None:
    """Fire if a loss has no graph at all, or if a cut explains parameters without gradient."""
    for loss_curve in training.record.loss_curves:
        if loss_curve.leafs >= 5 and loss_curve.leafs > 0.5 * loss_curve.count:
            return _of_leafs(training, loss_curve)
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
    called, place = _called(cut), quoted(cut.site, cut.module)
    return Finding(
        place=place_at(
            cut.site, "call", module=cut.module, parameters=tuple(param.name for param in lost), call=cut.name
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


def _of_leafs(training: Training, loss_curve: LossCurve) -> Finding:
    """The losses have no graph: where one call alone ends it in most steps, that is the place."""
    cuts = [
        event
        for event in training.record.events_of(Cut)
        if event.params and event.site is not None and event.ticks >= LEAST_CUT
    ]
    loss = f"the loss{quoted(loss_curve.site, before=' at ')}"
    only = cuts[0] if len(cuts) == 1 else None
    remedy = "Call backward() on the loss itself, not on a tensor made of its value."
    if only is not None and only.name in WITHOUT_DERIVATIVE:
        remedy = (
            f"Compute the loss without {_called(only)}, which has no derivative: from probabilities or "
            "logits. requires_grad_() only hides that."
        )
    return Finding(
        place=place_at(loss_curve.site, "loss")
        if only is None
        else place_at(only.site, "call", module=only.module, call=only.name),
        where=loss if only is None else f"{_called(only)} at {quoted(only.site)}; {loss}",
        confidence=0.97,
        proof=proven_if(_all_without_graph(training), "no gradient reaches any parameter"),
        evidence=(
            f"{loss_curve.leafs} of {loss_curve.count} losses that backward() was called on "
            "have no graph: they are new tensors, not results of the network",
            *(f"{_called(cut)} at {quoted(cut.site)} ends the network's graph" for cut in cuts),
        ),
        remedy=remedy,
        code="loss = criterion(model(x), y)\nloss.backward()",
    )


def _called(cut: Cut | NoGradInside) -> str:
    """Return a cut as it's written in code."""
    return {"data": ".data", "tensor": "torch.tensor(…)", "no_grad": "torch.no_grad()"}.get(
        cut.name, f"{cut.name}()"
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
    if (
        record.backwards < 2 * LEAST_CUT
        or not losses
        or not params
        or not any(param.graphs for param in params)
    ):
        return None
    # A leaf that is made anew in every step is no parameter: those are met again and again.
    if any(param.reached >= 3 or param.with_grad for param in record.params.values()):
        return None
    made = next((event for event in record.events_of(Cut) if event.name in ("tensor", "as_tensor")), None)
    made_at = quoted(made.site, before="; a new tensor is made at ") if made is not None else ""
    return Finding(
        place=place_at(losses[0].site, "loss"),
        where=f"the loss at {quoted(losses[0].site, 'backward()')}{made_at}",
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
        where=f"torch.autograd.grad(…) at {quoted(made, 'a call')}",
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
    ops = (node.op for node in from_loss(graph, lambda node: node.kind not in LAYER_NODES))
    return next((op for op in ops if op is not None and op.adds_constant_derivative), None)


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
        names = training.names(training.record.params[key] for key in sorted(mine))
        return Finding(
            place=place_at(root.judge_site, "module", module=root.name),
            where=f"{root.name} ({root.kind}), called under no_grad()"
            f"{quoted(root.judge_site, before=' at ')}",
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
        return Finding(
            place=place_at(cut.site, "call", module=cut.module, call=cut.name),
            where=f"{cut.name}() at {quoted(cut.site, cut.module)}",
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
    if record.tick < LEAST_CUT:
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
    are_layers = any(len(param.shape) >= 2 for param in lost)
    return lost if are_layers and len(lost) < len(found) else []


def cut_above(training: Training, lost: list[ParamRecord]) -> Cut | NoGradInside | None:
    """Return the call that took what these parameters compute out of the graph."""
    keys = {param.key for param in lost}
    cuts = [*training.record.events_of(Cut), *training.record.events_of(NoGradInside)]
    # Only what the network itself does counts: loss.item() and metrics after the loss cut nothing off.
    inside = [cut for cut in cuts if cut.inside or cut.name != "item"]
    matching = [cut for cut in inside if keys & cut.params and cut.params <= keys]
    return max(matching, key=lambda cut: (len(keys & cut.params), cut.inside), default=None)


def _edit_of_detached_graph(finding: Finding, training: Training) -> str:
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


def _remedies_for_detached_graph(finding: Finding) -> tuple[Remedy, ...]:
    call, line = finding.place.call, finding.place.script_line
    if call == "no_grad":
        return (single("gradients kept on inside of the network", "gradients_inside"),)
    if line is not None and call == "grad":
        return (single(f"create_graph=True at {line}", "create_graph", line=line, same_loss=False),)
    if line is None or call not in ("data", "detach", "tensor", "as_tensor"):
        return ()
    narrow = "the tensor passes through NumPy or Python numbers there, and has no history left"
    return (single(f"the cut at {line} undone", "no_cut", line=line, narrow=narrow),)


DETACHED_GRAPH = Fault(
    name="detached_graph",
    family="The network",
    title="the gradients' way from the loss back to the network is cut",
    what="`detach()`, `.data`, `torch.tensor(…)`, `argmax` or `no_grad` cuts the graph: what comes "
    "before the cut gets no gradient and learns nothing.",
    formula=f"Trainable parameters of a stepped optimizer get no gradient in {LEAST_CUT} steps, and a call "
    "was seen whose input was computed from just these. Or the losses that `backward()` is called on "
    f"have no graph. Or, in {TIMES} steps looked at, a network's own derivative by an input is added to "
    "its output, and `torch.autograd.grad` gave it without `create_graph`."
    f" Or a forward pass cuts its own state at one line {TIMES} times or more, and the loss is "
    f"above {UNFIT:.0%} of that of the best constant answer.",
    source="A fact, read off the calls and the autograd graph.",
    silent="the cut-off tensor feeds a target, a metric, a weight or another network.",
    proven="no gradient reaches any parameter. Where the rest of the network gets gradients, it may "
    "learn without.",
    remedy="Pass the tensor itself on.",
    see=("chain_rule",),
    judge=judge_detached_graph,
    picture=reached,
    edit=_edit_of_detached_graph,
    remedies=_remedies_for_detached_graph,
    untried="what was cut off has no history left to restore",
    explains=(Explains(("capacity_too_small", "loss_plateau"), "what comes before the cut learns nothing"),),
    signals=("reach",),
)


# unreachable_params: Parameters that an optimizer has and no gradient reaches: a layer whose output
# nobody uses.
#
# Small ones that are never called (under a tenth) are a note: heads that wait for another phase.

SMALL = 0.05


def judge_unreachable_params(training: Training) -> Finding | None:
    """Fire if such parameters exist and no call that leaves the graph explains them."""
    lost = without_gradient(training)
    if "params_not_in_optimizer" in training.faults:
        lost = [param for param in lost if param.owner is not None]  # others were replaced, and are told of
    if not lost or cut_above(training, lost) is not None:
        return None
    record = training.record
    held = [record.params[key] for optimizer in training.stepped for key in optimizer.params]
    declared = sum(param.size for param in held if param.requires_grad)
    size = sum(param.size for param in lost)
    finding = Finding(
        place=Place(kind="parameters", parameters=tuple(param.name for param in lost)),
        where=f"{training.layers(lost)} ({training.names(lost)})",
        confidence=0.95,
        proof=Proof(words=rest_words(training, lost)),
        evidence=(
            f"no gradient has reached {len(lost)} parameters in any step looked at: their "
            "output isn't part of the loss",
            f"declared {declared:,}, reachable from the loss {declared - size:,}, out of reach {size:,}",
        ),
        remedy="Use the output of this layer where the next one takes its input, or remove the layer.",
    )
    return finding.as_note() if size < SMALL * declared else finding


UNREACHABLE_PARAMS = Fault(
    name="unreachable_params",
    family="The network",
    title="a layer isn't part of the loss",
    what="The optimizer has parameters that no gradient reaches: `forward` doesn't call their layer, or "
    "doesn't use what it returns. The network is smaller than it is declared to be.",
    formula=f"Trainable parameters of a stepped optimizer never get a gradient, at least {SMALL:.0%} of "
    "all, and no cut of the graph explains it.",
    source="A fact, read off the autograd graph.",
    silent=f"they are less than {SMALL:.0%}: then it is a note (a head may wait for another phase); or other "
    "tensors took their place in their module (running means).",
    remedy="Use the layer's output where the next layer takes its input, or remove the layer.",
    see=("chain_rule", "assignment"),
    judge=judge_unreachable_params,
    picture=reached,
    untried="where the layer belongs is written in the network's forward()",
    explains=(
        Explains(
            ("no_nonlinearity", "capacity_too_small", "loss_plateau"),
            "the layer, and all that comes with it, is missing from the network",
        ),
    ),
    signals=("reach",),
)
