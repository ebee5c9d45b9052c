"""One run of a population: read from its report, and whether it has solved its task."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from trainlab.diagnosis.observed.told import last_number
from trainlab.diagnosis.report.report import Ended, ended_from, first_cause, outcome_from, part_of
from trainlab.diagnosis.signals.learnt import UsersRule
from trainlab.draw import format_number

# One run of a population: how it ended, in plain numbers.


LATE = "time limit"
UNEXPLAINED, NOT_LOOKED_AT = "unexplained", "not looked at"


@dataclass(frozen=True, kw_only=True, slots=True)
class SeedRun:
    """The outcome of one seed (None: the script's own).

    `value` is the metric's last value, if one was asked for; `state`, `reached`, `data_allow`, `behind`,
    `last_loss` and `relative_loss`, the last loss divided by that of the best constant answer, are as the
    doctor has them (`judge.outcome`); of lifted runs they are over all the data.
    `fault` is the first finding, an exception's name where the script `failed`, or empty.
    Where the user's rule decides, `read_from` and `read_where` say what `value` was read from, or `unread`
    why it couldn't be.
    `curve` is a fingerprint of the losses, `rows` are some of the rows trained on, `steps` optimizer steps,
    or backward passes without an optimizer. `training` is the name of the one that all this is of, where the
    script has several.
    """

    seed: int | None
    ended: str
    message: str = ""
    state: str = "unknown"
    value: float | None = None
    reached: float | None = None
    reached_as: str | None = None
    neighbours_reach: float | None = None
    data_allow: float | None = None
    behind: bool = False
    first_loss: float | None = None
    last_loss: float | None = None
    relative_loss: float | None = None
    fault: str = ""
    title: str = ""
    link: str = ""
    failed: bool = False
    curve: str = ""
    rows: tuple[int, ...] = ()
    steps: int = 0
    models: int = 0
    seeded: bool = True
    training: str = ""
    read_from: str = ""
    read_where: str = ""
    unread: str = ""
    seconds: float = 0.0


def run_from_report(
    report: dict[str, Any], *, seed: int | None, printed: str, metric: str, seconds: float, training: str = ""
) -> SeedRun:
    """Return the run that a process reported; `printed` is its stdout.

    Of several trainings it is the one of that name, or if none is given the one that the report judges.
    """
    training = training or report.get("judged", "")
    part = part_of(report, training)
    outcome, ended = outcome_from(part["outcome"]), ended_from(report)
    extras: dict[str, Any] = report.get("extras") or {}
    found = None if ended.failed else first_cause(part)
    ruled: dict[str, Any] | None = part["outcome"].get("solved")
    value = last_number(printed, metric) if metric else None
    if metric and value is None:
        value = extras.get("variable")
    if ruled is not None:
        value = ruled["value"]
    return SeedRun(
        seed=seed,
        ended=ended.how,
        message=ended.message or (f"exit code {ended.code}" if ended.failed else ""),
        state=outcome.state,
        value=value,
        reached=outcome.reached,
        reached_as=outcome.reached_as,
        neighbours_reach=outcome.neighbours_reach,
        data_allow=outcome.data_allow,
        behind=outcome.behind,
        first_loss=outcome.first_loss,
        last_loss=outcome.last_loss,
        relative_loss=outcome.loss_by_constant,
        fault=_error_name(ended) if ended.failed else found["fault"] if found else "",
        title=found["title"] if found else "",
        link=found["link"] if found else "",
        failed=ended.failed,
        curve=_fingerprint(part["outcome"]["curve"]["loss"]),
        rows=tuple(extras.get("rows", ())),
        steps=report["card"]["steps"] or report["card"]["backward_passes"],
        models=len(report["card"]["models"]),
        seeded=bool(extras.get("seeded", True)),
        training=training,
        read_from="" if ruled is None else ruled["read_from"],
        read_where="" if ruled is None else ruled["where"],
        unread="" if ruled is None or ruled["solved"] is not None else ruled["trouble"],
        seconds=round(seconds, 3),
    )


def with_first_finding(run: SeedRun, report: dict[str, Any]) -> SeedRun:
    """Return the run with the first cause that a report names; as it was where there is none."""
    first = first_cause(report)
    if first is None:
        return run
    return replace(run, fault=first["fault"], title=first["title"], link=first["link"])


def run_without_report(*, seed: int | None, ending: str, seconds: float) -> SeedRun:
    """Return a run whose process ended before it could report anything."""
    return SeedRun(
        seed=seed,
        ended="killed",
        message=f"the process ended ({ending}) before anything could be reported",
        fault="killed",
        failed=True,
        seconds=round(seconds, 3),
    )


def _error_name(ended: Ended) -> str:
    """Return ``ValueError``, ``exit code 4`` or ``killed``."""
    if ended.how == "error":
        return ended.message.split(":", 1)[0].rsplit(".", 1)[-1].strip() or "error"
    return "killed" if ended.how == "killed" else f"exit code {ended.code}"


def _fingerprint(losses: list[float | None]) -> str:
    return hashlib.sha256(json.dumps(losses).encode()).hexdigest()[:16] if losses else ""


# What is measured of a run, which way is better, and what counts as success.


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
