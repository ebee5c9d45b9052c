"""From experiments and seeds to finished runs: plan what is missing, carry it out, load it all."""

from trainlab.execution.plan import Chunk, Progress, plan
from trainlab.execution.pool import Overall, carry_out
from trainlab.execution.provenance import Provenance, RunSettings, provenance_of
from trainlab.execution.ray_cluster import check_on
from trainlab.execution.train import (
    start_afresh,
    stored_under,
    train_all,
    train_and_read,
    train_missing,
    train_stored,
)
from trainlab.execution.workers import default_workers, for_each
from trainlab.interrupt import Interrupted, interrupts

__all__ = [
    "Chunk",
    "Interrupted",
    "Overall",
    "Progress",
    "Provenance",
    "RunSettings",
    "carry_out",
    "check_on",
    "default_workers",
    "for_each",
    "interrupts",
    "plan",
    "provenance_of",
    "start_afresh",
    "stored_under",
    "train_all",
    "train_and_read",
    "train_missing",
    "train_stored",
]
