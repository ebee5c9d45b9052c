"""Hidden biases so large that they decide a unit's state whatever comes in."""

from __future__ import annotations

from trainlab.diagnosis.findings import Finding
from trainlab.diagnosis.signals.case import Case, named

FAULT = "bad_bias_init"
LARGE = 2.5


def judge(case: Case) -> Finding | None:
    """Fire where the training fails and biases start at 2.5 or more in the mean."""
    if not case.learning.failing:
        return None
    found = [
        param
        for param in case.seen.params.values()
        if param.name.rpartition(".")[2].startswith("bias")
        and param.reached
        and param.start.get("mean_abs", 0) >= LARGE
    ]
    if not found:
        return None
    shown = ", ".join(f"{param.name} mean {param.start['mean']:.3g}" for param in found[:6])
    return Finding(
        fault=FAULT,
        where=named(param.name for param in found),
        confidence=0.85,
        evidence=(f"at the start: {shown}; PyTorch's default is below 1/√fan_in", case.learning.words),
        remedy="Start biases at 0.",
        code="torch.nn.init.zeros_(layer.bias)",
    )
