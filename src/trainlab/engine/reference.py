"""The reference engine: an ordinary PyTorch loop over one network at a time. It is the others' truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from trainlab.engine.layout import initial_parameters, layers_of
from trainlab.engine.readings import check_marks, check_seeds, runs_at
from trainlab.engine.rng import sample_indices
from trainlab.engine.runs import NEVER, Runs, concatenate, is_solved
from trainlab.errors import EngineError
from trainlab.maths import LOSSES
from trainlab.spec import SGD, Experiment, Single


@dataclass(frozen=True, kw_only=True, slots=True)
class ReferenceEngine:
    """torch.nn.Linear, torch.optim and autograd, in float32 or float64."""

    dtype: str = "float32"

    @property
    def name(self) -> str:
        """``reference``; another precision than float32 is another engine to the store."""
        return "reference" if self.dtype == "float32" else f"reference-{self.dtype}"

    @property
    def in_processes(self) -> bool:
        """A process a chunk: a loop in Python holds the interpreter's lock."""
        return True

    @property
    def chunk_seeds(self) -> int:
        """4: some seconds on the assignment's networks."""
        return 4

    def train(
        self, experiment: Experiment, seeds: range, *, marks: tuple[int, ...] = (), threads: int = 1
    ) -> tuple[Runs, ...]:
        """Train one run a seed, read at each mark; see `Engine.train`."""
        check_seeds(seeds)
        wanted = check_marks(experiment, marks)
        torch = _torch()
        before = torch.get_num_threads()
        torch.set_num_threads(threads)
        try:
            singles = [_train_one(torch, experiment, seed, wanted, self.dtype) for seed in seeds]
        finally:
            torch.set_num_threads(before)
        return tuple(concatenate([single[index] for single in singles]) for index in range(len(wanted)))


def _torch() -> Any:
    try:
        import torch
    except ImportError:
        raise EngineError(
            "engine = 'reference': needs PyTorch, which is not installed. Use --engine fast, "
            "or install it with: pip install 'trainlab[torch]'"
        ) from None
    return torch


def build_module(torch: Any, experiment: Experiment, seed: int, dtype: str) -> Any:
    """Return the network as a torch.nn.Sequential with the seed's initial parameters."""
    row = initial_parameters(experiment, range(seed, seed + 1))[0]
    activations = {
        "tanh": torch.nn.Tanh,
        "sigmoid": torch.nn.Sigmoid,
        "relu": torch.nn.ReLU,
        "linear": torch.nn.Identity,
    }
    parts: list[Any] = []
    for layer in layers_of(experiment.network):
        linear = torch.nn.Linear(
            layer.fan_in, layer.fan_out, bias=layer.first_bias is not None, dtype=getattr(torch, dtype)
        )
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(row[layer.weights].reshape(layer.fan_out, layer.fan_in)))
            if layer.first_bias is not None:
                linear.bias.copy_(torch.from_numpy(row[layer.biases]))
        parts += [linear, activations[layer.activation]()]
    return torch.nn.Sequential(*parts)


def build_optimizer(torch: Any, experiment: Experiment, module: Any) -> Any:
    """Return the torch.optim optimizer of the experiment."""
    settings = experiment.optimizer
    if isinstance(settings, SGD):
        return torch.optim.SGD(module.parameters(), lr=settings.lr, momentum=settings.momentum)
    return torch.optim.Adam(module.parameters(), lr=settings.lr, betas=settings.betas, eps=settings.eps)


def _train_one(
    torch: Any, experiment: Experiment, seed: int, marks: tuple[int, ...], dtype: str
) -> tuple[Runs, ...]:
    data, record = experiment.data(), experiment.record
    inputs = torch.from_numpy(data.inputs.astype(dtype))
    targets = torch.from_numpy(data.targets.astype(dtype))
    module = build_module(torch, experiment, seed, dtype)
    optimizer = build_optimizer(torch, experiment, module)
    criterion = getattr(torch.nn, LOSSES[experiment.loss].torch_class)()
    steps = experiment.epochs * experiment.steps_per_epoch
    single = isinstance(experiment.sampling, Single)
    chosen = sample_indices(seed, steps=steps, points=data.points) if single else None
    loss_curve: list[float] = []
    gradient_curve: list[Any] = []
    readings: list[tuple[int, Any, Any, Any, Any]] = []
    solved_epoch = diverged_step = NEVER
    for epoch in range(experiment.epochs + 1):
        if record.solved_every and epoch % record.solved_every == 0 and solved_epoch == NEVER:
            with torch.no_grad():
                predictions = module(inputs).numpy()[None]
            if is_solved(predictions, targets.numpy(), experiment.solved)[0]:
                solved_epoch = epoch
        if record.gradient_every and epoch % record.gradient_every == 0:
            gradient_curve.append(_measure(torch, module, criterion, inputs, targets)[2])
        if record.loss_every and epoch % record.loss_every == 0:
            with torch.no_grad():
                loss_curve.append(float(criterion(module(inputs), targets)))
        if epoch in marks:
            loss, predictions, gradient = _measure(torch, module, criterion, inputs, targets)
            readings.append((epoch, loss, predictions, gradient, _flat(module)))
        if epoch == experiment.epochs:
            break
        for step in range(epoch * experiment.steps_per_epoch, (epoch + 1) * experiment.steps_per_epoch):
            x, y = (
                (inputs, targets)
                if chosen is None
                else (inputs[chosen[step], None], targets[chosen[step], None])
            )
            optimizer.zero_grad()
            prediction = module(x)
            if diverged_step == NEVER and not bool(torch.isfinite(prediction).all()):
                diverged_step = step
            criterion(prediction, y).backward()
            optimizer.step()
    layers = experiment.network.layers
    return tuple(
        runs_at(
            epoch,
            experiment=experiment,
            first_seed=seed,
            loss=np.array([loss], dtype=dtype),
            predictions=predictions[None],
            parameters=parameters[None],
            gradient=np.array([gradient], dtype=dtype),
            loss_curve=np.array([loss_curve], dtype=dtype),
            gradient_curve=np.array(gradient_curve, dtype=dtype).reshape(1, -1, layers),
            solved_epoch=np.array([solved_epoch]),
            diverged_step=np.array([diverged_step]),
        )
        for epoch, loss, predictions, gradient, parameters in readings
    )


def _measure(
    torch: Any, module: Any, criterion: Any, inputs: Any, targets: Any
) -> tuple[float, Any, list[float]]:
    """Return loss, predictions and the mean |gradient| of each layer's weights, over the whole data."""
    predictions = module(inputs)
    loss = criterion(predictions, targets)
    weights = [part.weight for part in module if isinstance(part, torch.nn.Linear)]
    gradients = torch.autograd.grad(loss, weights)
    return (
        float(loss.detach()),
        predictions.detach().numpy(),
        [float(gradient.abs().mean()) for gradient in gradients],
    )


def _flat(module: Any) -> Any:
    """Return the parameters as a row: layer by layer, weights, then biases."""
    return np.concatenate([parameter.detach().numpy().ravel() for parameter in module.parameters()])
