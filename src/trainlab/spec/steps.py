"""What else happens in a training step besides loss and optimizer: gradient, clipping, penalty, noise."""

from __future__ import annotations

from typing import Literal

from trainlab.errors import SpecError
from trainlab.spec.checks import check_number
from trainlab.spec.fields import convert_fields
from trainlab.spec.parts import Part

Gradient = Literal["plain", "equalised"]
"""What a step does to the gradient, penalty included, before clipping.

``"plain"`` leaves it as it is. ``"equalised"`` makes every layer's as large as the last one's, L: with mᵢ the
mean |gradient| of the weights of layer i in a step, its size is sᵢ ← 0.9 sᵢ + mᵢ, from 0 when the training
begins; and the gradients of weights and biases of each layer i < L become (g / sᵢ) · s_L. A layer whose sᵢ is
0 is left as it is. There is no cap: with the division first, no gradient leaves float32's range, however
small sᵢ is.

The sizes are sums over about ten steps. With those of a single step every example would have another weight
in every layer, and steps on single examples would no longer lead down the loss.
"""


class Clip(Part, frozen=True, kw_only=True):
    """Cap the gradient's `norm` over all parameters, or the `value` of each element, but not both.

    As ``torch.nn.utils.clip_grad_norm_`` (L2) and ``clip_grad_value_``.
    """

    norm: float | None = None
    value: float | None = None

    def __post_init__(self) -> None:
        convert_fields(self)
        for field, number in (("norm", self.norm), ("value", self.value)):
            if number is not None:
                check_number(field, number, above=0)
        if self.norm is not None and self.value is not None:
            raise SpecError(f"norm = {self.norm:g}, value = {self.value:g}: set only one of the two.")


class Penalty(Part, frozen=True, kw_only=True):
    """Add l1 · Σ|w| + l2 · Σw², over the weights but not the biases, to the loss that is trained.

    Recorded losses and gradients are without it.
    """

    l1: float = 0.0
    l2: float = 0.0

    def __post_init__(self) -> None:
        convert_fields(self)
        check_number("l1", self.l1, at_least=0)
        check_number("l2", self.l2, at_least=0)


class Noise(Part, frozen=True, kw_only=True):
    """Add N(0, std²) to each input every time a training step sees it."""

    std: float = 0.0

    def __post_init__(self) -> None:
        convert_fields(self)
        check_number("std", self.std, at_least=0)
