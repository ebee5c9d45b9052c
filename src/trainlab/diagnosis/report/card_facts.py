"""What was trained, and with what result: the card of a report as facts in words."""

from __future__ import annotations

import math
from typing import Any

from trainlab.draw import counted, format_number
from trainlab.page.section import Fact

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


def card_facts(report: dict[str, Any]) -> tuple[Fact, ...]:
    """Return what a report (as `Report.to_dict` has it) says of model, optimizer, loss, data and result."""
    card = report["card"]
    facts = [Fact("model", _model(model)) for model in card["models"]]
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


def _model(model: dict[str, Any]) -> str:
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
    at_end = share * constant if constant and share is not None else None
    if at_end is not None and batch and batch[0] < FEW_ROWS:
        text += f" in single steps, {_number(at_end)} over the data at the end"
    elif at_end and constant and _other_unit(card["first_loss"], constant, card["last_loss"], at_end):
        text += f" as backward() got it, {_number(at_end)} over the data at the end"
    elif at_end is not None and constant and _misleads(report, at_end, constant):
        text += f" in the last batch, {_number(at_end)} over the rows asked at the end"
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

    Then it's so much smaller, or larger, at both ends: at the start than that of a constant answer.
    """
    ratios = [_finite(first) / constant, _finite(last) / at_end]
    return all(0 < ratio < 1 / UNLIKE for ratio in ratios) or all(ratio > UNLIKE for ratio in ratios)


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
