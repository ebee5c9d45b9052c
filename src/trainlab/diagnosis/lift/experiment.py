"""The experiment that a recording shows: its network, loss, optimizer, and the order of its batches."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from trainlab.diagnosis.lift.recording import Array, Ints, Recording, Refused
from trainlab.errors import SpecError
from trainlab.maths import OPTIMIZERS
from trainlab.spec import Batch, Experiment, Full, Sampling, Single
from trainlab.tasks import arrays

# Which sampling of an experiment gives batches like those that were recorded.


OFTEN = 5
"""Once rows were drawn this often on average, drawing with replacement is recognised."""
CHI_SQUARE_SIGMAS = 4.0


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Order:
    """The data, as numbers of rows (one that is there twice is twice in it), how it's sampled, how long."""

    data: Ints
    sampling: Sampling
    epochs: int


def order_of(batches: Sequence[Ints], steps: int) -> Order:
    """Return the order of a training of `steps` steps, of which the first ones were recorded.

    Raises:
        Refused: an experiment doesn't draw batches so.
    """
    if all(np.array_equal(np.sort(batches[0]), np.sort(batch)) for batch in batches[1:]):
        return Order(data=batches[0], sampling=Full(), epochs=steps)
    size = len(batches[0])
    epoch = _epoch(batches)
    if epoch:
        return _in_turn(batches, steps, epoch, size)
    dropping = _dropping(batches, steps, size)
    if dropping is not None:
        return dropping
    if _once(batches):
        return _in_turn(batches, steps, len(batches), size)
    if _uniform(batches, size):
        return _replaced(batches, steps, size)
    raise Refused("an experiment doesn't draw batches as this training does")


def _in_turn(batches: Sequence[Ints], steps: int, epoch: int, size: int) -> Order:
    """All rows once an epoch, in another order each time."""
    if any(len(batch) != size for batch in batches[: epoch - 1]) or len(batches[epoch - 1]) > size:
        raise Refused("its batches are of different sizes")
    if steps % epoch:
        raise Refused(f"it ends within an epoch: {steps:,} steps, {epoch:,} an epoch")
    ordered = len(batches) >= 2 * epoch and all(
        np.array_equal(np.sort(batch), np.sort(batches[place % epoch])) for place, batch in enumerate(batches)
    )
    if ordered:
        raise Refused("its batches are the same ones in every epoch; an experiment shuffles them")
    return Order(
        data=np.sort(np.concatenate(batches[:epoch])), sampling=Batch(batch_size=size), epochs=steps // epoch
    )


def _dropping(batches: Sequence[Ints], steps: int, size: int) -> Order | None:
    """Return the order where what doesn't fill a batch is left out of an epoch, other rows each time."""
    rows = int(max(batch.max() for batch in batches)) + 1
    epoch = rows // size
    if not epoch or rows % size == 0 or steps % epoch or any(len(batch) != size for batch in batches):
        return None
    for start in range(0, len(batches) - epoch + 1, epoch):
        if len(np.unique(np.concatenate(batches[start : start + epoch]))) != epoch * size:
            return None
    if len(batches) < 2 * epoch:
        return None
    return Order(data=np.arange(rows), sampling=Batch(batch_size=size, drop_last=True), epochs=steps // epoch)


def _replaced(batches: Sequence[Ints], steps: int, size: int) -> Order:
    rows = int(max(batch.max() for batch in batches)) + 1
    if size == 1:
        each = rows if steps % rows == 0 else 1
        return Order(data=np.arange(rows), sampling=Single(steps_per_epoch=each), epochs=steps // each)
    epoch = -(-rows // size)
    if steps % epoch:
        raise Refused(f"it ends within an epoch: {steps:,} steps, {epoch:,} an epoch")
    return Order(
        data=np.arange(rows), sampling=Batch(batch_size=size, replacement=True), epochs=steps // epoch
    )


def _epoch(batches: Sequence[Ints]) -> int:
    """Return after how many steps every row was met as often as it will be in each as many steps; 0: never.

    Sums of a random number a row stand for sets of rows.
    """
    rows = int(max(batch.max() for batch in batches)) + 1
    signs = np.random.default_rng(0).integers(0, 2**63, rows, dtype=np.uint64)
    sums: npt.NDArray[np.uint64] = np.array([signs[batch].sum(dtype=np.uint64) for batch in batches])
    total = np.concatenate([np.zeros(1, np.uint64), np.cumsum(sums, dtype=np.uint64)])
    for epoch in range(2, len(batches) // 2 + 1):
        marks = total[::epoch]
        if (np.diff(marks) == marks[1]).all():
            return epoch
    return 0


def _once(batches: Sequence[Ints]) -> bool:
    together = np.concatenate(batches)
    return len(np.unique(together)) == len(together)


def _uniform(batches: Sequence[Ints], size: int) -> bool:
    """Whether the rows are drawn alike: the spread of their counts is that of chance."""
    together = np.concatenate(batches)
    counts = np.bincount(together)
    if any(len(batch) != size for batch in batches) or len(together) < OFTEN * len(counts):
        return False
    expected, free = len(together) / len(counts), len(counts) - 1
    statistic = float(((counts - expected) ** 2).sum() / expected)
    return abs(statistic - free) <= CHI_SQUARE_SIGMAS * (2 * max(free, 1)) ** 0.5


# From a recording to the experiment that it is, with its data in a file unless a task has them.


BOUND_TOLERANCE = 1e-9
TASKS = ("xor", "digits", "iris", "wine", "breast_cancer", "diabetes")
SQUARES = {"difference": ("mse", "l1")}


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Draft:
    """An experiment by its fields, the data it is of and how they come; one for each loss it may have."""

    fields: dict[str, Any]
    inputs: Array
    targets: Array
    order: Order
    losses: tuple[dict[str, Any], ...]

    def experiment(self, loss: Mapping[str, Any], task: Mapping[str, Any]) -> Experiment:
        """Return it as an Experiment; raise Refused where the parts don't fit."""
        try:
            return Experiment.from_dict({**self.fields, "loss": dict(loss), "task": dict(task)})
        except SpecError as error:
            raise Refused(f"it is no experiment: {str(error).rstrip('.')}") from None


def draft_of(recording: Recording) -> Draft:
    """Return what a recording is; raise Refused with the reason where it can't be said."""
    if recording.refused:
        raise Refused(recording.refused)
    order = order_of(recording.each, recording.steps)
    layers, last = recording.layers, recording.layers[-1].activation
    if recording.last_activation != "linear" and last != "linear":
        raise Refused("two activations follow the last layer")
    activations = [layer.activation for layer in layers[:-1]]
    activations.append(recording.last_activation if last == "linear" else last)
    fields: dict[str, Any] = {
        "network": {
            "widths": [layers[0].fan_in, *(layer.fan_out for layer in layers)],
            "bias": [layer.bias is not None for layer in layers],
            "activation": activations,
        },
        "init": {
            "weight": _shortest([_scheme(recording, layer.weight, layer.fan_in) for layer in layers]),
            "bias": _shortest([_scheme(recording, layer.bias, layer.fan_in) for layer in layers]),
        },
        "optimizer": _optimizer(recording),
        "sampling": msgspec.to_builtins(order.sampling),
        "epochs": order.epochs,
    }
    kinds = SQUARES.get(recording.loss, (recording.loss,))
    return Draft(
        fields=fields,
        inputs=recording.inputs[order.data],
        targets=_targets(recording)[order.data],
        order=order,
        losses=tuple({"name": kind, **recording.loss_settings} for kind in kinds),
    )


def task_of(inputs: Array, targets: Array, *, folder: str | Path) -> dict[str, Any]:
    """Return the task that has these data: a built-in one, or a file written into `folder`."""
    for name in TASKS:
        if _is_task(name, inputs, targets):
            return {"name": name}
    try:
        given = arrays(inputs, targets, folder=folder)
    except SpecError as error:
        raise Refused(f"its data are no task: {str(error).rstrip('.')}") from None
    return {"name": "file", "path": given.path}


def same_data(first: Recording, other: Recording) -> bool:
    """Whether two runs were given the same rows."""
    return set(first.keys) == set(other.keys)


def _is_task(name: str, inputs: Array, targets: Array) -> bool:
    try:
        data = Experiment.from_dict(
            {"task": name, "network": {"widths": [inputs.shape[1], targets.shape[1]], "activation": "linear"}}
        ).data()
    except SpecError:
        return False
    if data.inputs.shape != inputs.shape or data.targets.shape != targets.shape:
        return False
    mine, its = (
        np.concatenate([x.astype(np.float32), y.astype(np.float32)], axis=1)
        for x, y in ((inputs, targets), (data.inputs, data.targets))
    )
    return bool((mine[np.lexsort(mine.T)] == its[np.lexsort(its.T)]).all())


def _targets(recording: Recording) -> Array:
    """Return the targets ``[rows, outputs]``; classes one-hot."""
    targets, outputs = recording.targets, recording.layers[-1].fan_out
    if not recording.classes:
        if targets.shape[1] != outputs:
            raise Refused(f"its rows have {targets.shape[1]} targets and {outputs} outputs")
        return targets.astype(np.float64)
    if targets.shape[1] != 1 or targets.min() < 0 or targets.max() >= outputs:
        raise Refused("its classes aren't one number a row")
    return np.eye(outputs)[targets[:, 0]]


def _optimizer(recording: Recording) -> dict[str, Any]:
    name = next((key for key, entry in OPTIMIZERS.items() if entry.torch_class == recording.optimizer), None)
    if name is None:
        raise Refused(f"trainlab has no optimizer {recording.optimizer}")
    settings = recording.settings
    if settings.get("maximize"):
        raise Refused("its optimizer maximizes")
    known = _fields_of(name)
    return {"name": name, **{key: settings[key] for key in known if settings.get(key) is not None}}


def _fields_of(optimizer: str) -> Sequence[str]:
    experiment = Experiment.from_dict({"network": "2-1", "optimizer": optimizer})
    return experiment.optimizer.__struct_fields__


def _scheme(recording: Recording, name: str | None, fan_in: int) -> Any:
    """Return the init scheme whose draw gave a parameter, if there is one, its first values."""
    if name is None:
        return "default"
    draw = recording.draws[name]
    if draw["own"]:
        raise Refused(f"{name} is drawn from a generator of the script's own, whose seed it sets")
    bound = 1 / math.sqrt(fan_in)
    if draw["name"] == "uniform":
        if max(abs(draw["a"] + bound), abs(draw["b"] - bound)) <= BOUND_TOLERANCE * bound:
            return "default"
        return {"name": "uniform", "a": draw["a"], "b": draw["b"]}
    if draw["name"] == "normal":
        return {"name": "normal", "mean": draw["a"], "std": draw["b"]}
    if draw["name"] == "constant":
        return {"name": "constant", "val": draw["a"]}
    raise Refused(f"the first values of {name} weren't drawn by one call of uniform_, normal_ or the like")


def _shortest(schemes: list[Any]) -> Any:
    return schemes[0] if all(scheme == schemes[0] for scheme in schemes) else schemes
