"""What an output activation can say, and the factor its slope puts into the gradient.

Formulas are written so that a program can read them: ``p`` is the output, ``z`` the last sum, ``y`` the
target, ``[…]`` is 1 where the condition holds and 0 elsewhere, ``Σ`` sums over the outputs of an example, and
what follows a comma defines a name. The tests evaluate them and compare with autograd.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

INFINITY = math.inf


@dataclass(frozen=True, kw_only=True, slots=True)
class Output:
    """An output activation: its outputs lie between `low` and `high`; `factor` is ∂p/∂z, empty for 1.

    `shuts_off` says where that factor is 0 or nearly so, empty if nowhere.
    """

    name: str
    low: float
    high: float
    factor: str
    shuts_off: str = ""

    @property
    def reach(self) -> str:
        """Where the outputs lie, in words."""
        low, high = (f"{end:.3g}".replace("-", "−") for end in (self.low, self.high))
        if self.low == -INFINITY:
            return "any number" if self.high == INFINITY else f"numbers of {high} or less"
        return f"numbers of {low} or more" if self.high == INFINITY else f"numbers from {low} to {high}"

    def spans(self, low: float, high: float) -> bool:
        """Whether the outputs reach from `low` to `high`, if only in the limit."""
        return self.low <= low and high <= self.high

    @property
    def bounded(self) -> bool:
        """Whether the outputs have an end on both sides."""
        return self.low > -INFINITY and self.high < INFINITY


_TABLE = (
    Output(name="linear", low=-INFINITY, high=INFINITY, factor=""),
    Output(name="tanh", low=-1, high=1, factor="(1 − p²)", shuts_off="where p is near −1 or 1"),
    Output(name="sigmoid", low=0, high=1, factor="p·(1 − p)", shuts_off="where p is near 0 or 1"),
    Output(name="relu", low=0, high=INFINITY, factor="[z > 0]", shuts_off="wherever z ≤ 0"),
    Output(name="leaky_relu", low=-INFINITY, high=INFINITY, factor="(0.01 + 0.99·[z > 0])"),
    Output(name="elu", low=-1, high=INFINITY, factor="exp(min(z, 0))", shuts_off="where p is near −1"),
    Output(
        name="selu",
        low=-1.7580993408473768,
        high=INFINITY,
        factor="1.0507009873554805·([z > 0] + 1.6732632423543772·exp(min(z, 0))·[z ≤ 0])",
        shuts_off="where p is near −1.76",
    ),
    # The least values of x Φ(x) and of x σ(x).
    Output(name="gelu", low=-0.16997120747, high=INFINITY, factor="(Φ(z) + z·φ(z))", shuts_off="far below 0"),
    Output(
        name="silu",
        low=-0.27846454276,
        high=INFINITY,
        factor="σ(z)·(1 + z·(1 − σ(z)))",
        shuts_off="far below 0",
    ),
    Output(name="softplus", low=0, high=INFINITY, factor="σ(z)", shuts_off="where p is near 0"),
    Output(name="hardtanh", low=-1, high=1, factor="[|z| < 1]", shuts_off="wherever p is −1 or 1"),
    Output(name="sin", low=-1, high=1, factor="cos(z)", shuts_off="where p is near −1 or 1"),
    # Of these two every output depends on all the sums: their factor takes the loss's slope g by all outputs.
    Output(
        name="softmax",
        low=0,
        high=1,
        factor="p·(g − Σ(g·p))",
        shuts_off="where p is near 0 or 1",
    ),
    Output(name="log_softmax", low=-INFINITY, high=0, factor="g − exp(p)·Σ(g)"),
)

OUTPUTS: dict[str, Output] = {entry.name: entry for entry in _TABLE}
"""Every output activation by name."""

OVER_OUTPUTS = ("softmax", "log_softmax")
"""Those whose outputs depend on all the sums of an example."""
