"""Which of our losses a torch loss is: by its class, its function or its name."""

from __future__ import annotations

from typing import Any, cast

import msgspec

from trainlab.errors import ExplainError, SpecError, listing, nearest
from trainlab.explain.criterion_module import CLASSES, FUNCTIONS, named_loss
from trainlab.spec import Loss, name_of

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
