"""A fully connected network as plain data, and the table of its layers' parameters."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from trainlab.errors import MOST_WHOLE, BudgetError, listing, nearest, shown, whole_number
from trainlab.plain import Plain

# Checks of arguments; an error gives the name, the value, what is allowed and what to do.


BIAS_RULES = ("yes", "no", "any")


def whole(name: str, value: object, *, least: int) -> int:
    """Return a whole number of at least `least`."""
    return whole_number(value, least=least, said=f"{name}={shown(value)}:", error=BudgetError)


def check_limits(name: str, least: int, most: int | None) -> None:
    """Raise BudgetError unless least <= most; `most` None means no upper limit."""
    if most is not None and most < least:
        raise BudgetError(
            f"max_{name}={most} is below min_{name}={least}; allowed are limits with min_{name} <= "
            f"max_{name}: raise max_{name} or lower min_{name}."
        )


def check_choice(name: str, value: object, allowed: tuple[str, ...]) -> None:
    """Raise BudgetError unless `value` is one of `allowed`; the error names the nearest one."""
    if not isinstance(value, str) or value not in allowed:
        raise BudgetError(
            f"{name}={shown(value)} is not known; allowed are {listing(allowed)}: "
            f"choose one of them.{nearest(str(value), allowed)}"
        )


# A fully connected network as plain data: its widths and which of its layers have a bias.


@dataclass(frozen=True, kw_only=True, slots=True)
class Layer(Plain):
    """The trainable parameters of one linear layer, as in ``torch.nn.Linear(fan_in, fan_out)``."""

    _written = "* parameters"

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


@dataclass(frozen=True, kw_only=True, slots=True)
class Architecture(Plain):
    """One fully connected network. Raises BudgetError if the two tuples don't describe one."""

    _written = "* parameters"

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
        if not all(type(width) is int and 0 < width <= MOST_WHOLE for width in self.widths):
            widths = tuple(whole("width", width, least=1) for width in self.widths)
            object.__setattr__(self, "widths", widths)
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
        return {"name": str(self), **Plain.to_dict(self)}


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


# The parameters of a network, layer by layer, as a table that prints itself.


_HEAD = ("layer", "in", "out", "weights", "biases", "parameters")


@dataclass(frozen=True, kw_only=True, slots=True)
class LayerTable:
    """Weights, biases and parameters of each layer, and their totals."""

    architecture: Architecture

    @property
    def rows(self) -> tuple[Layer, ...]:
        """One record a layer, from the inputs on."""
        return self.architecture.layers

    @property
    def weights(self) -> int:
        """Weights of all layers."""
        return sum(row.weights for row in self.rows)

    @property
    def biases(self) -> int:
        """Biases of all layers."""
        return sum(row.biases for row in self.rows)

    @property
    def parameters(self) -> int:
        """Trainable parameters of the network."""
        return self.architecture.parameters

    def cells(self) -> list[tuple[str, ...]]:
        """Return the table as text: a header, a row per layer, the total."""
        total = ("total", "", "", f"{self.weights:,}", f"{self.biases:,}", f"{self.parameters:,}")
        return [_HEAD, *(_texts(row) for row in self.rows), total]

    def to_dict(self) -> dict[str, object]:
        """Return the table as plain data."""
        return self.architecture.to_dict() | {"layers": [row.to_dict() for row in self.rows]}

    def __str__(self) -> str:
        cells = self.cells()
        sizes = [max(map(len, column)) for column in zip(*cells, strict=True)]
        lines = [
            f"{row[0]:<{sizes[0]}}" + "".join(f"  {c:>{n}}" for c, n in zip(row[1:], sizes[1:], strict=True))
            for row in cells
        ]
        return "\n".join([str(self.architecture), *lines])

    def _repr_html_(self) -> str:
        head, *body = self.cells()
        rows = [_html_row("th", head), *(_html_row("td", row) for row in body)]
        return f"<table><caption>{self.architecture}</caption>{''.join(rows)}</table>"


def layer_table(*, widths: tuple[int, ...], biases: tuple[bool, ...] | bool = True) -> LayerTable:
    """Return the parameters of the network, layer by layer.

    `widths` runs from the inputs to the outputs; `biases` holds one flag a layer, or one for all.
    Raises BudgetError if they describe no network.

    >>> print(layer_table(widths=(2, 11, 1), biases=(True, False)))
    2-11-1 (no bias: output)
    layer   in  out  weights  biases  parameters
    1        2   11       22      11          33
    output  11    1       11       0          11
    total                 33      11          44
    """
    flags = (biases,) * (len(widths) - 1) if isinstance(biases, bool) else biases
    return LayerTable(architecture=Architecture(widths=widths, biases=flags))


def bias_flags(*, layers: int, hidden_bias: str = "yes", output_bias: str = "yes") -> tuple[bool, ...]:
    """Return one flag per layer for a network of `layers` linear layers; each rule is "yes" or "no"."""
    check_choice("hidden_bias", hidden_bias, ("yes", "no"))
    check_choice("output_bias", output_bias, ("yes", "no"))
    return (hidden_bias == "yes",) * (layers - 1) + (output_bias == "yes",)


def _texts(row: Layer) -> tuple[str, ...]:
    numbers = (row.fan_in, row.fan_out, row.weights, row.biases, row.parameters)
    return (row.name, *(f"{number:,}" for number in numbers))


def _html_row(tag: str, cells: tuple[str, ...]) -> str:
    return "<tr>" + "".join(f"<{tag}>{cell}</{tag}>" for cell in cells) + "</tr>"
