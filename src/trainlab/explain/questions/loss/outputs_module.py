"""A live torch module with a batch: its outputs, what its targets mean, the gradients at its last sums."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from trainlab.errors import ExplainError
from trainlab.explain.common.torch_import import untyped_torch
from trainlab.explain.questions.loss.last_operation_module import Ending, last_operation, output_places
from trainlab.explain.questions.loss.loss_signatures import is_distance
from trainlab.explain.questions.loss.pairing import Pairing, pairing
from trainlab.explain.subject.criterion import check_shapes, loss_of
from trainlab.explain.subject.given_module import read_batch
from trainlab.explain.subject.module_copy import Look, look_at, recording
from trainlab.spec import Loss, name_of
from trainlab.tasks import Kind

Array = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ModuleOutputs:
    """What was found. Arrays have a row an example; ``gradients`` are ∂ℓ/∂z by autograd, ℓ an example's loss.

    `measured` is whether the loss has a value here: bce hasn't where outputs aren't probabilities. `mode` and
    `precision` are those in which the module was looked at.
    """

    name: str
    mode: str
    precision: str
    pairing: Pairing
    loss: Loss
    inputs: Array
    targets: Array
    outputs: Array
    gradients: Array
    measured: bool
    notes: tuple[str, ...]


def inspect_module(module: Any, inputs: Any, targets: Any, loss: Any) -> ModuleOutputs:
    """Run a copy of the module on the batch, and read what it is.

    Raises:
        ExplainError: inputs, targets or the loss are missing, don't fit, or hold what isn't finite; the
            module fails on them, or can't be differentiated.
    """
    torch = untyped_torch()
    if loss is None:
        raise ExplainError("loss = None: a torch module is asked with its loss; give loss=, such as 'mse'.")
    spec, notes = loss_of(torch, loss)
    batch, wanted = read_batch(torch, "inputs", inputs), read_batch(torch, "targets", targets)
    look, outputs = look_at(module, batch, _run)
    ending = last_operation(outputs)
    flat = outputs.reshape(len(outputs), -1)
    plain = _numbers(flat)
    kind, rows = _meaning(plain, wanted, outputs.shape, name_of(spec))
    _check_range(spec, kind, rows)
    known = (float(rows.min()), float(rows.max()))
    found = pairing(kind, ending.activation, name_of(spec), targets=known)
    if ending.activation == "softmax" and not np.allclose(plain.sum(axis=1), 1.0):
        found = replace(
            found,
            verdict="wrong",
            reason="its softmax runs over the examples: the outputs of one don't sum to 1.",
            remedy="dim=1 in the softmax, or a linear output with cross_entropy",
        )
    measured = name_of(spec) != "bce" or bool(((plain >= 0) & (plain <= 1)).all())
    with recording(torch):
        gradients = _gradients(torch, spec, outputs, rows, ending) if measured else np.zeros_like(plain)
    return ModuleOutputs(
        name=look.name,
        mode=look.mode,
        precision=look.precision,
        pairing=found,
        loss=spec,
        inputs=_numbers(look.inputs).reshape(len(look.inputs), -1),
        targets=rows,
        outputs=plain,
        gradients=gradients,
        measured=measured,
        notes=(*notes, *look.notes),
    )


def _run(look: Look) -> Any:
    def train_all(module: Any) -> None:
        # Frozen or not: what matters is the way from the last sums to the loss.
        for parameter in module.parameters():
            parameter.requires_grad_(True)

    _, outputs = look.forward(train_all)
    if outputs.ndim == 0 or len(outputs) != len(look.inputs):
        raise ExplainError(
            f"module: returns the shape {tuple(outputs.shape)} for {len(look.inputs)} examples; it must "
            "return a row for each."
        )
    if not bool(look.torch.isfinite(outputs).all()):
        raise ExplainError("module: its outputs aren't all finite on these inputs.")
    return outputs


def _meaning(outputs: Array, targets: Any, shape: tuple[int, ...], loss: str) -> tuple[Kind, Array]:
    """Return what targets mean, and the targets as rows ``[examples, outputs]``."""
    width, count = outputs.shape[1], outputs.shape[0]
    by_class = check_shapes(loss, tuple(int(size) for size in shape), targets)
    values = _numbers(targets).reshape(count, -1)
    if by_class and len(shape) == 2:
        return "classes", _one_hot(values[:, 0], width)
    if by_class:
        raise ExplainError(
            f"module: returns the shape {tuple(shape)}, several rows of classes an example; give a module "
            "and a batch with one row an example."
        )
    ones = np.isin(values, (0.0, 1.0)).all()
    if width == 1:
        return ("binary" if ones else "regression"), values
    one_hot = bool(ones and (values.sum(axis=1) == 1).all())
    shares = loss in ("cross_entropy", "nll") and bool(
        (values >= 0).all() and np.allclose(values.sum(axis=1), 1)
    )
    return ("classes" if one_hot or shares else "regression"), values


def _one_hot(classes: Array, width: int) -> Array:
    wrong = (classes < 0) | (classes >= width)
    if wrong.any():
        raise ExplainError(
            f"targets: class {classes[wrong][0]:g} of example {int(wrong.argmax())}, but the module has "
            f"{width} outputs; classes go from 0 to {width - 1}."
        )
    return np.eye(width)[classes.astype(np.int64)]


def _check_range(loss: Loss, kind: Kind, targets: Array) -> None:
    if is_distance(name_of(loss)) or (targets.min() >= 0 and targets.max() <= 1):
        return
    raise ExplainError(
        f"targets: go from {targets.min():g} to {targets.max():g}, but {name_of(loss)} takes targets from 0 "
        "to 1; use 'mse' or 'l1', or give classes."
    )


def _gradients(torch: Any, loss: Loss, outputs: Any, targets: Array, ending: Ending) -> Array:
    """Return ∂ℓ/∂z of each example by autograd: at what the last activation is fed, or at the outputs."""
    from trainlab.engine.reference.losses import build_criterion

    places = output_places(torch, outputs, ending)
    caught: list[Any] = []
    if ending.node is None:
        outputs.retain_grad()
    else:

        def catch(grad_inputs: Any, _grad_outputs: Any) -> None:
            caught.append(grad_inputs[0])

        ending.node.register_hook(catch)
    flat = outputs.reshape(len(outputs), -1)
    build_criterion(torch, loss)(flat, torch.tensor(targets).to(flat)).backward()
    gradient = _numbers(outputs.grad if ending.node is None else caught[0])
    if places is not None:
        # Back from where the activation has its sums to where the module has its outputs.
        gradient = gradient.reshape(-1)[places]
    return gradient.reshape(flat.shape) * len(targets)


def _numbers(tensor: Any) -> Array:
    return tensor.detach().cpu().double().numpy()
