"""The section on one neuron taken apart: its sum and its activation."""

from __future__ import annotations

from typing import Final

from trainlab.draw import Cell, Part, contributions, counted, format_number, tangent
from trainlab.explain.questions.neuron.decompose import Neuron, output_words, slope_words
from trainlab.page.section import Section, Table, paragraphs

MOST_ROWS: Final = 24
"""Of a neuron with more inputs the table has the largest parts; `numbers` has all."""


def apart_section(neuron: Neuron, *, where: str) -> Section:
    """Return the neuron as a table and two pictures; `where` says which network, weights and input."""
    number = format_number
    triples = _triples(neuron)
    parts = [
        Part(label=source, value=product, how=f"{number(w)} × {number(x)}")
        for source, w, x, product in triples
    ]
    parts += [] if neuron.bias is None else [Part(label="bias", value=neuron.bias)]
    grid, values = neuron.curve
    return Section(
        name="apart",
        heading="The neuron taken apart",
        text=paragraphs(
            f"{where} It adds up weight × input over {counted(len(triples), 'input')}"
            f"{' and its bias' if neuron.bias is not None else ', without a bias'}: z = "
            f"{number(neuron.sum)}. "
            f"{output_words(neuron)}",
            slope_words(neuron),
        ),
        pictures=(
            contributions(
                parts,
                total=neuron.sum,
                total_label="sum z",
                x_label="sum so far",
                title=f"What adds up to z in unit {neuron.unit} of {neuron.place}",
            ),
            tangent(
                grid,
                values,
                at=(neuron.sum, neuron.output),
                slope=neuron.slope,
                name=neuron.activation,
                x_label="sum z",
                y_label="output f(z)",
                title=f"What the activation makes of z = {number(neuron.sum)}",
            ),
        ),
        tables=(apart_table(neuron, most=MOST_ROWS),),
    )


def apart_table(neuron: Neuron, *, most: int) -> Table:
    """Return what each input adds to the sum, the bias, the sum and the output; at most so many inputs."""
    rows: list[list[Cell]] = [
        [source, w, x, product, float(g)]
        for (source, w, x, product), g in zip(_triples(neuron), neuron.gradient, strict=True)
    ]
    ends: list[list[Cell]] = (
        [["bias", neuron.bias, 1, neuron.bias, neuron.slope]] if neuron.bias is not None else []
    )
    ends.append(["sum z", None, None, neuron.sum, None])
    ends.append([f"output {_function(neuron)}", None, None, neuron.output, None])
    few = len(rows) <= most
    return Table(
        title=f"Unit {neuron.unit} of {neuron.place}"
        f"{'' if few else f': the {most} largest of {len(rows):,} parts'}",
        headers=["from", "weight", "input", "weight × input", "change of output by weight"],
        rows=[*(rows if few else sorted(rows, key=lambda row: -abs(float(row[3] or 0.0)))[:most]), *ends],
        shown=most + 3,
    )


def _triples(neuron: Neuron) -> list[tuple[str, float, float, float]]:
    """Return source, weight, input and product of each input."""
    products = neuron.products.tolist()
    return list(zip(neuron.sources, neuron.weights.tolist(), neuron.inputs.tolist(), products, strict=True))


def _function(neuron: Neuron) -> str:
    return "z" if neuron.activation == "linear" else f"{neuron.activation}(z)"
