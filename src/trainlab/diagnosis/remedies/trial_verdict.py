"""What a remedy achieved: the same seeds with and without it, compared."""

from __future__ import annotations

import math
from collections.abc import Sequence

from trainlab.diagnosis.remedies.remedy import Remedy
from trainlab.diagnosis.remedies.trial import Pair, Trial, TrialVerdict, learnt_of
from trainlab.diagnosis.remedies.trial_runs import Run
from trainlab.diagnosis.report.read_back import Outcome

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


def judged_trial(remedy: Remedy, pairs: Sequence[Pair], *, seconds: float) -> Trial:
    """Return what a remedy came to on these seeds; there is at least one."""
    signs = [compared(pair, same_loss=remedy.same_loss) for pair in pairs]
    after = [learns(pair.after, pair.before) for pair in pairs]
    before = [learns(pair.before, pair.after) for pair in pairs]
    acted = max(pair.after.acted for pair in pairs)
    errors = [pair.after.error for pair in pairs if pair.after.error and not pair.before.error]
    return Trial(
        remedy=remedy,
        verdict=verdict_of(after, before, signs, acted=acted, failed=len(errors) == len(pairs)),
        pairs=tuple(pairs),
        after=learnt_of(after),
        before=learnt_of(before),
        better=signs.count(1),
        worse=signs.count(-1),
        seconds=seconds,
        error=errors[0] if errors else "",
    )


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
