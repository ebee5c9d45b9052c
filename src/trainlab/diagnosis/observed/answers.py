"""What networks answered at the end on rows that they were trained on: plain numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass

NAN = math.nan


@dataclass(slots=True)
class Answers:
    """The answers in one mode: the loss itself, accuracy or R², and whether they are all alike.

    `plain` is the loss by the plain criterion (squared error, cross-entropy) by that of its best constant;
    `right` the share of rows answered right: by the class, or nearer to their own target than to any other,
    where targets are a few numbers.
    """

    loss: float
    reached: float
    plain: float
    constant: bool
    right: float = NAN


@dataclass(slots=True)
class ModelAsked:
    """One network, asked about what it learnt from by one loss.

    `loss` is the place of that loss in `record.losses`; `rows` were asked, `unique` of them different.
    `constant_loss` is what the best constant answer scores by the loss itself, on the same rows. `train` has
    the modes that the network was trained in, `evaluation` eval mode in all its parts. `apart` is by how much
    the answers differ between the two: the share of other classes, or the rms difference by the spread of the
    targets.
    """

    name: str
    loss: int
    rows: int
    unique: int
    constant_loss: float
    train: Answers
    evaluation: Answers
    apart: float

    @property
    def best(self) -> Answers:
        """The answers of the mode with the smaller loss: no network is held back by the noise of training."""
        worse = self.train.loss < self.evaluation.loss or math.isnan(self.evaluation.loss)
        return self.train if worse else self.evaluation

    @property
    def best_mode(self) -> str:
        """Which mode that is, in words; empty where the answers are the same in both."""
        if not self.apart > 0:
            return ""
        return "train mode" if self.best is self.train else "eval mode"
