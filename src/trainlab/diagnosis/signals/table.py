"""The signals: named numbers that the rules are stated in; docs/signals.md is made of this table."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Signal:
    """A number: what it's called in rules and evidence, its formula, where it's computed, who reads it."""

    name: str
    formula: str
    home: str
    rules: tuple[str, ...]


SIGNALS: tuple[Signal, ...] = (
    Signal(
        "outcome",
        "learnt, poor, stuck, diverged or unknown: see below",
        "signals/learning.py",
        ("lr_too_high", "vanishing_gradient", "dead_relu", "loss_plateau"),
    ),
    Signal(
        "smoothed start",
        "median of the means of 5 parts of the first twentieth of the losses, 3 to 20 of them",
        "signals/curve.py",
        ("exploding_gradient", "loss_plateau"),
    ),
    Signal(
        "smoothed end",
        "median of the means of 5 parts of the last tenth of the losses, at least 5",
        "signals/curve.py",
        ("loss_plateau", "unnormalised_targets"),
    ),
    Signal(
        "improvement",
        "(start − end) / |start|",
        "signals/curve.py",
        ("loss_plateau",),
    ),
    Signal(
        "still falling",
        "median of the last third < 0.9 × median of the third before it",
        "signals/curve.py",
        ("lr_too_high", "loss_plateau"),
    ),
    Signal(
        "autocorrelation of the loss",
        "Σ rₜ rₜ₊₁ / Σ rₜ², r: the loss less its moving median of 9, centred",
        "signals/curve.py",
        ("oscillating_loss",),
    ),
    Signal(
        "loss of the best constant answer",
        "classes: −Σ p ln p of the labels' shares; binary: the same for each column, averaged; numbers: "
        "the variance of the targets",
        "signals/trivial.py",
        (
            "loss_plateau",
            "scheduler_kills_lr",
            "clip_too_tight",
            "weight_decay_too_high",
            "exploding_gradient",
        ),
    ),
    Signal(
        "loss ratio",
        "smoothed end / loss of the best constant answer",
        "signals/learning.py",
        ("scheduler_kills_lr", "clip_too_tight", "weight_decay_too_high", "wrong_loss"),
    ),
    Signal(
        "reached",
        "accuracy on the last training batches looked at; of numbers R² = 1 − end / variance",
        "signals/learning.py",
        ("l1_constant_collapse", "capacity_too_small", "lr_too_high", "shuffled_targets"),
    ),
    Signal(
        "reference",
        "the same of 5 nearest neighbours, each row left out itself, features scaled to a standard "
        "deviation of 1; at least 60 different rows",
        "signals/neighbours.py",
        ("capacity_too_small", "lr_too_high", "shuffled_targets", "loss_plateau"),
    ),
    Signal(
        "chance",
        "share of the commonest class; of numbers 0",
        "signals/neighbours.py",
        ("shuffled_targets",),
    ),
    Signal(
        "rms gradient",
        "√(mean g²) of a parameter at a step looked at; by depth: the median over the first 20 of these",
        "signals/gradients.py",
        ("vanishing_gradient", "exploding_gradient", "weight_decay_too_high"),
    ),
    Signal(
        "gradient norm",
        "‖g‖ = √(Σ rms² × size) over all parameters",
        "signals/gradients.py",
        ("exploding_gradient",),
    ),
    Signal(
        "fading",
        "rms gradient of the first weight / the largest of all weights",
        "rules/vanishing_gradient.py",
        ("vanishing_gradient",),
    ),
    Signal(
        "update ratio",
        "rms(update) / rms(weight) of a weight matrix in one step",
        "signals/gradients.py",
        ("lr_too_high", "lr_too_low", "capacity_too_small"),
    ),
    Signal(
        "way",
        "mean update ratio × steps: the farthest that so many steps can go",
        "rules/lr_too_low.py",
        ("lr_too_low",),
    ),
    Signal(
        "exact zeros",
        "share of a gradient's entries that are 0",
        "probe/values.py",
        ("float16_underflow", "lr_too_low"),
    ),
    Signal(
        "silent units",
        "share of a layer's units that are 0 for every sample of a batch, or of 20 batches in a row",
        "probe/activations.py",
        ("dead_relu", "float16_underflow"),
    ),
    Signal(
        "saturated values",
        "share with |tanh| > 0.99, or a sigmoid outside of [0.01, 0.99]",
        "probe/activations.py",
        ("saturated_activation",),
    ),
    Signal(
        "gain",
        "std(w)·√fan_in at the start",
        "rules/bad_weight_init.py",
        ("bad_weight_init",),
    ),
    Signal(
        "equal rows",
        "share of a weight's rows that are equal to another, at the start and at the end",
        "probe/values.py",
        ("zero_init", "symmetric_init"),
    ),
    Signal(
        "stale gradients",
        "share of steps before which backward() added to gradients that a step had used",
        "probe/clearing.py",
        ("missing_zero_grad",),
    ),
    Signal(
        "reach",
        "whether a parameter is met on the way back from a loss through the autograd graph",
        "probe/walk.py",
        ("unreachable_params", "detached_graph", "params_not_in_optimizer", "missing_optimizer_step"),
    ),
    Signal(
        "clip coefficient",
        "min(1, max_norm / ‖g‖)",
        "rules/clip_too_tight.py",
        ("clip_too_tight",),
    ),
    Signal(
        "dead rate",
        "share of the steps with a learning rate below 1 % of its largest, after that",
        "rules/scheduler_kills_lr.py",
        ("scheduler_kills_lr",),
    ),
    Signal(
        "purity",
        "mean share of a batch's commonest class; expected: the same of the labels shuffled 5 times",
        "rules/data_not_shuffled.py",
        ("data_not_shuffled",),
    ),
    Signal(
        "feature spread",
        "largest / smallest standard deviation over the features; mean |x|",
        "rules/unnormalised_inputs.py",
        ("unnormalised_inputs",),
    ),
    Signal(
        "|log Σ exp|",
        "of each row given to nll_loss, the median over the rows: 0 for log-probabilities",
        "probe/fits.py",
        ("loss_activation_mismatch",),
    ),
    Signal(
        "logits at 0",
        "share of the logits that are exactly 0; of the rows in which the right class's is, and in which all "
        "are alike; classes that were at 0 in every row of 20 batches",
        "signals/clipped_logits.py",
        ("loss_activation_mismatch",),
    ),
    Signal(
        "known rows",
        "share of the rows evaluated whose fingerprint is one of a row trained on",
        "probe/data.py",
        ("eval_on_train",),
    ),
    Signal(
        "different batches",
        "number of different fingerprints of whole batches",
        "probe/data.py",
        ("repeated_batch", "oscillating_loss"),
    ),
    Signal(
        "graph size",
        "autograd nodes that one backward pass goes through; graphs of earlier steps that are alive",
        "probe/backward.py",
        ("graph_retained",),
    ),
    Signal(
        "values a channel",
        "batch size × positions that a batch-norm takes its mean of",
        "probe/layers.py",
        ("batchnorm_small_batch",),
    ),
)
