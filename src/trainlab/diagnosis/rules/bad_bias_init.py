"""Biases so large that they decide a unit's state whatever comes in, or answers far from any target."""

from __future__ import annotations

from trainlab.diagnosis.findings import Finding
from trainlab.diagnosis.seen import ParamSeen
from trainlab.diagnosis.signals.case import Case, named

FAULT = "bad_bias_init"
LARGE = 2.5


def judge(case: Case) -> Finding | None:
    """Fire where the training fails and biases, or those of an LSTM's or GRU's gate, start at 2.5 or more."""
    if not case.learning.failing:
        return None
    last = min((param.depth for param in case.weights()), default=0)
    heads = {param.name.rpartition(".")[0] for param in case.weights() if param.depth <= last}
    found = [
        param
        for param in case.seen.params.values()
        if param.name.rpartition(".")[2].startswith("bias")
        and param.reached
        and bias_size(param) >= LARGE
        and (param.name.rpartition(".")[0] not in heads or _misses_the_targets(case, param))
    ]
    if not found:
        return None
    shown = ", ".join(_in_words(param) for param in found[:6])
    return Finding(
        fault=FAULT,
        where=named(param.name for param in found),
        confidence=0.85,
        evidence=(f"at the start: {shown}; PyTorch's default is below 1/√fan_in", case.learning.words),
        remedy="Start biases at 0.",
        code="torch.nn.init.zeros_(layer.bias)",
    )


def _gates(param: ParamSeen) -> float:
    """Return the largest |mean| over the gates of a recurrent layer's bias; 0 of other layers."""
    kind = param.module_kind
    part = "largest_quarter" if kind.startswith("LSTM") else "largest_third" if kind.startswith("GRU") else ""
    return param.start.get(part, 0.0)


def bias_size(param: ParamSeen) -> float:
    """Return the mean size of a bias, or of that gate of it which starts largest."""
    return max(param.start.get("mean_abs", 0.0), _gates(param))


def _in_words(param: ParamSeen) -> str:
    if param.start["mean_abs"] < LARGE:
        return f"{param.name} {_gates(param):.3g} in size in the mean of one gate"
    return f"{param.name} mean {param.start['mean']:.3g}"


def _misses_the_targets(case: Case, param: ParamSeen) -> bool:
    """The last bias is rightly set to the targets' mean; not to numbers far from them all."""
    main = case.learning.main
    if main is None or main.target_high < main.target_low:
        return False
    span = max(main.target_high - main.target_low, 1e-12)
    return not main.target_low - span <= param.start["mean"] <= main.target_high + span
