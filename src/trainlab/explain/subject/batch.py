"""A batch for a live torch module, read from tensors or array-likes: numbers, all of them finite."""

from __future__ import annotations

from typing import Any

import numpy as np

from trainlab.errors import ExplainError


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
