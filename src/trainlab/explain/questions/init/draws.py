"""Weights drawn, held against the distribution they come from: the worked example, and PyTorch's default."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trainlab.draw import format_number, join
from trainlab.draw.table import Cell
from trainlab.engine.network_pass import Array
from trainlab.explain.module_copy import torch_or_none, untyped_torch
from trainlab.explain.questions.init.schemes import Law, Scheme, draw_weights, law_of, remembered_draws
from trainlab.page.section import Section, Table
from trainlab.plain import Plain
from trainlab.spec import Default

Z95 = 1.959963984540054
Interval = tuple[float, float]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Sample(Plain):
    """`n` drawn weights: what was measured of them, and how far that is from `law`.

    `mean_z` and `std_z` count standard errors from theory; `std_interval` is the 95 % interval for what is
    behind the sample. None where a number has no such distribution: a constant, or the sum of squares of an
    orthogonal matrix, which is the same in every one.
    """

    _written = (
        "n theory_mean=law.mean theory_std=law.std bounds=law.bounds mean std min=least max=most "
        "mean_z std_z std_interval inside_bounds=inside"
    )

    law: Law
    n: int
    mean: float
    std: float
    least: float
    most: float
    mean_z: float | None
    std_z: float | None
    std_interval: Interval | None
    inside: bool


def sample_facts(values: Array, law: Law) -> Sample:
    """Return what a sample of independent draws, or of whole orthogonal matrices, says about its law.

    The mean: z = (m − μ) √n / σ. The deviation of normal draws: (n − 1) s² / σ² is χ² with n − 1 degrees of
    freedom (Cochran, Proceedings of the Cambridge Philosophical Society 30, 1934), its probability given as a
    z. That of uniform draws: the variance of s² is σ⁴ (2/(n − 1) + κ/n), κ the excess kurtosis −6/5 (Mood,
    Graybill & Boes, Introduction to the Theory of Statistics, 1974), and s² is about normal for large n.
    """
    drawn = np.asarray(values, dtype=np.float64).ravel()
    n, mean = drawn.size, float(drawn.mean())
    std = float(drawn.std(ddof=1)) if n > 1 else 0.0
    low, high = law.bounds
    # Bounds are reached up to rounding.
    slack = 1e-12 * (1.0 + abs(low) if math.isfinite(low) else 1.0)
    independent = law.shape in ("uniform", "normal") and law.std > 0
    spread = law.std / math.sqrt(n)
    std_z, std_interval = _deviation(std, n, law) if independent and n > 1 else (None, None)
    return Sample(
        law=law,
        n=n,
        mean=mean,
        std=std,
        least=float(drawn.min()),
        most=float(drawn.max()),
        mean_z=(mean - law.mean) / spread if spread > 0 else None,
        std_z=std_z,
        std_interval=std_interval,
        inside=bool((drawn >= low - slack).all() and (drawn <= high + slack).all()),
    )


def _deviation(std: float, n: int, law: Law) -> tuple[float, Interval]:
    from scipy.special import chdtr, chdtrc, chdtri, ndtri

    if law.shape == "normal":
        statistic = (n - 1) * (std / law.std) ** 2
        below, above = float(chdtr(n - 1, statistic)), float(chdtrc(n - 1, statistic))
        z = float(ndtri(below)) if below < 0.5 else -float(ndtri(above))
        # chdtri(v, p) is the value that χ² exceeds with probability p.
        low, high = (std * math.sqrt((n - 1) / float(chdtri(n - 1, p))) for p in (0.025, 0.975))
        return z, (low, high)
    error = math.sqrt(2.0 / (n - 1) + law.excess / n)
    z = ((std / law.std) ** 2 - 1.0) / error
    top = std / math.sqrt(1 - Z95 * error) if Z95 * error < 1 else math.inf
    return z, (std / math.sqrt(1 + Z95 * error), top)


# The worked example: a layer of 10 inputs, 1,000 weights drawn, and how far they are from theory.


FAN_IN, FAN_OUT, SEED = 10, 100, 0


def example_section(schemes: Sequence[Scheme]) -> tuple[Section, dict[str, Sample]]:
    """Return the section, and each scheme's sample of 1,000 weights by its label."""
    draw, found = remembered_draws(), dict[str, Sample]()
    for scheme in schemes:
        law = law_of(scheme.init, FAN_IN, FAN_OUT)
        drawn = draw_weights(
            scheme.init, seeds=range(SEED, SEED + 1), layer=0, fan_in=FAN_IN, fan_out=FAN_OUT, draw=draw
        ).ravel()
        found[scheme.label] = sample_facts(drawn, law)
    part = Section(
        name="example",
        heading=f"Worked example: {FAN_IN} inputs, {FAN_IN * FAN_OUT:,} weights",
        text=(
            f"A layer of {FAN_IN} inputs and {FAN_OUT} outputs has {FAN_IN * FAN_OUT:,} weights. Here they "
            f"are drawn by trainlab's generator with seed {SEED}, as every training of seed {SEED} would "
            "draw them. z counts standard errors between the draw and theory; 95 % of draws lie within "
            "±1.96.",
            "The interval for the deviation is by χ² where draws are normal (exact), and by the normal "
            "approximation to s² with kurtosis 1.8 where they are uniform. Uniform schemes differ by a "
            "factor only, and so share their z; so do normal ones. The weights of an orthogonal matrix "
            "depend on each other: their sum of squares is the same in every draw.",
        ),
        tables=(
            Table(
                title="The draw beside theory",
                headers=("Scheme", "Theory", "min", "max", "mean", "z", "std", "z of std", "95 % for std"),
                rows=[_row(label, sample) for label, sample in found.items()],
            ),
        ),
    )
    return part, found


def _row(label: str, sample: Sample) -> tuple[Cell, ...]:
    return (
        label,
        sample.law.words,
        _number(sample.least),
        _number(sample.most),
        _number(sample.mean),
        _z(sample.mean_z),
        _number(sample.std),
        _z(sample.std_z),
        _range(sample.std_interval),
    )


def _number(value: float) -> str:
    return format_number(value, digits=4)


def _z(value: float | None) -> str:
    return "–" if value is None else f"{value:+.2f}".replace("-", "−")


def _range(interval: Interval | None) -> str:
    return "–" if interval is None else f"{_number(interval[0])} to {_number(interval[1])}"


# Layers as torch makes them, held against 1/√fan_in.


OUTPUTS = 1000


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class DrawnLayer(Plain):
    """A layer that torch drew; `same_as_kaiming`: whether ``kaiming_uniform_(a=√5)`` draws the same."""

    _written = (
        "layer=name fan_in outputs bound max_abs_weight=most_weight max_abs_bias=most_bias "
        "same_as_kaiming_uniform=same_as_kaiming sample"
    )

    name: str
    fan_in: int
    outputs: int
    bound: float
    most_weight: float
    most_bias: float
    same_as_kaiming: bool
    sample: Sample


def drawn_layers(seed: int = 0) -> list[DrawnLayer]:
    """Return four layers with `OUTPUTS` outputs as torch draws them; its random state is left as it was."""
    torch = untyped_torch()
    nn = torch.nn
    makers: tuple[tuple[str, int, Any], ...] = (
        (f"Linear(10, {OUTPUTS})", 10, lambda: nn.Linear(10, OUTPUTS)),
        (f"Conv1d(3, {OUTPUTS}, 5)", 3 * 5, lambda: nn.Conv1d(3, OUTPUTS, 5)),
        (f"Conv2d(3, {OUTPUTS}, 5)", 3 * 5 * 5, lambda: nn.Conv2d(3, OUTPUTS, 5)),
        (f"Conv2d(4, {OUTPUTS}, 3, groups=2)", 2 * 3 * 3, lambda: nn.Conv2d(4, OUTPUTS, 3, groups=2)),
    )
    with torch.random.fork_rng(devices=[]):
        return [_drawn(torch, name, fan_in, make, seed) for name, fan_in, make in makers]


def _drawn(torch: Any, name: str, fan_in: int, make: Any, seed: int) -> DrawnLayer:
    torch.manual_seed(seed)
    layer = make()
    torch.manual_seed(seed)
    again = torch.empty_like(layer.weight)
    torch.nn.init.kaiming_uniform_(again, a=math.sqrt(5))
    weights = layer.weight.detach().double().numpy()
    return DrawnLayer(
        name=name,
        fan_in=fan_in,
        outputs=OUTPUTS,
        bound=fan_in**-0.5,
        most_weight=float(abs(weights).max()),
        most_bias=float(layer.bias.detach().abs().max()),
        same_as_kaiming=bool(torch.equal(again, layer.weight)),
        sample=sample_facts(weights, law_of(Default(), fan_in, OUTPUTS)),
    )


# The section on PyTorch's default: worked out, and checked against layers that torch makes.


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
        without = "torch isn't installed, so this isn't checked against its layers here."
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
