"""A fully connected network as plain data: its widths and which of its layers have a bias."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from trainlab.budgets.checks import check_whole
from trainlab.errors import BudgetError


@dataclass(frozen=True, kw_only=True, slots=True)
class Layer:
    """The trainable parameters of one linear layer, as in ``torch.nn.Linear(fan_in, fan_out)``."""

    name: str
    """Hidden layers are "1", "2", … from the inputs on; the last layer is "output"."""
    fan_in: int
    fan_out: int
    weights: int
    biases: int

    @property
    def parameters(self) -> int:
        """Weights and biases together."""
        return self.weights + self.biases

    def to_dict(self) -> dict[str, str | int]:
        """Return the row as plain data."""
        return {
            "name": self.name,
            "fan_in": self.fan_in,
            "fan_out": self.fan_out,
            "weights": self.weights,
            "biases": self.biases,
            "parameters": self.parameters,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Architecture:
    """One fully connected network. Raises BudgetError if the two tuples don't describe one."""

    widths: tuple[int, ...]
    """Inputs, hidden layers, outputs: two entries or more."""
    biases: tuple[bool, ...]
    """One flag per layer, the output layer last: one entry fewer than `widths`."""

    def __post_init__(self) -> None:
        if len(self.widths) < 2:
            raise BudgetError(
                f"widths={self.widths!r} is not a network; allowed are two widths or more, "
                "inputs first and outputs last: write for example (2, 11, 1)."
            )
        for width in self.widths:
            check_whole("width", width, least=1)
        if len(self.biases) != len(self.widths) - 1:
            raise BudgetError(
                f"biases={self.biases!r} has {len(self.biases)} entries; allowed is one a layer, "
                f"{len(self.widths) - 1} for widths={self.widths!r}: add or remove flags."
            )
        if any(type(flag) is not bool for flag in self.biases):
            raise BudgetError(
                f"biases={self.biases!r} holds something other than flags; "
                "allowed are True and False: write one of them for each layer."
            )

    @property
    def layers(self) -> tuple[Layer, ...]:
        """One record per layer, from the inputs on."""
        last = len(self.biases) - 1
        return tuple(
            Layer(
                name="output" if i == last else str(i + 1),
                fan_in=fan_in,
                fan_out=fan_out,
                weights=fan_in * fan_out,
                biases=fan_out if self.biases[i] else 0,
            )
            for i, (fan_in, fan_out) in enumerate(pairwise(self.widths))
        )

    @property
    def parameters(self) -> int:
        """The number of trainable parameters: over all layers, fan_in · fan_out (+ fan_out if biased)."""
        pairs = zip(pairwise(self.widths), self.biases, strict=True)
        return sum((fan_in + bias) * fan_out for (fan_in, fan_out), bias in pairs)

    def __str__(self) -> str:
        return "-".join(map(str, self.widths)) + _bias_note(self.biases)

    def to_dict(self) -> dict[str, object]:
        """Return the network as plain data."""
        return {
            "name": str(self),
            "widths": list(self.widths),
            "biases": list(self.biases),
            "parameters": self.parameters,
        }


def _bias_note(biases: tuple[bool, ...]) -> str:
    """Say which layers lack a bias; nothing when none does."""
    if all(biases):
        return ""
    if not any(biases):
        return " (no bias)"
    without = [str(i + 1) for i, bias in enumerate(biases[:-1]) if not bias]
    if not biases[-1]:
        without.append("output")
    if without == ["output"]:
        return " (no bias: output)"
    return f" (no bias: {'layer' if len(without) == 1 else 'layers'} {', '.join(without)})"
