"""What the sections on initial weights are made of, computed when first needed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, Final

from trainlab.explain.common.populations import Populations
from trainlab.explain.questions.init.default_module import DrawnLayer
from trainlab.explain.questions.init.default_section import default_section
from trainlab.explain.questions.init.example_section import PICTURED, example_section
from trainlab.explain.questions.init.layer_signals import LayerSignals, network_signals, stack_signals
from trainlab.explain.questions.init.layers_module import ModuleLayer, module_layers
from trainlab.explain.questions.init.learning_section import ACTIVATIONS, Learnt, learn
from trainlab.explain.questions.init.mean_zero import mean_zero
from trainlab.explain.questions.init.options import NamedExperiment, StackOptions
from trainlab.explain.questions.init.sample import Sample
from trainlab.explain.questions.init.schemes import find_schemes
from trainlab.explain.questions.init.schemes_section import Fans
from trainlab.explain.questions.init.sizes import Claim, Size, StartSize, start_sizes, train_sizes
from trainlab.explain.questions.init.symmetry import Symmetry, started, starts, symmetry
from trainlab.explain.questions.init.variants import with_weights
from trainlab.explain.questions.init.zero_section import zero_gradients
from trainlab.explain.subject.module_copy import Subject
from trainlab.page.section import Section
from trainlab.spec import Experiment

LEARNING_SEEDS: Final = 200
SYMMETRY_SEEDS: Final = 100
START_NETWORKS: Final = 200
"""Grids of a hundred populations, counts of equal neurons and signals at the start have this many at most."""

OWN: Final = ("default", "xavier_uniform", "he_normal")
EXAMPLE_FANS: Final[Fans] = (10, 100)


@dataclass(frozen=True, kw_only=True, eq=False)
class StackEvidence(ABC):
    """What doesn't depend on the source: schemes, the worked example, PyTorch's default, a deep stack."""

    stack: StackOptions

    @property
    @abstractmethod
    def layer_fans(self) -> Sequence[Fans]:
        """Inputs and outputs of the source's own layers."""

    @property
    def fans(self) -> tuple[Fans, ...]:
        """Inputs and outputs of the layers that schemes are shown for: the example's and a few of these."""
        return tuple(dict.fromkeys([EXAMPLE_FANS, *self.layer_fans]))[:4]

    @cached_property
    def example(self) -> tuple[Section, Mapping[str, Sample]]:
        """The worked example, and each scheme's sample by its label."""
        pictured = [each.label for each in self.stack.shown][:4] if self.stack.chosen else PICTURED
        return example_section(self.stack.schemes, pictured)

    @cached_property
    def default(self) -> tuple[Section, Sequence[DrawnLayer]]:
        """PyTorch's default, and layers as torch makes them; none without torch."""
        return default_section()

    @cached_property
    def signals(self) -> list[LayerSignals]:
        """Through the stack, under each scheme that is shown."""
        stack = self.stack
        return stack_signals(stack.shown, depth=stack.depth, width=stack.width, activation=stack.activation)

    def stack_numbers(self) -> dict[str, Any]:
        """Return the stack and its signals as plain data."""
        return {
            "depth": self.stack.depth,
            "width": self.stack.width,
            "activation": self.stack.activation,
            "signals": [each.to_dict() for each in self.signals],
            "mean_zero": mean_zero([(each.label, each) for each in self.signals]).to_dict(),
        }


@dataclass(frozen=True, kw_only=True, eq=False)
class Evidence(StackEvidence):
    """An experiment and its study's networks: how they start, and what they learn from that."""

    named: NamedExperiment
    populations: Populations

    @property
    def experiment(self) -> Experiment:
        """The experiment that is asked about."""
        return self.named.experiment

    @property
    def layer_fans(self) -> Sequence[Fans]:
        """Of the experiment's network."""
        return tuple(pairwise(self.experiment.network.widths))

    @property
    def _networks(self) -> int:
        return min(self.populations.seeds, START_NETWORKS)

    @cached_property
    def network(self) -> list[LayerSignals]:
        """The network as it is, and with weights of a few schemes; its biases start as they do."""
        schemes = self.stack.shown if self.stack.chosen else find_schemes(OWN)
        other = [(each.label, with_weights(self.experiment, each.init)) for each in schemes]
        cases = [("as the experiment", self.experiment), *other]
        return [network_signals(label, each, self._networks) for label, each in cases]

    @cached_property
    def zeros(self) -> list[tuple[str, list[tuple[bool, bool | None]]]]:
        """From zeros, which gradients are exactly 0, by activation."""
        return zero_gradients(self.experiment)

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
        return start_sizes(self.named.cases, networks=self._networks)

    @cached_property
    def learnt(self) -> list[Learnt]:
        """The share solved by scheme, activation and depth."""
        activations = tuple(dict.fromkeys([self.stack.activation, *ACTIVATIONS]))
        seeds = min(self.populations.seeds, LEARNING_SEEDS)
        return learn(self.experiment, self.stack.trained, activations, self.populations, seeds=seeds)


@dataclass(frozen=True, kw_only=True, eq=False)
class ModuleEvidence(StackEvidence):
    """A torch module with a batch: what its layers pass on, and what comes back."""

    subject: Subject

    @property
    def name(self) -> str:
        """Of the module's class."""
        return self.subject.look.name

    @property
    def batch(self) -> int:
        """How many examples it has."""
        return len(self.subject.look.inputs)

    @property
    def layer_fans(self) -> Sequence[Fans]:
        """Of the module's layers."""
        return tuple((each.fan_in, each.fan_out) for each in self.layers)

    @cached_property
    def _layers_and_never(self) -> tuple[list[ModuleLayer], list[str]]:
        return module_layers(self.subject)

    @property
    def layers(self) -> list[ModuleLayer]:
        """The layers with weights that the batch met."""
        return self._layers_and_never[0]

    @property
    def never(self) -> list[str]:
        """The names of those that it didn't."""
        return self._layers_and_never[1]
