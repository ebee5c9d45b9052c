"""Several trainings of one script in short: how many of them learn, and what keeps the others from it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from trainlab.diagnosis.report.verdict import verdict
from trainlab.diagnosis.signals.learnt import FEW
from trainlab.draw import counted, format_number

FAILS, MAY, LEARNS = range(3)
"""What fails is told first, then what may, then what learns or can't be judged."""
_DOES = {
    "learnt": ("learns", "learn"),
    "part": ("learns a part", "learn a part"),
    "poor": ("learns too little", "learn too little"),
    "stuck": ("doesn't learn", "don't learn"),
    "diverged": ("diverges", "diverge"),
    "unknown": ("can't be judged", "can't be judged"),
}
_NEGATED = {"stuck": "learns", "unknown": "can be judged"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Alike:
    """Trainings of one name that ended alike: `one` of them, and `names` of all."""

    one: dict[str, Any]
    names: tuple[str, ...]
    reached: tuple[float, ...]


def verdict_of_several(report: dict[str, Any]) -> str:
    """Return what a report (as `Report.to_dict` has it) on several trainings comes to."""
    trainings: list[dict[str, Any]] = report["trainings"]
    counts: dict[str, int] = {}
    for one in trainings:
        state = _state(one["outcome"])
        counts[state] = counts.get(state, 0) + 1
    order = [state for state in _DOES if state in counts]
    if len(order) == 1:
        share = f"{'both' if len(trainings) == 2 else 'all'} {_DOES[order[0]][1]}"
        if order[0] in ("stuck", "unknown"):
            share = f"{'neither' if len(trainings) == 2 else 'none'} {_NEGATED[order[0]]}"
    else:
        share = ", ".join(f"{counts[state]} {_DOES[state][counts[state] > 1]}" for state in order)
    sentence = f"{counted(len(trainings), 'training')}: {share}."
    told = _first_told(report)
    if told is None:
        return f"{sentence} Nothing found."
    return f"{sentence} {told['name']}: {verdict(report | told)}"


def with_trainings(report: dict[str, Any], trainings: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a report with its trainings changed: findings of all, and the verdict, follow from them."""
    ordered = sorted(trainings, key=lambda one: rank(one["outcome"]))
    told = report | {
        "trainings": trainings,
        "findings": [finding for one in ordered for finding in one["findings"]],
    }
    return told | {"verdict": verdict_of_several(told)}


def _first_told(report: dict[str, Any]) -> dict[str, Any] | None:
    """Return the training to speak of: the first that fails, if it is known why, or that has a finding."""
    ordered = sorted(report["trainings"], key=lambda one: rank(one["outcome"]))
    found = [one for one in ordered if one["findings"]]
    failing = [one for one in ordered if rank(one["outcome"]) < LEARNS]
    return next(iter([one for one in found if one in failing] or failing or found), None)


def _state(outcome: dict[str, Any]) -> str:
    """Return the state; ``part`` of a poor training of which it isn't known that more can be learnt."""
    return "part" if rank(outcome) == MAY else outcome["state"]


def rank(outcome: dict[str, Any]) -> int:
    """Return whether a training with this outcome `FAILS`, `MAY` fail, or `LEARNS`."""
    if outcome["state"] in ("stuck", "diverged") or outcome["behind"]:
        return FAILS
    return MAY if outcome["state"] == "poor" else LEARNS


def alike(trainings: list[dict[str, Any]]) -> list[Alike]:
    """Return the trainings, those of one name that ended alike with the same findings as one."""
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for one in trainings:
        faults = tuple(finding["fault"] for finding in one["findings"])
        key = (re.sub(r" #\d+$", "", one["name"]), _state(one["outcome"]), faults)
        groups.setdefault(key, []).append(one)
    return [
        Alike(
            one=group[0],
            names=tuple(one["name"] for one in group),
            reached=tuple(value for one in group if (value := one["outcome"].get("reached")) is not None),
        )
        for group in groups.values()
    ]


def line_of(group: Alike) -> str:
    """Return a line on trainings that ended alike: ``model2: doesn't learn; lr_too_high``."""
    one, many = group.one, len(group.names) > 1
    outcome = one["outcome"]
    words = [_DOES.get(_state(outcome), _DOES["unknown"])[many]]
    if outcome["state"] == "unknown" and one["looked_at"]["steps"] < FEW:
        words = [f"{counted(one['looked_at']['steps'], 'step')}, too few to judge"]
    if group.reached:
        low, high = format_number(min(group.reached)), format_number(max(group.reached))
        words.append(f"{outcome['reached_as']} {low}" + (f" to {high}" if high != low else ""))
    causes = [finding["fault"] for finding in one["findings"] if not finding["consequence_of"]]
    told = (
        f"; {causes[0]}" + (f" and {counted(len(causes) - 1, 'other')}" if causes[1:] else "")
        if causes
        else ""
    )
    return f"{name_of(group)}: {', '.join(words)}{told}"


def name_of(group: Alike) -> str:
    """Return ``model``, ``model #1 and #3``, ``model #1 to #20 (20 trainings)``; of others all, if few."""
    if len(group.names) == 1:
        return group.names[0]
    base = re.sub(r" #\d+$", "", group.names[0])
    numbers = [int(name.rpartition("#")[2]) for name in group.names if "#" in name]
    count = counted(len(group.names), "training")
    if len(numbers) == 2:
        return f"{base} #{numbers[0]} and #{numbers[1]}"
    if len(numbers) == numbers[-1] - numbers[0] + 1:
        return f"{base} #{numbers[0]} to #{numbers[-1]} ({count})"
    if len(numbers) <= 6:
        return f"{base} {', '.join(f'#{number}' for number in numbers)} ({count})"
    return f"{base}, {count} from #{numbers[0]} to #{numbers[-1]}"
