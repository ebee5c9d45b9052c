"""The answer in a sentence and a table: whether a gradient arrives at the first layer, scheme by scheme."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from trainlab.draw import Cell, counted, format_number, join
from trainlab.explain.explanation import ShortAnswer, Table
from trainlab.explain.questions.init.law import law_of
from trainlab.explain.questions.init.live_module import ModuleLayer
from trainlab.explain.questions.init.part_module import met_words
from trainlab.explain.questions.init.question import Question
from trainlab.explain.questions.init.stack import LayerSignals

FADED: Final = 0.1
"""A gradient that arrives with less than this share of its size has faded; with more than 1/0.1, exploded."""

RULE: Final = "Weights start as random numbers, of a size at which signals neither fade nor grow"


def short_answer(asked: Question, signals: Sequence[LayerSignals]) -> ShortAnswer:
    """Return the answer for a stack of layers, with the schemes that are shown."""
    stack = f"{counted(asked.depth, 'layer')} of {asked.width:,} {asked.activation} units"
    known = [each for each in signals if each.gradient_ratio > 0 and math.isfinite(each.gradient_ratio)]
    if asked.depth == 1 or not known:
        # A layer alone has no way that a gradient could fade on.
        sentence = f"{RULE}: of {len(signals)} schemes shown here, each draws as the table says."
    else:
        ranked = sorted(known, key=lambda each: abs(math.log(each.gradient_ratio)))
        usual = [each for each in ranked if each.label == "default"]
        told = join(
            [
                f"{format_number(each.gradient_ratio)} times with {_name(each)}"
                for each in dict.fromkeys([ranked[0], *usual, ranked[-1]])
            ]
        )
        sentence = (
            f"{RULE}: back through {stack} the gradient arrives at the first layer, compared with the last, "
            f"{told}."
        )
    laws = [law_of(scheme.init, asked.width, asked.width).words for scheme in asked.shown]
    rows: list[list[Cell]] = [
        [
            each.label,
            law,
            _ratio(each.gradient_ratio),
            _ratio(each.theory_ratio),
            _fate(each.gradient_ratio) if asked.depth > 1 else "–",
        ]
        for each, law in zip(signals, laws, strict=True)
    ]
    return ShortAnswer(
        sentence=sentence,
        table=Table(
            title=f"What each scheme does to a gradient: {stack}",
            headers=("Scheme", "Weights drawn from", "First ÷ last layer", "By theory", "Gradient"),
            rows=rows,
        ),
        shown_on=f"Measured on {signals[0].networks:,} stacks a scheme. Networks trained from each are "
        "compared under “What it does to learning”.",
    )


def module_short_answer(
    name: str, layers: Sequence[ModuleLayer], never: Sequence[str], batch: int
) -> ShortAnswer:
    """Return the answer for a module: what its layers pass on and get back, and which the batch never met."""
    met = met_words(layers, never)
    called = [each for each in layers if each.called]
    first, last = (called[0], called[-1]) if called else (None, None)
    found = f"of {name} no layer with weights is called"
    if first is not None and last is not None:
        found = (
            f"through the {counted(len(called), 'layer')} of {name} the outputs' deviation goes from "
            f"{format_number(first.std)} to {format_number(last.std)}"
        )
        if last.gradient > 0 and math.isfinite(first.gradient):
            found += (
                f", and the gradient arrives {format_number(first.gradient / last.gradient)} times as large"
            )
    rows: list[list[Cell]] = [
        [
            f"{each.name} ({each.kind})",
            each.scaled,
            *(value if math.isfinite(value) else None for value in (each.std, each.gradient)),
        ]
        for each in layers
    ]
    return ShortAnswer(
        sentence=f"{RULE}: {found}.",
        table=Table(
            title=f"Layer by layer: {name}",
            headers=("Layer", "std of weights · √fan_in", "std of outputs", "Gradient (rms)"),
            rows=rows,
        ),
        shown_on=f"One module, one batch of {counted(batch, 'example')}. std · √fan_in is 0.577 for "
        f"PyTorch's default, 1 for LeCun's, 1.414 for He's.{' ' * bool(met)}{met}",
    )


def _name(each: LayerSignals) -> str:
    return "PyTorch's default" if each.label == "default" else each.label


def _ratio(value: float) -> str:
    return format_number(value) if math.isfinite(value) else "–"


def _fate(ratio: float) -> str:
    if not math.isfinite(ratio):
        return "–"
    return "fades" if ratio < FADED else "explodes" if ratio > 1 / FADED else "arrives"
