"""One run trained once more by the plain loop, noting what every step saw, did and changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from trainlab.engine.evaluation import is_solved
from trainlab.engine.reference.loop import Rates, Steps, backpropagate
from trainlab.engine.reference.module import Meter, build_module, equaliser_of, flat, predictions_of
from trainlab.engine.reference.optimizers import build_optimizer
from trainlab.spec import Experiment, ReduceLROnPlateau

Row = npt.NDArray[np.floating]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Replay:
    """The T steps of one run of P parameters, counted from 0.

    Before step t the weights were ``weights[t]``, over the examples trained on with the loss ``loss[t]``, and
    the run was solved or not, ``solved[t]``; all three have a last entry for the end. Step t saw
    ``examples[t]``, None for all; ``gradient[t]`` is what the optimizer got, ``rate[t]`` its learning rate,
    ``beta1[t]`` its β₁, NaN if it has none. ``state`` holds what the optimizer keeps for each parameter, by
    its name in torch.optim, after each step, ``[T, P]``. ``apart`` is the most that a weight of the plain
    loop differed from the engine's at the end of an epoch, where the engine's took its place.
    """

    weights: Row
    loss: Row
    solved: npt.NDArray[np.bool_]
    examples: tuple[npt.NDArray[np.int64] | None, ...]
    gradient: Row
    rate: npt.NDArray[np.float64]
    beta1: npt.NDArray[np.float64]
    state: dict[str, Row]
    apart: float


def replay(
    experiment: Experiment,
    seed: int,
    *,
    epochs: int,
    ends: Mapping[int, Row],
    start: Row | None = None,
    dtype: str = "float32",
) -> Replay:
    """Train one run for that many epochs, and note everything.

    `ends` has the weights ``[P]`` of the engine's own run at the end of some of the epochs; the loop goes on
    from them. Engines differ by roundings, which a training magnifies; this way the loop stays on that run's
    path, and its optimizer's state is what the engine's was, to rounding. `start` has the weights to begin
    with; without it they are drawn.
    """
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        return _replay(torch, experiment, seed, epochs=epochs, ends=ends, start=start, dtype=dtype)
    finally:
        torch.set_num_threads(threads)


def _replay(
    torch: Any,
    experiment: Experiment,
    seed: int,
    *,
    epochs: int,
    ends: Mapping[int, Row],
    start: Row | None,
    dtype: str,
) -> Replay:
    meter = Meter.of(torch, experiment, dtype)
    module = build_module(torch, experiment, seed, dtype, start=start)
    optimizer = build_optimizer(torch, experiment, module)
    rates = Rates(torch, experiment, optimizer)
    steps = Steps(experiment=experiment, seed=seed, dtype=dtype)
    parameters = list(module.parameters())
    weights, readings = [flat(module)], [_read(meter, module)]
    examples: list[Any] = []
    gradients: list[Row] = []
    group, rate, beta1 = optimizer.param_groups[0], list[float](), list[float]()
    state: dict[str, list[Row]] = {}
    apart = 0.0
    equaliser = equaliser_of(torch, experiment, module)
    for epoch in range(epochs):
        for index, chosen in enumerate(steps.examples(epoch)):
            step = epoch * experiment.steps_per_epoch + index
            backpropagate(
                torch, meter, module, optimizer, steps, step=step, chosen=chosen, equaliser=equaliser
            )
            examples.append(chosen)
            gradients.append(_row(torch, parameters, [parameter.grad for parameter in parameters]))
            rates.apply()
            rate.append(float(group["lr"]))
            beta1.append(float(group["betas"][0]) if "betas" in group else float("nan"))
            optimizer.step()
            for name, row in _state(torch, optimizer, parameters).items():
                # What an optimizer starts to keep later counts as 0 before.
                state.setdefault(name, [np.zeros_like(row)] * step).append(row)
            rates.after_step()
            last = index == experiment.steps_per_epoch - 1
            if last and epoch + 1 in ends:
                wanted = np.asarray(ends[epoch + 1], dtype=dtype)
                apart = max(apart, float(np.abs(flat(module) - wanted).max()))
                _load(torch, parameters, wanted)
            weights.append(flat(module))
            readings.append(_read(meter, module))
        rates.after_epoch()
        if isinstance(experiment.schedule, ReduceLROnPlateau):
            rates.after_reading(meter.loss(module, experiment.schedule.on))
    return Replay(
        weights=np.array(weights),
        loss=np.array([loss for loss, _ in readings], dtype=dtype),
        solved=np.array([solved for _, solved in readings]),
        examples=tuple(examples),
        gradient=np.array(gradients),
        rate=np.array(rate),
        beta1=np.array(beta1),
        state={name: np.array(rows) for name, rows in state.items()},
        apart=apart,
    )


def _read(meter: Meter, module: Any) -> tuple[float, bool]:
    """Return the loss over the examples trained on, and whether the run is solved."""
    experiment, torch = meter.experiment, meter.torch
    inputs, targets = meter.parts["train"]
    with torch.no_grad():
        outputs = module(inputs)
        loss = float(meter.criterion(outputs, targets))
        if experiment.solved.on != "train":
            return loss, meter.solved(module)
        predictions = predictions_of(torch, experiment.loss, outputs).numpy()[None]
    return loss, bool(is_solved(experiment, predictions, targets.numpy(), np.array([loss]))[0])


def _row(torch: Any, parameters: list[Any], values: list[Any]) -> Row:
    """Return values of all parameters as a row ``[P]``; 0 where a parameter has none."""
    rows = [
        torch.zeros_like(parameter) if value is None else value
        for parameter, value in zip(parameters, values, strict=True)
    ]
    return torch.cat([row.detach().flatten() for row in rows]).numpy()


def _state(torch: Any, optimizer: Any, parameters: list[Any]) -> dict[str, Row]:
    """Return what the optimizer keeps for each number of the parameters, by name."""
    kept: Any = getattr(optimizer, "state", {})
    each = [kept.get(parameter, {}) for parameter in parameters]
    names = {
        name
        for parameter, entries in zip(parameters, each, strict=True)
        for name, value in entries.items()
        if torch.is_tensor(value) and value.shape == parameter.shape and name != "step"
    }
    return {
        name: _row(torch, parameters, [entries.get(name) for entries in each]).copy()
        for name in sorted(names)
    }


def _load(torch: Any, parameters: list[Any], row: Row) -> None:
    place = 0
    with torch.no_grad():
        for parameter in parameters:
            part = row[place : place + parameter.numel()]
            parameter.copy_(torch.from_numpy(part.reshape(tuple(parameter.shape))))
            place += parameter.numel()
