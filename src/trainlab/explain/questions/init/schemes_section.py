"""The section on the schemes: formulas, sources, and what they draw in numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trainlab.explain.questions.init.law import law_of
from trainlab.explain.questions.init.schemes import Scheme
from trainlab.page.section import Section, Table

Fans = tuple[int, int]


def schemes_section(schemes: Sequence[Scheme], fans: Sequence[Fans]) -> Section:
    """Return what each scheme draws: formula, source, and the numbers for layers of these fans."""
    return Section(
        name="schemes",
        heading="The schemes",
        text=(
            "fan_in is how many inputs a layer has, fan_out how many outputs. Where a formula divides by "
            "them, the sums of the next layer keep their size however wide the layer is. The assignment's "
            "Xavier is 'xavier', which Glorot and Bengio's paper calls the common heuristic and criticises; "
            "its normalised Xavier is 'xavier_uniform', which the paper proposes.",
        ),
        tables=(
            Table(
                title="Formulas and sources",
                headers=("Scheme", "Formula", "Source"),
                rows=[(each.label, each.formula, each.source) for each in schemes],
            ),
            Table(
                title="In numbers, for layers of these inputs → outputs",
                headers=("Scheme", *(f"{fan_in:,} → {fan_out:,}" for fan_in, fan_out in fans)),
                rows=[(each.label, *(law_of(each.init, *pair).words for pair in fans)) for each in schemes],
            ),
        ),
    )


def schemes_numbers(schemes: Sequence[Scheme], fans: Sequence[Fans]) -> list[dict[str, Any]]:
    """Return the table as plain data."""
    return [
        {
            "scheme": each.label,
            "formula": each.formula,
            "source": each.source,
            "laws": [
                {
                    "fan_in": fan_in,
                    "fan_out": fan_out,
                    "shape": law.shape,
                    "mean": law.mean,
                    "std": law.std,
                    "bounds": list(law.bounds),
                }
                for fan_in, fan_out in fans
                for law in [law_of(each.init, fan_in, fan_out)]
            ],
        }
        for each in schemes
    ]
