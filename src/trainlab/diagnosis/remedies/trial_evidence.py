"""What trials say of findings: who is to blame, which remedies are no advice, and who comes first then."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trainlab.diagnosis.faults import all_faults
from trainlab.diagnosis.remedies.trial_verdict import (
    CHANCE,
    FEW,
    HELPED,
    chance_of,
    code_as_tried,
    rate_as_tried,
)
from trainlab.diagnosis.report.verdict import ENOUGH, not_to_blame, took_hold, tried_in_vain
from trainlab.draw import format_number

Row = dict[str, Any]
"""A finding, or a trial, as JSON has it."""
_IN_THE_CODE = ("The loop", "The network", "The loss and its targets", "The data")
"""The families of faults that are mistakes, and are to be mended though it may not be enough."""


def after_trials(findings: list[Row], by_fault: dict[str, Row], *, fails: bool = True) -> list[Row]:
    """Return the findings with what was tried, what that proves, and in the order that follows from it.

    Where the training `fails`, those that no training fails of come last.
    """
    told = [_told(finding, by_fault.get(finding["fault"])) for finding in findings]
    return _in_order(told, fails=fails)


def is_proof(trial: Row) -> bool:
    """Whether a remedy alone made most seeds learn, and clearly more than learn without, or come far better.

    Where fewer than five seeds differ, the words say that it may be chance (`trial_words`): no proof, then.
    Nor is one run that comes again with every seed, as of a script that draws nothing.
    """
    learnt, unchanged = trial["learnt"], trial["unchanged"]["learnt"]
    runs = [{name: value for name, value in one.items() if name != "seed"} for one in trial["seeds"]]
    if trial["joint"] or (len(runs) > 1 and all(one == runs[0] for one in runs)):
        return False
    if trial["verdict"] == "far better":
        return True
    if trial["verdict"] != "mended" or learnt is None or unchanged is None:
        return False
    return trial["better"] >= FEW and chance_of(learnt, unchanged, trial["runs"]) <= CHANCE


def _told(finding: Row, tried: Row | None) -> Row:
    remedy = finding["remedy"]
    code, times = code_as_tried(remedy["code"], tried), rate_as_tried(tried)
    if times is not None and code != remedy["code"]:
        remedy = remedy | {"text": f"Take the learning rate × {times:g}, which did most when tried."}
    remedy = remedy | {"code": code}
    told: Row = {**finding, "tried": tried, "remedy": remedy}
    if tried is None:
        return told
    proof = next((one for one in tried["remedies"] if is_proof(one)), None)
    if proof is not None:
        return told | {"proof": {"by": "trial", "words": _proof_words(proof)}}
    return told | {"remedy": told["remedy"] | _advice(told)}


def _proof_words(trial: Row) -> str:
    if trial["verdict"] == "far better":
        name = "loss" if trial["same_loss"] else "reached"
        with_it, without = (
            _span([seed[which][name] for seed in trial["seeds"]]) for which in ("after", "before")
        )
        what = "the loss" if trial["same_loss"] else trial["reached_as"]
        return f"with {trial['remedy']} {what} is {with_it} on {trial['runs']} seeds, without {without}"
    learnt, unchanged = trial["learnt"], trial["unchanged"]["learnt"]
    return f"with {trial['remedy']} {learnt} of {trial['runs']} seeds learn, without {unchanged}"


def _span(values: Sequence[float | None]) -> str:
    known = [value for value in values if value is not None]
    if not known:
        return "not finite"
    low, high = format_number(min(known)), format_number(max(known))
    return f"{low} to {high}" if len(known) == len(values) else f"{low} or more"


def _advice(finding: Row) -> Row:
    """Return what takes the remedy's place where trials show that it is none; else nothing."""
    worked = took_hold(finding["tried"])
    if not any(not one["joint"] for one in worked) or any(one["verdict"] in HELPED for one in worked):
        return {}
    if any(one["runs"] < ENOUGH for one in worked):
        return {}
    worst = next((one for one in worked if one["verdict"] == "harmed"), None)
    if worst is not None:
        counts = ""
        if worst["learnt"] is not None and worst["unchanged"]["learnt"] is not None:
            learnt, unchanged = worst["learnt"], worst["unchanged"]["learnt"]
            counts = f": {learnt} of {worst['runs']} seeds learn, without it {unchanged}"
        text = f"None that helps: {worst['remedy']} makes it worse{counts}."
        return {"text": text, "code": ""}
    tried = [one["remedy"] for one in worked if not one["joint"]][:2]
    alone = f"with {tried[0]} it learns no better."
    if len(tried) > 1:
        alone = f"neither with {tried[0]} nor with {tried[1]} does it learn better."
    if _is_mistake(finding["fault"]) or finding["proof"]["by"] == "structure":
        return {"text": f"{finding['remedy']['text']} But that isn't enough: {alone}"}
    return {"text": f"None that helps: {alone}", "code": ""}


def _is_mistake(fault: str) -> bool:
    return all_faults()[fault].family in _IN_THE_CODE


def _in_order(findings: list[Row], *, fails: bool) -> list[Row]:
    """Put first what a trial proved, though something else explained it; keep the rest as it is."""
    freed = [
        one | {"consequence_of": None, "because": ""}
        if one["proof"]["by"] == "trial" and not _is_proven(findings, one["consequence_of"])
        else one
        for one in findings
    ]
    causes = [one for one in freed if not one["consequence_of"]]

    def place(finding: Row) -> tuple[bool, int]:
        return fails and bool(not_to_blame(finding["fault"])), _place(finding)

    return sorted(causes, key=place) + [one for one in freed if one["consequence_of"]]


def _place(finding: Row) -> int:
    """Return what is proven by trial before what structure proves, and what was tried in vain last."""
    proof = finding["proof"]["by"]
    if proof == "nothing":
        return 3 if tried_in_vain(finding["tried"]) else 2
    return 0 if proof == "trial" else 1


def _is_proven(findings: list[Row], fault: str | None) -> bool:
    return any(one["fault"] == fault and one["proof"]["by"] != "nothing" for one in findings)
