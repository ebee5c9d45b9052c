"""Weights start far too small or far too large for their number of inputs, in most layers without a norm."""

from __future__ import annotations

import math

from trainlab.diagnosis.fault import Explains, Fault
from trainlab.diagnosis.finding import Finding
from trainlab.diagnosis.pictures.kinds import Picture, bars
from trainlab.diagnosis.place import Place
from trainlab.diagnosis.remedies.common_remedies import initialized
from trainlab.diagnosis.signals.training import Training, named

SMALL, LARGE, UNFIT = 0.15, 4.0, 0.5


def judge(training: Training) -> Finding | None:
    """Fire where the training fails and std(w)·√fan_in is outside [0.15, 4] in more than half of the layers.

    Above 4 also where the loss stays above half of the best constant's. PyTorch's default gives 0.58, Xavier
    about 1, He 1.4.
    """
    failing, state = training.learning.failing, training.learning.state
    unfit = not failing and state in ("learnt", "poor") and training.learning.ratio > UNFIT
    if not failing and not unfit:
        return None
    gains = dict(_gains(training))
    off = {name: gain for name, gain in gains.items() if gain > LARGE or (0 < gain < SMALL and not unfit)}
    if len(off) <= 0.5 * len(gains) or not off:
        return None
    shown = ", ".join(f"{name} {gain:.2g}" for name, gain in list(off.items())[:8])
    return Finding(
        place=Place(kind="parameters", parameters=tuple(off)),
        where=named(off),
        confidence=0.8,
        evidence=(
            f"std(w)·√fan_in at the start: {shown}; "
            "0.58 is PyTorch's default, 1 to 1.4 preserve a signal's size",
            training.learning.words,
        ),
        remedy="Initialize with Xavier (tanh, sigmoid) or He (ReLU).",
        code="torch.nn.init.kaiming_uniform_(layer.weight, nonlinearity='relu')",
    )


def _gains(training: Training) -> list[tuple[str, float]]:
    """Return std(w)·√fan_in of each weight at the start; an embedding multiplies nothing."""
    return [
        (param.name, param.start.std * (param.size / param.shape[0]) ** 0.5)
        for param in training.weights()
        if param.start and "Embedding" not in param.module_kind
    ]


def _picture(training: Training) -> Picture | None:
    """std(w)·√fan_in of each weight at the start."""
    pairs = [(name, gain) for name, gain in _gains(training) if gain > 0]
    return bars(
        "Scale of the weights at the start, input first",
        "std(w)·√fan_in",
        pairs,
        log=True,
        usual=(0.5, 1.5),
        worst=lambda value: abs(math.log(value)),
    )


FAULT = Fault(
    name="bad_weight_init",
    family="The start",
    title="the weights start far too small or far too large",
    what="Signals and gradients shrink, or grow, by the same factor in every layer.",
    formula=f"The training fails, and std(w)·√fan_in is outside [{SMALL:g}, {LARGE:g}] in over half "
    "of the layers.",
    source="PyTorch's default gives 0.58, Glorot and Bengio 2010 about 1, He et al. 2015 1.41.",
    silent="the training succeeds: norm layers take care of the scale.",
    remedy="Use Xavier initialization for tanh and sigmoid, He for ReLU.",
    see=("init",),
    judge=judge,
    picture=_picture,
    remedies=(initialized("default"), initialized("xavier")),
    explains=(
        Explains(
            (
                "exploding_gradient",
                "vanishing_gradient",
                "dead_relu",
                "saturated_activation",
                "lr_too_low",
                "loss_plateau",
            ),
            "every layer's weights scale the signal and its gradient",
        ),
    ),
    signals=("gain",),
)
