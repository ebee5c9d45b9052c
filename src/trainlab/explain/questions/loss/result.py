"""What `trainlab.explain.loss` returns."""

from __future__ import annotations

from dataclasses import dataclass

from trainlab.explain.explanation import Explanation
from trainlab.explain.questions.loss.outliers import Outliers
from trainlab.explain.questions.loss.pairing import Pairing
from trainlab.explain.questions.loss.points import Point
from trainlab.explain.questions.loss.population_section import PairRate


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class LossExplanation(Explanation):
    """The answer to "What is a loss?".

    `pairing` is the verdict on the network's own output and loss; `points` its loss example by example, after
    training if it was trained; `rates` how often pairings solved the task, one's own first; `outliers` what
    they do. The last two are empty and None for a module.

    ``numbers`` has the keys ``network`` (label, widths, parameters; null for a module) and ``module`` (the
    name of its class); ``pairing``; ``pairings``, the whole table, a list of such records; ``takes``, a
    record for each loss: ``loss``, ``torch_class``, ``outputs``, ``targets``, ``aims_at``; ``shapes``, a list
    of ``output``, ``loss``, ``x``, ``value``, ``slope``; ``log_table``, rows of p, −ln p, (1 − p)², 1 − p and
    the slopes of −ln p and (1 − p)² at z; ``points``, with the ``inputs`` of each example, and in the same
    order ``start`` and ``trained``, each a list of ``target``, ``output``, ``prediction``, ``error``,
    ``loss``, ``share``, ``gradient``; ``autograd_difference`` (null without torch); ``population``, a list of
    ``output``, ``loss``, ``verdict``, ``solved``, ``diverged``, ``difference``, ``p_adjusted``, ``reading``;
    and ``outliers``, with ``losses``, ``comparisons`` and ``statements`` (null for a module). Where only some
    parts were asked for, `numbers` lacks what the others say, and their fields are None or empty.
    """

    pairing: Pairing
    points: tuple[Point, ...]
    rates: tuple[PairRate, ...]
    outliers: Outliers | None
