"""The section on the paths of one weight: each with its factors, their sum, and how it compares."""

from __future__ import annotations

from typing import Any

from trainlab.draw import can_show_values, format_number, value_graph
from trainlab.explain.questions.chain_rule.central_difference import Difference
from trainlab.explain.questions.chain_rule.example_pass import ExamplePass
from trainlab.explain.questions.chain_rule.notation import Entry, entry_value
from trainlab.explain.questions.chain_rule.number_words import (
    apart,
    count_number,
    count_text,
    counted_paths,
    exactly,
)
from trainlab.explain.questions.chain_rule.options import Question
from trainlab.explain.questions.chain_rule.paths import MOST, Path, Paths
from trainlab.explain.questions.chain_rule.point_autograd import Autograd
from trainlab.page.section import Section, Table, paragraphs


def paths_section(
    question: Question, paths: Paths, autograd: Autograd | None, difference: Difference
) -> Section:
    """Return the paths of the chosen weight, their sum, and how it compares."""
    example, entry = question.example, question.entry
    derivative = example.derivative(entry)
    return Section(
        name="paths",
        heading=f"Every path from {entry} to the loss",
        text=paragraphs(
            f"{entry} is {entry.words}; it is {exactly(entry_value(example.layers, entry))}. "
            f"{entry.elsewhere}",
            f"{counted_paths(paths.count)} lead{'s' if paths.count == 1 else ''} from it to the loss: "
            f"{_count_words(example, entry)}.",
            _sum_words(paths, derivative),
            _kink_words(difference),
            "" if autograd else "PyTorch is not installed, so there is no autograd to compare with.",
        ),
        tables=tuple(_tables(paths, _compared(paths, derivative, autograd, difference))),
        pictures=_paths_picture(example, entry),
    )


def _count_words(example: ExamplePass, entry: Entry) -> str:
    widths = list(example.widths[entry.layer + 1 :])
    ends = f", and {example.widths[-1]} outputs from each sum of the last" if example.branches else ""
    if not widths:
        return f"its unit is in the last layer{ends}"
    shown = " · ".join(map(str, widths)) if len(widths) <= 12 else f"the product of {len(widths)} widths"
    return f"{shown}, the units of the layers after it{ends}"


def _sum_words(paths: Paths, derivative: float) -> str:
    if paths.total is None:
        return (
            f"That is too many to list (at most {MOST:,}), and there is no need: the backward pass "
            f"below adds them up layer by layer. Their sum is ∂L/∂{paths.entry} = {exactly(derivative)}."
        )
    products = (
        "The product along it" if paths.count == 1 else "Multiplied out along each and added up, the paths"
    )
    verb = "is" if paths.count == 1 else "give"
    return f"{products} {verb} ∂L/∂{paths.entry} = {exactly(paths.total)}."


def _kink_words(difference: Difference) -> str:
    if difference.value is not None:
        return ""
    return (
        f"There is no central difference: within ±{format_number(2 * difference.step)} of this weight a unit "
        "or the loss passes a kink, where the derivative jumps."
    )


def _compared(paths: Paths, derivative: float, autograd: Autograd | None, difference: Difference) -> Table:
    step = format_number(difference.step)
    found: list[tuple[str, float | None]] = [
        ("Sum over all paths", paths.total),
        ("Backward pass", derivative),
        ("Autograd (PyTorch)", autograd.value if autograd else None),
        (f"Central differences, h = {step}", difference.value),
    ]
    reference = derivative
    return Table(
        title=f"∂L/∂{paths.entry}, four ways, in float64",
        headers=["By", "Value", "Off the backward pass"],
        rows=[[words, format_number(value, digits=12), apart(value, reference)] for words, value in found],
    )


def _tables(paths: Paths, compared: Table) -> list[Table]:
    if not paths.listed:
        return [compared]
    listed = Table(
        title=f"Paths, the largest first{_of(paths)}",
        headers=["Path", "Local derivatives, multiplied", "Product"],
        rows=[
            [_way(path), " · ".join(format_number(f.value) for f in path.factors), exactly(path.product)]
            for path in paths.listed
        ],
        shown=10,
    )
    first = paths.listed[0]
    factors = Table(
        title=f"The largest path, factor by factor: {_way(first)}",
        headers=["Local derivative", "What it is", "Value", "Product so far"],
        rows=_factor_rows(first),
    )
    return [listed, factors, compared]


def _way(path: Path) -> str:
    """Return the sums that a path goes through: each stands for its unit."""
    return " → ".join(name for name in path.through if name[0] != "a")


def _of(paths: Paths) -> str:
    return "" if len(paths.listed) == paths.count else f" ({len(paths.listed):,} of {paths.count:,})"


def _factor_rows(path: Path) -> list[list[Any]]:
    rows: list[list[Any]] = []
    product = 1.0
    for factor in path.factors:
        product *= factor.value
        rows.append([factor.derivative, factor.formula, exactly(factor.value), exactly(product)])
    return rows


def _paths_picture(example: ExamplePass, entry: Entry) -> tuple[Any, ...]:
    """Return the network with δ in its units, and all links that lie on the weight's paths marked."""
    if not can_show_values(example.widths):
        return ()
    last = len(example.layers) - 1
    columns = [[[("x", value)] for value in example.inputs[0].tolist()]]
    columns += [
        [[("a", a), ("δ", d)] for a, d in zip(part.outputs[0].tolist(), back.sums[0].tolist(), strict=True)]
        for part, back in zip(example.passes, example.gradients, strict=True)
    ]
    marked = set[tuple[int, int, int]]()
    if entry.source is not None:
        marked.add((entry.layer - 1, entry.unit - 1, entry.source - 1))
    reached = {entry.unit - 1}
    for layer in range(entry.layer, last + 1):
        units = range(example.widths[layer + 1])
        marked |= {(layer, out, into) for out in units for into in reached}
        reached = set(units)
    return (
        value_graph(
            example.widths,
            [layer.weight for layer in example.layers],
            columns,
            title=f"Backward: output a and δ = ∂L/∂z of each unit; the paths of {entry}",
            marked=marked,
            marked_label=f"on a path from {entry}",
        ),
    )


def listed_paths(count: int, total: float | None, listed: tuple[Path, ...]) -> dict[str, Any]:
    """Return count, sum and the listed paths as plain data."""
    return {
        "count": count_number(count),
        "count_text": count_text(count),
        "sum": total,
        "listed": [
            {
                "through": list(path.through),
                "factors": [
                    {"derivative": factor.derivative, "formula": factor.formula, "value": factor.value}
                    for factor in path.factors
                ],
                "product": path.product,
            }
            for path in listed
        ],
    }
