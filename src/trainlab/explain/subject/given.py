"""What a user hands over: PyTorch, a module, its batch, and its loss."""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable, Sequence
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


# A torch module that a user hands over, and its batch: what is one, its mode, its hooks, its numbers.


LONGEST = 160


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


# A loss for a live torch module: by its name, from torch.nn or of the user's own; nothing is broadcast.


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
        given = named_loss(given)
    if isinstance(given, msgspec.Struct):
        return _strict(name_of(given), _of_spec(torch, cast("Any", given)))
    if not callable(given):
        raise ExplainError(
            f"loss = {shown(given)}: must be the name of a loss, such as 'mse', or a function of outputs and "
            "targets."
        )
    name = known_name(torch, given)
    function: Any = copy.deepcopy(cast("Any", given)).to(dtype) if is_module(given) else given
    return function if name is None else _strict(name, function)


def named_loss(name: str) -> Loss:
    """Return the loss of that name; raise ExplainError if there is none."""
    if name not in LOSSES:
        raise ExplainError(
            f"loss = {shown(name)}: must be {listing(LOSSES)}, or a function.{nearest(name, LOSSES)}"
        )
    return loss_named(name)


def known_name(torch: Any, given: Any) -> str | None:
    """Return what a loss of torch.nn or torch.nn.functional is called here; None for any other."""
    if is_module(given):
        kind = type(given).__name__
        return CLASSES.get(kind) if type(given) is getattr(torch.nn, kind, None) else None
    name = str(getattr(given, "__name__", ""))
    return FUNCTIONS.get(name) if given is getattr(torch.nn.functional, name, None) else None


def check_shapes(name: str, outputs: Sequence[int], targets: Any) -> bool:
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
        if check_shapes(name, tuple(outputs.shape), targets):
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
