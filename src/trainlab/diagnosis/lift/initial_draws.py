# pyright: basic
"""How weights were drawn: each call of ``uniform_`` and ``normal_``, recognised by the values it gave."""

from __future__ import annotations

import contextlib
import functools
import hashlib
from typing import Any

import torch

from trainlab.diagnosis.probe.replaced_functions import users_of
from trainlab.diagnosis.torch_private import is_compiling, no_torch_function

DRAWS = {"uniform_": ("from", "to", 0.0, 1.0), "normal_": ("mean", "std", 0.0, 1.0)}
MAX_KNOWN, MAX_SIZE = 10_000, 20_000_000


class InitialDraws:
    """Records these calls: all of torch.nn.init ends in them but orthogonal_, sparse_ and trunc_normal_."""

    def __init__(self, *, largest: int = MAX_SIZE) -> None:
        self.largest = largest
        self._originals: dict[str, Any] = {}
        self.known: dict[str, dict[str, Any]] = {}

    def start(self) -> None:
        """Record the draws from here on."""
        for name in DRAWS:
            self._originals[name] = getattr(torch.Tensor, name)
            setattr(torch.Tensor, name, self._recording(name, self._originals[name]))

    def stop(self) -> None:
        """Record no more, unless someone else has replaced the functions since."""
        for name, original in self._originals.items():
            # Read from the class itself: the probe, if it is at work, would be handed PyTorch's own.
            if getattr(users_of(vars(torch.Tensor).get(name)), "__wrapped__", None) is original:
                setattr(torch.Tensor, name, original)
        self._originals.clear()

    def _recording(self, name: str, original: Any) -> Any:
        first, second, low, high = DRAWS[name]

        @functools.wraps(original)
        def drawing(tensor: Any, *args: Any, **kwargs: Any) -> Any:
            drawn = original(tensor, *args, **kwargs)
            if is_compiling():
                return drawn
            with contextlib.suppress(Exception):  # of what has no values, such as tensors of the meta device
                note(tensor, args, kwargs)
            return drawn

        def note(tensor: Any, args: Any, kwargs: Any) -> None:
            if len(self.known) < MAX_KNOWN and 0 < tensor.numel() <= self.largest:
                a = args[0] if args else kwargs.get(first, low)
                b = args[1] if len(args) > 1 else kwargs.get(second, high)
                own = kwargs.get("generator") is not None
                self.known[_key(tensor)] = {
                    "name": name.rstrip("_"),
                    "a": float(a),
                    "b": float(b),
                    "own": own,
                }

        return drawing

    def of(self, values: Any) -> dict[str, Any]:
        """Return the draw that gave these values; of equal ones the constant, of others ``{"name": ""}``."""
        flat = values.detach().reshape(-1)
        if bool((flat == flat[0]).all()) and len(flat) > 1:
            return {"name": "constant", "a": float(flat[0]), "b": 0.0, "own": False}
        known = self.known.get(_key(values))
        if known is not None:
            return known
        if len(flat) == 1:
            return {"name": "constant", "a": float(flat[0]), "b": 0.0, "own": False}
        return {"name": "", "a": 0.0, "b": 0.0, "own": False}


def _key(values: Any) -> str:
    with no_torch_function():
        plain = values.detach().to(torch.float32).cpu().contiguous().numpy()
    return hashlib.sha256(f"{plain.shape}".encode() + plain.tobytes()).hexdigest()
