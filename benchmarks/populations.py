"""Nanoseconds per network-step: trainlab, an eager PyTorch loop and a stacked-torch population, in one run.

A network-step is one optimizer step of one network on one example. All train the networks of
examples/xor44.toml from the same initial weights; every figure is the best of several rounds that take turns.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from trainlab.engine.fast import FastEngine
from trainlab.engine.layout import initial_parameters, layers_of
from trainlab.engine.reference import build_module, build_optimizer
from trainlab.engine.rng import sample_indices
from trainlab.spec import Experiment, Record, Study, name_of, read_text, study_from_toml

ROOT = Path(__file__).parents[1]
QUIET = Record(loss_every=0, gradient_every=0, solved_every=0)
ACTIVATIONS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "relu": torch.relu,
    "linear": lambda x: x,
}


def eager(experiment: Experiment, steps: int) -> float:
    """Seconds for `steps` steps of one network: the loop everyone writes."""
    data = experiment.data()
    inputs, targets = (
        torch.tensor(data.inputs, dtype=torch.float32),
        torch.tensor(data.targets, dtype=torch.float32),
    )
    module = build_module(torch, experiment, 0, "float32")
    optimizer = build_optimizer(torch, experiment, module)
    criterion = {"l1": torch.nn.L1Loss, "mse": torch.nn.MSELoss}[name_of(experiment.loss)]()
    chosen = sample_indices(0, steps=steps, points=data.points).tolist()
    start = time.perf_counter()
    for step in range(steps):
        index = chosen[step]
        optimizer.zero_grad()
        criterion(module(inputs[index, None]), targets[index, None]).backward()
        optimizer.step()
    return time.perf_counter() - start


def stacked(experiment: Experiment, networks: int, steps: int) -> float:
    """Seconds for `steps` steps of networks stacked along a first axis: batched products, one optimizer."""
    data = experiment.data()
    inputs, targets = (
        torch.tensor(data.inputs, dtype=torch.float32),
        torch.tensor(data.targets, dtype=torch.float32),
    )
    start_values = initial_parameters(experiment, range(networks)).astype(np.float32)
    layers = layers_of(experiment.network)
    weights: list[torch.Tensor] = []
    biases: list[torch.Tensor | None] = []
    for layer in layers:
        shape = (networks, layer.fan_out, layer.fan_in)
        weights.append(torch.tensor(start_values[:, layer.weights].reshape(shape), requires_grad=True))
        column = torch.tensor(start_values[:, layer.biases][:, :, None], requires_grad=True)
        biases.append(None if layer.first_bias is None else column)
    holder: Any = torch.nn.ParameterList(weights + [bias for bias in biases if bias is not None])
    optimizer = build_optimizer(torch, experiment, holder)
    weights = list(holder[: len(weights)])
    rest = iter(holder[len(weights) :])
    biases = [None if bias is None else next(rest) for bias in biases]
    chosen = torch.randint(data.points, (steps, networks))
    start = time.perf_counter()
    for step in range(steps):
        optimizer.zero_grad()
        values = inputs[chosen[step]][:, :, None]
        for layer, weight, bias in zip(layers, weights, biases, strict=True):
            total = torch.bmm(weight, values) if bias is None else torch.baddbmm(bias, weight, values)
            values = ACTIVATIONS[layer.activation](total)
        error = values - targets[chosen[step]][:, :, None]
        loss = (error.abs() if name_of(experiment.loss) == "l1" else error * error).sum()
        loss.backward()
        optimizer.step()
    return time.perf_counter() - start


def trainlab(experiment: Experiment, networks: int, threads: int) -> float:
    """Seconds for all of an experiment's steps on `networks` networks, results included."""
    start = time.perf_counter()
    FastEngine().train(experiment, range(networks), threads=threads)
    return time.perf_counter() - start


def measure(experiment: Experiment, *, quick: bool) -> dict[str, float]:
    """Return ns per network-step by name: the best of the rounds."""
    from msgspec.structs import replace

    work = replace(experiment.at_epochs(500), record=QUIET)
    recorded = experiment.at_epochs(500)
    steps = work.epochs * work.steps_per_epoch
    sizes = (1000,) if quick else (1000, 10_000)
    jobs: dict[str, tuple[Callable[[], float], int]] = {
        "trainlab, 1 thread": (lambda: trainlab(work, 1024, 1), 1024 * steps),
        "trainlab, 1 thread, recording": (lambda: trainlab(recorded, 1024, 1), 1024 * steps),
        "trainlab, 2 threads": (lambda: trainlab(work, 2048, 2), 2048 * steps),
        "eager PyTorch loop": (lambda: eager(work, 1000), 1000),
    }
    for networks in sizes:
        count = 200 if networks == 1000 else 40
        jobs[f"stacked torch, {networks:,}"] = (
            lambda networks=networks, count=count: stacked(work, networks, count),
            networks * count,
        )
    best = dict.fromkeys(jobs, float("inf"))
    for _ in range(2 if quick else 4):
        for name, (job, amount) in jobs.items():
            best[name] = min(best[name], job() / amount * 1e9)
    return best


def main() -> None:
    """Print the table, and write JSON if asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds and sizes")
    parser.add_argument("--json", metavar="PATH", help="write the rows to this file, too")
    options = parser.parse_args()
    torch.set_num_threads(1)
    study = study_from_toml(read_text(ROOT / "examples" / "xor44.toml"))
    trainlab(study.experiment(study.network_names[0]), 8, 1)
    print(
        f"{platform.machine()}, {os.cpu_count()} processors, torch {torch.__version__}; ns per network-step"
    )
    rows = list(measured_rows(study, quick=options.quick))
    if options.json:
        Path(options.json).write_text(json.dumps({"rows": rows}, indent=1) + "\n")


def measured_rows(study: Study, *, quick: bool) -> Any:
    """Measure and print each network with each optimizer; yield a row a figure."""
    for name in study.network_names:
        for changes, optimizer in (((), "sgd"), (("A",), "adam")):
            experiment = study.experiment(name, changes)
            best = measure(experiment, quick=quick)
            ours = best["trainlab, 1 thread"]
            print(f"\n{experiment.network.label}, one example a step, {optimizer}")
            for job, nanoseconds in best.items():
                print(f"  {job:32} {nanoseconds:12,.1f}   {nanoseconds / ours:10,.1f} ×")
                yield {
                    "engine": job,
                    "network": experiment.network.label,
                    "sampling": "single",
                    "optimizer": optimizer,
                    "ns_per_network_step": nanoseconds,
                }


if __name__ == "__main__":
    main()
