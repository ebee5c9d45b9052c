"""What is measured of a run, which way is better, and what counts as success."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from trainlab.diagnosis.seeds.seed_run import SeedRun
from trainlab.diagnosis.signals.users_rule import UsersRule
from trainlab.draw import format_number

BY_THE_DOCTOR = "the doctor judges that the network has learnt"
"""What success means where no number decides."""
_LOWER = re.compile(r"loss|err|mse|mae|rmse|nll|perplexity|ppl|bpc|bpd|fid|wer|cer", re.IGNORECASE)
_HIGHER = re.compile(
    r"acc|f1|auc|r2|r²|score|precision|recall|reward|return|map|iou|dice|bleu", re.IGNORECASE
)


@dataclass(frozen=True, kw_only=True, slots=True)
class RunMeasure:
    """A number of each run: `field` of a `SeedRun`, called `name`; `higher` is better, None if unknown."""

    name: str
    field: str
    higher: bool | None

    def of(self, run: SeedRun) -> float | None:
        """Return the run's number; None where it has none, or none that is finite."""
        value: float | None = getattr(run, self.field)
        return value if value is not None and math.isfinite(value) else None


@dataclass(frozen=True, kw_only=True, slots=True)
class Success:
    """A threshold on the measure, or, without one, the doctor's own judgement.

    `rule` is a threshold with the measure's name; where it is given, the others aren't.
    """

    at_least: float | None = None
    at_most: float | None = None
    rule: UsersRule | None = None

    @property
    def by_threshold(self) -> bool:
        """Whether a number decides."""
        return self.at_least is not None or self.at_most is not None or self.rule is not None

    def of(self, run: SeedRun, measure: RunMeasure) -> bool | None:
        """Return whether the run succeeded; None where it couldn't be judged."""
        if run.failed:
            return False
        if self.rule is not None and run.unread:
            return None
        if not self.by_threshold:
            return None if run.state == "unknown" else run.state == "learnt"
        value = measure.of(run)
        if value is None:
            return False
        if self.rule is not None:
            return self.rule.holds(value)
        return (self.at_least is None or value >= self.at_least) and (
            self.at_most is None or value <= self.at_most
        )

    def is_between(self, run: SeedRun) -> bool:
        """Whether the run is better than a constant answer and hasn't learnt: no success, and no failure."""
        return not self.by_threshold and not run.failed and run.state == "poor" and not run.behind

    def words(self, measure: RunMeasure) -> str:
        """Say what success means."""
        if self.rule is not None:
            return str(self.rule)
        bounds = [
            f"{sign} {format_number(bound)}"
            for sign, bound in (("≥", self.at_least), ("≤", self.at_most))
            if bound is not None
        ]
        if bounds:
            return f"{measure.name} {' and '.join(bounds)}"
        return BY_THE_DOCTOR


def measure_of(runs: Sequence[SeedRun], *, metric: str, success: Success) -> RunMeasure:
    """Return what is compared: the metric asked for, else accuracy or R², else the loss."""
    if metric:
        return RunMeasure(name=metric, field="value", higher=_better(metric, success))
    kinds = [run.reached_as for run in runs if run.reached is not None and run.reached_as]
    if kinds and 2 * len(kinds) >= len([run for run in runs if not run.failed]):
        return RunMeasure(name=max(set(kinds), key=kinds.count), field="reached", higher=True)
    if any(run.relative_loss is not None for run in runs):
        return RunMeasure(name="loss by that of the best constant", field="relative_loss", higher=False)
    return RunMeasure(name="last loss", field="last_loss", higher=False)


def _better(name: str, success: Success) -> bool | None:
    if success.rule is not None:
        return success.rule.higher
    if (success.at_least is None) != (success.at_most is None):
        return success.at_least is not None
    if _LOWER.search(name):
        return False
    return True if _HIGHER.search(name) else None
