"""The card of a report: what was trained, with what, and how it went, as JSON has it and in words."""

from __future__ import annotations

import math
from typing import Any, cast

from trainlab.diagnosis.observed.record import Graph, NetworkRecord, Node, OptimizerRecord, TrainingRecord
from trainlab.diagnosis.observed.torch_names import SHAPE_NODES
from trainlab.diagnosis.signals.training import Training, epochs, loaders_of, optimizer_name, walk_back
from trainlab.draw import counted, format_number
from trainlab.page.section import Fact

# The card of facts: what was trained, with what, and how it went.


def card_of(training: Training) -> dict[str, Any]:
    """Return models, optimizers, losses, batches, steps, first and last loss."""
    record = training.record
    loss_curve = training.learning.loss_curve
    return {
        "models": [_model(training, root) for root in record.networks],
        "unregistered_parameters": sum(
            param.size
            for param in record.params.values()
            if not param.registered and param.reached and not param.is_of_one_step
        ),
        "optimizers": [
            {
                "name": optimizer_name(optimizer),
                "kind": optimizer.kind,
                "where": str(optimizer.site) if optimizer.site else "",
                "settings": {name: _plain(value) for name, value in optimizer.settings.items()},
                "parameters": sum(record.params[key].size for key in optimizer.params),
                "made": made,
                "steps": steps,
                "last_lr": optimizer.lr[-1][1] if optimizer.lr else None,
            }
            for optimizer, made, steps in _optimizers(record)
        ],
        "losses": [
            {
                "kind": loss.kind,
                "where": str(loss.site) if loss.site else loss.module,
                "output_shape": list(loss.out_shape),
                "target_shape": list(loss.target_shape),
                "target_dtype": loss.target_dtype,
            }
            for loss in record.losses
            if loss.count
        ],
        "batch": list(record.data.input_shape),
        "loaders": loaders_of(record),
        "epochs": epochs(record),
        "output_head": _head(training),
        "steps": sum(optimizer.steps for optimizer in record.optimizers),
        "backward_passes": record.backwards,
        "first_loss": _plain(loss_curve.values[0]) if loss_curve is not None and loss_curve.values else None,
        "last_loss": _plain(loss_curve.last) if loss_curve is not None and loss_curve.count else None,
        "constant_answer_loss": _plain(training.learning.constant_answer),
        "outcome": training.learning.state,
        "seconds": round(record.seconds, 2),
    }


def _optimizers(record: TrainingRecord) -> list[tuple[OptimizerRecord, int, int]]:
    """Return the optimizers, each with how often it was made, one after the other, and its steps."""
    told: list[tuple[OptimizerRecord, int, int]] = []
    for one in record.optimizers:
        before, made, steps = told[-1] if told else (one, 0, 0)
        again = before is not one and before.is_followed_by(one)
        if again:
            told.pop()
        told.append((one, made * again + one.made, steps * again + one.steps))
    return told


def _model(training: Training, root: NetworkRecord) -> dict[str, Any]:
    params = [training.record.params[key] for key in root.params]
    return {
        "name": root.name,
        "class": root.kind,
        "parameters": root.parameters,
        "trainable": root.trainable,
        "reachable": sum(param.size for param in params if param.reached),
        "training_passes": {"train mode": root.learn_in_train, "eval mode": root.learn_in_eval},
        "evaluation_passes": {"train mode": root.judge_in_train, "eval mode": root.judge_in_eval},
        "depends_on_mode": list(root.noisy[:20]),
    }


_LAYERS = {"Addmm": "linear", "Mm": "linear", "Mv": "linear", "Bmm": "matmul", "Convolution": "convolution"}
_ACTIVATIONS = frozenset(
    ("Softmax", "LogSoftmax", "Sigmoid", "Tanh", "Relu", "Softplus", "Hardtanh", "Clamp")
)


def _head(training: Training) -> str | None:
    """Return what the loss gets its outputs from: ``linear (fc2), no activation``; None if unknown."""
    heads = (
        _source(graph, node)
        for graph in training.record.graphs
        for node in graph.nodes
        if training.loss_of(node.op) is not None
    )
    return next(filter(None, heads), None)


def _source(graph: Graph, loss: Node) -> str | None:
    """Walk from the loss to the nearest layer; an activation met on the way is the head's."""
    activation = ""
    for node in walk_back(graph, loss.inputs, lambda _: True):
        own = node.op is not loss.op and node.op is not None
        if node.kind in _LAYERS:
            name = node.op.module if node.op is not None else ""
            layer = f"{_LAYERS[node.kind]}{f' ({name})' if name else ''}"
            return f"{layer}, then {activation}" if activation else f"{layer}, no activation"
        if node.kind in _ACTIVATIONS and own:
            activation = activation or node.kind.lower()
        elif own and node.kind not in SHAPE_NODES and node.kind not in _ARITHMETIC:
            return node.kind.lower()
    return None


_ARITHMETIC = frozenset(("LogSoftmax", "Sub", "Add", "Mul", "Div", "Neg", "Pow", "Exp", "Log", "Mean", "Sum"))


def looked_at(training: Training) -> dict[str, Any]:
    """Return how much was looked at, for a report that finds nothing."""
    record = training.record
    return {
        "steps": record.tick,
        "graphs": len(record.graph_passes),
        "parameters": len(record.params),
        "activations": len(record.activations),
        "batches": record.data.fingerprinted,
        "losses": sum(loss.count > 0 for loss in record.losses),
        "torch_imported": record.torch_imported,
        "compiled_calls": record.compiled_calls,
        "other_threads": record.other_threads,
        "other_processes": round(record.other_processes, 2),
        "other_frameworks": list(record.other_frameworks),
    }


def _plain(value: Any) -> Any:
    """Return a value that JSON knows: infinities as words, NaN as null."""
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    return list(cast("tuple[Any, ...]", value)) if isinstance(value, tuple) else value


# What was trained, and with what result: the card of a report as facts in words.

FEW_ROWS = 8
"""The loss of a batch of fewer rows says little about that of the data."""
AGAIN = 2
"""Rows that each came so often do come again."""
APART = 0.05
"""So far apart clearly differ: accuracy or R² in two modes, two losses in units of the best constant's."""
NEAR = 0.02
"""An accuracy that is no more above the share of the commonest class may be that of always answering it."""
UNLIKE = 4
"""A loss so many times that over the data, or so small a part of it, may be in another unit."""
ALIKE = 1.4
"""So it may with less, if two ratios that both show it differ by less themselves."""


def card_facts(report: dict[str, Any]) -> tuple[Fact, ...]:
    """Return what a report (as `Report.to_dict` has it) says of model, optimizer, loss, data and result."""
    card = report["card"]
    facts = [Fact("model", _model_in_words(model)) for model in card["models"]]
    if card["unregistered_parameters"]:
        words = f"and {card['unregistered_parameters']:,} values that no module has registered"
        facts.append(Fact("", words))
    facts += [Fact("head", card["output_head"])] if card["output_head"] else []
    facts += [Fact("optimizer", _optimizer(optimizer)) for optimizer in card["optimizers"]]
    facts += [Fact("loss", _loss(loss)) for loss in card["losses"]]
    facts += _data(card)
    facts += [Fact("modes", words) for model in card["models"] if (words := _modes(model))]
    if card["first_loss"] is not None:
        facts.append(Fact("training", _training(report), brief=True))
    if (solved := report["outcome"].get("solved")) is not None:
        facts.append(Fact("your rule", _by_rule(solved), brief=True))
    reached = _reached(report["outcome"])
    facts += [Fact("reached", reached, brief=True)] if reached else []
    return tuple(facts)


def _model_in_words(model: dict[str, Any]) -> str:
    of = f" ({model['class']})" if model["class"] != model["name"] else ""
    text = f"{model['name']}{of}: {model['parameters']:,} parameters declared"
    if model["trainable"] != model["parameters"]:
        text += f", {model['trainable']:,} trainable"
    return f"{text}, {model['reachable']:,} reachable from the loss"


def _optimizer(optimizer: dict[str, Any]) -> str:
    settings = [
        f"{name} {_number(value)}"
        for name, value in optimizer["settings"].items()
        if name == "lr" or (name in ("momentum", "weight_decay") and value)
    ]
    last = optimizer["last_lr"]
    if isinstance(last, float) and last != optimizer["settings"].get("lr"):
        settings.append(f"lr at the end {format_number(last)}")
    parts = [
        f"{optimizer['name']}: {optimizer['kind']}",
        *settings,
        f"{optimizer['parameters']:,} parameters",
        counted(optimizer["steps"], "step"),
    ]
    parts += [f"made {optimizer['made']:,} times"] if optimizer["made"] > 1 else []
    return ", ".join(parts)


def _loss(loss: dict[str, Any]) -> str:
    shapes = f"output {_shape(loss['output_shape'])}, target {_shape(loss['target_shape'])}"
    kind = "written by hand" if loss["kind"] == "difference" else loss["kind"]
    return f"{kind} at {loss['where']}: {shapes} {loss['target_dtype']}"


def _data(card: dict[str, Any]) -> list[Fact]:
    facts: list[Fact] = []
    if card["batch"]:
        facts.append(Fact("batch", f"input {_shape(card['batch'])}"))
    if card["loaders"]:
        facts.append(Fact("loaders", "; ".join(_loader(one) for one in card["loaders"])))
    length = counted(card["steps"], "step")
    if card["epochs"] is not None:
        length += _epochs(card["epochs"], from_loaders=bool(card["loaders"]))
    passes = card["backward_passes"]
    facts.append(Fact("length", f"{length}, {passes:,} backward pass{'es' if passes != 1 else ''}"))
    return facts


def _epochs(count: float, *, from_loaders: bool) -> str:
    """Say how often the data was gone through: by its rows nothing is known until they come again."""
    number = format_number(count)
    if from_loaders:
        return f", about {number} epoch{'' if count == 1 else 's'}"
    return f", each row about {number} times" if count >= AGAIN else ""


def _loader(one: dict[str, Any]) -> str:
    order = "shuffled" if one["shuffled"] else "in order"
    times = counted(one["passes"], "time")
    return f"{_number(one['rows'])} rows, {order}, in batches of {_number(one['batch'])}, {times}"


def _modes(model: dict[str, Any]) -> str:
    """Return how many passes were made in which mode, where the network depends on it."""
    if not model["depends_on_mode"]:
        return ""
    train, judge = model["training_passes"], model["evaluation_passes"]
    words = [
        f"{count:,} {purpose} pass{'' if count == 1 else 'es'} in {mode}"
        for purpose, passes in (("training", train), ("evaluation", judge))
        for mode, count in passes.items()
        if count
    ]
    return f"{model['name']}: {', '.join(words)}" if words else ""


def _training(report: dict[str, Any]) -> str:
    """Return the loss at both ends; single batches of a few rows tell little, so also over the data."""
    card, share = report["card"], report["outcome"].get("loss_by_constant")
    text = f"loss {_number(card['first_loss'])} → {_number(card['last_loss'])}"
    constant, batch = card["constant_answer_loss"], card["batch"]
    # Without a unit the share is that of what lies above the targets' own entropy.
    by_loss = constant and share is not None and report["outcome"].get("reached_as")
    at_end = share * constant if by_loss else None
    if at_end is not None and batch and batch[0] < FEW_ROWS:
        text += f" in single steps, {_number(at_end)} over the data at the end"
    elif at_end and constant and _other_unit(card["first_loss"], constant, card["last_loss"], at_end):
        text += f" as backward() got it, {_number(at_end)} over the data at the end"
    elif at_end is not None and constant and _misleads(report, at_end, constant):
        text += f" in the last batch, {_number(at_end)} over the rows checked after it"
    # The loss of a policy, below 0, is no error that a constant's could be set against.
    below_0 = all(_finite(card[name]) < 0 for name in ("first_loss", "last_loss"))
    if isinstance(constant, float) and not (below_0 and constant > 0):
        text += f"; the best constant answer has {_number(constant)}"
    return text


_BY_ITSELF = {
    "learnt": "the doctor itself would call it learnt",
    "poor": "the doctor itself would say that it learns a part",
    "stuck": "the doctor itself would say that it doesn't learn",
    "diverged": "the doctor itself would say that it diverges",
}


def _by_rule(solved: dict[str, Any]) -> str:
    """Say what was read, from where, what was asked for, and where the doctor by itself differs."""
    words, own = str(solved["words"]), solved["by_itself"]
    differs = solved["solved"] is not None and solved["solved"] != (own == "learnt")
    return f"{words} ({_BY_ITSELF[own]})" if differs and own in _BY_ITSELF else words


def _finite(value: float | str | None) -> float:
    """Return a number; 0 for one that isn't known or isn't finite, which JSON has as a word."""
    return value if isinstance(value, int | float) and math.isfinite(value) else 0.0


def _misleads(report: dict[str, Any], at_end: float, constant: float) -> bool:
    """Whether the last batch's loss is another than that of the rows asked, of which the constant's is."""
    losses = [
        one[mode]["loss"]
        for one in report["outcome"].get("asked", ())
        for mode in ("train_mode", "eval_mode")
        if one[mode]["loss"] is not None
    ]
    is_asked = any(math.isclose(loss, at_end, rel_tol=1e-6) for loss in losses)
    return is_asked and abs(_finite(report["card"]["last_loss"]) - at_end) > APART * constant


def _other_unit(first: Any, constant: float, last: Any, at_end: float) -> bool:
    """Whether backward() got the loss divided, by the batches that a step gathers, say, or summed.

    Then it's so much smaller, or larger, at both ends: at the start than that of a constant answer. Or less
    so, but by the same number at both.
    """
    ratios = [_finite(first) / constant, _finite(last) / at_end]
    apart = max(ratios) / min(ratios) if min(ratios) > 0 else math.inf
    least = ALIKE if apart < ALIKE else UNLIKE
    return all(0 < ratio < 1 / least for ratio in ratios) or all(ratio > least for ratio in ratios)


def _reached(outcome: dict[str, Any]) -> str:
    """Say how good the network is on its own data, and how good 5 nearest neighbours are."""
    if outcome.get("reached") is None:
        return ""
    text = f"{outcome['reached_as']} {_number(outcome['reached'])}"
    if outcome.get("reached_on"):
        text += f" on {outcome['reached_on']}"
    text += _other_mode(outcome)
    commonest = outcome.get("commonest_class")
    if commonest is not None and outcome["reached"] <= commonest + NEAR:
        text += f"; the commonest class alone has {_number(commonest)}"
    neighbours = outcome["neighbours_reach"]
    return text if neighbours is None else f"{text}; 5 nearest neighbours reach {_number(neighbours)}"


def _other_mode(outcome: dict[str, Any]) -> str:
    """Say what the same rows gave in the other mode, where that is clearly another result."""
    for one in reversed(outcome.get("asked", ())):
        reached = {name: one[f"{name}_mode"]["reached"] for name in ("train", "eval")}
        here = next((name for name, value in reached.items() if value == outcome["reached"]), None)
        other = {"train": "eval", "eval": "train"}.get(here or "")
        if other is None or f"in {here} mode" not in (outcome["reached_on"] or ""):
            continue
        if reached[other] is not None and abs(reached[other] - outcome["reached"]) > APART:
            return f", {_number(reached[other])} in {other} mode"
    return ""


def _shape(shape: list[int]) -> str:
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"


def _number(value: Any) -> str:
    if value is None:
        return "unknown"
    return format_number(value) if isinstance(value, int | float) else str(value)
