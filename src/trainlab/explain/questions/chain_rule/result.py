"""What `chain_rule` returns, and what it knows of one example as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from trainlab.explain.explanation import Explanation
from trainlab.explain.questions.chain_rule.central_difference import Difference
from trainlab.explain.questions.chain_rule.flow import Flow
from trainlab.explain.questions.chain_rule.notation import entry_value
from trainlab.explain.questions.chain_rule.number_words import plain
from trainlab.explain.questions.chain_rule.options import Question
from trainlab.explain.questions.chain_rule.paths import Path, Paths
from trainlab.explain.questions.chain_rule.paths_section import listed_paths
from trainlab.explain.questions.chain_rule.point_autograd import Autograd
from trainlab.explain.questions.chain_rule.steps import MOST_PARAMETERS, Step


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class ChainRuleExplanation(Explanation):
    """The chain rule carried out: `weight` has the derivative `derivative`, by `path_count` paths.

    `paths` are those listed, the largest first; `steps` both passes in the order in which they are computed
    (of a module, the nodes of its graph); `flows` what is left of the error signal at each layer (empty for a
    module).

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
    - ``layers``: ``network``, ``seed``, ``flows`` (as `Flow.to_dict`), ``trained`` (the same after training,
      or null), ``population`` (``seeds``, ``median``, ``low``, ``high``: ‖δ‖/‖∂L/∂a‖ of each layer, 5 % and
      95 %; ``vanished``: seeds where the first layer keeps less than a hundredth, with interval; ``worst``:
      for each layer in how many seeds the signal shrinks most there; before and after training);
    - ``downhill``: ``line`` (``norm``, ``rates``, ``losses``, ``predicted``, ``best``, ``back``), ``plane``
      (``second``, ``across``, ``up``, ``losses``, ``track``, ``below``, ``inside``), ``steps``, ``losses``;
      null where there is no gradient.

    For a module: ``module`` (the name of its class; ``network`` is then null, as ``module`` is for an
    experiment), ``precision``, ``loss_value``, ``weight``, ``weight_value``, ``derivative``,
    ``paths`` (as above), ``graph`` (``nodes``, ``node_paths``), ``checks``, ``steps``, ``layers``: for each
    ``name``, ``kind``, ``outputs``, ``delta``, ``weight_gradient``, ``ratio``, ``jacobian``, ``kept``,
    ``follows``.

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
        "inputs": plain(example.inputs[0]),
        "targets": plain(example.targets[0]),
        "outputs": plain(example.passes[-1].outputs[0]),
        "loss_value": example.loss,
        "weight": str(entry),
        "weight_value": entry_value(example.layers, entry),
        "derivative": example.derivative(entry),
    }


def forward_numbers(question: Question) -> dict[str, Any]:
    """Return every sum and output as plain data."""
    passes = question.example.passes
    return {"forward": [{"z": plain(part.sums[0]), "a": plain(part.outputs[0])} for part in passes]}


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
                "delta": plain(part.sums[0]),
                "weight": plain(part.weight) if small else None,
                "bias": None if part.bias is None or not small else plain(part.bias),
            }
            for part in question.example.gradients
        ],
        "steps": [step.to_dict() for step in steps],
    }
