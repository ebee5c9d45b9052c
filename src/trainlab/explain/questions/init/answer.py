"""The answer: whether a gradient arrives at the first layer, scheme by scheme; and a verdict in words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from trainlab.draw import Cell, counted, format_number, join
from trainlab.explain.explanation import ShortAnswer
from trainlab.explain.questions.init.evidence import Evidence, StackEvidence
from trainlab.explain.questions.init.law import law_of
from trainlab.explain.questions.init.layer_signals import LayerSignals
from trainlab.explain.questions.init.layers_module import ModuleLayer
from trainlab.explain.questions.init.module_section import met_words
from trainlab.explain.questions.init.options import NamedExperiment, StackOptions
from trainlab.explain.questions.init.sizes import CLAIMED
from trainlab.explain.questions.init.sizes_section import WORDS, outcome_words
from trainlab.explain.questions.init.symmetry import Symmetry
from trainlab.page.section import Table
from trainlab.spec import name_of

FADED: Final = 0.1
"""A gradient that arrives with less than this share of its size has faded; with more than 1/0.1, exploded."""

RULE: Final = "Weights start as random numbers, of a size at which signals neither fade nor grow"


def short_answer(evidence: StackEvidence) -> ShortAnswer:
    """Return the answer for a stack of layers, with the schemes that are shown."""
    options, signals = evidence.stack, evidence.signals
    stack = f"{counted(options.depth, 'layer')} of {options.width:,} {options.activation} units"
    known = [each for each in signals if each.gradient_ratio > 0 and math.isfinite(each.gradient_ratio)]
    if options.depth == 1 or not known:
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
    laws = [law_of(scheme.init, options.width, options.width).words for scheme in options.shown]
    rows: list[list[Cell]] = [
        [
            each.label,
            law,
            _ratio(each.gradient_ratio),
            _ratio(each.theory_ratio),
            _fate(each.gradient_ratio) if options.depth > 1 else "–",
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


def verdict(evidence: Evidence) -> str:
    """Return the answer for an experiment."""
    claims = evidence.claims
    tested = (
        f"Tested on {claims[0].difference.value.n:,} seeds with weights from N(0, std²) against std 1, "
        f"{name_of(evidence.experiment.task)} only."
    )
    said = [f"{WORDS[value]}: {outcome_words(claims, value, 'normal')}." for value in CLAIMED]
    signals = signal_words(evidence.stack, evidence.signals)
    return " ".join([signals, *symmetry_words(evidence.named, evidence.symmetries), *said, tested])


def module_verdict(name: str, layers: Sequence[ModuleLayer], never: Sequence[str]) -> str:
    """Return the answer for a module."""
    called = [each for each in layers if each.called]
    parts = [f"{name}: {_through(called)}, on this batch and these weights."]
    met = met_words(layers, never)
    parts.append(f" {met}" if met else "")
    equal = [each.name for each in layers if each.distinct_rows < each.neurons]
    parts.append(
        f" Neurons that are equal in weights and bias: in {join(equal)}."
        if equal
        else " No two neurons of a layer are equal."
    )
    return "".join(parts)


def _through(layers: Sequence[ModuleLayer]) -> str:
    """Return how outputs and gradients change from the first of the layers that are called to the last."""
    if not layers:
        return "no layer with weights is called, so that no outputs were seen"
    first, last = layers[0], layers[-1]
    words = (
        f"from the first to the last of {counted(len(layers), 'layer')} with weights the outputs' deviation "
        f"goes from {format_number(first.std)} to {format_number(last.std)}"
    )
    if math.isfinite(first.gradient) and math.isfinite(last.gradient):
        words += (
            f", and the gradient from {format_number(last.gradient)} at the last back to "
            f"{format_number(first.gradient)} at the first"
        )
    return words


def signal_words(options: StackOptions, signals: Sequence[LayerSignals]) -> str:
    """Return in which scheme the gradient of the stack keeps its size best, and in which worst."""
    known = [each for each in signals if each.gradient_ratio > 0]
    stack = f"{options.depth} {options.activation} layers of {options.width}"
    if options.depth == 1:
        return "In a stack of 1 layer there is no first and last to compare; give it a depth."
    if not known:
        return f"Back through {stack}, no scheme shown leaves a gradient to compare."
    ranked = sorted(known, key=lambda each: abs(math.log(each.gradient_ratio)))
    usual = [each for each in ranked if each.label == "default"]
    told = [_ratio_words(each) for each in dict.fromkeys([ranked[0], *usual, ranked[-1]])]
    return (
        f"Back through {stack} the gradient of the first layer, as a multiple of that of the last, is "
        f"{join(told)}."
    )


def _ratio_words(each: LayerSignals) -> str:
    theory = f" (theory {format_number(each.theory_ratio)})" if math.isfinite(each.theory_ratio) else ""
    return f"{format_number(each.gradient_ratio)} with {each.label}{theory}"


def symmetry_words(named: NamedExperiment, symmetries: Sequence[Symmetry]) -> list[str]:
    """Return how many neurons differ that began equal, a sentence; none without hidden layers."""
    mine = [each for each in symmetries if each.network == named.network and each.layers]
    constant = [each for each in mine if each.start.endswith("biases 0")]
    if not constant:
        return []
    found = constant[0]
    begun = "From equal weights and zero biases, "
    if not found.kept:
        return [
            f"{begun}all {found.seeds:,} runs of {named.network} diverged, and no neurons are left to count."
        ]
    counts = ", ".join(f"{each.most} of {each.neurons}" for each in found.layers)
    if len(found.layers) > 2 and len({(each.most, each.neurons) for each in found.layers}) == 1:
        counts = f"{found.layers[0].most} of {found.layers[0].neurons} in each of {len(found.layers)}"
    lost = found.seeds - found.kept
    seeds = f"{found.kept:,} seeds" + (f" that didn't diverge ({lost:,} did)" if lost else "")
    return [
        f"{begun}neurons of {named.network}'s hidden layers that differ after {'up to ' * found.stopped}"
        f"{found.steps:,} steps, in any of {seeds}: {counts}."
    ]
