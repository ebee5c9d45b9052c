"""What trying a remedy came to: with and without it compared, and the result in words."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from trainlab.diagnosis.finding import AS_TRIED
from trainlab.diagnosis.remedies.remedy import Remedy
from trainlab.diagnosis.remedies.trial import Pair, Run, Trial, TrialVerdict, learnt_of
from trainlab.diagnosis.report.report import Outcome
from trainlab.draw import counted, format_number

# What a remedy achieved: the same seeds with and without it, compared.

MARGIN = 0.05
"""A difference of accuracy, of R², or of the loss by that of the best constant, begins here."""
OF_THE_WAY = 0.1
"""Where only losses are known, a difference begins at this share of the way that they went."""
CHANCE = 0.05
"""A difference that chance alone gives more often than this shows nothing."""
MANY = 10
"""From so many seeds on, a difference that chance alone may give is none."""
MOST = 0.8
"""A remedy is better, or worse, if it is so on this share of the seeds."""


def learns(run: Run, other: Run) -> bool | None:
    """Whether a run has learnt (`signals.learnt`); None if that can't be told.

    A run that failed hasn't, unless both did.
    """
    if run.outcome is None or (run.error and not other.error):
        return False
    return None if run.outcome.state == "unknown" else run.outcome.state == "learnt"


def share_of_constant(run: Run, other: Run) -> float | None:
    """Return the last loss by that of the best constant answer."""
    if run.outcome is None:
        return None
    share = run.outcome.loss_by_constant
    if share is not None or run.outcome.constant_answer_loss is not None:
        return share
    constant = other.outcome.constant_answer_loss if other.outcome is not None else None
    last = run.outcome.last_loss
    # A loss below 0 is no error that a constant's could be set against.
    return None if not constant or last is None or last < 0 or constant < 1e-9 else last / constant


def compared(pair: Pair, *, same_loss: bool) -> int:
    """Return 1 if the run with the remedy came out better, −1 if worse, else 0."""
    before, after = pair.before, pair.after
    learnt = learns(before, after), learns(after, before)
    if learnt in ((False, True), (True, False)):
        return 1 if learnt[1] else -1
    ended = _ended_well(before), _ended_well(after)
    if ended[0] != ended[1]:
        return 1 if ended[1] else -1
    if not ended[0] or before.outcome is None or after.outcome is None:
        return 0
    signs = {_sign(before.outcome.reached, after.outcome.reached, MARGIN)}
    if same_loss:
        shares = share_of_constant(before, after), share_of_constant(after, before)
        known = shares[0] is not None and shares[1] is not None
        signs.add(_sign(shares[1], shares[0], MARGIN) if known else _by_losses(before.outcome, after.outcome))
    signs.discard(0)
    return signs.pop() if len(signs) == 1 else 0


def _ended_well(run: Run) -> bool:
    return run.outcome is not None and run.outcome.last_loss is not None and not run.error


def _sign(before: float | None, after: float | None, margin: float) -> int:
    if before is None or after is None or abs(after - before) < margin:
        return 0
    return 1 if after > before else -1


def _by_losses(before: Outcome, after: Outcome) -> int:
    ways = [
        abs(one.first_loss - one.last_loss)
        for one in (before, after)
        if one.first_loss is not None and one.last_loss is not None
    ]
    return _sign(after.last_loss, before.last_loss, max(OF_THE_WAY * max(ways, default=0.0), 1e-12))


def chance_of(more: int, fewer: int, runs: int) -> float:
    """Return the probability that chance alone makes so many more learn, of as many runs with and without.

    Fisher's exact test, one-sided: the chance that, of all that learn, so many or more are among one half. R.
    A. Fisher, "The logic of inductive inference", Journal of the Royal Statistical Society 98 (1935) 39–82.
    """
    total = more + fewer
    ways = [
        math.comb(runs, k) * math.comb(runs, total - k)
        for k in range(more, min(runs, total) + 1)
        if total - k <= runs
    ]
    return sum(ways) / math.comb(2 * runs, total)


def _is_told(more: int, fewer: int, count: int) -> bool:
    """Whether a difference in how many learn is more than chance gives; of few seeds that isn't asked."""
    return count < MANY or (more > fewer and chance_of(more, fewer, count) <= CHANCE)


def judged_trial(remedy: Remedy, pairs: Sequence[Pair], *, seconds: float, part: bool = False) -> Trial:
    """Return what a remedy came to on these seeds; there is at least one.

    Of runs that are only the first `part` of a training, too short for it to have learnt, it is also asked
    whether they come out far better (`is_far_better`).
    """
    signs = [compared(pair, same_loss=remedy.same_loss) for pair in pairs]
    after = [learns(pair.after, pair.before) for pair in pairs]
    before = [learns(pair.before, pair.after) for pair in pairs]
    acted = max(pair.after.acted for pair in pairs)
    errors = [pair.after.error for pair in pairs if pair.after.error and not pair.before.error]
    verdict = verdict_of(after, before, signs, acted=acted, failed=len(errors) == len(pairs))
    if part and verdict in ("partly", "better") and is_far_better(pairs, same_loss=remedy.same_loss):
        verdict = "far better"
    return Trial(
        remedy=remedy,
        verdict=verdict,
        pairs=tuple(pairs),
        after=learnt_of(after),
        before=learnt_of(before),
        better=signs.count(1),
        worse=signs.count(-1),
        seconds=seconds,
        error=errors[0] if errors else "",
    )


def is_far_better(pairs: Sequence[Pair], *, same_loss: bool) -> bool:
    """Whether every run with a remedy beats every run without, and by far.

    The worst with it against the best without, on five seeds: so chance orders ten runs once in 252 times. By
    far is half of the loss, or `FAR` more of what is reached where the loss doesn't measure the same.
    """
    before = [pair.before.outcome for pair in pairs]
    after = [pair.after.outcome for pair in pairs if pair.after.outcome is not None]
    if not len(pairs) == len(after) >= FEW:
        return False
    reached = [one.reached for one in after if one.reached is not None]
    without = [one.reached for one in before if one is not None and one.reached is not None]
    known = len(reached) == len(without) == len(pairs)
    if known and not min(reached) > max(without):
        return False
    if not same_loss:
        return known and median(reached) - median(without) >= FAR
    losses, others = (
        [math.inf if one is None or one.last_loss is None else one.last_loss for one in column]
        for column in (after, before)
    )
    return min(losses) >= 0 and max(losses) < min(others) and median(losses) <= median(others) / 2


FAR = 0.25
"""A difference of accuracy or R² that is a large one."""


def verdict_of(
    after: Sequence[bool | None],
    before: Sequence[bool | None],
    signs: Sequence[int],
    *,
    acted: int,
    failed: bool,
) -> TrialVerdict:
    """Return the result in a word, by who has learnt with it and without, and which came out better."""
    count, learnt, unchanged = len(signs), after.count(True), before.count(True)
    if failed:
        return "failed"
    if not acted:
        return "no hold"
    if None in before and learnt > count / 2 and not unchanged:
        return "learns"
    if None not in before and None not in after and learnt > unchanged and _is_told(learnt, unchanged, count):
        return "mended" if learnt > count / 2 else "partly"
    if None not in before and (
        unchanged - learnt > count / 2 or (count >= MANY and _is_told(unchanged, learnt, count))
    ):
        return "harmed"
    enough = MOST * count
    if signs.count(1) >= enough:
        return "better"
    return "harmed" if signs.count(-1) >= enough else "no help"


# Trials in words: a sentence for each remedy, and one for all of them.

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
    if verdict == "far better":
        return f"{remedy}: {_outcome(trial)}. {judged}"
    differ = {"no help": FEW, "harmed": trial.worse, "learns": trial.runs}.get(verdict, trial.better)
    doubt = f" A difference on {counted(differ, 'seed')} may be chance." if differ < FEW else ""
    return f"{remedy}: {_outcome(trial)}. {judged}{doubt}"


_JUDGED = {
    "mended": "It learns.",
    "learns": "It learns; whether it did without, can't be told.",
    "far better": "That is far better.",
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
    if trial.verdict == "far better":
        return f"far better on {counted(count, 'seed')} of {count}"
    better = f"better on {trial.better} of {counted(count, 'seed')}"
    if trial.after.interval is None:
        return better
    low, high = (round(100 * one) for one in trial.after.interval)
    words = f"{learnt} of {counted(count, 'seed')} {'learns' if learnt == 1 else 'learn'} "
    words += f"(95 % interval {low}–{high} %)"
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
    seconds = f"{summary.seconds:.0f} s" if summary.seconds >= 1 else "less than 1 s"
    cost = f"({counted(summary.runs, 'run')} in {seconds})"
    some = [one for one in trials if one[1].verdict == "partly"]
    told = {"mended": "it learns", "learns": "it learns", "far better": "it comes out far better"}
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
HELPED = ("better", "partly", "far better", "learns", "mended")
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
        return "\n".join([f"{lines[0]} (the learning rate × {times:g}, {AS_TRIED})", lines[1], f"+{new}"])
    return re.sub(r"(group\['lr'\]) = \S+$", rf"\1 *= {times:g}  # {AS_TRIED}", code)


def of_training(summary: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the summary with the training that was judged, where the script has several."""
    return summary | {"training": name, "words": f"{name}: {summary['words']}"} if name else summary
