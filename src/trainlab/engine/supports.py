"""What the fast engine can't train."""

from __future__ import annotations

from trainlab.spec import SGD, Adam, Batch, Clip, Experiment, NoStopping, Penalty, Within, name_of

ACTIVATIONS = ("linear", "tanh", "sigmoid", "relu")
LOSSES = ("l1", "mse")


def unsupported(experiment: Experiment) -> str | None:
    """Return the first field, with its value, that the fast engine can't train; None if it can train all."""
    optimizer, solved = experiment.optimizer, experiment.solved
    other = next((name for name in experiment.network.activations if name not in ACTIVATIONS), None)
    plain: SGD | Adam | None = None
    if isinstance(optimizer, SGD):
        plain = SGD(lr=optimizer.lr, momentum=optimizer.momentum)
    elif isinstance(optimizer, Adam):
        plain = Adam(lr=optimizer.lr, betas=optimizer.betas, eps=optimizer.eps)
    faults = (
        (other is not None, f"network.activation = {other!r}"),
        (any(experiment.network.dropouts), f"network.dropout = {experiment.network.dropout}"),
        (experiment.split.held_out > 0, f"split.held_out = {experiment.split.held_out:g}"),
        (name_of(experiment.loss) not in LOSSES, f"loss = {name_of(experiment.loss)!r}"),
        (optimizer != plain, f"optimizer = {optimizer}"),
        (experiment.scheduled, f"schedule = {name_of(experiment.schedule)!r} or warmup"),
        (experiment.clip != Clip(), f"clip = {experiment.clip}"),
        (experiment.penalty != Penalty(), f"penalty = {experiment.penalty}"),
        (experiment.noise.std > 0, f"noise.std = {experiment.noise.std:g}"),
        (isinstance(experiment.sampling, Batch), "sampling = 'batch'"),
        (not isinstance(solved, Within) or solved.on != "train", f"solved = {solved}"),
        (not isinstance(experiment.stopping, NoStopping), f"stopping = {name_of(experiment.stopping)!r}"),
    )
    return next((words for found, words in faults if found), None)
