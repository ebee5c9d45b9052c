"""The experiment with other outputs and losses: what populations are trained of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from trainlab.errors import SpecError
from trainlab.explain.questions.loss.pairing import Pairing, pairing, pairing_of
from trainlab.spec import Accuracy, Experiment, Loss, LossBelow, Solved, Within

VARIANTS: dict[str, tuple[tuple[str, str], ...]] = {
    "regression": (("linear", "mse"), ("linear", "l1"), ("linear", "huber"), ("sigmoid", "mse")),
    "binary": (
        ("linear", "bce_with_logits"),
        ("sigmoid", "bce"),
        ("sigmoid", "mse"),
        ("linear", "mse"),
        ("sigmoid", "bce_with_logits"),
    ),
    "classes": (
        ("linear", "cross_entropy"),
        ("log_softmax", "nll"),
        ("softmax", "mse"),
        ("softmax", "cross_entropy"),
        ("softmax", "nll"),
    ),
}
"""The pairs that are compared with one's own, the right ones first, and one or two of the wrong ones."""

BEST = {"bce": "sigmoid", "nll": "log_softmax"}
"""The output that a loss is made for, where it isn't linear."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Variant:
    """An experiment with another output and loss, and the verdict on that pairing."""

    experiment: Experiment
    pairing: Pairing

    @property
    def label(self) -> str:
        """Output and loss."""
        return f"{self.pairing.output} + {self.pairing.loss}"


def variants_of(experiment: Experiment, named: Sequence[str]) -> tuple[list[Variant], list[str]]:
    """Return the experiment, then with the usual pairs, or with the losses `named`, each once.

    A pair that no experiment can have, such as cross_entropy with one output, is left out; why, is returned
    for those that were `named`.
    """
    own = pairing_of(experiment)
    pairs: Sequence[tuple[str, str]] = VARIANTS[own.task]
    if named:
        pairs = [pair for loss in named for pair in ((own.output, loss), (BEST.get(loss, "linear"), loss))]
    solved = common_solved(experiment)
    found = [Variant(experiment=with_pair(experiment, own.output, experiment.loss, solved), pairing=own)]
    refused: list[str] = []
    for output, loss in dict.fromkeys(pairs):
        if (output, loss) == (own.output, own.loss):
            continue
        try:
            changed = with_pair(experiment, output, loss, solved)
        except SpecError as error:
            refused += [f"{output} + {loss} can't be trained: {error}"] if named else []
            continue
        found.append(Variant(experiment=changed, pairing=pairing_of(changed)))
    return found, refused


def with_pair(experiment: Experiment, output: str, loss: str | Loss, solved: Solved) -> Experiment:
    """Return the experiment with another output activation, loss and rule of what is solved."""
    network = experiment.network
    # Every layer written out: a list of activations has no room for an output's own.
    changed = msgspec.structs.replace(
        network, activation=(*network.activations[:-1], output), output_activation=None
    )
    return msgspec.structs.replace(experiment, network=changed, loss=loss, solved=solved)


def common_solved(experiment: Experiment) -> Solved:
    """Return the rule of what is solved; where that is said of the loss, one that all losses share."""
    if not isinstance(experiment.solved, LossBelow):
        return experiment.solved
    on = experiment.solved.on
    return Within(on=on) if experiment.data().kind == "regression" else Accuracy(on=on)


def named_losses(losses: Sequence[str]) -> tuple[str, ...]:
    """Return the names asked for, each once; raise ExplainError at one that doesn't exist."""
    for name in losses:
        pairing("binary", "linear", name)
    return tuple(dict.fromkeys(losses))
