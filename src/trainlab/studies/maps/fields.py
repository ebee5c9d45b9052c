"""Fields of an experiment in words, as axes and sentences have them."""

from __future__ import annotations

from trainlab.studies.maps.axis import Axis

WORDS = {
    "optimizer.lr": "learning rate",
    "optimizer.momentum": "momentum",
    "optimizer.weight_decay": "weight decay",
    "init.weight.std": "std of the initial weights",
    "init.weight.mean": "mean of the initial weights",
    "init.weight.gain": "gain of the initial weights",
    "init.bias.std": "std of the initial biases",
    "sampling.steps_per_epoch": "steps of an epoch",
    "sampling.batch_size": "batch size",
    "network.dropout": "dropout",
    "noise.std": "std of the noise on the inputs",
    "clip.norm": "largest norm of the gradient",
    "clip.value": "largest value of the gradient",
    "penalty.l1": "L1 penalty",
    "penalty.l2": "L2 penalty",
    "split.held_out": "share held out",
    "solved.within": "tolerance of what counts as solved",
}
"""Fields that say more in words; any other stands for itself."""


def axis_words(axis: Axis) -> str:
    """Return the axis's label: ``learning rate (optimizer.lr)``, or the field alone."""
    words = WORDS.get(axis.field)
    return f"{words} ({axis.field})" if words and words != axis.field else axis.field


def short_name(field: str) -> str:
    """Return the last part of a field's path, with the place where that is only a number.

    >>> short_name("optimizer.lr"), short_name("network.widths.1")
    ('lr', 'widths.1')
    """
    parts = field.split(".")
    return ".".join(parts[-2:]) if parts[-1].isdigit() else parts[-1]
