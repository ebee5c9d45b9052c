"""The card of facts as rows of words, and the sentences around a report."""

from __future__ import annotations

from typing import Any

from trainlab.draw import counted, format_number

FEW_ROWS = 8
"""The loss of a batch of fewer rows says little about that of the data."""


def card_rows(report: dict[str, Any]) -> list[tuple[str, str]]:
    """Return label and words of each fact."""
    card = report["card"]
    rows = [("model", _model(model)) for model in card["models"]]
    if card["unregistered_parameters"]:
        rows.append(("", f"and {card['unregistered_parameters']:,} values that no module has registered"))
    rows += [("head", card["output_head"])] if card["output_head"] else []
    for optimizer in card["optimizers"]:
        rows.append(("optimizer", _optimizer(optimizer)))
    for loss in card["losses"]:
        shapes = f"output {_shape(loss['output_shape'])}, target {_shape(loss['target_shape'])}"
        kind = "written by hand" if loss["kind"] == "difference" else loss["kind"]
        rows.append(("loss", f"{kind} at {loss['where']}: {shapes} {loss['target_dtype']}"))
    rows += _data(card)
    rows += [("modes", words) for model in card["models"] if (words := _modes(model))]
    if card["first_loss"] is not None:
        rows.append(("training", _training(report)))
    rows += [("reached", words) for words in [_reached(report["outcome"])] if words]
    return rows


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


def _data(card: dict[str, Any]) -> list[tuple[str, str]]:
    rows: list[tuple[str, str]] = []
    if card["batch"]:
        rows.append(("batch", f"input {_shape(card['batch'])}"))
    if card["loaders"]:
        rows.append(("loaders", "; ".join(_loader(one) for one in card["loaders"])))
    length = counted(card["steps"], "step")
    if card["epochs"] is not None:
        length += f", about {format_number(card['epochs'])} epoch{'' if card['epochs'] == 1 else 's'}"
    passes = card["backward_passes"]
    rows.append(("length", f"{length}, {passes:,} backward pass{'es' if passes != 1 else ''}"))
    return rows


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
        f"{count:,} {purpose} passes in {mode}"
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
    if constant and share is not None and batch and batch[0] < FEW_ROWS:
        text += f" in single steps, {_number(share * constant)} over the data at the end"
    if isinstance(constant, float):
        text += f"; the best constant answer has {_number(constant)}"
    return text


def _reached(outcome: dict[str, Any]) -> str:
    """Say how good the network is on its own data, and how good 5 nearest neighbours are."""
    if outcome.get("reached") is None:
        return ""
    text = f"{outcome['reached_as']} {_number(outcome['reached'])}"
    if outcome.get("reached_on"):
        text += f" on {outcome['reached_on']}"
    neighbours = outcome["neighbours_reach"]
    return text if neighbours is None else f"{text}; 5 nearest neighbours reach {_number(neighbours)}"


def looked_at_line(report: dict[str, Any]) -> str:
    """Say what was looked at: "nothing found" is worth no more than that."""
    looked = report["looked_at"]
    parts = [
        counted(looked["steps"], "step"),
        counted(looked["graphs"], "autograd graph"),
        counted(looked["parameters"], "parameter tensor"),
        counted(looked["activations"], "activation"),
        f"{looked['batches']:,} batches",
        counted(looked["losses"], "place") + " where outputs meet targets",
    ]
    text = f"Looked at: {', '.join(parts)}."
    if looked["compiled_calls"]:
        calls = counted(looked["compiled_calls"], "call")
        text += (
            f" Of {calls} of compiled code only what goes in and comes out; "
            "TORCH_COMPILE_DISABLE=1 shows the doctor the rest."
        )
    return text


def is_loss_curve(picture: dict[str, Any] | None, curve: dict[str, Any] | None) -> bool:
    """Whether a finding's picture is the loss over the steps, which the report's `curve` shows with more."""
    if not picture or not curve or picture["kind"] != "lines" or len(picture["lines"]) != 1:
        return False
    return all(picture["lines"][0][axis] == curve["lines"][0][axis] for axis in ("x", "y"))


def tried_lines(finding: dict[str, Any]) -> list[str]:
    """Return what trying each remedy came to; empty where none was tried."""
    tried: dict[str, Any] | None = finding["tried"]
    if tried is None:
        return []
    return [f"With {one['words']}" for one in tried["remedies"]] or [str(tried["words"])]


def ending_line(ended: dict[str, Any]) -> str:
    """Say how the script came to its end."""
    words = {
        "end": "The script ran to its end.",
        "exit": f"The script ended itself with exit code {ended.get('code')}.",
        "time": "Ended when the time given was over.",
        "interrupted": "Stopped early.",
    }
    how = str(ended.get("how"))
    if how == "error":
        where = f" at {ended['where']}" if ended.get("where") else ""
        return f"The script failed{where}: {ended.get('message')}"
    return words.get(how) or str(ended.get("message") or how)


def _shape(shape: list[int]) -> str:
    return f"({', '.join(map(str, shape))}{',' if len(shape) == 1 else ''})"


def _number(value: Any) -> str:
    if value is None:
        return "unknown"
    return format_number(value) if isinstance(value, int | float) else str(value)
