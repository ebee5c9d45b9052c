"""The section on PyTorch's default: worked out, and checked against layers that torch makes."""

from __future__ import annotations

import math
from collections.abc import Sequence

from trainlab.draw import format_number, join
from trainlab.explain.common.torch_installed import torch_or_none
from trainlab.explain.questions.init.default_module import DrawnLayer, drawn_layers
from trainlab.page.section import Section, Table

FAR = 4.0
"""An honest deviation is so many standard errors from theory once in 16,000 times."""


ROUNDED = 1e-6
"""Relatively, by how much rounding to float32 may lead beyond a bound."""


def check_words(found: Sequence[DrawnLayer]) -> str:
    """Return what layers that torch made say of the bound, the deviation and the routine behind them."""
    beyond = [
        layer.name
        for layer in found
        if max(layer.most_weight, layer.most_bias) > layer.bound * (1.0 + ROUNDED)
    ]
    errors = {layer.name: abs(layer.sample.std_z or 0.0) for layer in found}
    far = [name for name, error in errors.items() if error > FAR]
    others = [layer.name for layer in found if not layer.same_as_kaiming]
    bounds = f"{join(beyond)} has values" if beyond else "no weight or bias lies"
    chance = f", too far for chance in {join(far)}" if far else ""
    drawn = f"other weights in {join(others)}" if others else "the same weights to the bit"
    return (
        f"Checked on layers that torch made ({format_number(found[0].outputs)} outputs each): {bounds} "
        f"outside the bound, deviations are within {format_number(max(errors.values()), digits=2)} standard "
        f"errors of theory{chance}, and kaiming_uniform_(a=√5) with the same random state gives {drawn}."
    )


ARITHMETIC = """\
kaiming_uniform_(weight, a=√5):
  gain  = √(2 / (1 + a²)) = √(2 / (1 + 5)) = √(1/3) = {gain:.4f}
  bound = gain · √3 / √fan_in = √(1/3) · √3 / √fan_in = 1 / √fan_in
  so each weight is drawn from U(−1/√fan_in, +1/√fan_in), of deviation 1/√(3 fan_in)
fan_in = inputs of one output: features, or channels (of the group) · kernel
  Linear(10, …)                fan_in = 10             bound = 1/√10 = {linear:.4f}
  Conv1d(3, …, kernel 5)       fan_in = 3 · 5 = 15     bound = 1/√15 = {conv1d:.4f}
  Conv2d(3, …, kernel 5 × 5)   fan_in = 3 · 25 = 75    bound = 1/√75 = {conv2d:.4f}
biases: U(−1/√fan_in, +1/√fan_in) as well"""


def default_section() -> tuple[Section, list[DrawnLayer]]:
    """Return PyTorch's default by arithmetic, held against layers that torch makes, if it is installed."""
    code = ARITHMETIC.format(gain=math.sqrt(1 / 3), linear=10**-0.5, conv1d=15**-0.5, conv2d=75**-0.5)
    text = (
        "What torch.nn.Linear, Conv1d and Conv2d start with. The √5 is no theory of activations: it makes "
        "the general routine give the old 1/√fan_in. With it n · Var(w) is 1/3, where 1 would keep the size "
        "of signals in a linear network, and 2 in one of ReLUs.",
    )
    if torch_or_none() is None:
        without = "torch isn't installed, so that this isn't checked against its layers here."
        return Section(name="default", heading="PyTorch's default", text=(*text, without), code=code), []
    found = drawn_layers()
    checked = check_words(found)
    rows = [
        (
            layer.name,
            layer.fan_in,
            layer.bound,
            layer.most_weight,
            layer.most_bias,
            layer.sample.std,
            layer.sample.law.std,
            None if layer.sample.std_z is None else round(layer.sample.std_z, 2),
        )
        for layer in found
    ]
    headers = ("Layer", "fan_in", "1/√fan_in", "max |w|", "max |b|", "std", "theory", "z")
    table = Table(title="Layers that torch made", headers=headers, rows=rows)
    part = Section(
        name="default", heading="PyTorch's default", text=(*text, checked), code=code, tables=(table,)
    )
    return part, found
