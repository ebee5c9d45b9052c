"""Biases so large that they settle a unit's state whatever comes in, or answer far from any target."""

from __future__ import annotations

from trainlab.diagnosis.fault import Explains, Fault
from trainlab.diagnosis.finding import Finding
from trainlab.diagnosis.observed.record import FirstValues, ParamRecord
from trainlab.diagnosis.pictures.kinds import Picture, bars
from trainlab.diagnosis.place import Place
from trainlab.diagnosis.remedies.common_remedies import initialized
from trainlab.diagnosis.signals.training import Training, named

LARGE = 2.5


def judge(training: Training) -> Finding | None:
    """Fire where the training fails and biases, or those of an LSTM's or GRU's gate, start at 2.5 or more."""
    if not training.learning.failing:
        return None
    last = min((param.depth for param in training.weights()), default=0)
    heads = {param.name.rpartition(".")[0] for param in training.weights() if param.depth <= last}
    found = [
        param
        for param in training.record.params.values()
        if param.name.rpartition(".")[2].startswith("bias")
        and param.reached
        and bias_size(param) >= LARGE
        and (param.name.rpartition(".")[0] not in heads or _misses_the_targets(training, param))
    ]
    if not found:
        return None
    shown = ", ".join(_in_words(param) for param in found[:6])
    return Finding(
        place=Place(kind="parameters", parameters=tuple(param.name for param in found)),
        where=named(param.name for param in found),
        confidence=0.85,
        evidence=(f"at the start: {shown}; PyTorch's default is below 1/√fan_in", training.learning.words),
        remedy="Start biases at 0.",
        code="torch.nn.init.zeros_(layer.bias)",
    )


def _gates(param: ParamRecord) -> float:
    """Return the largest |mean| over the gates of a recurrent layer's bias; 0 of other layers."""
    if param.start and param.module_kind.startswith("LSTM"):
        return param.start.largest_quarter
    if param.start and param.module_kind.startswith("GRU"):
        return param.start.largest_third
    return 0.0


def bias_size(param: ParamRecord) -> float:
    """Return the mean size of a bias, or of that gate of it which starts largest."""
    return max(param.start.mean_abs, _gates(param)) if param.start else 0.0


def _in_words(param: ParamRecord) -> str:
    start = param.start or FirstValues()
    if start.mean_abs < LARGE:
        return f"{param.name} mean |b| {_gates(param):.3g} in one gate"
    return f"{param.name} mean {start.mean:.3g}"


def _misses_the_targets(training: Training, param: ParamRecord) -> bool:
    """The last bias is rightly set to the targets' mean; not to numbers far from them all."""
    main = training.learning.main
    if param.start is None or main is None or main.target_high < main.target_low:
        return False
    span = max(main.target_high - main.target_low, 1e-12)
    return not main.target_low - span <= param.start.mean <= main.target_high + span


def _picture(training: Training) -> Picture | None:
    """The mean size of each layer's biases at the start, of a gated layer that of its largest gate."""
    found = [
        param
        for param in training.record.params.values()
        if param.name.rpartition(".")[2].startswith("bias") and param.reached and param.start
    ]
    pairs = [(param.name, bias_size(param)) for param in sorted(found, key=lambda one: -one.depth)]
    title = "Biases at the start, input first"
    return bars(title, "mean |b|, or that of a gate", pairs, usual=(0.0, 1.0), worst=lambda value: value)


FAULT = Fault(
    name="bad_bias_init",
    family="The start",
    title="biases start so large that they dominate",
    what="The bias alone settles a unit's state, dead or saturated, whatever comes in.",
    formula=f"The training fails, and biases of a layer start with mean |b| of {LARGE:g} or more.",
    source="PyTorch's default is below 1/√fan_in; a unit's inputs have a spread near 1.",
    silent="the training succeeds (a gate's bias of 1, the output's mean).",
    remedy="Start biases at 0.",
    see=("init",),
    judge=judge,
    picture=_picture,
    remedies=(initialized("biases"),),
    explains=(
        Explains(
            ("vanishing_gradient", "dead_relu", "saturated_activation", "loss_plateau"),
            "the biases alone decide what the units do",
        ),
    ),
)
