"""What `trainlab.explain.neuron` returns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from trainlab.explain.explanation import Explanation
from trainlab.explain.questions.neuron.affine import AffineFit
from trainlab.explain.questions.neuron.decompose import Neuron
from trainlab.explain.questions.neuron.linear_stack import Collapse
from trainlab.explain.questions.neuron.own_layers_section import Merged
from trainlab.explain.questions.neuron.plane import PlaneView
from trainlab.stats import Estimate, Rate


@dataclass(frozen=True, kw_only=True, slots=True)
class StackRates:
    """How many seeds solved the task with a stack of so many layers: all linear, and with its activations.

    `difference` is that of the two rates, paired by seed; `p` its p-value, corrected (Holm) for all stacks.
    """

    layers: int
    label: str
    own: bool
    linear: Rate
    active: Rate
    difference: Estimate
    p: float

    def to_dict(self) -> dict[str, Any]:
        """Return the rates ready for JSON."""
        return {
            "layers": self.layers,
            "widths": self.label,
            "own": self.own,
            "linear": self.linear.to_dict(),
            "active": self.active.to_dict(),
            "difference": {
                "estimate": self.difference.estimate,
                "low": self.difference.low,
                "high": self.difference.high,
                "p_holm": self.p,
            },
        }


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class NeuronExplanation(Explanation):
    """A neuron taken apart, and what its network is without activations.

    `numbers` has: ``network`` (label, widths, parameters; None for a module), ``module`` (the name of its
    class), ``seed``, ``trained``, ``solved`` (by that seed), ``point`` (from 1),
    ``input``; ``neuron`` (contributions, bias, sum, output, slope); ``autograd_difference``; ``plane``
    (level, share of the plane where the unit is on, line); ``own_layers`` (each collapse: places, parameters,
    weight, bias, difference, bound); ``stack`` (the network without activations as one layer: weight, bias,
    largest difference over the data and over random inputs, bounds); ``affine`` (for each target the best
    maps by squared, absolute and largest error, with proofs); ``can_be_solved``; ``stacks`` (rates by depth).
    What doesn't apply is None, and so is an array of more than 10,000 numbers; the fields have those. Where
    only some parts were asked for, `numbers` lacks what the others say, and their fields are None or empty.
    """

    neuron: Neuron | None
    plane: PlaneView | None
    collapses: tuple[Merged, ...]
    stack: Collapse | None
    affine: tuple[tuple[AffineFit, ...], ...]
    stacks: tuple[StackRates, ...]
    autograd_difference: float | None
