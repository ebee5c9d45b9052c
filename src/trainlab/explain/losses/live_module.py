"""A live torch module with a batch: its outputs, what its targets mean, the gradients at its last sums."""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from trainlab.draw import counted
from trainlab.errors import ExplainError
from trainlab.explain.losses.loss_module import loss_of
from trainlab.explain.losses.node_module import last_operation
from trainlab.explain.losses.pairing import Pairing, pairing
from trainlab.explain.losses.takes import DISTANCES
from trainlab.spec import Loss, name_of
from trainlab.tasks import Kind

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Live:
    """What was found. Arrays have a row an example; ``gradients`` are ∂ℓ/∂z by autograd, ℓ an example's loss.

    `measured` is whether the loss has a value here: bce hasn't where outputs aren't probabilities.
    """

    name: str
    pairing: Pairing
    loss: Loss
    inputs: Array
    targets: Array
    outputs: Array
    gradients: Array
    measured: bool
    notes: tuple[str, ...]


def is_module(source: object) -> bool:
    """Whether this is a torch module, without importing torch."""
    return callable(getattr(source, "named_parameters", None)) and callable(source)


def inspect_module(module: Any, inputs: Any, targets: Any, loss: Any) -> Live:
    """Run a copy of the module in float64 and evaluation mode on the batch, and read what it is.

    Raises:
        ExplainError: inputs, targets or the loss are missing, don't fit, or hold what isn't finite; the
            module fails on them, or can't be differentiated.
    """
    for argument, value, example in (
        ("inputs", inputs, "inputs=x"),
        ("targets", targets, "targets=y"),
        ("loss", loss, "loss='mse' or loss=torch.nn.MSELoss()"),
    ):
        if value is None:
            raise ExplainError(
                f"{argument}: is missing; a module needs inputs, targets and loss, as {example}."
            )
    import torch

    spec, notes = loss_of(torch, loss)
    values, wanted = _tensor(torch, "inputs", inputs), _tensor(torch, "targets", targets)
    outputs = _run(torch, module, values)
    activation, last = last_operation(outputs)
    flat = outputs.reshape(len(outputs), -1)
    kind, rows, more = _meaning(flat.detach().numpy(), wanted, outputs.shape, name_of(spec))
    notes += more
    _check_range(spec, kind, rows)
    known = (float(rows.min()), float(rows.max()))
    found = pairing(kind, activation, name_of(spec), targets=known)
    plain = flat.detach().numpy()
    if activation == "softmax" and not np.allclose(plain.sum(axis=1), 1.0):
        found = replace(
            found,
            verdict="wrong",
            reason="its softmax runs over the examples: the outputs of one don't sum to 1.",
            remedy="dim=1 in the softmax, or a linear output with cross_entropy",
        )
    measured = name_of(spec) != "bce" or bool(((plain >= 0) & (plain <= 1)).all())
    return Live(
        name=type(module).__name__,
        pairing=found,
        loss=spec,
        inputs=values.detach().double().reshape(len(values), -1).numpy(),
        targets=rows,
        outputs=plain,
        gradients=_gradients(torch, spec, flat, rows, last) if measured else np.zeros_like(plain),
        measured=measured,
        notes=notes,
    )


def _tensor(torch: Any, name: str, given: Any) -> Any:
    """Return a tensor of a row an example; whole numbers stay whole."""
    try:
        made = given.detach().cpu() if isinstance(given, torch.Tensor) else torch.tensor(np.asarray(given))
    except (ValueError, TypeError, RuntimeError) as error:
        raise ExplainError(f"{name}: can't be made a tensor ({' '.join(str(error).split())}).") from None
    if made.ndim == 0 or len(made) == 0:
        raise ExplainError(f"{name}: has the shape {tuple(made.shape)}; give a row for each example.")
    if made.is_floating_point():
        made = made.double()
        if not bool(torch.isfinite(made).all()):
            place = int((~torch.isfinite(made)).reshape(len(made), -1).any(dim=1).nonzero()[0])
            raise ExplainError(f"{name}: example {place} holds a number that isn't finite; give finite ones.")
    return made


def _run(torch: Any, module: Any, inputs: Any) -> Any:
    try:
        twin = copy.deepcopy(module).cpu().double().eval()
        for parameter in twin.parameters():
            parameter.requires_grad_(True)
        outputs = twin(inputs)
    except Exception as error:
        # Whatever a user's own code raises is told in one line.
        reason = f"{type(error).__name__}: {' '.join(str(error).split())}"
        raise ExplainError(f"module: fails on these inputs ({reason}).") from None
    if not isinstance(outputs, torch.Tensor):
        raise ExplainError(f"module: returns a {type(outputs).__name__}; it must return a tensor.")
    if outputs.ndim == 0 or len(outputs) != len(inputs):
        raise ExplainError(
            f"module: returns the shape {tuple(outputs.shape)} for {len(inputs)} examples; it must return a "
            "row for each."
        )
    if not bool(torch.isfinite(outputs).all()):
        raise ExplainError("module: its outputs aren't all finite on these inputs.")
    return outputs


def _meaning(
    outputs: Array, targets: Any, shape: tuple[int, ...], loss: str
) -> tuple[Kind, Array, tuple[str, ...]]:
    """Return what targets mean, and the targets as rows ``[examples, outputs]``."""
    width, count = outputs.shape[1], outputs.shape[0]
    if len(targets) != count:
        raise ExplainError(f"targets: {len(targets)} of them for {count} examples; give one for each.")
    whole = not targets.is_floating_point()
    values = targets.double().reshape(count, -1).numpy()
    if values.shape[1] == 1 and width > 1:
        if not whole:
            raise ExplainError(
                f"targets: one number an example, but the module has {width} outputs; give {width}, or the "
                "number of the class as a whole number (dtype int64)."
            )
        return "classes", _one_hot(values[:, 0], width), ()
    if values.shape[1] != width:
        raise ExplainError(
            f"targets: {values.shape[1]} an example, but the module has {counted(width, 'output')}."
        )
    notes = ()
    if width == 1 and tuple(targets.shape) != tuple(shape):
        notes = (
            f"Outputs have the shape {tuple(shape)}, targets {tuple(targets.shape)}: torch would broadcast "
            "every output against every target; make the shapes equal, as is done here.",
        )
    ones = np.isin(values, (0.0, 1.0)).all()
    if width == 1:
        return ("binary" if ones else "regression"), values, notes
    one_hot = bool(ones and (values.sum(axis=1) == 1).all())
    shares = loss in ("cross_entropy", "nll") and bool(
        (values >= 0).all() and np.allclose(values.sum(axis=1), 1)
    )
    return ("classes" if one_hot or shares else "regression"), values, notes


def _one_hot(classes: Array, width: int) -> Array:
    wrong = (classes < 0) | (classes >= width)
    if wrong.any():
        raise ExplainError(
            f"targets: class {classes[wrong][0]:g} of example {int(wrong.argmax())}, but the module has "
            f"{width} outputs; classes go from 0 to {width - 1}."
        )
    return np.eye(width)[classes.astype(np.int64)]


def _check_range(loss: Loss, kind: Kind, targets: Array) -> None:
    if name_of(loss) in DISTANCES or (targets.min() >= 0 and targets.max() <= 1):
        return
    raise ExplainError(
        f"targets: go from {targets.min():g} to {targets.max():g}, but {name_of(loss)} takes targets from 0 "
        "to 1; use 'mse' or 'l1', or give classes."
    )


def _gradients(torch: Any, loss: Loss, outputs: Any, targets: Array, node: Any) -> Array:
    """Return ∂ℓ/∂z of each example by autograd: at what the last activation is fed, or at the outputs."""
    from trainlab.engine.reference.losses import build_criterion

    caught: list[Any] = []
    if node is None:
        outputs.retain_grad()
    else:

        def catch(grad_inputs: Any, _grad_outputs: Any) -> None:
            caught.append(grad_inputs[0])

        node.register_hook(catch)
    build_criterion(torch, loss)(outputs, torch.tensor(targets)).backward()
    gradient = outputs.grad if node is None else caught[0]
    return (gradient.reshape(outputs.shape) * len(targets)).numpy()
