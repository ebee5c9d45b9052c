"""What a population of seeds comes to, in sentences: verdicts, causes of failure, notes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trainlab.diagnosis.seeds.seed_run import SeedRun
from trainlab.diagnosis.seeds.success import BY_THE_DOCTOR
from trainlab.diagnosis.signals.baselines import TABLE
from trainlab.diagnosis.signals.learnt import BEHIND, LEARNT, STUCK
from trainlab.draw import counted, format_number
from trainlab.stats import Outcome, Rate, Verdict, share_words

MOST, FEW = 0.8, 0.2
"""Nearly every seed: the whole interval lies above the first; hardly any: below the second."""
SOME, NOT_ALL = 0.05, 0.95
"""It depends on the seed: the interval lies between these, and neither of the above holds."""
LUCKY = 0.9
RANKED = 5
"""Among fewer seeds a rank says nothing."""


def verdict_of(data: dict[str, Any]) -> str:
    """Answer whether it was the seed; `data` as `SeedsResult.to_dict` has it."""
    return " ".join(verdict.sentence for verdict in seed_verdicts(data))


def seed_verdicts(data: dict[str, Any]) -> tuple[Verdict, ...]:
    """Return the answer whether it was the seed, and where the script's own run stands."""
    if not data["runs"]:
        return (Verdict(topic="seed", sentence="No other seed was run: nothing can be said."),)
    standing = standing_words(data)
    return (_success(data), *([Verdict(topic="standing", sentence=standing)] if standing else []))


def rate_of(fields: dict[str, Any]) -> Rate:
    """Return the rate that JSON holds."""
    return Rate(**fields)


def _success(data: dict[str, Any]) -> Verdict:
    success = data["success"]
    if success["rate"] is None and success["means"] != BY_THE_DOCTOR:
        sentence = f"No other run could be judged by {success['means']}: its number couldn't be read."
        return Verdict(topic="seed", sentence=sentence)
    if success["rate"] is None:
        called = data["way"]["name"] == "called"
        options = "metric and at_least or at_most" if called else "--metric NAME and --at-least or --at-most"
        return Verdict(
            topic="seed",
            sentence="No outcome was judged: the doctor tells whether a training learnt from 60 steps on, "
            f"where it knows the loss. Say what counts with {options}.",
        )
    found = rate_of(success["rate"])
    unknown = success["not_judged"]
    some = success["between"]
    between = f", {some:,} {'learns' if some == 1 else 'learn'} a part" if some else ""
    others = f", {unknown:,} more couldn't be judged" if unknown else ""
    told = f"{share_words(found)} succeed{between}{others}; success: {success['means']}."
    own = data["yours"]["success"]
    if data["yours"]["between"]:
        own_words = "Your run learns a part: that counts as neither success nor failure."
        return Verdict(topic="seed", sentence=f"{told} {own_words}")
    if own is None:
        return Verdict(topic="seed", sentence=told)
    outcome, words = _was_it(found, own)
    return Verdict(
        topic="seed",
        statement="It was the seed.",
        outcome=outcome,
        sentence=f"{told} {'Your run succeeds' if own else 'Your run fails'}{words}",
    )


def _was_it(found: Rate, own: bool) -> tuple[Outcome, str]:
    """Return whether it was the seed, and the words for it, given how the script's `own` run ended."""
    if found.low >= MOST:
        if own:
            return "refuted", ", and so does nearly every seed: it wasn't the seed."
        return "upheld", ", and nearly every seed succeeds: it was the seed."
    if found.high <= FEW:
        if own:
            return "upheld", ", and hardly any other seed does: it was the seed."
        return "refuted", ", and so does nearly every seed: it wasn't the seed."
    if found.low >= SOME and found.high <= NOT_ALL:
        others = "not every seed does" if own else "some seeds succeed"
        return "upheld", f", but {others}: whether it succeeds depends on the seed."
    return "mixed", f"; {counted(found.n, 'seed')} {'is' if found.n == 1 else 'are'} too few to say more."


def standing_words(data: dict[str, Any]) -> str:
    """Say where the script's own run stands among the others."""
    standing, measure = data["yours"]["standing"], data["measure"]
    total = 0 if standing is None else standing["below"] + standing["equal"] + standing["above"]
    if standing is None or total < RANKED:
        return ""
    start = f"Its {measure['name']}, {format_number(data['yours']['value'])}, is"
    if measure["higher_is_better"] is None:
        parts = [
            ("above that of", standing["below"]),
            ("equal to that of", standing["equal"]),
            ("below that of", standing["above"]),
        ]
        return f"{start} {_among(parts, total)}."
    better = standing["below"] if measure["higher_is_better"] else standing["above"]
    worse = total - better - standing["equal"]
    luck = ""
    if total >= 20 and better >= LUCKY * total:
        luck = ": a lucky seed"
    elif total >= 20 and worse >= LUCKY * total:
        luck = ": an unlucky seed"
    parts = [
        ("better than with", better),
        ("the same as with", standing["equal"]),
        ("worse than with", worse),
    ]
    return f"{start} {_among(parts, total)}{luck}."


def _among(parts: Sequence[tuple[str, int]], total: int) -> str:
    """Return ``better than with 65 % of the seeds, the same as with 10 %, worse than with 25 %``.

    Of what holds of all of them ``better than with every one of the 8 seeds``.
    """
    for words, count in parts:
        if count == total:
            return f"{words} every one of the {total:,} seeds" if total > 1 else f"{words} the other seed"
    said = [f"{words} {_percent(count, total)}" for words, count in parts if count]
    return ", ".join([f"{said[0]} of the seeds", *said[1:]])


def _percent(part: int, total: int) -> str:
    share = 100 * part / total
    text = f"{share:.0f}"
    if text == "100" and part < total:
        return ">99 %"
    return "<1 %" if text == "0" and part else f"{text} %"


def causes_words(data: dict[str, Any]) -> list[str]:
    """Return a line for each cause of failure: its name, its share with the interval, seeds to look at."""
    lines: list[str] = []
    for cause in data["failures"]["causes"]:
        title = f": {cause['title']}" if cause["title"] else ""
        seeds = ", ".join(str(seed) for seed in cause["seeds"])
        more = "" if cause["rate"]["k"] <= len(cause["seeds"]) else ", …"
        share = share_words(rate_of(cause["rate"]), of="failed runs")
        lines.append(
            f"{cause['name']}{title}. {share}; seed{'s' if len(cause['seeds']) > 1 else ''} {seeds}{more}"
        )
    return lines


def why_none(yours: SeedRun, runs: Sequence[SeedRun]) -> str:
    """Say why the best of the runs is no success, where the doctor judges that none is one; else nothing."""
    known = [run for run in [yours, *runs] if not run.failed and run.state != "unknown"]
    near = [run for run in known if run.reached is not None and run.state in ("poor", "stuck")]
    if not near or any(run.state == "learnt" for run in known):
        return ""
    best = max(near, key=lambda run: run.reached or 0.0)
    start = f"The best run reaches {best.reached_as} {format_number(best.reached)}, and that is no success:"
    neighbours = yours.neighbours_reach
    if best.behind and neighbours is not None and neighbours - (best.reached or 0.0) > BEHIND:
        return (
            f"{start} 5 nearest neighbours reach {format_number(neighbours)} on these data, and "
            f"a network that is more than {BEHIND:g} behind them hasn't learnt what the data allow."
        )
    if yours.data_allow == 1 and 0 < len(yours.rows) <= TABLE:
        return f"{start} the data are a table, as XOR's is, of which each row has to be answered right."
    share = best.relative_loss
    constant = "that of the best constant answer"
    loss = (
        f"of the loss, by {constant}:" if share is None else f"its loss is {100 * share:.0f} % of {constant};"
    )
    if best.state == "stuck":
        return f"{start} {loss} above {100 * STUCK:.0f} % of it hardly anything was learnt."
    allowed = ""
    if yours.data_allow is not None:
        allowed = f", or {BEHIND:g} below what the data are seen to allow, {format_number(yours.data_allow)}"
    return f"{start} {loss} success begins at {100 * LEARNT:.0f} % of it{allowed}."


def notes_of(
    yours: SeedRun, runs: Sequence[SeedRun], *, early: str, from_start: bool, metric: str
) -> tuple[str, ...]:
    """Return what else to know of a population, in sentences, the weightiest first."""
    notes = [
        _judged(yours),
        _early(early, yours, runs),
        _redrawn(yours, runs),
        _steps(yours, runs),
        _missing(runs, metric),
        _unread(runs),
    ]
    if not yours.seeded and not yours.failed:
        notes.append("The script sets no seed of torch: its own run was one of many, and can't be repeated.")
    if from_start:
        notes.append(
            "The script makes no module: the seeds that it sets were changed from the start, so that data "
            "drawn from them differ, too."
        )
    return tuple(note for note in notes if note)


def _judged(yours: SeedRun) -> str:
    if not yours.training:
        return ""
    return f"The script has several trainings; in each run this is told of {yours.training}."


def _early(early: str, yours: SeedRun, runs: Sequence[SeedRun]) -> str:
    if early == "alike":
        return (
            f"The seed changes nothing: {len(runs)} of {len(runs)} runs are the script's own to the bit, "
            "so no more were made. All that it draws comes from generators with seeds of their "
            "own (torch.Generator, numpy.random.default_rng, random_state=), or it draws nothing."
        )
    if early == "broken":
        return f"The script fails alike with every seed, so no more were run: {yours.message}"
    return ""


def _redrawn(yours: SeedRun, runs: Sequence[SeedRun]) -> str:
    own = set(yours.rows)
    told = [run for run in runs if run.rows and not run.failed]
    anew = sum(own.isdisjoint(run.rows) for run in told)
    if not own or not told or 2 * anew < len(told):
        return ""
    return (
        f"The inputs trained on differ from seed to seed ({anew:,} of {counted(len(told), 'run')}): the "
        "script draws its data, or noise on them, after it has made its network. So part of the spread is "
        "the data's."
    )


def _steps(yours: SeedRun, runs: Sequence[SeedRun]) -> str:
    lengths = [run.steps for run in [yours, *runs] if not run.failed]
    if not lengths or min(lengths) == max(lengths):
        return ""
    return f"The number of steps depends on the seed: {min(lengths):,} to {max(lengths):,}."


def _missing(runs: Sequence[SeedRun], metric: str) -> str:
    without = [run for run in runs if not run.failed and run.value is None and not run.unread]
    if not metric or not without:
        return ""
    return f"{counted(len(without), 'run')} ended without a finite number for {metric}."


def _unread(runs: Sequence[SeedRun]) -> str:
    """Say of how many runs the number of the user's rule couldn't be read, and why of the first one."""
    unread = [run for run in runs if not run.failed and run.unread]
    if not unread:
        return ""
    are = "is" if len(unread) == 1 else "are"
    return (
        f"{counted(len(unread), 'run')} {are} counted as neither success nor failure, since the number "
        f"couldn't be read; seed {unread[0].seed}: {unread[0].unread}"
    )
