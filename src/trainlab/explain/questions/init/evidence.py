"""What is asked, and what the sections on initial weights are made of, computed when first needed."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from trainlab.engine.layout import layers_of
from trainlab.errors import ExplainError, listing, nearest
from trainlab.explain.explanation import Explanation
from trainlab.explain.module_copy import Subject
from trainlab.explain.options import check_cell, listed, whole
from trainlab.explain.populations import Populations
from trainlab.explain.questions.init.draws import DrawnLayer, Sample, default_section, example_section
from trainlab.explain.questions.init.learning import TRAINED_ACTIVATIONS, Learnt, learn
from trainlab.explain.questions.init.module import MeasuredLayer, module_layers
from trainlab.explain.questions.init.schemes import SHOWN, TRAINED, Fans, Scheme, all_schemes, find_schemes
from trainlab.explain.questions.init.signals import LayerSignals, stack_signals
from trainlab.explain.questions.init.sizes import Case, Claim, Size, StartSize, start_sizes, train_sizes
from trainlab.explain.questions.init.symmetry import Symmetry, started, starts, symmetry
from trainlab.maths import ACTIVATIONS
from trainlab.page.section import Section
from trainlab.spec import Experiment, InitScheme, Study, any_study, named_cell

# What the options mean, checked before anything is computed: the stack, its schemes, the experiment.


DEFAULT = "xor44"
DEFAULT_CELL = "Model 3:A+B"
"""The assignment's deepest network, whose gradient vanishes, with Adam and MSE: of those unchanged hardly any
learns from any start, so that no start could be seen to help."""

MOST_DEPTH, MOST_WIDTH = 1000, 1000
MOST_WEIGHTS = 300_000
"""Of one stack: what 15 seconds allow, for all schemes and 8 networks each."""

MOST_CASES = 4
"""Of a study's networks, the first so many are tested."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StackOptions:
    """The stack that signals go through, the schemes of the tables, and those that are shown and trained.

    `chosen` says that the schemes were named, not the usual ones.
    """

    schemes: tuple[Scheme, ...]
    shown: tuple[Scheme, ...]
    trained: tuple[Scheme, ...]
    chosen: bool
    activation: str
    depth: int
    width: int


@dataclass(frozen=True, kw_only=True, slots=True)
class NamedExperiment:
    """The experiment that is asked about, by name, and the study's networks under the same training."""

    name: str
    network: str
    experiment: Experiment
    cases: tuple[Case, ...]


def read_stack(
    schemes: Sequence[str | InitScheme] | None,
    *,
    activation: str | None,
    usual_activation: str,
    depth: int,
    width: int,
) -> StackOptions:
    """Return the stack and its schemes.

    Raises:
        ExplainError: an unknown scheme or activation, or a stack that is none, or too large.
    """
    asked = find_schemes(listed("schemes", schemes, example="'he_normal'"))
    _check_stack(depth, width)
    return StackOptions(
        schemes=find_schemes([*all_schemes(), *asked]),
        shown=asked or find_schemes(SHOWN),
        trained=asked or find_schemes(TRAINED),
        chosen=bool(asked),
        activation=_activation(usual_activation if activation is None else activation),
        depth=depth,
        width=width,
    )


def named_experiment(
    source: Study | Experiment | str | os.PathLike[str], cell: str | None
) -> NamedExperiment:
    """Return the experiment meant, and the networks of its study with the same changes."""
    cell, plan = check_cell(cell), any_study(source)
    if cell is None and str(source) == DEFAULT and not isinstance(source, Study | Experiment):
        cell = DEFAULT_CELL
    experiment = named_cell(plan, cell).experiment
    found = next((each for each in plan.cells() if each.experiment == experiment), None)
    network = found.network if found is not None else experiment.network.label
    changes = found.changes if found is not None else ()
    names = sorted(plan.network_names, key=lambda name: name != network)[:MOST_CASES]
    ordered = [name for name in plan.network_names if name in names]
    cases = [Case(name=name, experiment=plan.experiment(name, changes)) for name in ordered]
    label = f"{network} with {'+'.join(changes)}" if changes else network
    return NamedExperiment(name=label, network=network, experiment=experiment, cases=tuple(cases))


def usual_activation(experiment: Experiment) -> str:
    """Return the activation of the first layer, tanh if it isn't elementwise."""
    name = experiment.network.activations[0]
    return name if ACTIVATIONS[name].elementwise else "tanh"


def _activation(name: str) -> str:
    fine = [each.name for each in ACTIVATIONS.values() if each.elementwise]
    if name not in fine:
        raise ExplainError(f"activation = {name!r}: must be {listing(fine)}.{nearest(str(name), fine)}")
    return name


def _check_stack(depth: int, width: int) -> None:
    whole("depth", depth, least=1, most=MOST_DEPTH)
    whole("width", width, least=1, most=MOST_WIDTH)
    weights = depth * width * width
    if weights > MOST_WEIGHTS:
        raise ExplainError(
            f"depth = {depth:,}, width = {width:,}: a stack of {weights:,} weights; at most "
            f"{MOST_WEIGHTS:,} are allowed, as 10 layers of 173. Lower one of the two."
        )


# What the sections on initial weights are made of, computed when first needed.


LEARNING_SEEDS: Final = 200
SYMMETRY_SEEDS: Final = 100
START_NETWORKS: Final = 200
"""Grids of a hundred populations, counts of equal neurons and signals at the start have this many at most."""

EXAMPLE_FANS: Final[Fans] = (10, 100)


@dataclass(frozen=True, kw_only=True, eq=False)
class Evidence:
    """An experiment and its study's networks: schemes, how signals start, and what is learnt from that."""

    stack: StackOptions
    named: NamedExperiment
    populations: Populations

    @property
    def experiment(self) -> Experiment:
        """The experiment that is asked about."""
        return self.named.experiment

    @property
    def fans(self) -> tuple[Fans, ...]:
        """Inputs and outputs of the layers that schemes are shown for: the example's and a few of its own."""
        layers = layers_of(self.experiment.network)
        return tuple(dict.fromkeys([EXAMPLE_FANS, *((each.fan_in, each.fan_out) for each in layers)]))[:4]

    @cached_property
    def example(self) -> tuple[Section, Mapping[str, Sample]]:
        """The worked example, and each scheme's sample by its label."""
        return example_section(self.stack.schemes)

    @cached_property
    def default(self) -> tuple[Section, Sequence[DrawnLayer]]:
        """PyTorch's default, and layers as torch makes them; none without torch."""
        return default_section()

    @cached_property
    def signals(self) -> list[LayerSignals]:
        """Through the stack, under each scheme that is shown."""
        stack = self.stack
        return stack_signals(stack.shown, depth=stack.depth, width=stack.width, activation=stack.activation)

    @cached_property
    def symmetries(self) -> list[Symmetry]:
        """How many neurons differ after training, by case and start."""
        places = [(case, start) for case in self.named.cases for start in starts(case.experiment)]
        runs = self.populations.train(
            [started(case.experiment, start) for case, start in places],
            seeds=min(self.populations.seeds, SYMMETRY_SEEDS),
        )
        return [
            symmetry(case.name, start.label, each) for (case, start), each in zip(places, runs, strict=True)
        ]

    @cached_property
    def _sizes_and_claims(self) -> tuple[list[Size], list[Claim]]:
        return train_sizes(self.named.cases, self.populations)

    @property
    def sizes(self) -> list[Size]:
        """What the cases learn from weights of several sizes."""
        return self._sizes_and_claims[0]

    @property
    def claims(self) -> list[Claim]:
        """Whether 0.5 is too small, and 1.5 too large."""
        return self._sizes_and_claims[1]

    @cached_property
    def at_start(self) -> list[StartSize]:
        """The gradients of those sizes before training."""
        return start_sizes(self.named.cases, networks=min(self.populations.seeds, START_NETWORKS))

    @cached_property
    def learnt(self) -> list[Learnt]:
        """The share solved by scheme, activation and depth."""
        activations = tuple(dict.fromkeys([self.stack.activation, *TRAINED_ACTIVATIONS]))
        seeds = min(self.populations.seeds, LEARNING_SEEDS)
        return learn(self.experiment, self.stack.trained, activations, self.populations, seeds=seeds)


@dataclass(frozen=True, kw_only=True, eq=False)
class ModuleEvidence:
    """A torch module with a batch: what its layers pass on, and what comes back."""

    subject: Subject

    @property
    def name(self) -> str:
        """Of the module's class."""
        return self.subject.name

    @property
    def batch(self) -> int:
        """How many examples it has."""
        return len(self.subject.inputs)

    @cached_property
    def _layers_and_never(self) -> tuple[list[MeasuredLayer], list[str]]:
        return module_layers(self.subject)

    @property
    def layers(self) -> list[MeasuredLayer]:
        """The layers with weights that the batch met."""
        return self._layers_and_never[0]

    @property
    def never(self) -> list[str]:
        """The names of those that it didn't."""
        return self._layers_and_never[1]


# What `trainlab.explain.init` returns.


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class InitExplanation(Explanation):
    """How weights are initialised, in numbers.

    ``samples`` holds 1,000 weights of each scheme, by its label, beside theory; ``torch_layers`` layers as
    torch makes them (none without torch); ``signals`` a deep stack under each scheme; ``symmetry`` how many
    neurons differ after training; ``learning`` the share solved by scheme, activation and depth; ``sizes``
    and ``claims`` the question of 0.5 and 1.5. For a torch module, ``module`` holds its layers, and all else
    is empty.

    `numbers` has the keys ``schemes`` (name, formula, source, laws by fans), ``example`` (by scheme),
    ``torch`` (layers, against 1/√fan_in), ``stack`` (depth, width, activation, ``signals``: lists with an
    entry a layer, and ``mean_zero``: the rule of thumb on means, held against them), ``network`` (label,
    widths, parameters; null for a module) and ``module`` (the name of its class; null for an experiment); and
    either ``module_layers`` and ``never_met`` (names of those that the batch didn't pass), or ``experiment``,
    ``symmetry``, ``learning``,
    ``sizes``, ``claims``, ``gradient_ratios`` and ``seeds``. Rates are {k, n, low, high}. Where only some
    parts were asked for, `numbers` lacks what the others say, and their fields are empty.
    """

    samples: Mapping[str, Sample] = field(default_factory=dict[str, Sample])
    torch_layers: tuple[DrawnLayer, ...] = ()
    signals: tuple[LayerSignals, ...] = ()
    symmetry: tuple[Symmetry, ...] = ()
    learning: tuple[Learnt, ...] = ()
    sizes: tuple[Size, ...] = ()
    claims: tuple[Claim, ...] = ()
    module: tuple[MeasuredLayer, ...] = ()
