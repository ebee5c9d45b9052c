"""A module looked at without touching it: a copy in float64, the batch as tensors, the loss as a function."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import msgspec
import numpy as np

from trainlab.engine.reference.losses import build_criterion
from trainlab.errors import ExplainError, nearest
from trainlab.maths import LOSSES
from trainlab.spec import Loss, name_of

Hook = Callable[[Any], None]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Subject:
    """A copy of a user's module with a batch; `run` lets a fresh copy of it compute the loss.

    `precision` is ``float64``, or the module's own where it can't be carried out in float64.
    """

    torch: Any
    module: Any
    inputs: Any
    targets: Any
    criterion: Callable[[Any, Any], Any]
    precision: str

    def run(self, prepare: Hook | None = None) -> tuple[Any, Any, Any]:
        """Return (a fresh copy, its outputs, the loss); every run draws the same random numbers.

        `prepare` is called with the copy before it runs.
        """
        module = copy.deepcopy(self.module)
        if prepare is not None:
            prepare(module)
        with _undisturbed(self.torch, module), self.torch.enable_grad():
            outputs = module(self.inputs)
            return module, outputs, self.criterion(outputs, self.targets)


def is_module(source: object) -> bool:
    """Return whether it is a torch.nn.Module; without torch loaded nothing is."""
    import sys

    torch = sys.modules.get("torch")
    return torch is not None and isinstance(source, torch.nn.Module)


def subject_of(module: Any, inputs: Any, targets: Any, loss: Any) -> Subject:
    """Return the module as a subject.

    Raises:
        ExplainError: if a batch or loss is missing, a number isn't finite, or the forward pass fails.
    """
    import torch

    for name, given in (("inputs", inputs), ("targets", targets), ("loss", loss)):
        if given is None:
            raise ExplainError(
                f"{name}: a module needs inputs, targets and a loss; give {name}, as in "
                "chain_rule(module, inputs=x, targets=y, loss='mse')."
            )
    x, y = _tensor(torch, "inputs", inputs), _tensor(torch, "targets", targets)
    try:
        pristine = copy.deepcopy(module)
    except Exception as error:
        raise ExplainError(
            f"module: can't be copied ({_first_line(error)}), and it is only ever looked at as a copy; "
            "pass one as it was built, before any forward pass."
        ) from None
    pristine.zero_grad(set_to_none=True)
    kind = _loss(loss)
    for precision in ("float64", "own"):
        made = _subject(torch, pristine, x, y, kind, precision)
        try:
            _, outputs, value = made.run()
        except ExplainError:
            raise
        except Exception as error:
            if precision == "float64":
                # A module that makes float32 tensors of its own can't be carried out in float64.
                continue
            raise ExplainError(
                "module: its forward pass, or the loss, fails on these inputs and targets: "
                f"{_first_line(error)}."
            ) from None
        _check(torch, outputs, value)
        return made
    raise AssertionError("unreachable")


def _subject(torch: Any, module: Any, x: Any, y: Any, loss: Any, precision: str) -> Subject:
    own = next((p.dtype for p in module.parameters() if p.is_floating_point()), torch.float32)
    dtype = torch.float64 if precision == "float64" else own
    device = next((p.device for p in module.parameters()), x.device)
    copied = copy.deepcopy(module).to(dtype)
    if callable(loss):
        # A loss that is a module may have weights of its own, which have to be of the same kind.
        criterion: Any = copy.deepcopy(cast("Any", loss)).to(dtype) if is_module(loss) else loss
        as_number = False
    else:
        criterion = _strict(torch, loss)
        as_number = name_of(loss) != "cross_entropy" or y.is_floating_point()
    number = y.is_floating_point() or as_number
    return Subject(
        torch=torch,
        module=copied,
        inputs=x.to(device, dtype) if x.is_floating_point() else x.to(device),
        targets=y.to(device, dtype) if number else y.to(device),
        criterion=criterion,
        precision=str(dtype).removeprefix("torch."),
    )


def _strict(torch: Any, loss: Any) -> Callable[[Any, Any], Any]:
    """Return the loss, refusing targets of another shape: broadcasting would compare each with each."""
    criterion = build_criterion(torch, loss)
    classes = name_of(loss) == "cross_entropy"

    def checked(outputs: Any, targets: Any) -> Any:
        if tuple(outputs.shape) != tuple(targets.shape) and not (
            classes and targets.ndim == outputs.ndim - 1
        ):
            raise ExplainError(
                f"targets: of shape {tuple(targets.shape)}, but the module's outputs are of shape "
                f"{tuple(outputs.shape)}; give targets of the outputs' shape."
            )
        return criterion(outputs, targets)

    return checked


def _loss(loss: Any) -> Any:
    if isinstance(loss, str):
        if loss not in LOSSES:
            raise ExplainError(
                f"loss = {loss!r}: is none of {', '.join(LOSSES)}, nor a function.{nearest(loss, LOSSES)}"
            )
        return msgspec.convert({"name": loss}, Loss)
    if isinstance(loss, msgspec.Struct) or callable(loss):
        return loss
    raise ExplainError(
        f"loss = {loss!r}: must be the name of a loss, such as 'mse', or a function of outputs and targets."
    )


def _tensor(torch: Any, name: str, values: Any) -> Any:
    tensor = values.detach().clone() if isinstance(values, torch.Tensor) else _from_array(torch, name, values)
    if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
        place = torch.nonzero(~torch.isfinite(tensor))[0].tolist()
        at = f"[{', '.join(map(str, place))}]" if place else ""
        raise ExplainError(
            f"{name}{at}: is {float(tensor[tuple(place)])}, not a finite number; give finite ones."
        )
    return tensor


def _from_array(torch: Any, name: str, values: Any) -> Any:
    try:
        array = np.array(values)
    except ValueError:
        array = np.empty(0, dtype=np.object_)
    if array.dtype.kind not in "fiub":
        raise ExplainError(f"{name}: must be numbers in an array or a tensor, all rows of one length.")
    return torch.from_numpy(array)


def _check(torch: Any, outputs: Any, loss: Any) -> None:
    if not isinstance(loss, torch.Tensor) or loss.numel() != 1:
        what = f"shape {tuple(loss.shape)}" if isinstance(loss, torch.Tensor) else type(loss).__name__
        raise ExplainError(
            f"loss: must return one number, a tensor of one element, not {what}; take its mean."
        )
    if isinstance(outputs, torch.Tensor) and outputs.grad_fn is None:
        raise ExplainError(
            "module: its output has no grad_fn, so no derivative leads back to a parameter: it has no "
            "trainable parameter, or detaches, rounds or takes an argmax on the way; let gradients through."
        )
    if loss.grad_fn is None:
        raise ExplainError(
            "loss: has no grad_fn, so no derivative leads from it to the module; compute it from the "
            "outputs with differentiable operations."
        )
    if not math.isfinite(float(loss.detach())):
        raise ExplainError(
            f"loss: is {float(loss.detach())} on this batch, so no derivative is finite; check batch "
            "and weights."
        )


@contextmanager
def _undisturbed(torch: Any, module: Any) -> Generator[None]:
    """Put torch's random state back afterwards, of the CPU and of the module's GPUs."""
    devices = sorted({p.device.index or 0 for p in module.parameters() if p.device.type == "cuda"})
    with torch.random.fork_rng(devices=devices):
        yield


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0].rstrip(". ")[:200]
