"""The blocks of docs/chain_rule.md."""

from __future__ import annotations

from collections.abc import Callable

from measure.blocks import table, under
from measure.explained import Explained, carry_out, pictures_of
from trainlab.draw import format_number
from trainlab.explain.questions.chain_rule.options import DEFAULT
from trainlab.explain.questions.chain_rule.paths import Factor
from trainlab.stats import Rate, rate, share_words

SHOWN_STEPS = 6

__all__ = ["BLOCKS", "carry_out", "pictures"]

PICTURED = {"paths": ("paths", 0), "population": ("population", 0), "plane": ("downhill", 1)}
"""The page's pictures: the section of the explanation that has each, and its place there."""


def chain_answer(explained: Explained) -> str:
    """The answer in three sentences."""
    found = explained.chain_rule
    label, by_autograd = found.numbers["network"]["label"], found.numbers["checks"]["autograd"]
    before, after = (population_rate(explained, when) for when in ("before", "after"))
    return (
        "The chain rule says how the loss changes with one weight: multiply the local derivatives along a "
        f"path from the weight to the loss, and add up over all paths. For {found.weight} of a {label} "
        f"network the {found.path_count} paths add up to {format_number(found.derivative)}, and PyTorch's "
        f"autograd differs from that by {under(found.derivative - by_autograd)}. In a deep network the "
        f"product can fade: at the start of {share_words(before)} of Model 3, and after training of "
        f"{share_words(after)}, less than a hundredth of the signal is left at the first layer."
    )


def chain_forward(explained: Explained) -> str:
    """The forward values in order."""
    numbers = explained.chain_rule.numbers
    rows = [
        (f"{layer}", f"{unit}", format_number(z), format_number(a))
        for layer, values in enumerate(numbers["forward"], start=1)
        for unit, (z, a) in enumerate(zip(values["z"], values["a"], strict=True), start=1)
    ]
    target = format_number(numbers["targets"][0])
    inputs = ", ".join(format_number(each) for each in numbers["inputs"])
    return (
        f"Inputs ({inputs}), target {target}:\n\n"
        + table(("layer", "unit", "sum z", "output a"), rows)
        + "\n\nThe last output is the prediction; the loss, mean squared error, is "
        f"{format_number(numbers['loss_value'])}."
    )


def chain_names(explained: Explained) -> str:
    """The weight by its names: here, in PyTorch, in a drawing."""
    return explained.chain_rule.section("paths").text[0]


def chain_letters(explained: Explained) -> str:
    """The derivative by the prediction, and what it would be with the two letters swapped."""
    slope = explained.chain_rule.paths[0].factors[-1].value
    prediction, target = (
        explained.chain_rule.numbers["outputs"][0],
        explained.chain_rule.numbers["targets"][0],
    )
    return (
        f"∂L/∂ŷ = 2 (ŷ − y) = 2 ({format_number(prediction)} − {format_number(target)}) = "
        f"{format_number(slope)}"
    )


def chain_paths(explained: Explained) -> str:
    """All paths of the weight, their products, the sum and the checks."""
    found = explained.chain_rule
    rows = [
        (" → ".join(path.through), _product(path.factors), format_number(path.product))
        for path in found.paths
    ]
    rows.append(("**sum**", "", f"**{format_number(found.derivative)}**"))
    checks = found.numbers["checks"]
    return (
        table(("path", "local derivatives, multiplied", "product"), rows)
        + f"\n\nThe sum differs from the backward pass by {under(checks['paths'] - checks['backward'])}, "
        f"from PyTorch's autograd by {under(checks['paths'] - checks['autograd'])}, and from the slope found "
        "by moving the weight a little either way by "
        f"{_rough(checks['paths'] - checks['central_difference'])}."
    )


def chain_factors(explained: Explained) -> str:
    """The largest path, factor by factor."""
    path, rows, product = explained.chain_rule.paths[0], list[tuple[str, ...]](), 1.0
    for factor in path.factors:
        product *= factor.value
        rows.append((factor.derivative, factor.formula, format_number(factor.value), format_number(product)))
    return table(("local derivative", "what it is", "value", "product so far"), rows)


def chain_steps(explained: Explained) -> str:
    """The first steps of the backward pass, and how many there are."""
    steps = [each for each in explained.chain_rule.steps if each.phase == "backward"]
    rows = [(each.result, each.formula, format_number(each.value)) for each in steps[:SHOWN_STEPS]]
    return f"Of {len(steps)} steps back, the first {SHOWN_STEPS}:\n\n" + table(
        ("result", "formula", "value"), rows
    )


def chain_layers(explained: Explained) -> str:
    """Model 3, layer by layer: what is left of the signal."""
    flows = explained.chain_rule.numbers["layers"]["flows"]
    rows = [
        (
            f"{flow['layer']}",
            "–" if flow["by_weights"] is None else format_number(flow["by_weights"]),
            format_number(flow["by_slopes"]),
            format_number(flow["ratio"]),
            format_number(flow["bound"]),
            format_number(flow["kept"]),
        )
        for flow in reversed(flows)
    ]
    heads = ("layer, from the loss back", "× weights", "× slopes", "= factor", "at most", "left so far")
    return table(heads, rows)


def chain_population(explained: Explained) -> str:
    """In how many seeds the first layer gets next to nothing."""
    layers = explained.chain_rule.numbers["layers"]["population"]
    rows = [
        (
            words,
            share_words(population_rate(explained, when)),
            format_number(layers[when]["median"][0]),
        )
        for when, words in (("before", "at the start"), ("after", "after 300 epochs"))
    ]
    solved = share_words(rate(layers["solved"]["k"], layers["solved"]["n"]))
    heads = ("", "less than a hundredth is left at layer 1", "left in the middle seed")
    worst = layers["after"]["worst"]
    lost = rate(max(worst), layers["after"]["seeds"] - layers["after"]["left_out"])
    return (
        f"{table(heads, rows)}\n\nOf them {solved} were solved. After training most is lost at layer "
        f"{1 + worst.index(max(worst))} in {share_words(lost)}."
    )


def chain_downhill(explained: Explained) -> str:
    """The step downhill, in words."""
    found = explained.chain_rule.numbers["downhill"]
    line, losses = found["line"], found["losses"]
    lowest = min(line["losses"])
    back = ""
    if line["back"] is not None:
        back = f"; from {format_number(line['back'])} on it is higher than at the start"
    return (
        f"Along the negative gradient the loss falls from {format_number(line['losses'][0])} to "
        f"{format_number(lowest)} at a step of {format_number(line['best'])}{back}. {found['steps']} steps "
        f"of SGD, with a learning rate of {DEFAULT.optimizer.lr:g} and momentum, take it from "
        f"{format_number(losses[0])} to {format_number(losses[-1])}."
    )


def population_rate(explained: Explained, when: str) -> Rate:
    """Return on how many seeds less than a hundredth is left, ``"before"`` or ``"after"`` training."""
    found = explained.chain_rule.numbers["layers"]["population"][when]["vanished"]
    return rate(found["k"], found["n"])


def _product(factors: tuple[Factor, ...]) -> str:
    return " · ".join(format_number(each.value) for each in factors)


def _rough(value: float) -> str:
    """Return a bound that holds however the machine rounds."""
    return "less than 10⁻⁹" if abs(value) < 1e-9 else format_number(abs(value))


def pictures(explained: Explained) -> dict[str, str]:
    """Return the files of docs/pictures by name."""
    return pictures_of("chain_rule", explained.chain_rule, PICTURED)


BLOCKS: tuple[Callable[[Explained], str], ...] = (
    chain_answer,
    chain_forward,
    chain_letters,
    chain_names,
    chain_paths,
    chain_factors,
    chain_steps,
    chain_layers,
    chain_population,
    chain_downhill,
)
