"""The worked example: a layer of 10 inputs, 1,000 weights drawn, and how far they are from theory."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from trainlab.draw import Density, Picture, format_number, histogram
from trainlab.draw.table import Cell
from trainlab.explain.questions.init.law import draw_weights, law_of, remembered_draws
from trainlab.explain.questions.init.sample import Interval, Sample, sample_facts
from trainlab.explain.questions.init.schemes import Scheme
from trainlab.page.section import Section, Table

FAN_IN, FAN_OUT, SEED = 10, 100, 0
PICTURED = ("xavier", "xavier_uniform", "he_normal")
"""What the assignment draws."""


def example_section(
    schemes: Sequence[Scheme], pictured: Sequence[str] = PICTURED
) -> tuple[Section, dict[str, Sample]]:
    """Return the section, and each scheme's sample of 1,000 weights by its label."""
    draw, found, pictures = remembered_draws(), dict[str, Sample](), list[Picture]()
    for scheme in schemes:
        law = law_of(scheme.init, FAN_IN, FAN_OUT)
        drawn = draw_weights(
            scheme.init, seeds=range(SEED, SEED + 1), layer=0, fan_in=FAN_IN, fan_out=FAN_OUT, draw=draw
        ).ravel()
        found[scheme.label] = sample_facts(drawn, law)
        if scheme.label in pictured and law.std > 0:
            pictures.append(_picture(scheme, drawn, found[scheme.label]))
    part = Section(
        name="example",
        heading="Worked example: 10 inputs, 1,000 weights",
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
        pictures=tuple(pictures),
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


def _picture(scheme: Scheme, drawn: np.ndarray, sample: Sample) -> Picture:
    law = sample.law
    if law.shape == "normal":
        x = law.mean + law.std * np.linspace(-4, 4, 161)
    else:
        low, high = law.bounds
        edge = 1e-9 * (high - low)
        x = np.concatenate([[low, low + edge], np.linspace(low, high, 101)[1:-1], [high - edge, high]])
    y = law.density(x)
    if law.shape != "normal":
        y[0] = y[-1] = 0.0
    return histogram(
        drawn,
        title=f"{scheme.label}, {FAN_IN} inputs: {law.words}",
        x_label="weight",
        densities=[Density(label="density by theory", x=x, y=y)],
        value_label=f"{drawn.size:,} weights drawn",
    )
