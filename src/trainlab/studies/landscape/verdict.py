"""Verdicts on where failed runs end, by plain counts, and their words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from trainlab.draw import counted, format_number, join
from trainlab.spec.stopping import Patience
from trainlab.stats import HALF, SIGNIFICANCE, Outcome, Rate, Verdict, more_than, rate, share_words
from trainlab.studies.landscape.classify_end import Kind
from trainlab.studies.landscape.ending_kinds import PLACES, THRESHOLD_WORDS, EndingKind, format_percent_of

if TYPE_CHECKING:
    from trainlab.studies.landscape.result import EndingsResult

FEWEST = 5
"""Of fewer runs of a kind no share is compared."""


def endings_verdicts(result: EndingsResult) -> tuple[Verdict, ...]:
    """Return the answer first, then what supports it."""
    if not result.endings:
        return (Verdict(topic="endings", sentence=_none_failed(result)),)
    escapes = _escapes(result)
    return (
        Verdict(topic="endings", sentence=_answer(result)),
        *_flat(result),
        *((Verdict(topic="escapes", sentence=escapes), saddles_escape(result.kinds)) if escapes else ()),
        *(word_verdict(topic, kind, result.kinds, result.name) for topic, kind in _WORDS),
        Verdict(topic="thresholds", sentence=_thresholds(result)),
    )


_WORDS: tuple[tuple[str, Kind], ...] = (
    ("local minimum", "minimum"),
    ("plateau", "plateau"),
    ("saddle", "saddle"),
)


def word_verdict(topic: str, kind: Kind, kinds: tuple[EndingKind, ...], name: str) -> Verdict:
    """Do most failed runs end in this kind of place? Upheld or refuted if the interval leaves out ½.

    At a kink of the loss no step leads down to first order, which a minimum may look like: to refute it, runs
    at a kink are counted in.
    """
    counts = {each.kind: each.runs for each in kinds}
    runs = counts[kind]
    kinks = counts["kink"].k if kind == "minimum" else 0
    more = f"; {kinks:,} more end at a kink, which may be one" if kinks else ""
    return Verdict(
        topic=topic,
        statement=f"Most failed runs of {name} end {PLACES[kind]}.",
        outcome=more_than(HALF, runs, possible=rate(runs.k + kinks, runs.n)),
        sentence=f"{share_words(runs, f'failed runs of {name}')} {'ends' if runs.k == 1 else 'end'} "
        f"{PLACES[kind]}{more}.",
        share=runs,
    )


def saddles_escape(kinds: tuple[EndingKind, ...]) -> Verdict:
    """Are runs at a saddle solved later more often than runs at a minimum?

    By the exact test of R. A. Fisher, "The logic of inductive inference", Journal of the Royal Statistical
    Society 98 (1935) 39–82.
    """
    found = {each.kind: each.escaped or Rate(k=0, n=0, low=0.0, high=1.0) for each in kinds}
    saddle, minimum = found["saddle"], found["minimum"]
    if min(saddle.n, minimum.n) < FEWEST:
        return Verdict(
            topic="saddles escape",
            sentence="Whether runs at a saddle are solved later more often than those at a minimum can't be "
            f"told: {counted(saddle.n, 'run')} at a saddle, {minimum.n:,} at a minimum.",
        )
    from scipy import stats

    table = [[each.k, each.n - each.k] for each in (saddle, minimum)]
    p = float(cast("Any", stats).fisher_exact(table).pvalue)
    higher = saddle.estimate > minimum.estimate
    outcome: Outcome = "mixed" if p >= SIGNIFICANCE else "upheld" if higher else "refuted"
    return Verdict(
        topic="saddles escape",
        statement="Runs at a saddle are solved later more often than runs at a minimum.",
        outcome=outcome,
        sentence=f"{share_words(saddle, 'runs at a saddle')} {_are(saddle.k)} solved later, against "
        f"{share_words(minimum, 'at a minimum')}: p = {format_number(p)} by Fisher's exact test.",
    )


def notes(result: EndingsResult) -> tuple[str, ...]:
    """Return what a reader must know about this experiment before trusting the numbers."""
    experiment, told = result.experiment, list[str]()
    if result.longer > 1 and experiment.looks_ahead:
        told.append(
            "Its schedule depends on its length, so the longer training is another one from the start."
        )
    if result.longer > 1 and isinstance(experiment.stopping, Patience):
        told.append("Runs that its stopping rule froze aren't trained on.")
    if result.longer > 1 and experiment.after is not None:
        told.append("Of its trainings, which continue one another, only the last is made longer.")
    beside = sum(not each.settled for each in result.endings if each.kind() not in ("still moving", "kink"))
    if beside:
        runs = counted(beside, "run")
        told.append(f"Beside {runs} no stationary point was found; the curvature is read as near as it got.")
    if getattr(experiment.optimizer, "weight_decay", 0.0):
        told.append("The loss is read without the optimizer's weight decay, which pulls runs away from it.")
    return tuple(told)


def _none_failed(result: EndingsResult) -> str:
    gone = f"; {result.diverged:,} diverged" if result.diverged else ""
    return (
        f"No run of {result.name} has a failed end to be read: {result.solved:,} of "
        f"{counted(result.how.seeds, 'seed')} {_are(result.solved)} solved{gone}."
    )


def _answer(result: EndingsResult) -> str:
    """Say where most runs end, with the interval, then where the others do, then where none does."""
    some = sorted((each for each in result.kinds if each.runs.k), key=lambda each: -each.runs.k)
    first, *others = some
    ends = _verb(first) or ("ends " if first.runs.k == 1 else "end ")
    told = [f"{share_words(first.runs, 'failed runs')} {ends}{PLACES[first.kind]}"]
    told += [f"{each.runs.k:,} {_verb(each)}{PLACES[each.kind]}" for each in others]
    none = [PLACES[each.kind] for each in result.kinds if not each.runs.k and each.kind in _EXPECTED]
    gone = f" {counted(result.diverged, 'run')} diverged and can't be read." if result.diverged else ""
    return f"{result.name}: {join(told)}{f'; none {_or(none)}' if none else ''}.{gone}"


def _verb(each: EndingKind) -> str:
    """Return what stands before ``still moving``; nothing where "end" may be left out."""
    return f"{_are(each.runs.k)} " if each.kind == "still moving" else ""


_EXPECTED = ("minimum", "saddle", "plateau")


def _escapes(result: EndingsResult) -> str:
    if result.longer == 1:
        return ""
    epochs = f"{result.longer * result.experiment.epochs:,} epochs instead of {result.experiment.epochs:,}"
    total = rate(sum(result.escaped), result.failed)
    parts = [
        f"{each.escaped.k:,} of {each.escaped.n:,} {PLACES[each.kind]}"
        for each in result.kinds
        if each.escaped is not None
    ]
    of = f": {join(parts)}" if len(parts) > 1 else ""
    return (
        f"After {epochs}, {share_words(total, 'of them').replace(' of them', '')} {_are(total.k)} solved{of}."
    )


def _flat(result: EndingsResult) -> tuple[Verdict, ...]:
    """Say in how many directions runs at a minimum have no curvature."""
    minimum = next(each for each in result.kinds if each.kind == "minimum")
    if not minimum.runs.k or minimum.flat < 1:
        return ()
    sentence = (
        f"At a minimum {format_number(minimum.flat)} of {result.experiment.network.parameters:,} directions "
        "are flat (median); nudged and left downhill, the loss falls no further."
    )
    return (Verdict(topic="flat", sentence=sentence),)


def _thresholds(result: EndingsResult) -> str:
    """Say whether the commonest kind stays so when each threshold is ten times larger or smaller."""
    first = max(result.kinds, key=lambda each: each.runs.k)
    shares, turned = [first.runs.k], list[str]()
    for moved in result.at_other_thresholds:
        top = max(moved.runs, key=lambda kind: moved.runs[kind])
        shares.append(moved.runs[first.kind])
        if moved.runs[first.kind] < moved.runs[top]:
            turned.append(
                f"{moved.runs[top]:,} are {PLACES[top]} if {THRESHOLD_WORDS[moved.name]} counts from "
                f"{format_percent_of(moved.value)} of the loss on"
            )
    span = f"{min(shares):,} to {max(shares):,} of {result.failed:,} are {PLACES[first.kind]}"
    also = join(turned) if turned else "it stays the commonest"
    return f"If each threshold is ten times larger or smaller, {span}; {also}."


def _or(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} or {names[-1]}"


def _are(count: int) -> str:
    return "is" if count == 1 else "are"
