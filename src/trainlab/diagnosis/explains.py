"""Which fault explains which, and why: a symptom stands under its cause."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from trainlab.diagnosis.findings import Finding


@dataclass(frozen=True, slots=True)
class Explanation:
    """`cause` explains each of `symptoms`; `why` goes on after the cause's title."""

    cause: str
    symptoms: tuple[str, ...]
    why: str


_GROWTH = ("exploding_gradient", "nonfinite_values", "dead_relu", "saturated_activation", "oscillating_loss")

EXPLAINS: tuple[Explanation, ...] = (
    Explanation("missing_optimizer_step", ("lr_too_low", "loss_plateau"),
                "weights that never move learn nothing"),
    Explanation("missing_zero_grad", ("lr_too_high", *_GROWTH, "loss_plateau"),
                "old gradients add up to ever larger steps"),
    Explanation("detached_graph", ("capacity_too_small", "loss_plateau"),
                "what lies before the cut learns nothing"),
    Explanation("loss_broadcast", ("lr_too_low", "capacity_too_small", "loss_plateau"),
                "each output is pulled to the mean of all targets"),
    Explanation("loss_activation_mismatch",
                ("vanishing_gradient", "dead_relu", "lr_too_low", "loss_plateau"),
                "what stands before the loss lets hardly any gradient through"),
    Explanation("loss_activation_mismatch", ("nonfinite_values",),
                "a logarithm of what is no probability isn't finite"),
    Explanation("label_dtype", ("constant_labels", "loss_plateau"),
                "the cast took away what the targets say"),
    Explanation("constant_labels", ("dead_relu", "loss_plateau"), "for one answer no unit is needed"),
    Explanation("params_not_in_optimizer", ("capacity_too_small", "loss_plateau"),
                "what isn't optimized stays random"),
    Explanation("params_not_in_optimizer", ("unreachable_params",),
                "it holds layers that others have taken the place of"),
    Explanation("unreachable_params", ("no_nonlinearity", "capacity_too_small", "loss_plateau"),
                "the layer, and what comes with it, is missing from the network"),
    Explanation("frozen_params", ("capacity_too_small", "loss_plateau"), "what is frozen stays random"),
    Explanation("eval_mode_training", ("overfitting", "exploding_gradient", "loss_plateau"),
                "dropout and batch-norm are out of action"),
    Explanation("output_range_mismatch",
                ("saturated_activation", "vanishing_gradient", "dead_relu", "loss_plateau"),
                "the output is driven to the end of its range, where the slope is 0"),
    Explanation("l1_constant_collapse", ("dead_relu", "loss_plateau"), "for one answer no unit is needed"),
    Explanation("wrong_loss", ("lr_too_high", *_GROWTH, "loss_plateau"),
                "what is maximized has no end, and what is measured isn't what is wanted"),
    Explanation("nonfinite_values", ("exploding_gradient", "lr_too_high"),
                "where a value is about to be infinite, so is its slope"),
    Explanation("nonfinite_values", ("loss_plateau", "shuffled_targets"),
                "every answer of weights that are NaN is NaN"),
    Explanation("float16_underflow", ("vanishing_gradient", "lr_too_low", "loss_plateau"),
                "a gradient that underflows is 0"),
    Explanation("repeated_batch", ("overfitting", "loss_plateau"),
                "one batch is learnt by heart, and the rest never seen"),
    Explanation("data_not_shuffled",
                ("oscillating_loss", "lr_too_high", "dead_relu", "exploding_gradient", "overfitting",
                 "loss_plateau"),
                "each batch undoes what the one before taught"),
    Explanation("scheduler_kills_lr", ("lr_too_low", "loss_plateau"), "at a rate of nothing nothing moves"),
    Explanation("clip_too_tight", ("lr_too_low", "loss_plateau"), "clipped steps are small steps"),
    Explanation("weight_decay_too_high", ("vanishing_gradient", "dead_relu", "lr_too_low", "loss_plateau"),
                "through weights near 0 nothing passes"),
    Explanation("batchnorm_small_batch", ("oscillating_loss", "overfitting", "loss_plateau"),
                "statistics of a few values are noise"),
    Explanation("dropout_misuse", ("oscillating_loss", "capacity_too_small", "loss_plateau"),
                "too little is left in each step"),
    Explanation("zero_init",
                ("symmetric_init", "bad_weight_init", "vanishing_gradient", "dead_relu", "capacity_too_small",
                 "loss_plateau"),
                "through weights of 0 no gradient passes, and units are all one"),
    Explanation("symmetric_init", ("bad_weight_init", "dead_relu", "capacity_too_small", "loss_plateau"),
                "units that stay alike are one unit"),
    Explanation("no_nonlinearity", ("capacity_too_small", "loss_plateau"),
                "a chain of linear layers is one linear layer"),
    Explanation("unnormalised_inputs", ("bad_momentum", "lr_too_high", *_GROWTH, "loss_plateau"),
                "large inputs make large gradients"),
    Explanation("unnormalised_targets",
                ("bad_momentum", "lr_too_high", *_GROWTH, "lr_too_low", "loss_plateau"),
                "far targets make large gradients and a long way"),
    Explanation("bad_bias_init",
                ("vanishing_gradient", "dead_relu", "saturated_activation", "loss_plateau"),
                "the biases settle what the units do"),
    Explanation("bad_momentum", ("lr_too_high", *_GROWTH, "loss_plateau"),
                "the step in the long run is lr / (1 − momentum)"),
    Explanation("lr_too_high", (*_GROWTH, "loss_plateau"),
                "steps that large overshoot, and kill or blow up units"),
    Explanation("bad_weight_init",
                ("exploding_gradient", "vanishing_gradient", "dead_relu", "saturated_activation",
                 "lr_too_low", "loss_plateau"),
                "a signal and its gradient are scaled by every layer's weights"),
    Explanation("exploding_gradient",
                ("lr_too_high", *_GROWTH[1:], "loss_plateau"),
                "a huge gradient is a huge step"),
    Explanation("vanishing_gradient", ("lr_too_low", "loss_plateau"),
                "where no gradient arrives nothing moves"),
    Explanation("dead_relu", ("lr_too_low", "capacity_too_small", "loss_plateau"),
                "no gradient passes a silent unit"),
    Explanation("saturated_activation", ("lr_too_low", "loss_plateau"),
                "at its ends an activation has no slope"),
    Explanation("shuffled_targets", ("overfitting", "loss_plateau"),
                "what has no rule can only be learnt by heart"),
)  # fmt: skip
"""In no order: what counts is which of the two is blamed first (`rules.ORDER`)."""


_FROM_THE_START = frozenset(("unnormalised_inputs", "bad_weight_init", "bad_bias_init"))


def explained(ranked: Sequence[Finding]) -> list[Finding]:
    """Return findings that are in the order of blame with each one's cause, those without a cause first.

    The cause is the last one before it that explains it: a rate too large explains the NaN, the NaN what
    comes of it; of saturation, which is judged in the first steps, what is so from the start comes before
    that. Nothing is explained by what is blamed after it.
    """
    found: list[Finding] = []
    for place, finding in enumerate(ranked):
        pairs = [known for before in ranked[:place] if (known := why(before.fault, finding.fault))]
        started = [known for known in pairs if known.cause in _FROM_THE_START]
        early = started if finding.fault == "saturated_activation" else []
        pair = (early or pairs or [None])[-1]
        found.append(
            finding if pair is None else replace(finding, consequence_of=pair.cause, because=pair.why)
        )
    return [one for one in found if not one.consequence_of] + [one for one in found if one.consequence_of]


def why(cause: str, symptom: str) -> Explanation | None:
    """Return the entry by which one fault explains another, or None."""
    return next((one for one in EXPLAINS if one.cause == cause and symptom in one.symptoms), None)
