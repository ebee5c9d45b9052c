# pyright: basic
"""What a tensor was made of: the results of some functions remember what they were given."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch

from trainlab.diagnosis.remedies.patching import Patching, function_places

_KEY = "_trainlab_made_of"


def tag(tensor: Any, name: str, source: torch.Tensor) -> None:
    """Remember that a tensor came out of this function, given `source`."""
    if isinstance(tensor, torch.Tensor) and tensor is not source:
        setattr(tensor, _KEY, (name, source))


def made_of(tensor: Any) -> tuple[str, torch.Tensor] | None:
    """Return the function that a tensor came out of, and what that was given; None if unknown."""
    return getattr(tensor, _KEY, None) if isinstance(tensor, torch.Tensor) else None


def remember(on: Patching, names: Iterable[str]) -> None:
    """Have the results of these functions remember what they were made of."""
    for name in names:
        for owner, attribute in function_places(name, inplace=False):

            def wrap(original: Any, name: str = name) -> Any:
                def call(given: Any, *args: Any, **kwargs: Any) -> Any:
                    out = original(given, *args, **kwargs)
                    if isinstance(given, torch.Tensor):
                        tag(out, name, given)
                    return out

                return _with_keyword(call)

            on.replace(owner, attribute, wrap)


def _with_keyword(call: Any) -> Any:
    """Accept ``input=`` for the first argument, as PyTorch's functions do."""

    def either(*args: Any, **kwargs: Any) -> Any:
        if not args and "input" in kwargs:
            return call(kwargs.pop("input"), **kwargs)
        return call(*args, **kwargs)

    return either
