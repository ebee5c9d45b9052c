"""Every network up to a number of parameters, found the slow way: no counts, no closed forms."""

from __future__ import annotations

from collections import defaultdict
from itertools import count

FLAGS = {"yes": [True], "no": [False], "any": [False, True]}
Network = tuple[tuple[int, ...], tuple[bool, ...]]


def every_network(
    most: int,
    *,
    inputs: int,
    outputs: int,
    hidden_bias: str = "any",
    output_bias: str = "any",
    min_width: int = 1,
    max_width: int | None = None,
    min_depth: int = 0,
    max_depth: int | None = None,
) -> dict[int, set[Network]]:
    """Return {parameters: networks} for all networks of at most `most` parameters."""
    found: dict[int, set[Network]] = defaultdict(set)

    def grow(widths: tuple[int, ...], biases: tuple[bool, ...], spent: int) -> None:
        depth = len(biases)
        if depth >= min_depth:
            for bias in FLAGS[output_bias]:
                total = spent + widths[-1] * outputs + (outputs if bias else 0)
                if total <= most:
                    found[total].add(((*widths, outputs), (*biases, bias)))
        if depth == max_depth:
            return
        for width in count(min_width):
            if spent + widths[-1] * width > most or (max_width is not None and width > max_width):
                return
            for bias in FLAGS[hidden_bias]:
                total = spent + widths[-1] * width + (width if bias else 0)
                if total + outputs <= most:  # the output layer has at least one weight an output
                    grow((*widths, width), (*biases, bias), total)

    grow((inputs,), (), 0)
    return found
