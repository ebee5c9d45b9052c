"""The parameters of a network, layer by layer, as a table that prints itself."""

from __future__ import annotations

from dataclasses import dataclass

from trainlab.budgets.architecture import Architecture, Layer
from trainlab.budgets.checks import check_choice

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
