"""What the sections on the chain rule are made of, computed when first needed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

from trainlab.explain.common.populations import Populations
from trainlab.explain.questions.chain_rule.central_difference import Difference, difference_of
from trainlab.explain.questions.chain_rule.deep_network import Deep, deep_question, trained_deep
from trainlab.explain.questions.chain_rule.downhill_section import Downhill, look_downhill
from trainlab.explain.questions.chain_rule.flow import Flow, layer_flows
from trainlab.explain.questions.chain_rule.options import Question
from trainlab.explain.questions.chain_rule.paths import Paths, count_paths, find_paths
from trainlab.explain.questions.chain_rule.paths_section import paths_section
from trainlab.explain.questions.chain_rule.point_autograd import Autograd, autograd_check
from trainlab.explain.questions.chain_rule.steps import Step, pass_steps
from trainlab.page.section import Section

LISTED: Final = 50
"""Paths that are written out, the largest first, unless all are asked for."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Evidence:
    """A question, whose paths are all listed if `every`; and what is said of it."""

    question: Question
    every: bool
    populations: Populations

    @property
    def derivative(self) -> float:
        """By the weight asked about, from the backward pass."""
        return self.question.example.derivative(self.question.entry)

    @cached_property
    def path_count(self) -> int:
        """How many paths lead from it to the loss."""
        return count_paths(self.question.example, self.question.entry)

    @cached_property
    def paths(self) -> Paths:
        """The paths, listed unless they are too many."""
        listed = self.path_count if self.every else LISTED
        return find_paths(self.question.example, self.question.entry, listed=listed)

    @cached_property
    def difference(self) -> Difference:
        """The derivative by central differences."""
        return difference_of(self.question)

    @cached_property
    def autograd(self) -> Autograd | None:
        """The derivatives by autograd; None without torch."""
        question = self.question
        return autograd_check(question.experiment, question.seed, question.example, question.entry)

    @cached_property
    def paths_section(self) -> Section:
        """The paths with their factors; its first table is that of the answer."""
        return paths_section(self.question, self.paths, self.autograd, self.difference)

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """Both passes, step by step."""
        return pass_steps(self.question.example)

    @cached_property
    def deep(self) -> Deep:
        """The network whose layers are looked at one by one, at its initial weights."""
        return deep_question(self.question, self.populations.seeds)

    @cached_property
    def trained_deep(self) -> Deep:
        """The same with what is so after training."""
        return trained_deep(self.deep, self.populations)

    @property
    def flows(self) -> tuple[Flow, ...]:
        """What is left of the error signal at each layer of the network asked about."""
        return layer_flows(self.question.example) if self.question.default else self.deep.flows

    @cached_property
    def downhill(self) -> Downhill:
        """The optimizer's first steps, and the loss around them."""
        return look_downhill(self.question.experiment, self.question.seed)
