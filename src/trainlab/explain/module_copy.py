"""A user's torch module with its batch and its loss, only ever looked at as a copy: nothing of it is touched.

Parameters, gradients, buffers, hooks and modes stay as they are, and so do the random states of torch, NumPy
and Python. Copies are in the module's own mode, and compute in float64, or in its own precision where float64
can't be.
"""

from __future__ import annotations

import copy
import math
import random
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final, cast

import msgspec
import numpy as np

from trainlab.draw import join
from trainlab.engine.reference.module import build_criterion
from trainlab.errors import ExplainError, listing, nearest, shown
from trainlab.maths import LOSSES
from trainlab.spec import Loss, loss_named, name_of

# PyTorch: whether it is installed, and without what its stubs leave unknown.


def torch_or_none() -> Any:
    """Return torch; None where it isn't installed."""
    try:
        return untyped_torch()
    except ImportError:
        return None


def untyped_torch() -> Any:
    """Return torch as anything: its stubs leave much of it unknown to a type checker."""
    return import_module("torch")


# A module and its batch: what is one, its mode, its hooks, its numbers.


LONGEST: Final = 160


def is_module(source: object) -> bool:
    """Return whether `source` is a torch.nn.Module; without torch loaded nothing is, and it isn't loaded."""
    torch: Any = sys.modules.get("torch")
    return torch is not None and isinstance(source, torch.nn.Module)


def one_line(error: BaseException) -> str:
    """Return what an error says, on one line and no longer than that."""
    text = " ".join(str(error).split()).rstrip(". ") or type(error).__name__
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def mode_of(module: Any) -> str:
    """Return ``"training"``, ``"evaluation"``, or ``"mixed"`` where the parts differ."""
    modes = {bool(part.training) for part in module.modules()}
    return "mixed" if len(modes) > 1 else "training" if True in modes else "evaluation"


def mode_words(mode: str) -> str:
    """Return in a sentence in which mode a module was looked at: always the one that it was given in."""
    if mode == "evaluation":
        return "The module was looked at in evaluation mode, as it was given."
    if mode == "mixed":
        return (
            "The module was looked at as it was given: some of its parts in training mode, where dropout "
            "draws at random and batch-norm takes the batch's statistics, others in evaluation mode."
        )
    return (
        "The module was looked at in training mode, as it was given, where dropout draws at random and "
        "batch-norm takes the batch's statistics; call eval() first to see it as it predicts."
    )


def hook_words(hooked: Sequence[str]) -> str:
    """Return that a module's hooks were left out, and which; empty if there are none."""
    if not hooked:
        return ""
    more = [f"{len(hooked) - 3} more"] if len(hooked) > 3 else []
    where = join([*(repr(name) for name in hooked[:3]), *more])
    return f"Its hooks, on {where}, did not run, and what they change isn't in these numbers."


def read_batch(torch: Any, name: str, given: Any) -> Any:
    """Return `given` as a tensor of its own, of a row or more; whole numbers stay whole.

    Raises:
        ExplainError: it is missing, isn't an array of numbers, is empty, or holds what isn't finite.
    """
    if given is None:
        raise ExplainError(f"{name} = None: a torch module is asked with a batch; give {name}=.")
    tensor = given.detach().clone() if isinstance(given, torch.Tensor) else _from_array(torch, name, given)
    if tensor.is_complex():
        raise ExplainError(f"{name}: holds complex numbers; give real ones.")
    if tensor.ndim == 0 or tensor.numel() == 0:
        raise ExplainError(f"{name}: has the shape {tuple(tensor.shape)}; give a row for each example.")
    if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
        place = torch.nonzero(~torch.isfinite(tensor))[0].tolist()
        raise ExplainError(
            f"{name}[{', '.join(map(str, place))}]: is {float(tensor[tuple(place)])}, not a finite number; "
            "give finite ones."
        )
    return tensor


def _from_array(torch: Any, name: str, given: Any) -> Any:
    try:
        array = np.array(given)
        if array.dtype.kind in "fiub":
            return torch.from_numpy(array)
    except (TypeError, ValueError, RuntimeError):
        # Rows of several lengths, or a kind of number that torch doesn't have.
        pass
    raise ExplainError(f"{name}: must be numbers in an array or a tensor, all rows of one length.")


# A loss for a module: by its name, from torch.nn or of the user's own; nothing is broadcast.


Criterion = Callable[[Any, Any], Any]

FUNCTIONS: Final = {entry.torch_function: name for name, entry in LOSSES.items() if entry.torch_function}
"""Functions of torch.nn.functional, and what they are called here."""
CLASSES: Final = {entry.torch_class: name for name, entry in LOSSES.items() if entry.torch_class}
"""Losses of torch.nn, and what they are called here."""
BY_CLASS: Final = ("cross_entropy", "nll")
"""The losses that take the numbers of classes, too."""


def criterion_of(torch: Any, given: Any, *, dtype: Any) -> Criterion:
    """Return a loss as a function of outputs and targets; one that is a module as a copy in `dtype`.

    A loss that is known here, by whatever name, refuses targets of another shape than the outputs': torch
    would compare each with each. A function of the user's own is called as it is.

    Raises:
        ExplainError: it is neither the name of a loss nor a function.
    """
    if isinstance(given, type) and issubclass(given, torch.nn.Module):
        given = cast("Any", given)()
    if isinstance(given, str):
        if given not in LOSSES:
            raise ExplainError(
                f"loss = {shown(given)}: must be {listing(LOSSES)}, or a function.{nearest(given, LOSSES)}"
            )
        given = loss_named(given)
    if isinstance(given, msgspec.Struct):
        return _strict(name_of(given), _of_spec(torch, cast("Any", given)))
    if not callable(given):
        raise ExplainError(
            f"loss = {shown(given)}: must be the name of a loss, such as 'mse', or a function of outputs and "
            "targets."
        )
    name = _known_name(torch, given)
    function: Any = copy.deepcopy(cast("Any", given)).to(dtype) if is_module(given) else given
    return function if name is None else _strict(name, function)


def _known_name(torch: Any, given: Any) -> str | None:
    """Return what a loss of torch.nn or torch.nn.functional is called here; None for any other."""
    if is_module(given):
        kind = type(given).__name__
        return CLASSES.get(kind) if type(given) is getattr(torch.nn, kind, None) else None
    name = str(getattr(given, "__name__", ""))
    return FUNCTIONS.get(name) if given is getattr(torch.nn.functional, name, None) else None


def _check_shapes(name: str, outputs: Sequence[int], targets: Any) -> bool:
    """Return whether the targets are numbers of classes; raise ExplainError unless they fit the outputs."""
    shape, outputs = tuple(int(size) for size in targets.shape), tuple(outputs)
    takes_classes = name in BY_CLASS and len(outputs) > 1
    if takes_classes and not targets.is_floating_point() and shape == outputs[:1] + outputs[2:]:
        return True
    if shape != outputs:
        or_classes = ", or whole numbers of classes, one for each example" if takes_classes else ""
        raise ExplainError(
            f"targets: of shape {shape}, but the module's outputs are of shape {outputs}; give targets of "
            f"that shape{or_classes}; of other shapes torch would broadcast them, or fail."
        )
    return False


def _strict(name: str, function: Criterion) -> Criterion:
    def checked(outputs: Any, targets: Any) -> Any:
        if _check_shapes(name, tuple(outputs.shape), targets):
            return function(outputs, targets.long())
        return function(outputs, targets.to(outputs.dtype))

    return checked


def _of_spec(torch: Any, loss: Loss) -> Criterion:
    built = build_criterion(torch, loss)
    if name_of(loss) != "nll":
        return built

    def of_rows_or_classes(outputs: Any, targets: Any) -> Any:
        by_class = not targets.is_floating_point()
        return torch.nn.functional.nll_loss(outputs, targets) if by_class else built(outputs, targets)

    return of_rows_or_classes


# The copy with its batch, its targets and its loss.


_HOOKS: Final = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Subject:
    """A copy of a user's `module`, called `name`, with a batch of ``inputs [examples, …]``, its `targets` and
    its loss, all of `dtype` where they are fractional. `hooked` names the parts that have hooks of the
    user's, which the copy hasn't.
    """

    torch: Any
    name: str
    module: Any
    inputs: Any
    targets: Any
    criterion: Criterion
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

    def run(self, prepare: Callable[[Any], None] | None = None) -> tuple[Any, Any, Any]:
        """Return (a fresh copy, its outputs, the loss); every run draws the same random numbers.

        `prepare` is called with the copy before it runs.
        """
        with recording(self.torch):
            module = copy.deepcopy(self.module)
            if prepare is not None:
                prepare(module)
            # Cloned, as a module may work in place.
            outputs = module(self.inputs.clone())
            if not isinstance(outputs, self.torch.Tensor):
                kind = type(outputs).__name__.removeprefix("immutable_")
                raise ExplainError(
                    f"module: its forward returns a {kind}, not a tensor; wrap it in a module that "
                    "returns the one tensor meant."
                )
            return module, outputs, self.criterion(outputs, self.targets)


def subject_of(module: Any, inputs: Any, targets: Any, loss: Any, *, usual_loss: bool = False) -> Subject:
    """Return the module as a subject.

    Float64 is tried before the module's own precision. Whole numbers are tried as fractional ones first,
    unless the module has an embedding, which takes them as they are. With `usual_loss` a loss left out is
    cross-entropy for whole-number targets, else the mean squared error.

    Raises:
        ExplainError: a batch or the loss is missing or can't be, the module is lazy or can't be copied, the
            forward pass fails, or no derivative leads from the loss to the module.
    """
    torch = untyped_torch()
    batch, wanted = read_batch(torch, "inputs", inputs), read_batch(torch, "targets", targets)
    if loss is None and not usual_loss:
        raise ExplainError("loss = None: a torch module is asked with its loss; give loss=, such as 'mse'.")
    if loss is None:
        loss = "mse" if wanted.is_floating_point() else "cross_entropy"
    pristine, hooked = _pristine(torch, module)
    floating = [each for each in module.parameters() if each.is_floating_point()]
    own = floating[0].dtype if floating else torch.float32
    device = floating[0].device if floating else batch.device
    failure: Exception | None = None
    for dtype in dict.fromkeys((torch.float64, own)):
        failure = None
        for values in _batches(torch, module, batch, dtype):
            try:
                with undisturbed(torch):
                    subject = Subject(
                        torch=torch,
                        name=type(module).__name__,
                        module=copy.deepcopy(pristine).to(dtype),
                        inputs=values.to(device),
                        targets=wanted.to(device, dtype if wanted.is_floating_point() else wanted.dtype),
                        criterion=criterion_of(torch, loss, dtype=dtype),
                        dtype=dtype,
                        mode=mode_of(module),
                        hooked=hooked,
                    )
                    _, outputs, value = subject.run()
                    _check(torch, outputs, value)
                    return subject
            except ExplainError:
                raise
            except Exception as error:
                # Whatever a user's own code raises; a module that makes float32 tensors fails in float64.
                failure = failure or error
    assert failure is not None
    raise ExplainError(
        f"module: its forward pass, or the loss, fails on inputs of shape {tuple(batch.shape)} "
        f"({one_line(failure)}); give a batch as the module takes it."
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
