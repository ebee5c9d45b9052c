"""The signals: named numbers that the rules are stated in; docs/signals.md is made of this table.

Which fault reads which stands with the fault.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Signal:
    """A number: what it's called in rules and evidence, its formula, where it's computed."""

    name: str
    formula: str
    home: str


SIGNALS: tuple[Signal, ...] = (
    Signal("outcome", "learnt, poor, stuck, diverged or unknown: see below", "signals/learning.py"),
    Signal(
        "smoothed start",
        "median of the means of 5 parts of the first twentieth of the losses, 3 to 20 of them",
        "signals/curve.py",
    ),
    Signal(
        "smoothed end",
        "median of the means of 5 parts of the last tenth of the losses, at least 5",
        "signals/curve.py",
    ),
    Signal("improvement", "(start − end) / |start|", "signals/curve.py"),
    Signal(
        "still falling", "median of the last third < 0.9 × median of the third before it", "signals/curve.py"
    ),
    Signal(
        "autocorrelation of the loss",
        "Σ rₜ rₜ₊₁ / Σ rₜ², r: the loss less its moving median of 9, centred",
        "signals/curve.py",
    ),
    Signal(
        "loss of the best constant answer",
        "classes: −Σ p ln p of the labels' shares; binary: the same for each column, averaged; numbers: "
        "the variance of the targets",
        "signals/baselines.py",
    ),
    Signal("loss ratio", "smoothed end / loss of the best constant answer", "signals/learning.py"),
    Signal(
        "reached",
        "accuracy on the last training batches looked at; of numbers R² = 1 − end / variance",
        "signals/learning.py",
    ),
    Signal(
        "reference",
        "the same of 5 nearest neighbours, each row left out itself, features scaled to a standard "
        "deviation of 1; at least 60 different rows",
        "signals/baselines.py",
    ),
    Signal("chance", "share of the commonest class; of numbers 0", "signals/baselines.py"),
    Signal(
        "linear signal",
        "F = (R² / k) / ((1 − R²) / (n − k − 1)) of a linear fit to n rows with k features, each different "
        "row once; of classes the least p of a yes or no to each, times their number",
        "signals/baselines.py",
    ),
    Signal(
        "rms gradient",
        "√(mean g²) of a parameter at a step looked at; by depth: the median over the first 20 of these",
        "signals/curve.py",
    ),
    Signal("gradient norm", "‖g‖ = √(Σ rms² × size) over all parameters", "signals/curve.py"),
    Signal(
        "fading", "rms gradient of the first weight / the largest of all weights", "faults/fading_signals.py"
    ),
    Signal("update ratio", "rms(update) / rms(weight) of a weight matrix in one step", "signals/curve.py"),
    Signal(
        "way",
        "mean update ratio × steps: the farthest that so many steps can go",
        "faults/learning_rate_too_low.py",
    ),
    Signal("exact zeros", "share of a gradient's entries that are 0", "probe/parameter_values.py"),
    Signal(
        "silent units",
        "share of a layer's units that are 0 for every sample of a batch, or of 20 batches in a row",
        "probe/telling_calls.py",
    ),
    Signal(
        "saturated values",
        "share with |tanh| > 0.99, or a sigmoid outside of [0.01, 0.99]",
        "probe/telling_calls.py",
    ),
    Signal(
        "size at the start",
        "rms of what a call gives before the first step, and the largest rms of what it is given, but for "
        "parameters",
        "probe/listener.py",
    ),
    Signal("gain", "std(w)·√fan_in at the start", "faults/initial_weights.py"),
    Signal(
        "equal rows",
        "share of a weight's rows that are equal to another, at the start and at the end",
        "probe/parameter_values.py",
    ),
    Signal(
        "stale gradients",
        "share of steps before which backward() added to gradients that a step had used",
        "probe/lost_gradients.py",
    ),
    Signal(
        "lost gradients",
        "backward passes before a step whose gradients were cleared and never used",
        "probe/lost_gradients.py",
    ),
    Signal(
        "reach",
        "whether a parameter is met on the way back from a loss through the autograd graph",
        "probe/tensor_registry.py",
    ),
    Signal("clip coefficient", "min(1, max_norm / ‖g‖)", "faults/clipping.py"),
    Signal(
        "dead rate",
        "share of the steps with a learning rate below 1 % of its largest, after that",
        "faults/schedules.py",
    ),
    Signal(
        "purity",
        "mean share of a batch's commonest class; expected: the same of the labels shuffled 5 times",
        "faults/batches.py",
    ),
    Signal(
        "feature spread",
        "largest / smallest standard deviation over the features; mean |x|",
        "faults/inputs_and_targets.py",
    ),
    Signal(
        "|log Σ exp|",
        "of each row given to nll_loss, the median over the rows: 0 for log-probabilities",
        "probe/fits.py",
    ),
    Signal(
        "logits at 0",
        "share of the logits that are exactly 0; of the rows in which the right class's is, and in which all "
        "are alike; classes that were at 0 in every row of 20 batches",
        "signals/clipped_logits.py",
    ),
    Signal(
        "known rows",
        "share of the rows evaluated whose fingerprint is one of a row trained on",
        "probe/batches.py",
    ),
    Signal("different batches", "number of different fingerprints of whole batches", "probe/batches.py"),
    Signal(
        "values a channel",
        "batch size × positions that a batch-norm takes its mean of",
        "probe/telling_calls.py",
    ),
    Signal(
        "uses of a tensor",
        "functions that are given a tensor which a step makes of its data, or what is made of it by its form",
        "probe/unused_tensors.py",
    ),
)
