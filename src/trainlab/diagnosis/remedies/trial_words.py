"""Trials in words: a sentence for each remedy, and one for all of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from trainlab.diagnosis.remedies.trial import Trial
from trainlab.draw import counted, format_number

FEW = 5
"""Five seeds that differ are by chance all on one side once in 32 times."""


def trial_words(trial: Trial) -> str:
    """Return ``the learning rate × 0.1: loss 0.693 → 0.02, 5 of 5 seeds learn …; unchanged: 0 of 5``."""
    remedy, verdict = trial.remedy.words, trial.verdict
    if verdict == "no hold":
        return f"{remedy}: it didn't take hold: {trial.remedy.narrow}"
    if verdict == "failed":
        return f"{remedy}: the training fails with it: {trial.error}"
    judged = _JUDGED[verdict]
    if verdict == "no help" and trial.learns_anyway:
        judged = "It learns either way."
    if verdict == "better" and trial.after.learnt == 0:
        judged = "That is better, and no learning yet."
    differ = {"no help": FEW, "harmed": trial.worse, "learns": trial.runs}.get(verdict, trial.better)
    doubt = f" A difference on {counted(differ, 'seed')} may be chance." if differ < FEW else ""
    return f"{remedy}: {_outcome(trial)}. {judged}{doubt}"


_JUDGED = {
    "mended": "It learns.",
    "learns": "It learns; whether it did without, can't be told.",
    "partly": "That helps some seeds.",
    "better": "That is better.",
    "no help": "That is no help.",
    "harmed": "That is worse.",
}


def _numbers(trial: Trial) -> str:
    """Return the losses, or what can be compared where the remedy changes what the loss measures."""
    before, after = trial.medians_before, trial.medians_after
    if trial.remedy.same_loss or after.reached is None:
        return f"loss {_loss(before.loss)} → {_loss(after.loss)}, "
    return f"{trial.reached_as} {_reached(before.reached)} → {_reached(after.reached)}, "


def _loss(value: float | None) -> str:
    return "not finite" if value is None else format_number(value)


def _reached(value: float | None) -> str:
    if value is None:
        return "unknown"
    return "below −1" if value < -1 else f"{value:.2f}".replace("-", "−")


def _seeds(trial: Trial) -> str:
    count, learnt, unchanged = trial.runs, trial.after.learnt, trial.before.learnt
    better = f"better on {trial.better} of {counted(count, 'seed')}"
    if trial.after.interval is None:
        return better
    low, high = (round(100 * one) for one in trial.after.interval)
    words = f"{learnt} of {counted(count, 'seed')} {'learns' if learnt == 1 else 'learn'} ({low}–{high} %)"
    words += f"; unchanged: {'unknown' if unchanged is None else f'{unchanged} of {count}'}"
    return f"{words}; {better}" if learnt == unchanged else words


@dataclass(frozen=True, kw_only=True, slots=True)
class Summary:
    """How trying ended, why (if there is a reason to give), what it took, and what there was no time for."""

    ended: str
    reason: str
    seeds: int
    runs: int
    budget: float
    seconds: float
    untried: tuple[str, ...] = ()


def summary_words(summary: Summary, trials: Sequence[tuple[str, Trial]]) -> str:
    """Say in a sentence what trying came to; `trials` are with their faults, in order."""
    seconds = f"{summary.seconds:.0f} s" if summary.seconds >= 0.5 else "less than 1 s"
    cost = f"({counted(summary.runs, 'run')} in {seconds})"
    some = [one for one in trials if one[1].verdict == "partly"]
    told = {"mended": "it learns", "learns": "it learns"}
    told |= {} if some else {"better": "it comes out better"}
    for verdict, what in told.items():
        for fault, trial in trials:
            if trial.verdict == verdict:
                none = "no remedy made it learn; " if verdict == "better" and trial.after.learnt == 0 else ""
                more = _missed(summary) if verdict == "better" else ""
                return f"Tried: {none}with {_of_remedy(fault, trial)} {what}: {_outcome(trial)} {cost}{more}."
    if some:
        fault, trial = max(some, key=lambda one: (one[1].after.learnt or 0) / one[1].runs)
        end = {"interrupted": "Trying was stopped", "budget": "Tried until the budget was used up"}
        return (
            f"{end.get(summary.ended, 'Tried')}: with {_of_remedy(fault, trial)} some seeds learn, and not "
            f"most: {_outcome(trial)} {cost}. That helps, and is no cure."
        )
    rest = _missed(summary)
    ends = {
        "no time": f"Not tried: {summary.reason}",
        "nothing to try": f"Nothing could be tried: {summary.reason}",
        "interrupted": f"Trying was stopped {cost}; nothing that was tried until then helped{rest}.",
        "budget": f"Tried until the budget was used up {cost}: nothing that was tried helped{rest}.",
        "all tried": f"Tried on {counted(summary.seeds, 'seed')} {cost}: {_no_help(trials)}.",
    }
    return ends[summary.ended]


def _missed(summary: Summary) -> str:
    """Say what there was no time for."""
    return f". Not tried for want of time: {'; '.join(summary.untried)}" if summary.untried else ""


def _of_remedy(fault: str, trial: Trial) -> str:
    return f"{trial.remedy.words} ({fault})"


def _outcome(trial: Trial) -> str:
    return f"{_numbers(trial)}{_seeds(trial)}"


def _no_help(trials: Sequence[tuple[str, Trial]]) -> str:
    worked = [trial for _, trial in trials if trial.verdict not in ("no hold", "failed")]
    if not worked:
        return "no remedy could be put to work"
    if all(trial.learns_anyway for trial in worked):
        return "it learns with every seed as it is, and no remedy makes a difference to that"
    as_is = worked[0].before
    some = as_is.learnt and as_is.learnt < as_is.runs
    learns = "learns" if as_is.learnt == 1 else "learn"
    return "no remedy made it learn" + (
        f"; as it is, {as_is.learnt} of {counted(as_is.runs, 'seed')} {learns}" if some else ""
    )


_LR = re.compile(r"\blr\s*=\s*([0-9][0-9.eE+-]*)(?=\s*[,)])")
HELPED = ("better", "partly", "learns", "mended")
"""Verdicts on remedies that do something, the best last."""


def rate_as_tried(tried: dict[str, Any] | None) -> float | None:
    """Return by what the learning rate was multiplied when that did most; None if no such remedy helped.

    `tried` is what a finding has as JSON.
    """
    found: list[tuple[int, float, float]] = []
    for trial in tried["remedies"] if tried is not None else ():
        rates = [change["times"] for change in trial["changes"] if change["change"] == "lr"]
        if len(rates) == 1 and trial["verdict"] in HELPED:
            share = (trial["learnt"] or 0) / trial["runs"]
            found.append((HELPED.index(trial["verdict"]), share + (trial["after"]["reached"] or 0), rates[0]))
    return max(found)[2] if found else None


def code_as_tried(code: str, tried: dict[str, Any] | None) -> str:
    """Return a remedy's code with the learning rate that did most when it was tried, if one helped."""
    times = rate_as_tried(tried)
    if times is None:
        return code
    lines = code.splitlines()
    if len(lines) == 3 and (old := _LR.search(lines[1])) is not None:
        start, end = old.span(1)
        new = f"{lines[1][1:start]}{float(old[1]) * times:g}{lines[1][end:]}"
        return "\n".join([f"{lines[0]} (the learning rate × {times:g}, as tried)", lines[1], f"+{new}"])
    return re.sub(r"(group\['lr'\]) = \S+$", rf"\1 *= {times:g}  # as tried", code)


def of_training(summary: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the summary with the training that was judged, where the script has several."""
    return summary | {"training": name, "words": f"{name}: {summary['words']}"} if name else summary
