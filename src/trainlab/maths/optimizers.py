"""Optimizers: one step in float64, with PyTorch's definitions, defaults and order of operations.

``step(parameters, gradient, state, t, **settings)`` takes arrays of one shape ``[...]``, the state that
`initial_state` begins, and the step number t = 1, 2, …; it returns new parameters and state.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trainlab.maths import optimizer_steps

Array = npt.NDArray[np.float64]
State = tuple[Array, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Optimizer:
    """A rule that turns a gradient into a step.

    ``state_size`` arrays are carried from step to step, one more with amsgrad. ``torch_class`` is the class
    of ``torch.optim``, None where it has none. ``momentum`` names the setting that a schedule with cycling
    momentum replaces (the first of ``betas``), None if there is nothing to cycle.
    """

    name: str
    code: int
    formula: str
    citation: str
    torch_class: str | None
    state_size: int
    momentum: str | None
    step: Callable[..., tuple[Array, State]]


def initial_state(name: str, shape: tuple[int, ...], **settings: object) -> State:
    """Return the state before the first step of the optimizer `name`, arrays of the parameters' shape."""
    count = OPTIMIZERS[name].state_size + bool(settings.get("amsgrad", False))
    arrays = [np.zeros(shape) for _ in range(count)]
    if name == "adagrad":
        arrays[0] += float(str(settings.get("initial_accumulator_value", 0.0)))
    if name == "nadam":
        arrays[2] += 1.0
    return tuple(arrays)


_TABLE = (
    Optimizer(
        name="sgd",
        code=0,
        formula=(
            "g ← g + weight_decay · w, b ← momentum · b + (1 − dampening) g (at first b ← g), "
            "w ← w − lr · b, with nesterov w ← w − lr (g + momentum · b)"
        ),
        citation="Robbins & Monro 1951; Sutskever et al., ICML 2013; torch.optim.SGD",
        torch_class="SGD",
        state_size=1,
        momentum="momentum",
        step=optimizer_steps.sgd_step,
    ),
    Optimizer(
        name="adam",
        code=1,
        formula=(
            "g ← g + weight_decay · w, m ← m + (1 − β₁)(g − m), v ← β₂ v + (1 − β₂) g², "
            "w ← w − lr/(1 − β₁ᵗ) · m / (√v/√(1 − β₂ᵗ) + eps); amsgrad: the largest v so far"
        ),
        citation="Kingma & Ba, ICLR 2015; Reddi et al., ICLR 2018 (amsgrad); torch.optim.Adam",
        torch_class="Adam",
        state_size=2,
        momentum="betas",
        step=optimizer_steps.adam_step,
    ),
    Optimizer(
        name="adamw",
        code=2,
        formula="w ← w (1 − lr · weight_decay), then Adam's step with the gradient as it is",
        citation="Loshchilov & Hutter, ICLR 2019; torch.optim.AdamW",
        torch_class="AdamW",
        state_size=2,
        momentum="betas",
        step=optimizer_steps.adamw_step,
    ),
    Optimizer(
        name="nadam",
        code=3,
        formula=(
            "μₜ = β₁ (1 − 0.96^(t · momentum_decay)/2), m and v as Adam's, v̂ = v/(1 − β₂ᵗ), "
            "w ← w − lr ((1 − μₜ)/(1 − Πμ) g + μₜ₊₁/(1 − Πμ · μₜ₊₁) m) / (√v̂ + eps)"
        ),
        citation="Dozat, ICLR workshop 2016; torch.optim.NAdam",
        torch_class="NAdam",
        state_size=3,
        momentum="betas",
        step=optimizer_steps.nadam_step,
    ),
    Optimizer(
        name="radam",
        code=4,
        formula=(
            "ρ∞ = 2/(1 − β₂) − 1, ρₜ = ρ∞ − 2 t β₂ᵗ/(1 − β₂ᵗ), m̂ = m/(1 − β₁ᵗ); ρₜ ≤ 5: w ← w − lr · m̂; else "
            "w ← w − lr · m̂ rₜ √(1 − β₂ᵗ)/(√v + eps), rₜ² = (ρₜ−4)(ρₜ−2)ρ∞ / ((ρ∞−4)(ρ∞−2)ρₜ)"
        ),
        citation="Liu et al., ICLR 2020; torch.optim.RAdam",
        torch_class="RAdam",
        state_size=2,
        momentum="betas",
        step=optimizer_steps.radam_step,
    ),
    Optimizer(
        name="rmsprop",
        code=5,
        formula=(
            "v ← alpha · v + (1 − alpha) g², centered: a ← a + (1 − alpha)(g − a) and v − a² for v below; "
            "b ← momentum · b + g / (√v + eps), w ← w − lr · b"
        ),
        citation="Tieleman & Hinton, Coursera lecture 6.5, 2012; Graves 2013; torch.optim.RMSprop",
        torch_class="RMSprop",
        state_size=3,
        momentum="momentum",
        step=optimizer_steps.rmsprop_step,
    ),
    Optimizer(
        name="adagrad",
        code=6,
        formula="s ← s + g², w ← w − lr/(1 + (t − 1) lr_decay) · g / (√s + eps)",
        citation="Duchi, Hazan & Singer, JMLR 12, 2011; torch.optim.Adagrad",
        torch_class="Adagrad",
        state_size=1,
        momentum=None,
        step=optimizer_steps.adagrad_step,
    ),
    Optimizer(
        name="adadelta",
        code=7,
        formula=(
            "v ← rho · v + (1 − rho) g², Δ = √(u + eps)/√(v + eps) · g, u ← rho · u + (1 − rho) Δ², "
            "w ← w − lr · Δ"
        ),
        citation="Zeiler, arXiv:1212.5701, 2012; torch.optim.Adadelta",
        torch_class="Adadelta",
        state_size=2,
        momentum=None,
        step=optimizer_steps.adadelta_step,
    ),
    Optimizer(
        name="lion",
        code=8,
        formula=(
            "w ← w − lr · weight_decay · w, w ← w − lr · sign(β₁ m + (1 − β₁) g), m ← β₂ m + (1 − β₂) g"
        ),
        citation="Chen et al., NeurIPS 2023",
        torch_class=None,
        state_size=1,
        momentum="betas",
        step=optimizer_steps.lion_step,
    ),
)

OPTIMIZERS: dict[str, Optimizer] = {entry.name: entry for entry in _TABLE}
"""Every optimizer by name."""
