"""A task: the examples that a network learns from, and those that it is only judged on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Kind = Literal["regression", "binary", "classes"]

MAX_FEATURES = 4096
"""The most inputs, or targets, that an example may have."""

MAX_CLASSES = 1000


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Task:
    """Examples in float64: ``inputs [points, features]`` and ``targets [points, outputs]``, read-only.

    `kind` says what targets mean: numbers ("regression"), one 0 or 1 ("binary") or one-hot rows ("classes").
    ``held_out_inputs [held_out, features]`` and ``held_out_targets [held_out, outputs]`` are never trained
    on; without a split they have no rows. Names are empty where unknown. Class names and target names differ:
    the column `ill` has the classes no and yes. `input_columns` is how a study file names the inputs.
    """

    name: str
    kind: Kind
    inputs: Array
    targets: Array
    held_out_inputs: Array
    held_out_targets: Array
    feature_names: tuple[str, ...] = ()
    class_names: tuple[str, ...] = ()
    target_names: tuple[str, ...] = ()
    input_columns: tuple[str | int, ...] = ()

    def __post_init__(self) -> None:
        # A task is shared by all who ask for it.
        for array in (self.inputs, self.targets, self.held_out_inputs, self.held_out_targets):
            array.setflags(write=False)

    @property
    def points(self) -> int:
        """The number of training examples."""
        return self.inputs.shape[0]

    @property
    def held_out(self) -> int:
        """The number of held-out examples."""
        return self.held_out_inputs.shape[0]

    @property
    def features(self) -> int:
        """The number of inputs of one example."""
        return self.inputs.shape[1]

    @property
    def outputs(self) -> int:
        """The number of targets of one example."""
        return self.targets.shape[1]


def examples(
    name: str,
    inputs: Array,
    targets: Array,
    *,
    kind: Kind,
    feature_names: tuple[str, ...] = (),
    class_names: tuple[str, ...] = (),
) -> Task:
    """Make a task without held-out examples."""
    return Task(
        name=name,
        kind=kind,
        inputs=np.array(inputs, dtype=np.float64, order="C"),
        targets=np.array(targets, dtype=np.float64, order="C"),
        held_out_inputs=np.empty((0, inputs.shape[1])),
        held_out_targets=np.empty((0, targets.shape[1])),
        feature_names=feature_names,
        class_names=class_names,
    )


def classified(
    name: str,
    inputs: Array,
    classes: npt.NDArray[np.int64],
    *,
    count: int,
    one_hot: bool = False,
    feature_names: tuple[str, ...] = (),
    class_names: tuple[str, ...] = (),
) -> Task:
    """Make a task of `count` classes from ``classes [points]``: one target of 0 or 1, or one-hot rows."""
    many = one_hot or count > 2
    return examples(
        name,
        inputs,
        np.eye(count)[classes] if many else classes[:, None].astype(np.float64),
        kind="classes" if many else "binary",
        feature_names=feature_names,
        class_names=class_names,
    )
