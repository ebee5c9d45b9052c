"""PyTorch on the CPU: the loop everyone writes, and a population stacked along a first axis."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from measure.timed_work import Floats, Job, Work
from trainlab.engine.reference import build_module, build_optimizer
from trainlab.spec import SGD, Adam

ACTIVATIONS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "relu": torch.relu,
    "linear": lambda x: x,
}


def eager(work: Work) -> Job:
    """Prepare one network (of seed 0) at a time: module, criterion, backward, optimizer."""
    inputs, targets = torch.from_numpy(work.inputs), torch.from_numpy(work.targets)
    criterion = {"l1": torch.nn.L1Loss, "mse": torch.nn.MSELoss}[work.loss]()
    batches: list[Any] = [None] * work.steps
    if work.chosen is not None:
        batches = list(torch.from_numpy(np.ascontiguousarray(work.chosen[:, 0])))

    def train() -> tuple[float, Floats]:
        module = build_module(torch, work.experiment, 0, "float32")
        optimizer = build_optimizer(torch, work.experiment, module)
        start = time.perf_counter()
        for batch in batches:
            x, y = (inputs, targets) if batch is None else (inputs[batch], targets[batch])
            optimizer.zero_grad()
            criterion(module(x), y).backward()
            optimizer.step()
        seconds = time.perf_counter() - start
        parts = [parameter.detach().numpy().ravel() for parameter in module.parameters()]
        return seconds, np.concatenate(parts)[None]

    return train


def stacked(work: Work) -> Job:
    """Prepare networks stacked along a first axis: batched products, one fused optimizer for all."""
    return _stacked(work, wrap=lambda step: step)


def compiled(work: Work) -> Job:
    """Prepare the same with forward and backward through ``torch.compile``; compiles now, or raises."""
    job = _stacked(work, wrap=torch.compile)
    job()
    return job


def _stacked(work: Work, *, wrap: Callable[[Any], Any]) -> Job:
    inputs, targets = torch.from_numpy(work.inputs), torch.from_numpy(work.targets)
    chosen = None if work.chosen is None else torch.from_numpy(work.chosen)
    layers = work.layers
    begin = _stack(work)
    parameters = [values.clone().requires_grad_() for values in begin]

    def loss_of(x: torch.Tensor, y: torch.Tensor, parameters: list[torch.Tensor]) -> torch.Tensor:
        rest = iter(parameters)
        values = x
        for layer in layers:
            weight = next(rest)
            if layer.first_bias is None:
                total = torch.bmm(values, weight)
            else:
                total = torch.baddbmm(next(rest), values, weight)
            values = ACTIVATIONS[layer.activation](total)
        error = values - y
        # A mean over each network's own examples and outputs, so that networks don't share a gradient.
        return (error.abs() if work.loss == "l1" else error * error).sum() / error[0].numel()

    run = wrap(loss_of)

    def train() -> tuple[float, Floats]:
        with torch.no_grad():
            for parameter, values in zip(parameters, begin, strict=True):
                parameter.copy_(values)
        optimizer = _fused_optimizer(work, parameters)
        x, y = inputs.expand(work.networks, -1, -1), targets.expand(work.networks, -1, -1)
        start = time.perf_counter()
        for step in range(work.steps):
            if chosen is not None:
                x, y = inputs[chosen[step]], targets[chosen[step]]
            optimizer.zero_grad()
            run(x, y, parameters).backward()
            optimizer.step()
        return time.perf_counter() - start, _unstack(work, parameters)

    return train


def _fused_optimizer(work: Work, parameters: list[torch.Tensor]) -> torch.optim.Optimizer:
    """Return the optimizer in its fastest form on the CPU, which the plain loop's is not."""
    settings = work.experiment.optimizer
    if isinstance(settings, SGD):
        return torch.optim.SGD(parameters, lr=settings.lr, momentum=settings.momentum, fused=True)
    if isinstance(settings, Adam):
        return torch.optim.Adam(
            parameters, lr=settings.lr, betas=settings.betas, eps=settings.eps, fused=True
        )
    raise TypeError(f"optimizer {settings!r}: the stacked peer has only SGD and Adam")


def _stack(work: Work) -> list[torch.Tensor]:
    """Return weights ``[networks, in, out]`` and biases ``[networks, 1, out]``, layer by layer."""
    parts: list[torch.Tensor] = []
    for layer in work.layers:
        weights = work.parameters[:, layer.weights].reshape(work.networks, layer.fan_out, layer.fan_in)
        parts.append(torch.from_numpy(weights.transpose(0, 2, 1).copy()))
        if layer.first_bias is not None:
            parts.append(torch.from_numpy(work.parameters[:, None, layer.biases].copy()))
    return parts


def _unstack(work: Work, parameters: list[torch.Tensor]) -> Floats:
    rows = [parameter.detach().numpy().transpose(0, 2, 1) for parameter in parameters]
    return np.concatenate([row.reshape(work.networks, -1) for row in rows], axis=1)
