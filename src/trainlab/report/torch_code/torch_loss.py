"""The loss of a cell's script, its predictions, and when it calls a run solved."""

from __future__ import annotations

import msgspec

from trainlab.maths import LINKS, LOSSES
from trainlab.spec import Accuracy, Custom, Experiment, Loss, LossBelow, name_of


def loss_lines(experiment: Experiment) -> list[str]:
    """Return the lines that make ``criterion``."""
    if isinstance(experiment.loss, Custom):
        own = experiment.loss.function
        return [
            "",
            "def criterion(outputs, targets):",
            f"    # The loss registered as {own!r}, of (prediction, target): define it above.",
            f"    return {own}(outputs, targets).mean()",
            "",
            "",
        ]
    entry = LOSSES[name_of(experiment.loss)]
    if entry.torch_code:
        return ["", "def criterion(outputs, targets):", *(f"    {line}" for line in entry.torch_code), "", ""]
    settings = ", ".join(f"{key}={value!r}" for key, value in msgspec.structs.asdict(experiment.loss).items())
    return [f"criterion = nn.{entry.torch_class}({settings})"]


def prediction_code(experiment: Experiment, outputs: str) -> str:
    """Return code for the predictions that the outputs stand for."""
    return LINKS[loss_link(experiment.loss)].torch_code.format(outputs)


def loss_link(loss: Loss) -> str:
    """Return the name of the link; a loss of one's own is of predictions."""
    return "identity" if isinstance(loss, Custom) else LOSSES[name_of(loss)].link


def solved_lines(experiment: Experiment) -> list[str]:
    """Return the lines of the function ``solved()``."""
    rule, part = experiment.solved, "held_out_" if experiment.solved.on == "held_out" else ""
    outputs = f"network({part}inputs)"
    lines = ["", "@torch.no_grad()", "def solved():"]
    if isinstance(rule, LossBelow):
        return [*lines, f"    return bool(criterion({outputs}, {part}targets) < {rule.loss!r})", "", ""]
    lines.append(f"    predictions = {prediction_code(experiment, outputs)}")
    if not isinstance(rule, Accuracy):
        near = f"((predictions - {part}targets).abs() < {rule.within!r})"
        return [*lines, f"    return bool({near}.all())", "", ""]
    if experiment.data().outputs == 1:
        right = f"(predictions > 0.5) == ({part}targets > 0.5)"
    else:
        right = f"predictions.argmax(dim=1) == {part}targets.argmax(dim=1)"
    share = [f"    right = {right}", f"    return right.double().mean().item() >= {rule.accuracy!r}"]
    return [*lines, *share, "", ""]
