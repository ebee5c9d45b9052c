"""The diagnosis in a sentence, and how sure it is in a word."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from trainlab.diagnosis.signals.curve import FALLING
from trainlab.diagnosis.signals.learnt import BEHIND, FEW
from trainlab.draw import counted, format_number

_FAILURES = {
    "stuck": "The training doesn't learn",
    "poor": "The training learns too little",
    "diverged": "The training fails",
}
FAILED = tuple(_FAILURES)
_OTHERS, _WRONG = "The loss falls, but", "Something is wrong with the training:"

SYMPTOM = "loss_plateau"
_UNEXPLAINED = (
    "The training doesn't learn, and the cause wasn't found: its loss stays where that of a constant answer "
    f"is ({SYMPTOM})."
)
IDLE = "unreachable_params"
"""Not to blame where the rest of the network gets gradients, unless another finding follows from it."""
LIKELY = 0.75
ENOUGH = 4
"""Seeds, each with a remedy and without: from fewer nobody says that it is no help."""
LEAST_SECONDS = 1.0
"""Processor time of other processes from which on they may have trained something."""


def verdict(report: dict[str, Any]) -> str:
    """Return what a report (as `Report.to_dict` has it) comes to."""
    causes = [finding for finding in report["findings"] if not finding["consequence_of"]]
    if not causes:
        return _nothing(report)
    first, others = causes[0], causes[1:]
    unexplained = f"{lost}, and the cause wasn't found." if (lost := _lost_again(report)) else _UNEXPLAINED
    sentence = unexplained if first["fault"] == SYMPTOM else _about(first, report)
    if others:
        more = "; ".join(_named(one) for one in others)
        sentence += f" Also found: {more}."
    return sentence


def _about(first: dict[str, Any], report: dict[str, Any]) -> str:
    """Return the sentence on the first cause: "because" stands only where it was proven."""
    outcome = report["card"]["outcome"]
    failure = _lost_again(report) or _FAILURES.get(outcome)
    if outcome == "poor" and not report["outcome"].get("behind", True):
        failure = "The training learns a part"
    by_rule = _by_rule(report)
    if failure is None:
        start = _OTHERS if outcome == "learnt" and _falls(report["card"]) else _WRONG
        start = f"{by_rule}, but" if by_rule else start
        return f"{start} {_named(first)}."
    failure = by_rule or failure
    if first["proof"]["by"] != "nothing":
        return f"{failure} because {_named(first)}."
    follows = any(one["consequence_of"] == IDLE and one["fault"] != SYMPTOM for one in report["findings"])
    against = not_to_blame(first["fault"]) or tried_in_vain(first["tried"])
    if first["fault"] == IDLE and not follows:
        against = against or first["proof"]["words"]
    if against:
        return f"{failure}, and why isn't known. Found: {_named(first)}; {against}."
    cause = "Likely" if is_likely(first) else "Possible"
    is_script = "code" in report["ended"]
    return f"{failure}. {cause} cause: {_named(first)}. {_unproven(first, is_script=is_script)}"


def _lost_again(report: dict[str, Any]) -> str:
    """Say of a training that it learnt and lost it again; nothing of others."""
    lowest = report["outcome"].get("lowest")
    if not lowest or report["card"]["outcome"] not in FAILED:
        return ""
    much = "much of it" if report["card"]["outcome"] == "poor" else "it"
    return (
        f"The training learns, and loses {much} again (its loss was down to "
        f"{format_number(lowest['loss'])}, and rises after {100 * lowest['after']:.0f} % of its steps)"
    )


def _falls(card: dict[str, Any]) -> bool:
    """Whether the loss ends below its start; where one isn't a number, that isn't known."""
    first, last = card.get("first_loss"), card.get("last_loss")
    return not (isinstance(first, float) and isinstance(last, float)) or last < first


def _by_rule(report: dict[str, Any]) -> str:
    """Say what the user's own rule says; nothing where there is none, or it couldn't be judged."""
    found = report["outcome"].get("solved")
    if found is None or found["solved"] is None:
        return ""
    return f"{'Solved' if found['solved'] else 'Not solved'} ({found['short']})"


def _named(finding: dict[str, Any]) -> str:
    return f"{finding['title']} ({finding['fault']})"


def _unproven(finding: dict[str, Any], *, is_script: bool) -> str:
    """Say that the finding isn't proven to be to blame, and how to find out: of a script, by the command."""
    from trainlab.diagnosis.faults import all_faults, remedies_for

    known = finding["fault"] in all_faults()
    can_try = is_script and finding["tried"] is None and (not known or bool(remedies_for(finding)))
    return "That isn't proven; --try tests it." if can_try else "That isn't proven."


def not_to_blame(name: str) -> str:
    """Say what a fault changes instead of what is learnt; nothing of one that a training may fail of."""
    from trainlab.diagnosis.faults import all_faults

    fault = all_faults().get(name)
    return "" if fault is None else fault.not_to_blame


def is_likely(finding: dict[str, Any]) -> bool:
    """Whether what was found, and not proven to be to blame, is likely to be: nothing speaks against it."""
    return finding["confidence"] >= LIKELY and not finding["proof"]["words"]


def tried_in_vain(tried: dict[str, Any] | None) -> str:
    """Say that its remedies don't help, where all that took hold were shown not to; else nothing."""
    worked = took_hold(tried)
    verdicts = {one["verdict"] for one in worked}
    if any(one["runs"] < ENOUGH for one in worked):
        return ""
    if "harmed" in verdicts and verdicts <= {"harmed", "no help"}:
        return "its remedy was tried, and makes it worse"
    return "its remedy was tried, and is no help" if verdicts == {"no help"} else ""


def took_hold(tried: dict[str, Any] | None) -> list[dict[str, Any]]:
    """Return the trials of which something can be said."""
    remedies: list[dict[str, Any]] = [] if tried is None else tried["remedies"]
    return [one for one in remedies if one["verdict"] not in ("no hold", "failed")]


_DOUBTS = {
    "targets that are maps are turned as their inputs are": "inputs seem to be turned without their targets",
    "no feature alone tells the target": "one feature nearly tells the target",
}
"""Questions of the recipe whose no comes first where nothing is found, though it may be meant."""


def _nothing(report: dict[str, Any]) -> str:
    """Say what isn't as it should be, though no fault is known by it, before anything else."""
    for asked in report.get("recipe", ()):  # earlier reports have none
        doubt = _DOUBTS.get(asked["question"])
        if doubt and asked["answer"] in ("no", "deviates"):
            return f"No fault found for certain, but {doubt}: {asked['words']}"
    return _without_findings(report)


def _without_findings(report: dict[str, Any]) -> str:
    steps, outcome = report["looked_at"]["steps"], report["card"]["outcome"]
    if not steps and not report["card"]["backward_passes"]:
        return nothing_seen(report)
    if (how := report["ended"].get("how")) in ("error", "killed"):
        return f"Nothing found before the script {'failed' if how == 'error' else 'was killed'}."
    if by_rule := _by_rule(report):
        explains = " that explains it" if outcome in FAILED else ""
        return f"{by_rule}. Nothing found{explains}."
    if outcome in ("stuck", "poor") and (report["outcome"].get("late_fall") or 0.0) > FALLING:
        return f"Nothing found but that it ends early. {_too_short(report)}"
    if outcome == "poor" and not report["outcome"]["behind"]:
        return f"Nothing found. {_part_learnt(report['outcome'])}"
    if lost := _lost_again(report):
        return f"{lost}. Nothing found that explains it."
    if outcome == "stuck" and not _more_is_possible(report["outcome"]):
        return (
            "Nothing found that explains it, but the training learns hardly anything; whether the data allow "
            "more isn't known."
        )
    if outcome in FAILED:
        return "Nothing found that explains it, but the training doesn't reach what it could."
    return "Nothing found."


def _more_is_possible(outcome: dict[str, Any]) -> bool:
    """Whether neighbours, or they and a linear fit, come clearly farther on the same rows."""
    reached = outcome.get("reached")
    if reached is None:
        return True
    known = [one for name in ("neighbours_reach", "data_allow") if (one := outcome.get(name)) is not None]
    return max(known, default=reached) - reached > BEHIND


def _too_short(report: dict[str, Any]) -> str:
    """Say that the training was ended while it still learnt."""
    found, card = report["outcome"], report["card"]
    reached = found.get("reached")
    how = "" if reached is None else f" ({found['reached_as']} {format_number(reached)} so far)"
    return (
        f"The loss still fell by {found['late_fall']:.0%} from the second third of its "
        f"{counted(card['steps'], 'step')} to the last{how}: train longer, or try a higher learning rate."
    ).replace("%", " %")


def _part_learnt(outcome: dict[str, Any]) -> str:
    """Say how far a training came that is better than a constant answer, and of which no more is known."""
    reached = outcome["reached"]
    how = "" if reached is None else f" ({outcome['reached_as']} {format_number(reached)})"
    return f"The training learns a part{how}; whether the data allow more isn't known."


def nothing_seen(report: dict[str, Any]) -> str:
    """Return the verdict on a report (as `Report.to_dict` has it) in which no training was seen."""
    how = report["ended"].get("how")
    if how == "killed":
        return "The script was killed before anything was seen of a training."
    if how == "error":
        return "No training was seen before the script failed."
    return f"No training was seen: no backward pass, no optimizer step. {_reason(report)}"


def _reason(report: dict[str, Any]) -> str:
    looked, card = report["looked_at"], report["card"]
    if looked["compiled_calls"]:
        calls = counted(looked["compiled_calls"], "call")
        return f"{calls} of compiled code went by unseen: run it again with TORCH_COMPILE_DISABLE=1."
    if looked["other_processes"] >= LEAST_SECONDS:
        seconds = format_number(looked["other_processes"])
        return (
            f"Processes that the script started took {seconds} s of processor time: the doctor watches the "
            "script's own process. Give it the file that trains, or train without other processes."
        )
    if looked["other_frameworks"]:
        return f"{', '.join(looked['other_frameworks'])} was used: the doctor watches PyTorch."
    if report["ended"].get("how") == "exit":
        return "The script ended itself first: does it want arguments?"
    if not looked["torch_imported"]:
        return "PyTorch was never imported: does this file train at all?"
    if card["models"]:
        model = card["models"][0]
        calls = sum(model["evaluation_passes"].values())
        return (
            f"{model['name']} was called {counted(calls, 'time')}, and never to learn: is training left out?"
        )
    if report["ended"].get("how") in ("interrupted", "time"):
        return "It was stopped before a first step."
    return "PyTorch was imported and not used to train: is the training called at all?"


# Several trainings of one script in short: how many of them learn, and what keeps the others from it.

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
