"""A live torch module with a batch: what its outputs are, what its targets mean, whether its loss fits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from trainlab.engine.network_pass import Array
from trainlab.errors import ExplainError, listing
from trainlab.explain.questions.loss.pairing import Pairing, pairing
from trainlab.explain.questions.loss.rules import is_distance
from trainlab.explain.subject.given import check_shapes, loss_of, read_batch, untyped_torch
from trainlab.explain.subject.module_copy import Look, look_at
from trainlab.maths import ACTIVATIONS, Activation
from trainlab.spec import name_of
from trainlab.tasks import Kind

# What a live module's output is, read from the last operations of its autograd graph.


ACTIVATION_NODES = {entry.autograd_node: entry for entry in ACTIVATIONS.values() if entry.autograd_node}
LINEAR_NODES = (
    "AddmmBackward",
    "MmBackward",
    "MvBackward",
    "AddmvBackward",
    "BmmBackward",
    "BaddbmmBackward",
    "DotBackward",
    "LinearBackward",
    "ConvolutionBackward",
    "MkldnnConvolutionBackward",
    "AddBackward",
    "SubBackward",
    "MeanBackward",
    "SumBackward",
    "NativeBatchNormBackward",
    "NativeLayerNormBackward",
    "EmbeddingBackward",
)
SUMS = ("AddBackward", "SubBackward")
SHAPING_NODES = (
    "ViewBackward",
    "UnsafeViewBackward",
    "ReshapeAliasBackward",
    "SqueezeBackward",
    "UnsqueezeBackward",
    "TBackward",
    "TransposeBackward",
    "PermuteBackward",
    "SelectBackward",
    "SliceBackward",
    "CloneBackward",
    "AliasBackward",
    "ToCopyBackward",
    "ExpandBackward",
)
"""The operations that move numbers without changing them."""


def last_operation(outputs: Any) -> str:
    """Return the activation that the outputs end in, "linear" if there is none.

    Raises:
        ExplainError: the outputs depend on no parameter, end in an operation that isn't known, or are some of
            the numbers of a softmax only.
    """
    if outputs.grad_fn is None:
        raise ExplainError(
            "module: its outputs depend on no parameter in a way that autograd can follow; return what its "
            "layers compute, without detach(), numpy() or torch.no_grad()."
        )
    node = _unshaped(outputs.grad_fn)
    kind, inner = _kind(node), _inputs(node)
    if kind == "LogBackward" and _kind(node.next_functions[0][0]) == "SoftmaxBackward":
        # log(softmax(z)) written out: another way to the same numbers.
        return _whole("log_softmax", inner[0], outputs)
    if kind == "EluBackward" and getattr(node, "_saved_scale", 1.0) != 1.0:
        return "selu"
    if kind in ACTIVATION_NODES:
        _check_settings(ACTIVATION_NODES[kind], node)
        return _whole(ACTIVATION_NODES[kind].name, node, outputs)
    # A sum of activations, such as sigmoid(z) + 1, isn't linear.
    if kind in LINEAR_NODES and not (kind in SUMS and any(_kind(each) in ACTIVATION_NODES for each in inner)):
        return "linear"
    known = listing(entry.name for entry in ACTIVATION_NODES.values()).replace("'", "")
    raise ExplainError(
        f"module: its outputs end in {node.name()}, after which it can't be told what they are; end in a "
        f"linear layer, {known}."
    )


def _whole(activation: str, node: Any, outputs: Any) -> str:
    """Return the activation, unless each of its numbers depends on all sums and only some are returned."""
    if ACTIVATIONS[activation].elementwise:
        return activation
    made, count = node._saved_result.numel(), outputs.numel()
    if count < made:
        raise ExplainError(
            f"module: returns {count:,} of the {made:,} numbers of its last {activation}, "
            "each of which depends on all the sums; return them all."
        )
    return activation


def _unshaped(node: Any) -> Any:
    while _kind(node) in SHAPING_NODES:
        node = node.next_functions[0][0]
    return node


def _inputs(node: Any) -> list[Any]:
    return [_unshaped(each) for each, _ in node.next_functions if each is not None]


def _check_settings(activation: Activation, node: Any) -> None:
    for name, usual in activation.autograd_settings.items():
        value = getattr(node, f"_saved_{name}", usual)
        if value != usual:
            raise ExplainError(
                f"module: its outputs end in {activation.name} with {name} = {value!r}; "
                f"the table of pairings is for torch's default, {usual!r}."
            )


def _kind(node: Any) -> str:
    """Return a node's name without the number of its overload: ``AddBackward0`` is ``AddBackward``."""
    return str(node.name()).rstrip("0123456789")


# A live torch module with a batch: what its outputs are, what its targets mean, whether its loss fits.


@dataclass(frozen=True, kw_only=True, slots=True)
class ModuleOutputs:
    """A module by the `name` of its class, the `pairing` of its output and loss, and how it was looked at."""

    name: str
    pairing: Pairing
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
    spec = loss_of(torch, loss)
    batch, wanted = read_batch(torch, "inputs", inputs), read_batch(torch, "targets", targets)
    look, outputs = look_at(module, batch, _run)
    output = last_operation(outputs)
    plain = _numbers(outputs.reshape(len(outputs), -1))
    kind, rows = _meaning(plain, wanted, outputs.shape, name_of(spec))
    known = (float(rows.min()), float(rows.max()))
    if not is_distance(name_of(spec)) and not 0 <= known[0] <= known[1] <= 1:
        raise ExplainError(
            f"targets: go from {known[0]:g} to {known[1]:g}, but {name_of(spec)} takes targets from 0 "
            "to 1; use 'mse' or 'l1', or give classes."
        )
    found = pairing(kind, output, name_of(spec), targets=known)
    if output == "softmax" and not np.allclose(plain.sum(axis=1), 1.0):
        found = replace(
            found,
            verdict="wrong",
            reason="its softmax runs over the examples: the outputs of one don't sum to 1.",
            remedy="dim=1 in the softmax, or a linear output with cross_entropy",
        )
    return ModuleOutputs(name=look.name, pairing=found, notes=look.notes)


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


def _numbers(tensor: Any) -> Array:
    return tensor.detach().cpu().double().numpy()
