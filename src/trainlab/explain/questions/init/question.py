"""``trainlab.explain.init``: how are weights initialised, and what does it do?"""

from __future__ import annotations

import os
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from trainlab.explain.common.options import (
    check_source,
    only_for_experiments,
    only_for_modules,
    populations_of,
)
from trainlab.explain.common.populations import OnProgress, Populations
from trainlab.explain.common.progress import OnSection, Telling
from trainlab.explain.questions.init.answer import module_short_answer, module_verdict, short_answer, verdict
from trainlab.explain.questions.init.asked import (
    DEFAULT,
    Question,
    Subject,
    question,
    subject,
    usual_activation,
)
from trainlab.explain.questions.init.default_section import default_section
from trainlab.explain.questions.init.example_section import PICTURED, example_section
from trainlab.explain.questions.init.layers_module import module_layers
from trainlab.explain.questions.init.learning_section import ACTIVATIONS, Learnt, learn, learning_section
from trainlab.explain.questions.init.mean_zero import mean_zero
from trainlab.explain.questions.init.module_section import module_section, module_symmetry_section
from trainlab.explain.questions.init.network_section import network_section
from trainlab.explain.questions.init.result import InitExplanation
from trainlab.explain.questions.init.schemes import find_schemes
from trainlab.explain.questions.init.schemes_section import Fans, schemes_numbers, schemes_section
from trainlab.explain.questions.init.signals_section import signals_section
from trainlab.explain.questions.init.sizes import start_sizes, train_sizes
from trainlab.explain.questions.init.sizes_section import sizes_section
from trainlab.explain.questions.init.stack import LayerSignals, network_signals, stack_signals
from trainlab.explain.questions.init.symmetry import Symmetry, started, starts, symmetry, zero_gradients
from trainlab.explain.questions.init.symmetry_section import symmetry_section
from trainlab.explain.questions.init.variants import with_weights
from trainlab.explain.questions.init.zero_section import zero_section
from trainlab.explain.subject.live import is_module
from trainlab.explain.subject.module import subject_of
from trainlab.explain.subject.network import network_numbers
from trainlab.spec import Experiment, InitScheme, Study

SEEDS = 1000
LEARNING_SEEDS, SYMMETRY_SEEDS, START_NETWORKS = 200, 100, 200
"""Grids of a hundred populations, counts of equal neurons and signals at the start have this many at most."""

OWN = ("default", "xavier_uniform", "he_normal")
EXAMPLE_FANS: Fans = (10, 100)


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
    seeds: int = SEEDS,
    engine: str = "auto",
    store: str | os.PathLike[str] | None = None,
    workers: int | None = None,
    on_progress: OnProgress | None = None,
    on_section: OnSection | None = None,
) -> InitExplanation:
    """Explain how weights are initialised: schemes, signals through depth, symmetry, the effect on learning.

    `source` is an experiment, a study or its file (`cell` names one of its cells), or a ``torch.nn.Module``
    with a batch of `inputs` and `targets`; its `loss` is a name such as "mse", one of torch's or a function
    of outputs and targets, cross-entropy for whole-number targets and mse for others if left out. By default
    `source` is the assignment's Model 3 with changes A and B. `schemes` are names such as "he_normal" or
    "normal(std=0.5)", or parts of an experiment; `activation`, `depth` and `width` are of the stack that
    signals go through. Populations have `seeds` seeds, the largest grids fewer.

    Raises:
        ExplainError: an unknown scheme or activation, a stack or batch that can't be.
        SpecError: a study or experiment that can't be.
    """
    populations = populations_of(
        seeds=seeds, engine=engine, store=store, workers=workers, on_progress=on_progress
    )
    telling = Telling(on_section=on_section)
    if is_module(source):
        only_for_experiments(cell=cell)
        asked = question(schemes, activation=activation, usual_activation="tanh", depth=depth, width=width)
        return _of_module(telling, asked, source, inputs, targets, loss)
    about = subject(check_source(source), cell)
    only_for_modules(inputs=inputs, targets=targets, loss=loss)
    usual = usual_activation(about.experiment)
    asked = question(schemes, activation=activation, usual_activation=usual, depth=depth, width=width)
    return _of_experiment(telling, asked, about, populations)


def _of_experiment(
    telling: Telling, asked: Question, about: Subject, populations: Populations
) -> InitExplanation:
    experiment, seeds = about.experiment, populations.seeds
    widths = experiment.network.widths
    common = _common(telling, asked, tuple(pairwise(widths)))
    network = _own_network(asked, experiment, min(seeds, START_NETWORKS))
    telling.add(network_section(network))
    zeros = zero_gradients(experiment)
    telling.add(zero_section(about.network, zeros))
    symmetries = _symmetries(about, populations)
    fewer = populations.note(symmetries[0].seeds, asked=SYMMETRY_SEEDS)
    telling.add(symmetry_section(symmetries), fewer)
    sizes, claims = train_sizes(about.cases, populations)
    at_start = start_sizes(about.cases, networks=min(seeds, START_NETWORKS))
    telling.add(sizes_section(sizes, claims, at_start), populations.note(sizes[0].solved.n))
    learnt = _learnt(asked, experiment, populations)
    fewer = populations.note(learnt[0].solved.n, asked=LEARNING_SEEDS)
    telling.add(learning_section(learnt, experiment, about.name), fewer)
    return InitExplanation(
        question="init",
        subject=about.name,
        verdict=verdict(asked, about, common["signals"], symmetries, claims),
        sections=telling.done(),
        answer=short_answer(asked, common["signals"]),
        numbers={
            **common["numbers"],
            "experiment": experiment.to_dict(),
            "network": network_numbers(experiment),
            "module": None,
            "network_signals": [each.to_dict() for each in network],
            "zero": {
                name: [{"weights": weights, "biases": biases} for weights, biases in layers]
                for name, layers in zeros
            },
            "symmetry": [each.to_dict() for each in symmetries],
            "learning": [each.to_dict() for each in learnt],
            "sizes": [each.to_dict() for each in sizes],
            "claims": [each.to_dict() for each in claims],
            "gradient_ratios": [
                {
                    "case": each.case,
                    "std": each.value,
                    "measured": each.gradient_ratio,
                    "theory": each.theory_ratio,
                }
                for each in at_start
            ],
            "seeds": seeds,
        },
        samples=common["samples"],
        torch_layers=tuple(common["torch"]),
        signals=tuple(common["signals"]),
        network=tuple(network),
        symmetry=tuple(symmetries),
        learning=tuple(learnt),
        sizes=tuple(sizes),
        claims=tuple(claims),
    )


def _of_module(
    telling: Telling, asked: Question, module: Any, inputs: Any, targets: Any, loss: Any
) -> InitExplanation:
    looked_at = subject_of(module, inputs, targets, loss, usual_loss=True)
    layers, never = module_layers(looked_at)
    name, batch = looked_at.look.name, len(looked_at.look.inputs)
    telling.add(module_section(layers, name, batch, never, looked_at.look.notes))
    telling.add(module_symmetry_section(layers))
    fans = tuple((each.fan_in, each.fan_out) for each in layers)
    common = _common(telling, asked, fans)
    return InitExplanation(
        question="init",
        subject=name,
        verdict=module_verdict(name, layers, never),
        sections=telling.done(),
        answer=module_short_answer(name, layers, never, batch),
        numbers={
            **common["numbers"],
            "network": None,
            "module": name,
            "module_layers": [each.to_dict() for each in layers],
            "never_met": never,
        },
        samples=common["samples"],
        torch_layers=tuple(common["torch"]),
        signals=tuple(common["signals"]),
        module=tuple(layers),
    )


def _common(telling: Telling, asked: Question, fans: Sequence[Fans]) -> dict[str, Any]:
    """Tell what doesn't depend on the source: schemes, the worked example, PyTorch's default, the stack."""
    shown = tuple(dict.fromkeys([EXAMPLE_FANS, *fans]))[:4]
    telling.add(schemes_section(asked.schemes, shown))
    pictured = [each.label for each in asked.shown][:4] if asked.chosen else PICTURED
    example, samples = example_section(asked.schemes, pictured)
    telling.add(example)
    default, layers = default_section()
    telling.add(default)
    signals = stack_signals(asked.shown, depth=asked.depth, width=asked.width, activation=asked.activation)
    telling.add(signals_section(signals, depth=asked.depth, width=asked.width, activation=asked.activation))
    numbers = {
        "schemes": schemes_numbers(asked.schemes, shown),
        "example": {label: sample.to_dict() for label, sample in samples.items()},
        "torch": [layer.to_dict() for layer in layers],
        "stack": {
            "depth": asked.depth,
            "width": asked.width,
            "activation": asked.activation,
            "signals": [each.to_dict() for each in signals],
            "mean_zero": mean_zero([(each.label, each) for each in signals]).to_dict(),
        },
    }
    return {"samples": samples, "torch": layers, "signals": signals, "numbers": numbers}


def _own_network(asked: Question, experiment: Experiment, networks: int) -> list[LayerSignals]:
    """The network as it is, and with weights of a few schemes; its biases start as they do."""
    schemes = asked.shown if asked.chosen else find_schemes(OWN)
    return [
        network_signals("as the experiment", experiment, networks),
        *(network_signals(each.label, with_weights(experiment, each.init), networks) for each in schemes),
    ]


def _symmetries(about: Subject, populations: Populations) -> list[Symmetry]:
    places = [(case, start) for case in about.cases for start in starts(case.experiment)]
    runs = populations.train(
        [started(case.experiment, start) for case, start in places],
        seeds=min(populations.seeds, SYMMETRY_SEEDS),
    )
    return [symmetry(case.name, start.label, each) for (case, start), each in zip(places, runs, strict=True)]


def _learnt(asked: Question, experiment: Experiment, populations: Populations) -> list[Learnt]:
    activations = tuple(dict.fromkeys([asked.activation, *ACTIVATIONS]))
    seeds = min(populations.seeds, LEARNING_SEEDS)
    return learn(experiment, asked.trained, activations, populations, seeds=seeds)
