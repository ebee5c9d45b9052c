"""Which number of which parameter: ``0.weight[1,0]``, the name that PyTorch has and an index from 0."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from trainlab.errors import ExplainError, nearest

_FORM = re.compile(r"\s*([^\[\]]+?)\s*(?:\[\s*(-?\d{1,9}(?:\s*,\s*-?\d{1,9})*)\s*\])?\s*")


@dataclass(frozen=True, kw_only=True, slots=True)
class ParameterEntry:
    """A number of a parameter: its name, its index, and its place in the flat parameter."""

    name: str
    index: tuple[int, ...]
    flat: int

    def __str__(self) -> str:
        return f"{self.name}[{','.join(map(str, self.index))}]" if self.index else self.name


def read_entry(module: Any, weight: str | None, gradients: dict[str, Any]) -> ParameterEntry:
    """Return the number that `weight` names; a name alone means its number with the largest derivative.

    Left out, the first parameter that the loss reaches. ``gradients`` has the gradient of each parameter as
    an array, None where the loss doesn't reach it.

    Raises:
        ExplainError: if there is no such parameter or number, or it isn't trained.
    """
    parameters = dict(module.named_parameters())
    if weight is None:
        name = next((name for name in parameters if gradients.get(name) is not None), next(iter(parameters)))
        return _largest(name, parameters[name], gradients.get(name))
    match = _FORM.fullmatch(weight)
    if match is None or match[1] not in parameters:
        raise ExplainError(
            f"weight = {weight[:80]!r}: names no parameter of the module; write one such as "
            f"{next(iter(parameters))}[0,0].{nearest(match[1] if match else weight, parameters)}"
        )
    parameter = parameters[match[1]]
    if not parameter.requires_grad:
        raise ExplainError(
            f"weight = {weight!r}: is frozen (requires_grad is False); name one that is trained."
        )
    if match[2] is None:
        return _largest(match[1], parameter, gradients.get(match[1]))
    index = tuple(int(word) for word in match[2].split(","))
    shape = tuple(parameter.shape)
    if len(index) != len(shape) or any(
        not 0 <= place < size for place, size in zip(index, shape, strict=False)
    ):
        ranges = ", ".join(f"0 to {size - 1:,}" for size in shape)
        raise ExplainError(
            f"weight = {weight!r}: {match[1]} has shape {shape}; its indices are {ranges or 'none'}."
        )
    flat = int(np.ravel_multi_index(index, shape)) if shape else 0
    return ParameterEntry(name=match[1], index=index, flat=flat)


def _largest(name: str, parameter: Any, gradient: Any) -> ParameterEntry:
    shape = tuple(parameter.shape)
    flat = 0 if gradient is None else int(np.argmax(np.abs(gradient)))
    index = tuple(int(place) for place in np.unravel_index(flat, shape)) if shape else ()
    return ParameterEntry(name=name, index=index, flat=flat)
