"""The diagnosis in a sentence, and how sure it is in a word."""

from __future__ import annotations

from typing import Any

from trainlab.diagnosis.report.nothing_trained import nothing_seen

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
    if outcome in ("stuck", "poor", "diverged"):
        return "Nothing found that explains it, but the training doesn't reach what it could."
    return "Nothing found."


def confidence_words(value: float) -> str:
    """Return ``almost certain`` for 0.93 and above, ``likely`` for 0.75, else ``possible``."""
    return "almost certain" if value >= 0.93 else "likely" if value >= 0.75 else "possible"
