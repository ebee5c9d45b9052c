"""A task: the examples that a network is to learn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Task:
    """Examples in float64: ``inputs [points, features]`` and ``targets [points, outputs]``."""

    name: str
    inputs: npt.NDArray[np.float64]
    targets: npt.NDArray[np.float64]

    @property
    def points(self) -> int:
        """The number of examples."""
        return self.inputs.shape[0]

    @property
    def features(self) -> int:
        """The number of inputs of one example."""
        return self.inputs.shape[1]

    @property
    def outputs(self) -> int:
        """The number of targets of one example."""
        return self.targets.shape[1]
