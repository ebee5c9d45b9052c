"""What a population of modules came to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from trainlab.maths import proportion_interval

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Population:
    """n trained modules of one kind; row i is that of seed ``seeds[i]``.

    ``losses [n, epochs + 1]`` over all the examples, before the first epoch and after each; ``predictions
    [n, examples, …]`` at the end; ``solved [n]``, or None if that wasn't asked; `state_dicts` as the modules'
    ``load_state_dict`` takes them.
    """

    seeds: range
    losses: npt.NDArray[Any]
    predictions: npt.NDArray[Any]
    solved: npt.NDArray[np.bool_] | None
    state_dicts: tuple[dict[str, Tensor], ...]

    def __repr__(self) -> str:
        # The generated one would print every tensor of every module.
        n, end = len(self.seeds), np.median(self.losses[:, -1].astype(np.float64))
        size = f"<Population of {n:,} module{'s' if n > 1 else ''}, {self.losses.shape[1] - 1:,} epochs: "
        loss = f"median final loss {end:.3g}>"
        if self.solved is None:
            return size + loss
        k = int(self.solved.sum())
        low, high = (100 * limit for limit in proportion_interval(k, n))
        return f"{size}{k:,} of {n:,} solved ({100 * k / n:.1f} %, {low:.1f}–{high:.1f} %), {loss}"
