"""The diagnosis in a sentence, and how sure it is in a word."""

from __future__ import annotations

from typing import Any

from trainlab.draw import counted, format_number

_OUTCOMES = {
    "stuck": "The training doesn't learn because",
    "poor": "The training learns too little because",
    "diverged": "The training fails because",
    "learnt": "The loss falls, but",
}

SYMPTOM = "loss_plateau"
_UNEXPLAINED = (
    "The training doesn't learn, and the cause wasn't found: its loss stays where that of a constant answer "
    f"is ({SYMPTOM})."
)
LEAST_SECONDS = 1.0
"""Processor time of other processes from which on they may have trained something."""


def verdict(report: dict[str, Any]) -> str:
    """Return what a report (as `Report.to_dict` has it) comes to."""
    causes = [finding for finding in report["findings"] if not finding["consequence_of"]]
    if not causes:
        return _nothing(report)
    first, others = causes[0], causes[1:]
    start = _OUTCOMES.get(report["card"]["outcome"], "Something is wrong with the training:")
    sentence = _UNEXPLAINED if first["fault"] == SYMPTOM else f"{start} {first['title']} ({first['fault']})."
    if others:
        more = "; ".join(f"{one['title']} ({one['fault']})" for one in others)
        sentence += f" Besides: {more}."
    return sentence


def _nothing(report: dict[str, Any]) -> str:
    steps, outcome = report["looked_at"]["steps"], report["card"]["outcome"]
    if not steps and not report["card"]["backward_passes"]:
        return nothing_seen(report)
    if report["ended"].get("how") in ("error", "killed"):
        return "Nothing found before the script failed."
    if outcome == "poor" and not report["outcome"]["behind"]:
        return f"Nothing found. {_part_learnt(report['outcome'])}"
    if outcome in ("stuck", "poor", "diverged"):
        return "Nothing found that explains it, but the training doesn't reach what it could."
    return "Nothing found."


def _part_learnt(outcome: dict[str, Any]) -> str:
    """Say how far a training came that is better than a constant answer, and of which no more is known."""
    reached = outcome["reached"]
    how = "" if reached is None else f" ({outcome['reached_as']} {format_number(reached)})"
    return f"The training learns a part{how}; whether the data allow more isn't known."


def confidence_words(value: float) -> str:
    """Return ``almost certain`` for 0.93 and above, ``likely`` for 0.75, else ``possible``."""
    return "almost certain" if value >= 0.93 else "likely" if value >= 0.75 else "possible"


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
