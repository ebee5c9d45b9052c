"""The diagnosis in a sentence, and how sure it is in a word."""

from __future__ import annotations

from typing import Any

from trainlab.diagnosis.signals.learnt import BEHIND
from trainlab.draw import counted, format_number

_FAILURES = {
    "stuck": "The training doesn't learn",
    "poor": "The training learns too little",
    "diverged": "The training fails",
}
FAILED = tuple(_FAILURES)
_OTHERS = {"learnt": "The loss falls, but"}

SYMPTOM = "loss_plateau"
_UNEXPLAINED = (
    "The training doesn't learn, and the cause wasn't found: its loss stays where that of a constant answer "
    f"is ({SYMPTOM})."
)
LIKELY = 0.75
LEAST_SECONDS = 1.0
"""Processor time of other processes from which on they may have trained something."""


def verdict(report: dict[str, Any]) -> str:
    """Return what a report (as `Report.to_dict` has it) comes to."""
    causes = [finding for finding in report["findings"] if not finding["consequence_of"]]
    if not causes:
        return _nothing(report)
    first, others = causes[0], causes[1:]
    sentence = _UNEXPLAINED if first["fault"] == SYMPTOM else _about(first, report)
    if others:
        more = "; ".join(_named(one) for one in others)
        sentence += f" Also found: {more}."
    return sentence


def _about(first: dict[str, Any], report: dict[str, Any]) -> str:
    """Return the sentence on the first cause: "because" stands only where it was proven."""
    outcome = report["card"]["outcome"]
    failure = _FAILURES.get(outcome)
    if outcome == "poor" and not report["outcome"].get("behind", True):
        failure = "The training learns a part"
    by_rule = _by_rule(report)
    if failure is None:
        start = _OTHERS.get(outcome, "Something is wrong with the training:")
        start = f"{by_rule}, but" if by_rule else start
        return f"{start} {_named(first)}."
    failure = by_rule or failure
    if first["proof"]["by"] != "nothing":
        return f"{failure} because {_named(first)}."
    against = not_to_blame(first["fault"]) or tried_in_vain(first["tried"])
    if against:
        return f"{failure}, and why isn't known. Found: {_named(first)}; {against}."
    cause = "Likely" if is_likely(first) else "Possible"
    is_script = "code" in report["ended"]
    return f"{failure}. {cause} cause: {_named(first)}. {_unproven(first, is_script=is_script)}"


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
    from trainlab.diagnosis.faults import all_faults
    from trainlab.diagnosis.remedies.trying import remedies_for

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
    verdicts = {one["verdict"] for one in (tried or {"remedies": []})["remedies"]} - {"no hold", "failed"}
    if "harmed" in verdicts and verdicts <= {"harmed", "no help"}:
        return "its remedy was tried, and makes it worse"
    return "its remedy was tried, and is no help" if verdicts == {"no help"} else ""


def _nothing(report: dict[str, Any]) -> str:
    steps, outcome = report["looked_at"]["steps"], report["card"]["outcome"]
    if not steps and not report["card"]["backward_passes"]:
        return nothing_seen(report)
    if report["ended"].get("how") in ("error", "killed"):
        return "Nothing found before the script failed."
    if by_rule := _by_rule(report):
        explains = " that explains it" if outcome in FAILED else ""
        return f"{by_rule}. Nothing found{explains}."
    if outcome == "poor" and not report["outcome"]["behind"]:
        return f"Nothing found. {_part_learnt(report['outcome'])}"
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


def _part_learnt(outcome: dict[str, Any]) -> str:
    """Say how far a training came that is better than a constant answer, and of which no more is known."""
    reached = outcome["reached"]
    how = "" if reached is None else f" ({outcome['reached_as']} {format_number(reached)})"
    return f"The training learns a part{how}; whether the data allow more isn't known."


def confidence_words(value: float) -> str:
    """Return how sure it is that the fault is there: ``almost certain`` from 0.93, ``likely`` from 0.75."""
    return "almost certain" if value >= 0.93 else "likely" if value >= LIKELY else "possible"


def blame_words(finding: dict[str, Any], outcome: str) -> str:
    """Say whether the finding is to blame, and what proves it; nothing where nothing has failed."""
    proof = finding["proof"]
    if outcome not in _FAILURES or finding["fault"] == SYMPTOM:
        return ""
    if proof["by"] != "nothing":
        return f"to blame, proven: {proof['words']}"
    spared = not_to_blame(finding["fault"])
    if spared:
        return f"not to blame: {spared}"
    refuted = tried_in_vain(finding["tried"])
    if refuted:
        return f"not to blame as far as is known: {refuted}"
    against = f": {proof['words']}" if proof["words"] else ""
    return f"{'likely' if is_likely(finding) else 'possibly'} to blame, not proven{against}"


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
    if looked["other_threads"]:
        count = looked["other_threads"]
        passes = f"{count:,} backward pass{'' if count == 1 else 'es'}"
        return f"{passes} went by in other threads: the doctor watches the one that the script starts in."
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
