"""What `trainlab.explain.init` returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from trainlab.explain.explanation import Explanation
from trainlab.explain.questions.init.default_module import DrawnLayer
from trainlab.explain.questions.init.layer_signals import LayerSignals
from trainlab.explain.questions.init.layers_module import ModuleLayer
from trainlab.explain.questions.init.learning_section import Learnt
from trainlab.explain.questions.init.sample import Sample
from trainlab.explain.questions.init.sizes import Claim, Size
from trainlab.explain.questions.init.symmetry import Symmetry


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class InitExplanation(Explanation):
    """How weights are initialised, in numbers.

    ``samples`` holds 1,000 weights of each scheme, by its label, beside theory; ``torch_layers`` layers as
    torch makes them (none without torch); ``signals`` a deep stack under each scheme; ``network`` the
    experiment's own network at the start; ``symmetry`` how many neurons differ after training; ``learning``
    the share solved by scheme, activation and depth; ``sizes`` and ``claims`` the question of 0.5 and 1.5.
    For a torch module, ``module`` holds its layers, and what only populations can tell is empty.

    `numbers` has the keys ``schemes`` (name, formula, source, laws by fans), ``example`` (by scheme),
    ``torch`` (layers, against 1/√fan_in), ``stack`` (depth, width, activation, ``signals``: lists with an
    entry a layer, and ``mean_zero``: the rule of thumb on means, held against them), ``network`` (label,
    widths, parameters; null for a module) and ``module`` (the name of its class; null for an experiment); and
    either ``module_layers`` and ``never_met`` (names of those that the batch didn't pass), or ``experiment``,
    ``network_signals``, ``zero`` (by activation: which gradients are exactly 0), ``symmetry``, ``learning``,
    ``sizes``, ``claims``, ``gradient_ratios`` and ``seeds``. Rates are {k, n, low, high}. Where only some
    parts were asked for, `numbers` lacks what the others say, and their fields are empty.
    """

    samples: Mapping[str, Sample]
    torch_layers: tuple[DrawnLayer, ...] = ()
    signals: tuple[LayerSignals, ...]
    network: tuple[LayerSignals, ...] = ()
    symmetry: tuple[Symmetry, ...] = ()
    learning: tuple[Learnt, ...] = ()
    sizes: tuple[Size, ...] = ()
    claims: tuple[Claim, ...] = ()
    module: tuple[ModuleLayer, ...] = ()
