"""What the probe saw of the data: loaders, and the rows that networks were given."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from math import prod

from trainlab.diagnosis.place import Site


@dataclass(slots=True)
class LoaderRecord:
    """A DataLoader that was iterated."""

    rows: int | None
    batch: int | None
    shuffled: bool
    dataset: int
    passes: int = 0
    batches: int = 0
    site: Site | None = None
    by_training: dict[int, int] = field(default_factory=dict[int, int])
    """Passes by the training that they were for, where there are several."""


NEAR = 3.0
"""Rows whose features spread three times as much, or a third, are rows of another scale."""


@dataclass(frozen=True, slots=True)
class InputScales:
    """The spread of each feature over the rows trained on and over those evaluated, and their ranges.

    `alike` of the `batches` evaluated were spread like the rows trained on.
    """

    trained_rows: int
    judged_rows: int
    trained: list[float]
    judged: list[float]
    trained_range: tuple[float, float]
    judged_range: tuple[float, float]
    alike: int
    batches: int


@dataclass(frozen=True, slots=True)
class Reached:
    """What a network reaches on rows held out: accuracy, or the mean squared error, as `kind` says.

    On `all` of them, on `copies` of rows trained on, and on the `new_rows` others (`new`). `chance` is how
    likely luck makes both differ so, `variance` the targets'. `copied` has, by class, how many rows have
    copies, of how many.
    """

    kind: str
    all: float
    copies: float
    new: float
    new_rows: int
    chance: float
    variance: float
    copied: dict[int, tuple[int, int]]

    @property
    def is_flattered(self) -> bool:
        """Whether copies are answered better, by more than chance and by enough to matter."""
        if not self.chance < FLATTERED_BY_CHANCE:
            return False
        if self.kind == "accuracy":
            return self.copies - self.new > FLATTERED
        return self.new > FLATTERED_TIMES * self.copies and self.new > NO_ERROR * self.variance


NO_ERROR = 0.01
"""A squared error of at most 1 % of the targets' variance is as good on copies as without."""
FLATTERED, FLATTERED_TIMES, FLATTERED_BY_CHANCE = 0.05, 2.0, 1e-4
COPIED = 0.2
"""So large a share of the rows held out has copies: luck gives one in a hundred."""


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Of `rows` evaluated last: how many are the `same` as rows trained on, or `near` copies of them.

    Of windows of a series that isn't asked; `overlapping` are those after which one trained on begins a step
    later.
    """

    rows: int
    same: int
    near: int
    reached: Reached | None
    overlapping: int = 0

    @property
    def share(self) -> float:
        """The share with a copy among the rows trained on."""
        return (self.same + self.near) / self.rows


@dataclass(slots=True)
class DataRecord:
    """Fingerprints of rows and batches, and a small sample of the first rows with their targets.

    `judged_at_once` is how often, at most, a row was evaluated between one step and the next.
    `mixed_rows` were evaluated in batches of which a part, and not all, had been trained on before
    (`mixed_known`), after `mixed_passes` different steps. `judged_shares` has, of the first batches evaluated
    that were large enough, the tick and the share of the rows that had been trained on.
    """

    train_rows: set[int] = field(default_factory=set[int])
    judged_rows: set[int] = field(default_factory=set[int])
    judged_known: int = 0
    acted_rows: int = 0
    new_rows: int = 0
    again_in_step: int = 0
    steps_compared: int = 0
    steps_alike: int = 0
    beside_images: bool = False
    judge_passes: int = 0
    judged_at_once: int = 0
    mixed_passes: int = 0
    judged_shares: list[tuple[int, float]] = field(default_factory=list[tuple[int, float]])
    mixed_rows: set[int] = field(default_factory=set[int])
    again_in_a_row: int = 0
    mixed_known: set[int] = field(default_factory=set[int])
    unused_rows: int = 0
    batches: dict[int, int] = field(default_factory=dict[int, int])
    fingerprinted: int = 0
    train_row_count: int = 0
    largest_batch: int = 0
    held: int = 0
    made_anew: int = 0
    sample_x: list[tuple[float, ...]] = field(default_factory=list[tuple[float, ...]])
    sample_summaries: list[tuple[float, ...]] = field(default_factory=list[tuple[float, ...]])
    sample_y: list[float] = field(default_factory=list[float])
    input_shape: tuple[int, ...] = ()
    input_dtype: str = ""
    nonfinite_input: int | None = None
    scales: InputScales | None = None
    held_out: HeldOut | None = None

    @property
    def is_tabular(self) -> bool:
        """Whether the rows kept are all that the network is given: a few measured features each."""
        width = len(self.sample_x[0]) if self.sample_x else 0
        floats = self.input_dtype.startswith("float")
        return width > 0 and floats and self.input_shape[1:] == (width,) and not self.beside_images


# Which values of an input are looked at, and what they are called.

MAX_FEATURES = 64


def sampled_places(width: int) -> list[int]:
    """Return up to 64 places of a row of `width` values, always the same ones."""
    if width <= MAX_FEATURES:
        return list(range(width))
    return sorted(random.Random(width).sample(range(width), MAX_FEATURES))


def feature_name(place: int, shape: tuple[int, ...]) -> str:
    """Return the name of the `place`-th value looked at, in an input of a shape, batch first.

    ``feature 3`` of a table, ``feature 0 at step 7`` of a sequence, ``[0, 4, 5]`` of an image.
    """
    import numpy as np

    row = shape[1:]
    places = sampled_places(prod(row))
    if place >= len(places):  # rows of several lengths
        return f"value {place}"
    index = places[place]
    if len(row) <= 1:
        return f"feature {index}"
    at = [int(axis) for axis in np.unravel_index(index, row)]
    return f"feature {at[1]} at step {at[0]}" if len(row) == 2 else f"the value at {at}"
