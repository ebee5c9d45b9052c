"""The blocks of docs/neuron.md."""

from __future__ import annotations

import math
from collections.abc import Callable

from measure.blocks import percent, table, under
from measure.explained import FLAT, Explained, carry_out, pictures_of
from trainlab.draw import format_number
from trainlab.stats import share_words

__all__ = ["BLOCKS", "carry_out", "pictures"]

PICTURED = {"sum": ("apart", 0), "line": ("plane", 0), "answers": ("stacks", 1)}
"""The page's pictures: the section of the explanation that has each, and its place there."""


def neuron_answer(explained: Explained) -> str:
    """The answer in three sentences."""
    stacks = explained.neuron.stacks
    own = next(each for each in stacks if each.own)
    most = max(each.linear.k for each in stacks)
    # Rounded up: "below" must stay true.
    upper = math.ceil(1000 * max(each.linear.high for each in stacks)) / 10
    return (
        "A neuron multiplies each input by a weight, adds up the products and a number of its own, the "
        "*bias*, and an *activation*, a fixed curve, decides what of the sum passes on. Without activations "
        f"any number of layers does what one layer does: stacks of {stacks[0].layers} to {stacks[-1].layers} "
        f"such layers solved XOR from {most or 'none'} of {own.linear.n:,} seeds each, a rate below "
        f"{upper:g} % (95 % interval). With tanh between the layers {share_words(own.active)} of {own.label} "
        "solved it."
    )


def neuron_apart(explained: Explained) -> str:
    """The chosen neuron, number by number."""
    one = explained.neuron.neuron
    parts = zip(one.sources, one.weights.tolist(), one.inputs.tolist(), one.products.tolist(), strict=True)
    rows = [(source, *map(format_number, numbers)) for source, *numbers in parts]
    if one.bias is not None:
        rows.append(("bias", format_number(one.bias), "1", format_number(one.bias)))
    rows.append(("**sum z**", "", "", f"**{format_number(one.sum)}**"))
    return (
        table(("from", "weight", "input", "weight × input"), rows)
        + f"\n\nThe activation, {one.activation}, makes **{format_number(one.output)}** of that sum. Its "
        f"slope there is {format_number(one.slope)}: when the sum grows a little, the output grows "
        f"{format_number(one.slope)} times as much."
    )


def neuron_active(explained: Explained) -> str:
    """How many hidden units take no part, and how many hardly do, by activation."""
    rows = [
        (
            each.activation,
            f"{each.off:,} ({100 * each.off / each.pairs:.1f} %)",
            f"{each.flat:,} ({100 * each.flat / each.pairs:.1f} %)",
            f"{each.pairs:,}",
        )
        for each in explained.activity
    ]
    heads = ("hidden activation", "off: puts out exactly 0", f"flat: slope below {FLAT:g}", "of")
    return table(heads, rows)


def neuron_line(explained: Explained) -> str:
    """The line that the neuron draws in the plane of its inputs."""
    return " ".join(explained.neuron.section("plane").text)


def neuron_collapse(explained: Explained) -> str:
    """The stack without activations as one layer, and how good a single layer can be."""
    found = explained.neuron.stack
    assert found is not None
    numbers = explained.neuron.numbers["stack"]
    gap = max(numbers["data_difference"], numbers["random_difference"])
    weights = " + ".join(
        f"{format_number(weight)} {source}"
        for weight, source in zip(found.weight[0].tolist(), explained.neuron.neuron.sources, strict=True)
    ).replace("+ −", "− ")
    bias = "" if found.bias is None else f" + {format_number(float(found.bias[0]))}".replace("+ −", "− ")
    return (
        f"Take the activations out of the network above and keep its weights: {found.parameters_before} "
        f"parameters then say no more than {found.parameters_after} do,\n\n    output = {weights}{bias}\n\n"
        f"and the two differ by {under(gap)}, which is rounding. No layer of that kind can bring all four "
        f"errors of XOR below {explained.neuron.affine[0].exact}, whatever its weights are; solved means "
        "below 0.1."
    )


def neuron_stacks(explained: Explained) -> str:
    """The population: stacks of several depths, with activations and without."""
    rows = [
        (str(each.layers), each.label, percent(each.linear), percent(each.active), str(each.difference))
        for each in explained.neuron.stacks
    ]
    heads = (
        "layers",
        "widths",
        "solved without activations",
        "solved with tanh",
        "difference, paired by seed",
    )
    return table(heads, rows)


def pictures(explained: Explained) -> dict[str, str]:
    """Return the files of docs/pictures by name."""
    return pictures_of("neuron", explained.neuron, PICTURED)


BLOCKS: tuple[Callable[[Explained], str], ...] = (
    neuron_answer,
    neuron_apart,
    neuron_active,
    neuron_line,
    neuron_collapse,
    neuron_stacks,
)
