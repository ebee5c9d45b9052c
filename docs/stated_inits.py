"""What the assignment states on how weights start."""

from __future__ import annotations

import math

from docs.explained import STACK_SCHEMES, Explained
from docs.figures import percent
from docs.stated import Maker, Outcome, Statement
from docs.words import points
from trainlab.draw import format_number, join
from trainlab.explain.inits.sizes import Claim

FADED = 0.1
"""A gradient that is less than this at the first layer, relative to the last, is called vanished."""


def _symmetry(explained: Explained) -> Statement:
    same = [each for each in explained.init.symmetry if each.start in ("all 0", "weights 0.5, biases 0")]
    one = all(layer.most == 1 and layer.distinct_gradients == 1 for each in same for layer in each.layers)
    other = [each for each in explained.init.symmetry if each.start.endswith("own biases")]
    apart = all(layer.fewest == layer.neurons for each in other for layer in each.layers)
    broken = join([f"{each.network} {percent(each.solved)}" for each in other])
    return Statement(
        page="init",
        said="Zero or a constant: all neurons of a layer get the same gradient and stay the same.",
        outcome="in part" if one and apart else "upheld" if one else "refuted",
        numbers="True, to the bit, where biases are equal as well: one neuron a layer in every seed, after "
        f"{same[0].steps:,} steps. Untrue of constant weights with PyTorch's random biases: all differ, and "
        f"some learn: {broken}.",
        seeds=f"{same[0].seeds} a start",
    )


def _sizes(value: float, said: str) -> Maker:
    def make(explained: Explained) -> Statement:
        found = [each for each in explained.init.claims if each.value == value]
        told = "; ".join(_claim(each) for each in found)
        outcomes = {each.outcome for each in found}
        outcome: Outcome = "in part"
        if outcomes == {"upheld"}:
            outcome = "upheld"
        elif "upheld" not in outcomes:
            outcome = "refuted" if outcomes == {"refuted"} else "bounded"
        return Statement(
            page="init",
            said=said,
            outcome=outcome,
            numbers=f"Difference in the share solved, against 1, in points: {told}.",
            seeds=f"{found[0].difference.value.n:,} each",
        )

    return make


def _claim(claim: Claim) -> str:
    draw = f"N(0, {claim.value:g}²)" if claim.draw == "normal" else f"U(±{claim.value:g})"
    return f"{claim.case}, {draw}: {points(claim.difference.value)}, {claim.outcome}"


def _vanishing(explained: Explained) -> Statement:
    found: dict[str, dict[float, float]] = {}
    for each in explained.init.numbers["gradient_ratios"]:
        found.setdefault(each["case"], {})[each["std"]] = each["measured"]
    vanish = [name for name, ratios in found.items() if ratios[0.5] < FADED]
    explode = [name for name, ratios in found.items() if ratios[1.5] > 1 / FADED]
    told = "; ".join(
        f"{name} {', '.join(format_number(ratio) for ratio in ratios.values())}"
        for name, ratios in found.items()
    )
    everywhere = len(vanish) == len(explode) == len(found)
    return Statement(
        page="init",
        said="Too small: vanishing gradients; too large: exploding ones.",
        outcome="upheld" if everywhere else "in part" if vanish or explode else "refuted",
        numbers="Gradient at the first layer over that at the last, at the start, from N(0, std²) with 0.5, "
        f"1 and 1.5: {told}. Vanished, below {FADED:g}: {join(vanish) if vanish else 'none'}; exploded, "
        f"above {1 / FADED:g}: {join(explode) if explode else 'none'}.",
        seeds=f"{explained.init.network[0].networks} networks each",
    )


def _variance(explained: Explained) -> Statement:
    found = {(each.scheme, each.depth): each for each in explained.init.learning if each.activation == "tanh"}
    he, default = found["he_normal", 8], found["default", 8]
    shallow_he, shallow = found["he_normal", 4], found["default", 4]
    deep = he.solved.low > default.solved.high
    reverse = shallow.solved.low > shallow_he.solved.high
    return Statement(
        page="init",
        said="Rule of thumb: the same variance in every layer.",
        outcome="in part" if deep and reverse else "upheld" if deep else "bounded",
        numbers=f"Eight tanh layers: He, which keeps it, {percent(he.solved)} solved, PyTorch's default, "
        f"under which it fades, {percent(default.solved)}. Four layers: {percent(shallow_he.solved)} and "
        f"{percent(shallow.solved)}.",
        seeds=f"{he.solved.n} each",
    )


def _default(explained: Explained) -> Statement:
    layers = explained.init.torch_layers
    inside = all(max(each.most_weight, each.most_bias) <= each.bound for each in layers)
    same = all(each.same_as_kaiming for each in layers)
    return Statement(
        page="init",
        said="PyTorch's default for Linear and Conv: U(±1/√fan_in).",
        outcome="upheld" if layers and inside and same else "refuted",
        numbers=f"{len(layers)} layers made by torch: no weight or bias is outside, and "
        "`kaiming_uniform_(a=√5)` draws the same to the bit.",
        seeds="–",
    )


def _scheme(scheme: str, said: str, activations: tuple[str, ...], *, note: str = "") -> Maker:
    def make(explained: Explained) -> Statement:
        found = {activation: explained.stacks[activation, scheme] for activation in activations}
        kept = [each for each in found.values() if 0.8 < each.gradient_ratio < 1.25]
        told = join(
            [
                f"{activation} {format_number(each.gradient_ratio)} (theory "
                f"{format_number(each.theory_ratio)})"
                for activation, each in found.items()
            ]
        )
        return Statement(
            page="init",
            said=said,
            outcome="upheld" if len(kept) == len(found) else "in part" if kept else "refuted",
            numbers=f"Gradient at the first of ten layers of 64 over that at the last: {told}.{note}",
            seeds=f"{next(iter(found.values())).networks} stacks",
        )

    return make


def _example(explained: Explained) -> Statement:
    found = [explained.init.samples[scheme] for scheme in STACK_SCHEMES]
    told: list[str] = []
    fits = True
    for scheme, sample in zip(STACK_SCHEMES, found, strict=True):
        low, high = sample.std_interval or (math.nan, math.nan)
        fits = fits and sample.inside and low <= sample.law.std <= high
        told.append(
            f"`{scheme}`: std {format_number(sample.std)} ({format_number(low)} to {format_number(high)}), "
            f"theory {format_number(sample.law.std)}, from {format_number(sample.least)} to "
            f"{format_number(sample.most)}"
        )
    return Statement(
        page="init",
        said="10 inputs, 1,000 weights: they lie within the bounds, with the deviation of the formula.",
        outcome="upheld" if fits else "in part",
        numbers=f"{'; '.join(told)}.",
        seeds="1",
    )


MAKERS: tuple[Maker, ...] = (
    _symmetry,
    _sizes(0.5, "0.5 is too small: it converges before the minimum."),
    _sizes(1.5, "1.5 is too large: it oscillates around the minimum."),
    _vanishing,
    _variance,
    _default,
    _scheme(
        "xavier",
        "Xavier, U(±1/√n), keeps signals as large as they are.",
        ("linear", "tanh"),
        note=" It is PyTorch's default by another name.",
    ),
    _scheme(
        "xavier_uniform",
        "So does normalised Xavier, U(±√6/√(n_in + n_out)),",
        ("linear", "tanh"),
    ),
    _scheme(
        "he_normal",
        "and for ReLU He, N(0, √(2/n)).",
        ("relu",),
        note=" √(2/n) is the deviation, not the variance.",
    ),
    _example,
)
