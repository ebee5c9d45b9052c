"""scikit-learn: MLPClassifier, one network after the other.

It can't start from given weights and has no loss but its own: cross-entropy of a logistic output. So its work
has the same widths, batches and optimizer, which cost the same, but is not the same training. Every layer has
a bias, and hidden layers share one activation.
"""

from __future__ import annotations

import time
import warnings
from typing import Any

import numpy as np

from measure.timed_work import Floats, Job, Work
from trainlab.spec import SGD


def can_do(work: Work) -> bool:
    """Return whether MLPClassifier has this work's shape: full batch or batches, an activation it knows."""
    *hidden, _ = work.experiment.network.activations
    return len(set(hidden)) == 1 and work.experiment.data().outputs == 1


def classifier(work: Work, *, seed: int = 0) -> Any:
    """Return the MLPClassifier, not yet trained, for all of the work's steps."""
    from sklearn.neural_network import MLPClassifier

    settings: Any = work.experiment.optimizer
    optimizer = (
        {"solver": "sgd", "momentum": settings.momentum, "nesterovs_momentum": False}
        if isinstance(settings, SGD)
        else {
            "solver": "adam",
            "beta_1": settings.betas[0],
            "beta_2": settings.betas[1],
            "epsilon": settings.eps,
        }
    )
    epochs = max(1, work.steps * work.batch // len(work.inputs))
    return MLPClassifier(
        hidden_layer_sizes=work.experiment.network.widths[1:-1],
        activation={"sigmoid": "logistic", "linear": "identity"}.get(
            work.experiment.network.activations[0], work.experiment.network.activations[0]
        ),
        learning_rate_init=settings.lr,
        batch_size=work.batch,
        alpha=0.0,
        max_iter=epochs,
        tol=0.0,
        n_iter_no_change=epochs + 1,
        random_state=seed,
        **optimizer,
    )


def train(work: Work, *, seed: int = 0) -> tuple[float, Any]:
    """Train one classifier; return the seconds and the fitted model."""
    from sklearn.exceptions import ConvergenceWarning

    model = classifier(work, seed=seed)
    labels: Floats = np.rint(work.targets[:, 0])
    with warnings.catch_warnings():
        # Stopping after a number of epochs is what is asked for.
        warnings.simplefilter("ignore", ConvergenceWarning)
        start = time.perf_counter()
        model.fit(work.inputs, labels)
        return time.perf_counter() - start, model


def prepare(work: Work) -> Job:
    """Return the job of training one classifier; its parameters are scikit-learn's own, biases last."""

    def job() -> tuple[float, Floats]:
        seconds, model = train(work)
        return seconds, np.concatenate([part.ravel() for part in (*model.coefs_, *model.intercepts_)])[None]

    return job
