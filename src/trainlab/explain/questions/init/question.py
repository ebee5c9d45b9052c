"""``trainlab.explain.init``: how are weights initialised, and what does it do?"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from typing import Any, Final

from trainlab.draw import Cell, counted, format_number, join
from trainlab.explain.explanation import ShortAnswer
from trainlab.explain.module_copy import is_module, subject_of
from trainlab.explain.network import network_numbers
from trainlab.explain.options import (
    SEEDS,
    OnSection,
    Part,
    check_parts,
    check_source,
    only_for_experiments,
    only_for_modules,
    populations_of,
    tell_parts,
    with_note,
)
from trainlab.explain.populations import OnProgress
from trainlab.explain.questions.init.evidence import (
    DEFAULT,
    LEARNING_SEEDS,
    SYMMETRY_SEEDS,
    Evidence,
    InitExplanation,
    ModuleEvidence,
    NamedExperiment,
    StackOptions,
    named_experiment,
    read_stack,
    usual_activation,
)
from trainlab.explain.questions.init.learning import learning_section
from trainlab.explain.questions.init.module import (
    MeasuredLayer,
    met_words,
    module_section,
    module_symmetry_section,
)
from trainlab.explain.questions.init.schemes import law_of, schemes_numbers, schemes_section
from trainlab.explain.questions.init.signals import LayerSignals
from trainlab.explain.questions.init.signals_section import mean_zero, signals_section
from trainlab.explain.questions.init.sizes import CLAIMED, WORDS, outcome_words, sizes_section
from trainlab.explain.questions.init.symmetry import Symmetry, symmetry_section
from trainlab.page.section import Section, Table
from trainlab.plain import pick
from trainlab.spec import Experiment, InitScheme, Study, name_of

# The answer: whether a gradient arrives at the first layer, scheme by scheme; and a verdict in words.


FADED: Final = 0.1
"""A gradient that arrives with less than this share of its size has faded; with more than 1/0.1, exploded."""

RULE: Final = "Weights start as random numbers, of a size at which signals neither fade nor grow"


def short_answer(evidence: Evidence) -> ShortAnswer:
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
    name: str, layers: Sequence[MeasuredLayer], never: Sequence[str], batch: int
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


def module_verdict(name: str, layers: Sequence[MeasuredLayer], never: Sequence[str]) -> str:
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


def _through(layers: Sequence[MeasuredLayer]) -> str:
    """Return how outputs and gradients change from the first of the layers that are called to the last."""
    if not layers:
        return "no layer with weights is called, so no outputs were seen"
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


# ``trainlab.explain.init``: how are weights initialised, and what does it do?


def init(
    source: Experiment | Study | str | os.PathLike[str] | Any = DEFAULT,
    *,
    cell: str | None = None,
    inputs: Any = None,
    targets: Any = None,
    loss: Any = None,
    schemes: Sequence[str | InitScheme] | None = None,
    activation: str | None = None,
    depth: int = 10,
    width: int = 64,
    parts: str | Sequence[str] = (),
    seeds: int = SEEDS,
    engine: str = "auto",
    store: str | os.PathLike[str] | None = None,
    workers: int | None = None,
    on_progress: OnProgress | None = None,
    on_section: OnSection | None = None,
) -> InitExplanation:
    """Explain how weights are initialised: schemes, signals through depth, symmetry, the effect on learning.

    Args:
        source: an experiment, a study, its file or an example's name; or a ``torch.nn.Module``.
        cell: the study's cell, as ``"Model 1:A+B"``; its first network without changes if left out, and of
            the example ``"xor44"`` ``"Model 3:A+B"``.
        inputs: a module's batch, ``[examples, …]``.
        targets: of that batch.
        loss: of a module: a name such as ``"mse"``, one of torch's, or a function of outputs and targets; if
            left out cross-entropy for whole-number targets and mse for others.
        schemes: those to show and train: names such as ``"he_normal"`` or ``"normal(std=0.5)"``, or parts of
            an experiment. Schemes and the stack are for an experiment.
        activation: of the stack that signals go through; the experiment's if left out.
        depth: layers of that stack.
        width: units of each of them.
        seeds: how many networks each population has, of the largest grids fewer; a module has none.
        parts, engine, store, workers, on_progress, on_section: as in all questions, see `trainlab.explain`.

    Raises:
        ExplainError: an unknown scheme, activation or part, a stack or batch that can't be.
        SpecError: a study or experiment that can't be.
        EngineError: an engine that doesn't exist or can't train this here.
    """
    populations = populations_of(
        seeds=seeds, engine=engine, store=store, workers=workers, on_progress=on_progress
    )
    if is_module(source):
        only_for_experiments(cell=cell)
        names = check_parts(MODULE_PARTS, parts)
        subject = subject_of(source, inputs, targets, loss, usual_loss=True)
        return _explain_module(ModuleEvidence(subject=subject), names, on_section)
    names = check_parts(PARTS, parts)
    named = named_experiment(check_source(source, modules=True), cell)
    only_for_modules(inputs=inputs, targets=targets, loss=loss)
    usual = usual_activation(named.experiment)
    stack = read_stack(schemes, activation=activation, usual_activation=usual, depth=depth, width=width)
    return _explain(Evidence(stack=stack, named=named, populations=populations), names, on_section)


def _explain(evidence: Evidence, names: Sequence[str], on_section: OnSection | None) -> InitExplanation:
    told = tell_parts(PARTS, names, evidence, on_section)
    return InitExplanation(
        question="init",
        subject=evidence.named.name,
        verdict=verdict(evidence) if told.whole else "",
        sections=told.sections,
        answer=short_answer(evidence) if told.whole else None,
        numbers={
            "experiment": evidence.experiment.to_dict(),
            "network": network_numbers(evidence.experiment),
            "module": None,
            "seeds": evidence.populations.seeds,
            **told.numbers,
        },
        samples=evidence.example[1] if told.has("example") else {},
        torch_layers=tuple(evidence.default[1]) if told.has("default") else (),
        signals=tuple(evidence.signals) if told.has("signals") else (),
        symmetry=tuple(evidence.symmetries) if told.has("symmetry") else (),
        learning=tuple(evidence.learnt) if told.has("learning") else (),
        sizes=tuple(evidence.sizes) if told.has("sizes") else (),
        claims=tuple(evidence.claims) if told.has("sizes") else (),
    )


def _explain_module(
    evidence: ModuleEvidence, names: Sequence[str], on_section: OnSection | None
) -> InitExplanation:
    layers, never = evidence.layers, evidence.never
    told = tell_parts(MODULE_PARTS, names, evidence, on_section)
    return InitExplanation(
        question="init",
        subject=evidence.name,
        verdict=module_verdict(evidence.name, layers, never) if told.whole else "",
        sections=told.sections,
        answer=module_short_answer(evidence.name, layers, never, evidence.batch) if told.whole else None,
        numbers={"network": None, "module": evidence.name, **told.numbers},
        module=tuple(layers),
    )


def _signals_section(evidence: Evidence) -> Section:
    stack = evidence.stack
    return signals_section(
        evidence.signals, depth=stack.depth, width=stack.width, activation=stack.activation
    )


def _signals_numbers(evidence: Evidence) -> dict[str, Any]:
    return {
        "stack": {
            **pick(evidence.stack, "depth width activation"),
            "signals": evidence.signals,
            "mean_zero": mean_zero([(each.label, each) for each in evidence.signals]),
        }
    }


def _symmetry_section(evidence: Evidence) -> Section:
    found = evidence.symmetries
    note = evidence.populations.note(found[0].seeds, asked=SYMMETRY_SEEDS)
    return with_note(symmetry_section(found), note)


def _sizes_section(evidence: Evidence) -> Section:
    section = sizes_section(evidence.sizes, evidence.claims, evidence.at_start)
    return with_note(section, evidence.populations.note(evidence.sizes[0].solved.n))


def _sizes_numbers(evidence: Evidence) -> dict[str, Any]:
    return {
        "sizes": evidence.sizes,
        "claims": evidence.claims,
        "gradient_ratios": evidence.at_start,
    }


def _learning_section(evidence: Evidence) -> Section:
    found = evidence.learnt
    note = evidence.populations.note(found[0].solved.n, asked=LEARNING_SEEDS)
    return with_note(learning_section(found, evidence.experiment, evidence.named.name), note)


def _module_section(evidence: ModuleEvidence) -> Section:
    notes = evidence.subject.notes
    return module_section(evidence.layers, evidence.name, evidence.batch, evidence.never, notes)


PARTS: Final[tuple[Part[Evidence], ...]] = (
    Part(
        name="schemes",
        section=lambda evidence: schemes_section(evidence.stack.schemes, evidence.fans),
        numbers=lambda evidence: {"schemes": schemes_numbers(evidence.stack.schemes, evidence.fans)},
    ),
    Part(
        name="example",
        section=lambda evidence: evidence.example[0],
        numbers=lambda evidence: {"example": evidence.example[1]},
    ),
    Part(
        name="default",
        section=lambda evidence: evidence.default[0],
        numbers=lambda evidence: {"torch": evidence.default[1]},
    ),
    Part(name="signals", section=_signals_section, numbers=_signals_numbers),
    Part(
        name="symmetry",
        section=_symmetry_section,
        numbers=lambda evidence: {"symmetry": evidence.symmetries},
    ),
    Part(name="sizes", section=_sizes_section, numbers=_sizes_numbers),
    Part(
        name="learning",
        section=_learning_section,
        numbers=lambda evidence: {"learning": evidence.learnt},
    ),
)
"""The sections on an experiment, in order."""
MODULE_PARTS: Final[tuple[Part[ModuleEvidence], ...]] = (
    Part(
        name="module",
        section=_module_section,
        numbers=lambda evidence: {"module_layers": evidence.layers, "never_met": evidence.never},
    ),
    Part(name="symmetry", section=lambda evidence: module_symmetry_section(evidence.layers)),
)
"""The sections on a torch module, in order."""
