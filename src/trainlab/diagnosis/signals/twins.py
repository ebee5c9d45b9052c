"""Networks built alike, of which one learns and the other only answers: a target, a teacher, a copy kept."""

from __future__ import annotations

from trainlab.diagnosis.observed.record import NetworkRecord, TrainingRecord

LEAST = 20


def learns(root: NetworkRecord) -> bool:
    """Whether a network made 20 passes or more that a backward pass followed."""
    return root.learn_in_train + root.learn_in_eval >= LEAST


def learning_twin(record: TrainingRecord, root: NetworkRecord) -> NetworkRecord | None:
    """Return the network that learns and is built like this one."""
    shapes = [record.params[key].shape for key in root.params]
    for other in record.networks:
        alike = other is not root and [record.params[key].shape for key in other.params] == shapes
        if alike and other.kind == root.kind and learns(other):
            return other
    return None


def is_a_copy_judged(record: TrainingRecord) -> bool:
    """Whether what is evaluated at the end is a copy of the network that learns: the best one, or a mean."""
    return any(
        root.last_judge_tick >= record.tick and not learns(root) and learning_twin(record, root) is not None
        for root in record.networks
    )
