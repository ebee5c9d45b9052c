"""What is known of a training beforehand: that it missed its goal, and how far it came on all examples."""

from __future__ import annotations

from dataclasses import dataclass, replace

from trainlab.diagnosis.observed.losses import LossRecord
from trainlab.diagnosis.observed.torch_names import BINARY, CLASSES
from trainlab.diagnosis.signals import curve
from trainlab.diagnosis.signals.baselines import trivial_loss
from trainlab.diagnosis.signals.learning import Learning
from trainlab.diagnosis.signals.learnt import STUCK


@dataclass(frozen=True, kw_only=True, slots=True)
class KnownFailure:
    """`goal` says what was to be reached; `whole` has readings of all examples in the order of time."""

    goal: str
    whole: LossRecord

    def judge(self, learning: Learning) -> Learning:
        """Return the outcome as it is known: stuck or poor, whatever single batches suggest.

        A batch of one example has no loss that tells how the others are answered. What diverged did so.
        """
        values = [fit.value for fit in self.whole.fits]
        trivial = trivial_loss(self.whole)
        if learning.state == "diverged" or not values or not trivial > 0:
            return learning
        end = values[-1]
        named = self.whole.kind in CLASSES + BINARY
        accuracy = self.whole.fits[-1].accuracy
        return replace(
            learning,
            state="stuck" if end > STUCK * trivial else "poor",
            trivial=trivial,
            start=values[0],
            end=end,
            reached=accuracy if named and accuracy is not None else 1 - end / trivial,
            falling=curve.still_falling(values) if len(values) > 1 else learning.falling,
            known_failure=self.goal,
            reached_on="all examples",
        )
