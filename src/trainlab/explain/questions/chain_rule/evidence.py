"""What the sections on the chain rule are made of, computed when first needed; answer and result."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from trainlab.draw import format_number
from trainlab.explain.explanation import Explanation, ShortAnswer
from trainlab.explain.populations import Populations
from trainlab.explain.questions.chain_rule.deep_network import (
    Deep,
    deep_question,
    population_words,
    trained_deep,
    worst_sentence,
)
from trainlab.explain.questions.chain_rule.downhill import Downhill, downhill_sentence, look_downhill
from trainlab.explain.questions.chain_rule.example_pass import apart, counted_paths, entry_value, exactly
from trainlab.explain.questions.chain_rule.flow import Flow, layer_flows
from trainlab.explain.questions.chain_rule.options import Question
from trainlab.explain.questions.chain_rule.passes import MOST_PARAMETERS, Step, pass_steps
from trainlab.explain.questions.chain_rule.paths import (
    Autograd,
    Difference,
    Path,
    Paths,
    autograd_check,
    count_paths,
    difference_of,
    find_paths,
    listed_paths,
    paths_section,
)
from trainlab.page.section import Section, Table

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


# What `chain_rule` returns, and what it knows of one example as plain data.


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class ChainRuleExplanation(Explanation):
    """The chain rule carried out: `weight` has the derivative `derivative`, by `path_count` paths.

    `paths` are those listed, the largest first; `steps` both passes in the order in which they are computed
    (none of a network with more than 2,000 parameters); `flows` what is left of the error signal at each
    layer. Of a module the last two are empty.

    ``numbers`` has these keys, for an experiment:

    - ``source`` (what was explained), ``network`` (label, widths, parameters), ``seed``, ``loss``,
      ``activations``, ``point`` (words), ``inputs``, ``targets``, ``outputs``, ``loss_value``;
    - ``weight``, ``weight_value``, ``derivative``, ``paths``: ``count`` (exact; null beyond 4,000 digits),
      ``count_text``, ``sum`` (null if they aren't listed), ``listed`` (``through``, ``factors``,
      ``product``);
    - ``checks``: ``paths``, ``backward``, ``autograd``, ``central_difference`` (the derivative by each; null
      where it can't be had), ``difference_step``, ``autograd_all_weights`` (largest difference of all
      weights' derivatives to autograd's, relative to the largest of them), ``autograd_note``;
    - ``forward``: for each layer ``z`` and ``a``; ``backward``: for each layer ``delta``, and up to 2,000
      parameters ``weight`` and ``bias``; ``steps``: as `Step.to_dict`;
    - ``layers``: ``network``, ``seed``, ``flows`` (as `Flow.to_dict`), ``population`` (``seeds``, ``median``,
      ``low``, ``high``: ‖δ‖/‖∂L/∂a‖ of each layer, 5 % and 95 %; ``vanished``: seeds where the first layer
      keeps less than a hundredth, with interval; ``worst``: for each layer in how many seeds the signal
      shrinks most there; before and after training);
    - ``downhill``: ``line`` (``norm``, ``rates``, ``losses``, ``predicted``, ``best``, ``back``), ``plane``
      (``second``, ``across``, ``up``, ``losses``, ``track``, ``below``, ``inside``), ``steps``, ``losses``;
      null where there is no gradient.

    For a module: ``module`` (the name of its class; ``network`` is then null, as ``module`` is for an
    experiment), ``precision``, ``loss_value``, ``weight``, ``weight_value``, ``derivative``,
    ``paths`` (as above),
    ``graph`` (``nodes``, ``node_paths``), ``checks``.

    Where only some parts were asked for, ``numbers`` lacks what the others say, and their fields are empty.
    """

    weight: str
    derivative: float
    path_count: int
    paths: tuple[Path, ...]
    steps: tuple[Step, ...]
    flows: tuple[Flow, ...]


def point_numbers(question: Question) -> dict[str, Any]:
    """Return the example and the weight asked about as plain data."""
    example, entry = question.example, question.entry
    return {
        "seed": question.seed,
        "activations": [layer.activation for layer in example.layers],
        "loss": example.objective.name,
        "point": question.point,
        "inputs": example.inputs[0],
        "targets": example.targets[0],
        "outputs": example.passes[-1].outputs[0],
        "loss_value": example.loss,
        "weight": str(entry),
        "weight_value": entry_value(example.layers, entry),
        "derivative": example.derivative(entry),
    }


def forward_numbers(question: Question) -> dict[str, Any]:
    """Return every sum and output as plain data."""
    passes = question.example.passes
    return {"forward": [{"z": part.sums[0], "a": part.outputs[0]} for part in passes]}


def paths_numbers(
    paths: Paths, derivative: float, autograd: Autograd | None, difference: Difference
) -> dict[str, Any]:
    """Return the paths, and the derivative by each way to it, as plain data."""
    return {
        "paths": listed_paths(paths.count, paths.total, paths.listed),
        "checks": {
            "paths": paths.total,
            "backward": derivative,
            "autograd": autograd.value if autograd else None,
            "autograd_all_weights": autograd.worst if autograd else None,
            "autograd_note": "" if autograd else "PyTorch is not installed",
            "central_difference": difference.value,
            "difference_step": difference.step,
        },
    }


def backward_numbers(question: Question, steps: tuple[Step, ...]) -> dict[str, Any]:
    """Return the derivatives by every sum and parameter, and all steps, as plain data."""
    small = question.experiment.network.parameters <= MOST_PARAMETERS
    return {
        "backward": [
            {
                "delta": part.sums[0],
                "weight": part.weight if small else None,
                "bias": part.bias if small else None,
            }
            for part in question.example.gradients
        ],
        "steps": steps,
    }


# The answer in a sentence and a table: the paths of one weight, multiplied out.


RULE: Final = "Multiply the local derivatives along each path from a weight to the loss, and add up the paths"


def short_answer(
    *,
    weight: str,
    derivative: float,
    count: int,
    listed: bool,
    autograd: float | None,
    table: Table,
    shown_on: str,
) -> ShortAnswer:
    """Return the answer for a weight; `count` paths lead from it to the loss, all `listed` or too many."""
    value = f"∂L/∂{weight} = {format_number(derivative)}"
    if count == 0:
        found = f"no path leads from {weight} to the loss, so {value}"
    elif count == 1:
        found = f"the one path from {weight} gives {value}"
    elif listed:
        found = f"the {counted_paths(count)} from {weight} give {value}"
    else:
        found = f"{counted_paths(count)} from {weight} give {value}, which the backward pass adds up unlisted"
    check = "" if autograd is None else f"; autograd differs by {apart(autograd, derivative)}"
    return ShortAnswer(sentence=f"{RULE}: {found}{check}.", table=table, shown_on=shown_on)


def paths_sentence(
    paths: Paths, derivative: float, autograd: Autograd | None, difference: float | None
) -> str:
    """Return the sum over the paths, for the verdict, and how far other ways to it are off."""
    listed = paths.total is not None
    value = exactly(derivative)
    found = (
        f"the products along {counted_paths(paths.count)} add up to ∂L/∂{paths.entry} = {value}"
        if listed and paths.count > 1
        else f"the product along the one path is ∂L/∂{paths.entry} = {value}"
        if listed
        else f"∂L/∂{paths.entry} = {value} is the sum over {counted_paths(paths.count)}, which the "
        "backward pass adds up without listing them"
    )
    # By the value that is told, as in the answer and in the table: the sum over the paths rounds otherwise.
    checks = [f"autograd differs by {apart(autograd.value, derivative)}"] if autograd else []
    differ = "central differences" if checks else "central differences differ"
    checks += [f"{differ} by {apart(difference, derivative)}"] if difference is not None else []
    tail = f"; {' and '.join(checks)}" if checks else ""
    return f"{found[0].upper()}{found[1:]}{tail}."


def verdict(evidence: Evidence) -> str:
    """Return the answer for an experiment, in a few sentences."""
    deep = evidence.trained_deep
    sentences = [
        paths_sentence(evidence.paths, evidence.derivative, evidence.autograd, evidence.difference.value),
        worst_sentence(deep),
        *population_words(deep)[:1],
        downhill_sentence(evidence.downhill),
    ]
    return " ".join(sentence for sentence in sentences if sentence)
