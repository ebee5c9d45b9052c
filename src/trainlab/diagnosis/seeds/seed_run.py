"""One run of a population: how it ended, in plain numbers."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from trainlab.diagnosis.seeds.metric import last_number

FAILED = ("error", "killed")
LATE = "time limit"
UNEXPLAINED, NOT_LOOKED_AT = "unexplained", "not looked at"


@dataclass(frozen=True, kw_only=True, slots=True)
class SeedRun:
    """The outcome of one seed; None for the script's own.

    `value` is the metric's last value, if one was asked for; `state`, `reached`, `last_loss` and
    `relative_loss`, the loss at the end by that of the best constant answer, are as the doctor has them
    (`diagnosis.outcome`); of lifted runs they are over all the data.
    `fault` is the first finding, an exception's name where the script `failed`, or empty.
    `curve` is a fingerprint of the losses, `rows` are some of the rows trained on, `steps` optimizer steps,
    or backward passes without an optimizer.
    """

    seed: int | None
    ended: str
    message: str = ""
    state: str = "unknown"
    value: float | None = None
    reached: float | None = None
    reached_as: str | None = None
    neighbours_reach: float | None = None
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
    seconds: float = 0.0


def run_from_report(
    report: dict[str, Any], *, seed: int | None, printed: str, metric: str, seconds: float
) -> SeedRun:
    """Return the run that a process reported; `printed` is its stdout."""
    outcome, ended = report["outcome"], report["ended"]
    beside: dict[str, Any] = report.get("beside") or {}
    failed = ended["how"] in FAILED or bool(ended.get("code"))
    found = next((one for one in report["findings"] if not one["consequence_of"]), None)
    value = last_number(printed, metric) if metric else None
    if metric and value is None:
        value = beside.get("variable")
    return SeedRun(
        seed=seed,
        ended=str(ended["how"]),
        message=str(ended.get("message") or (f"exit code {ended.get('code')}" if failed else "")),
        state=outcome["state"],
        value=value,
        reached=outcome["reached"],
        reached_as=outcome["reached_as"],
        neighbours_reach=outcome["neighbours_reach"],
        first_loss=outcome["first_loss"],
        last_loss=outcome["last_loss"],
        relative_loss=outcome["loss_by_constant"],
        fault=_error_name(ended) if failed else found["fault"] if found else "",
        title="" if failed or found is None else found["title"],
        link="" if failed or found is None else found["link"],
        failed=failed,
        curve=_fingerprint(outcome["curve"]["loss"]),
        rows=tuple(beside.get("rows", ())),
        steps=report["card"]["steps"] or report["card"]["backward_passes"],
        models=len(report["card"]["models"]),
        seeded=bool(beside.get("seeded", True)),
        seconds=round(seconds, 3),
    )


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


def _error_name(ended: dict[str, Any]) -> str:
    """Return ``ValueError``, ``exit code 4`` or ``killed``."""
    if ended["how"] == "error":
        return str(ended.get("message", "error")).split(":", 1)[0].rsplit(".", 1)[-1].strip() or "error"
    return "killed" if ended["how"] == "killed" else f"exit code {ended.get('code')}"


def _fingerprint(losses: list[float | None]) -> str:
    return hashlib.sha256(json.dumps(losses).encode()).hexdigest()[:16] if losses else ""
