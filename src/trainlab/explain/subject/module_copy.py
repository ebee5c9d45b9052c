"""A user's torch module, only ever looked at as a copy: its mode is kept, and nothing of it is touched.

Parameters, gradients, buffers, hooks and modes stay as they are, and so do the random states of torch, NumPy
and Python. Copies compute in float64, or in the module's own precision where float64 can't be.
"""

from __future__ import annotations

import copy
import math
import random
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar, cast

import numpy as np

from trainlab.errors import ExplainError
from trainlab.explain.subject.given import (
    Criterion,
    criterion_of,
    hook_words,
    mode_of,
    mode_words,
    one_line,
    read_batch,
    untyped_torch,
)

T = TypeVar("T")
Hook = Callable[[Any], None]

_HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Look:
    """A copy of a user's `module` with a batch of ``inputs [examples, …]``, both of `dtype` where they are
    fractional. `hooked` names the parts that have hooks of the user's, which the copy hasn't.
    """

    torch: Any
    name: str
    module: Any
    inputs: Any
    dtype: Any
    mode: str
    hooked: tuple[str, ...]

    @property
    def precision(self) -> str:
        """``"float64"``, or the module's own."""
        return str(self.dtype).removeprefix("torch.")

    @property
    def notes(self) -> tuple[str, ...]:
        """In which mode the module was looked at, and whether its hooks were left out."""
        words = hook_words(self.hooked)
        return (mode_words(self.mode), *([words] if words else []))

    def forward(self, prepare: Hook | None = None) -> tuple[Any, Any]:
        """Return (a fresh copy, its outputs); every run draws the same random numbers.

        `prepare` is called with the copy before it runs.
        """
        module = copy.deepcopy(self.module)
        if prepare is not None:
            prepare(module)
        with recording(self.torch):
            # Cloned, as a module may work in place.
            outputs = module(self.inputs.clone())
        check_outputs(self.torch, outputs)
        return module, outputs


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Subject:
    """A look at a module together with targets and a loss."""

    look: Look
    targets: Any
    criterion: Criterion

    def run(self, prepare: Hook | None = None) -> tuple[Any, Any, Any]:
        """Return (a fresh copy, its outputs, the loss), as `Look.forward`."""
        with recording(self.look.torch):
            module, outputs = self.look.forward(prepare)
            return module, outputs, self.criterion(outputs, self.targets)


def subject_of(module: Any, inputs: Any, targets: Any, loss: Any, *, usual_loss: bool = False) -> Subject:
    """Return the module as a subject.

    With `usual_loss` a loss left out is cross-entropy for whole-number targets, else the mean squared error.

    Raises:
        ExplainError: a batch or the loss is missing or can't be, the forward pass fails, or no derivative
            leads from the loss to the module.
    """
    torch = untyped_torch()
    batch, wanted = read_batch(torch, "inputs", inputs), read_batch(torch, "targets", targets)
    if loss is None and not usual_loss:
        raise ExplainError("loss = None: a torch module is asked with its loss; give loss=, such as 'mse'.")
    if loss is None:
        loss = "mse" if wanted.is_floating_point() else "cross_entropy"

    def subject(look: Look) -> Subject:
        device = look.inputs.device
        fractional = wanted.is_floating_point()
        found = Subject(
            look=look,
            targets=wanted.to(device, look.dtype) if fractional else wanted.to(device),
            criterion=criterion_of(torch, loss, dtype=look.dtype),
        )
        _, outputs, value = found.run()
        _check(torch, outputs, value)
        return found

    return look_at(module, batch, subject, what="forward pass, or the loss,")[1]


def look_at(
    module: Any, inputs: Any, run: Callable[[Look], T], *, what: str = "forward pass"
) -> tuple[Look, T]:
    """Return the first look at a module under which `run` succeeds, and what `run` returned.

    Float64 is tried before the module's own precision. Whole numbers are tried as fractional ones first,
    unless the module has an embedding, which takes them as they are.

    Raises:
        ExplainError: inputs that can't be, a module that is lazy or can't be copied, or `what` fails.
    """
    torch = untyped_torch()
    batch = read_batch(torch, "inputs", inputs)
    pristine, hooked = _pristine(torch, module)
    floating = [each for each in module.parameters() if each.is_floating_point()]
    own = floating[0].dtype if floating else torch.float32
    device = floating[0].device if floating else batch.device
    failure: Exception | None = None
    for dtype in dict.fromkeys((torch.float64, own)):
        failure = None
        for values in _batches(torch, module, batch, dtype):
            try:
                look = Look(
                    torch=torch,
                    name=type(module).__name__,
                    module=copy.deepcopy(pristine).to(dtype),
                    inputs=values.to(device),
                    dtype=dtype,
                    mode=mode_of(module),
                    hooked=hooked,
                )
                with undisturbed(torch):
                    return look, run(look)
            except ExplainError:
                raise
            except Exception as error:
                # Whatever a user's own code raises; a module that makes float32 tensors fails in float64.
                failure = failure or error
    assert failure is not None
    raise ExplainError(
        f"module: its {what} fails on inputs of shape {tuple(batch.shape)} ({one_line(failure)}); give a "
        "batch as the module takes it."
    )


def first_tensor(torch: Any, output: Any) -> Any:
    """Return the tensor that a part of a module gives out, of several the first; None if there is none."""
    first: Any = next(iter(cast("tuple[Any, ...]", output)), None) if isinstance(output, tuple) else output
    return first if isinstance(first, torch.Tensor) else None


def check_outputs(torch: Any, outputs: Any) -> None:
    """Refuse outputs that aren't one tensor."""
    if not isinstance(outputs, torch.Tensor):
        kind = type(outputs).__name__.removeprefix("immutable_")
        raise ExplainError(
            f"module: its forward returns a {kind}, not a tensor; wrap it in a module that "
            "returns the one tensor meant."
        )


@contextmanager
def undisturbed(torch: Any) -> Generator[None]:
    """Put the random states of torch (CPU and GPUs), NumPy and Python back afterwards."""
    devices = list(range(torch.cuda.device_count())) if torch.cuda.is_available() else []
    python, numpy = random.getstate(), np.random.get_state()
    with torch.random.fork_rng(devices=devices):
        try:
            yield
        finally:
            random.setstate(python)
            np.random.set_state(numpy)


@contextmanager
def recording(torch: Any) -> Generator[None]:
    """Let autograd record, whatever is around, and put the random states back afterwards."""
    with undisturbed(torch), torch.enable_grad():
        yield


def _batches(torch: Any, module: Any, batch: Any, dtype: Any) -> list[Any]:
    if batch.is_floating_point():
        return [batch.to(dtype)]
    looks_up = any(isinstance(part, torch.nn.Embedding | torch.nn.EmbeddingBag) for part in module.modules())
    return [batch] if looks_up else [batch.to(dtype), batch]


def _pristine(torch: Any, module: Any) -> tuple[Any, tuple[str, ...]]:
    """Return a copy without gradients and the user's hooks, and the names of the parts that had any."""
    lazy = torch.nn.parameter.is_lazy
    for name, tensor in [*module.named_parameters(), *module.named_buffers()]:
        if lazy(tensor):
            raise ExplainError(
                f"module: {name!r} is lazy and has no shape before the first batch; send one through it."
            )
    try:
        copied = copy.deepcopy(module)
    except Exception as error:
        raise ExplainError(
            f"module: can't be copied ({one_line(error)}), and it is only ever looked at as a copy; pass one "
            "as it was built, before any forward pass."
        ) from None
    copied.zero_grad(set_to_none=True)
    hooked = [name or type(module).__name__ for name, part in copied.named_modules() if _unhook(part)]
    return copied, tuple(hooked)


def _unhook(part: Any) -> bool:
    """Take the user's hooks from a part, and return whether it had any; torch's own compute weights."""
    found = False
    for kind in _HOOKS:
        hooks: dict[Any, Any] = getattr(part, kind, None) or {}
        for key, hook in list(hooks.items()):
            if not str(getattr(hook, "__module__", "")).startswith("torch."):
                del hooks[key]
                found = True
    return found


def _check(torch: Any, outputs: Any, loss: Any) -> None:
    if not isinstance(loss, torch.Tensor) or loss.numel() != 1:
        what = f"shape {tuple(loss.shape)}" if isinstance(loss, torch.Tensor) else type(loss).__name__
        raise ExplainError(
            f"loss: must return one number, a tensor of one element, not {what}; take its mean."
        )
    if outputs.grad_fn is None:
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
