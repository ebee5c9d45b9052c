"""The work that is timed: networks of examples/xor44.toml with one optimizer and one way of sampling each."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from trainlab.spec import Experiment, Full, Record, read_text, study_from_toml

ROOT = Path(__file__).parents[1]
NETWORKS = {"2-5-4-1": "Model 1", "2-11-1": "Model 2", "nine-layer": "Model 3"}
"""The networks by the name that tables give them, and what the study file calls them."""
OPTIMIZERS: dict[str, tuple[str, ...]] = {"sgd": (), "adam": ("A",)}
"""The changes of the study file that choose each optimizer."""
SAMPLINGS = ("single", "full")
QUIET = Record(loss_every=0, gradient_every=0, solved_every=0)


def workload(network: str, optimizer: str, sampling: str) -> Experiment:
    """Return the study file's experiment, with nothing recorded."""
    study = study_from_toml(read_text(ROOT / "examples" / "xor44.toml"))
    experiment = replace(study.experiment(NETWORKS[network], OPTIMIZERS[optimizer]), record=QUIET)
    return replace(experiment, sampling=Full()) if sampling == "full" else experiment


def workloads() -> list[tuple[str, str, str, Experiment]]:
    """Return all of them: network, sampling, optimizer, experiment."""
    return [
        (network, sampling, optimizer, workload(network, optimizer, sampling))
        for network in NETWORKS
        for sampling in SAMPLINGS
        for optimizer in OPTIMIZERS
    ]
