"""A loss for a live torch module: by its name, from torch.nn or of the user's own; nothing is broadcast."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any, Final, cast

import msgspec

from trainlab.engine.reference.losses import build_criterion
from trainlab.errors import ExplainError, SpecError, listing, nearest, shown
from trainlab.explain.subject.given_module import is_module
from trainlab.maths import LOSSES
from trainlab.spec import Loss, loss_named, name_of

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


SETTINGS = ("delta", "beta", "label_smoothing")


def loss_of(torch: Any, given: Any) -> tuple[Loss, tuple[str, ...]]:
    """Return the loss, and notes on what of a torch loss isn't in it: weights, another reduction.

    Raises:
        ExplainError: it is none of the known losses.
    """
    if isinstance(given, str):
        return named_loss(given), ()
    if isinstance(given, msgspec.Struct):
        return _made(name_of(given), msgspec.structs.asdict(given)), ()
    if isinstance(given, type) and issubclass(given, torch.nn.Module):
        given = cast("Any", given)()
    if isinstance(given, torch.nn.Module):
        name = type(given).__name__
        if name not in CLASSES:
            known = [f"nn.{each}" for each in CLASSES]
            raise ExplainError(f"loss: nn.{name} is none of those known: {', '.join(known)}.")
        settings = {key: getattr(given, key) for key in SETTINGS if hasattr(given, key)}
        return _made(CLASSES[name], settings), _notes(given)
    name = str(getattr(given, "__name__", given))
    if name not in FUNCTIONS:
        raise ExplainError(
            f"loss = {name!r}: must be the name of a loss, a loss of torch.nn, or a function of "
            f"torch.nn.functional: {listing(FUNCTIONS)}.{nearest(name, FUNCTIONS)}"
        )
    return _made(FUNCTIONS[name], {}), ()


def _made(name: str, settings: dict[str, Any]) -> Loss:
    try:
        return msgspec.convert({"name": name, **settings}, Loss)
    except (msgspec.ValidationError, SpecError) as error:
        raise ExplainError(f"loss: {error}") from None


def _notes(criterion: Any) -> tuple[str, ...]:
    weights = [name for name in ("weight", "pos_weight") if getattr(criterion, name, None) is not None]
    notes = [f"The loss has a {name}; the numbers here are without it." for name in weights]
    if criterion.reduction != "mean":
        notes.append(f"The loss has reduction={criterion.reduction!r}; the numbers here are of each example.")
    return tuple(notes)
