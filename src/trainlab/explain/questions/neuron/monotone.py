"""What a neuron's line says of its output: that hangs on whether its activation only rises."""

from __future__ import annotations

from typing import Final

import numpy as np

from trainlab.explain.questions.neuron.decompose import Neuron

_RISING: Final = (
    "linear identity tanh sigmoid logsigmoid hardtanh hardsigmoid softsign softplus "
    "relu relu6 leakyrelu elu celu selu"
)
"""Activations that never fall, by trainlab's names and PyTorch's, without case and underscores."""

_BENT: Final = ("gelu", "silu", "mish", "hardswish")
"""Those that fall somewhere and yet are above f(0) just where z is above 0."""


def falls(neuron: Neuron) -> bool | None:
    """Return whether the activation falls somewhere; None if that isn't known."""
    name = _plain(neuron.activation)
    if name in _BENT or _seen_falling(neuron):
        return True
    return False if name in _RISING.split() else None


def side_words(neuron: Neuron, share: str, level: str) -> str:
    """Return where the output is above `level`, f(0), on `share` of the plane."""
    if falls(neuron) is False or _plain(neuron.activation) in _BENT:
        return f"On one side of it, {share}, z is above 0 and the output above {level}."
    return f"The output is above {level} on {share}, which need not be one side of that line."


def line_words(neuron: Neuron) -> str:
    """Return what one such neuron can tell apart."""
    found = falls(neuron)
    if found is False:
        return "One neuron can tell apart only what one straight line can."
    if found:
        return (
            f"Since {neuron.activation} both rises and falls, one such neuron can tell apart what no single "
            "straight line can."
        )
    return (
        f"Whether {neuron.activation} ever falls isn't known here; only if it never does, one such neuron "
        "can tell apart no more than one straight line can."
    )


def _seen_falling(neuron: Neuron) -> bool:
    """Return whether the outputs fall, by more than rounding, as z rises over the curve drawn."""
    values = neuron.curve[1]
    return bool((np.diff(values) < -1e-9 * max(1.0, float(np.abs(values).max()))).any())


def _plain(name: str) -> str:
    return name.replace("_", "").lower()
