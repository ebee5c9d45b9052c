"""``trainlab.explain.init``: how are weights initialised, and what does it do?"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Final

from trainlab.explain.common.options import (
    SEEDS,
    check_source,
    only_for_experiments,
    only_for_modules,
    populations_of,
)
from trainlab.explain.common.parts import OnSection, Part, check_parts, tell_parts, with_note
from trainlab.explain.common.populations import OnProgress
from trainlab.explain.questions.init.answer import module_short_answer, module_verdict, short_answer, verdict
from trainlab.explain.questions.init.evidence import (
    LEARNING_SEEDS,
    SYMMETRY_SEEDS,
    Evidence,
    ModuleEvidence,
    StackEvidence,
)
from trainlab.explain.questions.init.learning_section import learning_section
from trainlab.explain.questions.init.module_section import module_section, module_symmetry_section
from trainlab.explain.questions.init.options import DEFAULT, named_experiment, read_stack, usual_activation
from trainlab.explain.questions.init.result import InitExplanation
from trainlab.explain.questions.init.schemes_section import schemes_numbers, schemes_section
from trainlab.explain.questions.init.signals_section import network_section, signals_section
from trainlab.explain.questions.init.sizes_section import sizes_section
from trainlab.explain.questions.init.symmetry_section import symmetry_section
from trainlab.explain.questions.init.zero_section import zero_section
from trainlab.explain.subject.given_module import is_module
from trainlab.explain.subject.module_copy import subject_of
from trainlab.explain.subject.network import network_numbers
from trainlab.page.section import Section
from trainlab.spec import Experiment, InitScheme, Study


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
            an experiment.
        activation: of the stack that signals go through; the experiment's if left out.
        depth: layers of that stack.
        width: units of each of them.
        parts: the sections to make, by name; all if empty. Fewer come without answer and verdict.
        seeds: how many networks each population has, of the largest grids fewer; a module has none.
        engine: who trains the populations.
        store: the folder that keeps finished runs; none if left out.
        workers: threads or processes; all processors if left out.
        on_progress: called while populations train.
        on_section: called with each section as soon as it is ready.

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
        stack = read_stack(schemes, activation=activation, usual_activation="tanh", depth=depth, width=width)
        subject = subject_of(source, inputs, targets, loss, usual_loss=True)
        return _explain_module(ModuleEvidence(stack=stack, subject=subject), names, on_section)
    names = check_parts(PARTS, parts)
    named = named_experiment(check_source(source), cell)
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
        network=tuple(evidence.network) if told.has("network") else (),
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
        samples=evidence.example[1] if told.has("example") else {},
        torch_layers=tuple(evidence.default[1]) if told.has("default") else (),
        signals=tuple(evidence.signals) if told.has("signals") else (),
        module=tuple(layers),
    )


def _signals_section(evidence: StackEvidence) -> Section:
    stack = evidence.stack
    return signals_section(
        evidence.signals, depth=stack.depth, width=stack.width, activation=stack.activation
    )


def _symmetry_section(evidence: Evidence) -> Section:
    found = evidence.symmetries
    note = evidence.populations.note(found[0].seeds, asked=SYMMETRY_SEEDS)
    return with_note(symmetry_section(found), note)


def _zero_numbers(evidence: Evidence) -> dict[str, Any]:
    return {
        name: [{"weights": weights, "biases": biases} for weights, biases in layers]
        for name, layers in evidence.zeros
    }


def _sizes_section(evidence: Evidence) -> Section:
    section = sizes_section(evidence.sizes, evidence.claims, evidence.at_start)
    return with_note(section, evidence.populations.note(evidence.sizes[0].solved.n))


def _sizes_numbers(evidence: Evidence) -> dict[str, Any]:
    return {
        "sizes": [each.to_dict() for each in evidence.sizes],
        "claims": [each.to_dict() for each in evidence.claims],
        "gradient_ratios": [
            {
                "case": each.case,
                "std": each.value,
                "measured": each.gradient_ratio,
                "theory": each.theory_ratio,
            }
            for each in evidence.at_start
        ],
    }


def _learning_section(evidence: Evidence) -> Section:
    found = evidence.learnt
    note = evidence.populations.note(found[0].solved.n, asked=LEARNING_SEEDS)
    return with_note(learning_section(found, evidence.experiment, evidence.named.name), note)


def _module_section(evidence: ModuleEvidence) -> Section:
    notes = evidence.subject.look.notes
    return module_section(evidence.layers, evidence.name, evidence.batch, evidence.never, notes)


STACK_PARTS: Final[tuple[Part[StackEvidence], ...]] = (
    Part(
        name="schemes",
        section=lambda evidence: schemes_section(evidence.stack.schemes, evidence.fans),
        numbers=lambda evidence: {"schemes": schemes_numbers(evidence.stack.schemes, evidence.fans)},
    ),
    Part(
        name="example",
        section=lambda evidence: evidence.example[0],
        numbers=lambda evidence: {
            "example": {label: sample.to_dict() for label, sample in evidence.example[1].items()}
        },
    ),
    Part(
        name="default",
        section=lambda evidence: evidence.default[0],
        numbers=lambda evidence: {"torch": [layer.to_dict() for layer in evidence.default[1]]},
    ),
    Part(
        name="signals",
        section=_signals_section,
        numbers=lambda evidence: {"stack": evidence.stack_numbers()},
    ),
)
PARTS: Final[tuple[Part[Evidence], ...]] = (
    *STACK_PARTS,
    Part(
        name="network",
        section=lambda evidence: network_section(evidence.network),
        numbers=lambda evidence: {"network_signals": [each.to_dict() for each in evidence.network]},
    ),
    Part(
        name="zero",
        section=lambda evidence: zero_section(evidence.named.network, evidence.zeros),
        numbers=lambda evidence: {"zero": _zero_numbers(evidence)},
    ),
    Part(
        name="symmetry",
        section=_symmetry_section,
        numbers=lambda evidence: {"symmetry": [each.to_dict() for each in evidence.symmetries]},
    ),
    Part(name="sizes", section=_sizes_section, numbers=_sizes_numbers),
    Part(
        name="learning",
        section=_learning_section,
        numbers=lambda evidence: {"learning": [each.to_dict() for each in evidence.learnt]},
    ),
)
"""The sections on an experiment, in order."""

MODULE_PARTS: Final[tuple[Part[ModuleEvidence], ...]] = (
    Part(
        name="module",
        section=_module_section,
        numbers=lambda evidence: {
            "module_layers": [each.to_dict() for each in evidence.layers],
            "never_met": evidence.never,
        },
    ),
    Part(
        name="symmetry",
        section=lambda evidence: module_symmetry_section(evidence.layers),
    ),
    *STACK_PARTS,
)
"""The sections on a torch module, in order."""
