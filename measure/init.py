"""The blocks of docs/init.md."""

from __future__ import annotations

from collections.abc import Callable

from measure.blocks import cell, chance, percent, points, table
from measure.explained import STACK_SCHEMES, STACKS, Explained, carry_out, pictures_of
from trainlab.draw import format_number, join
from trainlab.explain.questions.init.schemes import find_schemes, law_of
from trainlab.explain.questions.init.signals_section import mean_share, mean_zero
from trainlab.explain.questions.init.sizes import CLAIMED, outcome_words
from trainlab.stats import share_words

ASSIGNED = {
    "zero": "zero",
    "constant": "a constant",
    "xavier": "Xavier; in Glorot and Bengio's paper the common heuristic",
    "xavier_uniform": "normalised Xavier; what that paper proposes",
    "he_normal": "He",
    "default": "PyTorch's default for Linear and Conv",
}
"""The schemes that the assignment names, by trainlab's names."""

FANS = (10, 100)

__all__ = ["BLOCKS", "carry_out", "pictures"]

PICTURED = {"gradient": ("signals", 1), "sizes": ("sizes", 0), "depth": ("learning", 0)}
"""The page's pictures: the section of the explanation that has each, and its place there."""


def init_answer(explained: Explained) -> str:
    """The answer in three sentences."""
    worst = explained.init.signals
    ratios = {each.label: format_number(each.gradient_ratio) for each in worst}
    small, large = (
        outcome_words(explained.init.claims, value, "normal").replace(";", ",") for value in CLAIMED
    )
    return (
        "Weights start as random numbers whose size is chosen so that signals neither fade nor grow from "
        "layer to layer: through ten tanh layers of 64 units the gradient arrives at the first layer "
        f"{ratios['default']} times as large as at the last with PyTorch's default, {ratios['he_normal']} "
        f"times with He and {ratios['normal']} times with N(0, 1). Equal weights and biases make the neurons "
        "of a layer copies of each other for good. Whether a size is right depends on the network: “0.5 is "
        f"too small” is {small}; “1.5 is too large” is {large}."
    )


def init_schemes(explained: Explained) -> str:
    """The schemes of the assignment, by formula and in numbers."""
    rows = [
        (f"`{each.label}`", ASSIGNED[each.label], cell(each.formula), law_of(each.init, *FANS).words)
        for each in find_schemes(list(ASSIGNED))
    ]
    return table(
        ("trainlab's name", "in the assignment", "formula", f"{FANS[0]} inputs, {FANS[1]} outputs"), rows
    )


def init_example(explained: Explained) -> str:
    """1,000 weights drawn, held against theory."""
    rows: list[tuple[str, ...]] = []
    for label in ("xavier", "xavier_uniform", "he_normal"):
        sample = explained.init.samples[label]
        low, high = sample.std_interval or (float("nan"), float("nan"))
        rows.append(
            (
                f"`{label}`",
                sample.law.words,
                *(format_number(each) for each in (sample.least, sample.most, sample.mean, sample.std)),
                format_number(sample.law.std),
                f"{format_number(low)} to {format_number(high)}",
            )
        )
    heads = ("", "drawn from", "min", "max", "mean", "std", "std by theory", "95 % interval of the std")
    return table(heads, rows)


def init_default(explained: Explained) -> str:
    """PyTorch's default on layers that torch made."""
    layers = explained.init.torch_layers
    inside = sum(max(layer.most_weight, layer.most_bias) <= layer.bound for layer in layers)
    same = sum(layer.same_as_kaiming for layer in layers)
    told = join([f"`{layer.name}` {format_number(layer.bound, digits=4)}" for layer in layers])
    return (
        f"1/√fan_in is {told}. Of these {len(layers)} layers, as torch made them, {inside} have no weight or "
        f"bias outside that bound, and {same} have, to the bit, the weights that `kaiming_uniform_(a=√5)` "
        "draws."
    )


def init_stack(explained: Explained) -> str:
    """The gradient of the first of ten layers over that of the last, measured and by theory."""
    rows = [
        (
            f"`{scheme}`",
            *(
                f"{format_number(found.gradient_ratio)} ({format_number(found.theory_ratio)})"
                for activation in STACKS
                for found in [explained.stacks[activation, scheme]]
            ),
        )
        for scheme in STACK_SCHEMES
    ]
    return table(("", *(f"{activation}" for activation in STACKS)), rows)


def init_means(explained: Explained) -> str:
    """The mean of the last layer's activations, as a share of their size, and how the rule fares."""
    rows = [
        (
            f"`{scheme}`",
            *(f"{100 * mean_share(explained.stacks[activation, scheme]):.2g} %" for activation in STACKS),
        )
        for scheme in STACK_SCHEMES
    ]
    named = [
        (f"{activation} with {scheme}", explained.stacks[activation, scheme])
        for activation in STACKS
        for scheme in STACK_SCHEMES
    ]
    return table(("", *STACKS), rows) + f"\n\n{mean_zero(named).sentence}"


def init_symmetry(explained: Explained) -> str:
    """How many neurons differ after training, by start."""
    rows = [
        (
            each.network,
            each.start,
            ", ".join(f"{layer.distinct_gradients} of {layer.neurons}" for layer in each.layers[:2])
            + (", …" if len(each.layers) > 2 else ""),
            ", ".join(f"{layer.most} of {layer.neurons}" for layer in each.layers[:2])
            + (", …" if len(each.layers) > 2 else ""),
            percent(each.solved),
        )
        for each in explained.init.symmetry
        if each.network != "Model 1"
    ]
    heads = ("", "start", "different gradients at the start", "different neurons after training", "solved")
    return table(heads, rows)


def init_sizes(explained: Explained) -> str:
    """The claims about 0.5 and 1.5."""
    rows = [
        (
            each.case,
            f"N(0, {each.value:g}²)" if each.draw == "normal" else f"U(±{each.value:g})",
            "too small" if each.value < 1 else "too large",
            percent(each.usual),
            percent(each.solved),
            points(each.difference.value),
            chance(each.difference.p_adjusted),
            f"**{each.outcome}**",
        )
        for each in explained.init.claims
    ]
    heads = ("", "draw", "said to be", "solved at 1", "solved", "difference, points", "p (Holm)", "")
    return table(heads, rows)


def init_depth(explained: Explained) -> str:
    """What PyTorch's default and He do to learning, by depth."""
    found = {(each.scheme, each.activation, each.depth): each for each in explained.init.learning}
    lines = [
        f"- {depth} hidden layer{'s' if depth > 1 else ''} of tanh: "
        f"{share_words(found['default', 'tanh', depth].solved)} solved from PyTorch's default, "
        f"{share_words(found['he_normal', 'tanh', depth].solved)} from He."
        for depth in sorted({each.depth for each in explained.init.learning})
    ]
    return "\n".join(lines)


def pictures(explained: Explained) -> dict[str, str]:
    """Return the files of docs/pictures by name."""
    return pictures_of("init", explained.init, PICTURED)


BLOCKS: tuple[Callable[[Explained], str], ...] = (
    init_answer,
    init_schemes,
    init_example,
    init_default,
    init_stack,
    init_means,
    init_symmetry,
    init_sizes,
    init_depth,
)
