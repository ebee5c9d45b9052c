"""What the assignment states about learning rates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from measure import statements
from measure.blocks import percent, under
from measure.statements import Answer, Found, Outcome, Statement
from trainlab.draw import format_number
from trainlab.stats import Rate, almost_always, more_than, rate
from trainlab.studies import EndingsResult
from trainlab.studies.endings_result import FACTOR, PLACES, THRESHOLD_WORDS
from trainlab.studies.landscape import THRESHOLDS, Kind, Thresholds

PAGE, PLACE, ASKED = "learning_rate", "question 2", "`trainlab explain learning-rate`"
ENDINGS = "[where runs end](endings.md)"


def steps(*, exact: bool, gap: float) -> Answer:
    """One step is w − lr × gradient: to the bit by hand, and as PyTorch's SGD."""
    answer = statements.exact(gaps={"by hand and by `torch.optim.SGD`": gap}, facts={"exact by hand": exact})
    return Answer(
        outcome=answer.outcome,
        number=answer.number,
        told=f"{answer.told} Of plain SGD. From its second step on momentum adds earlier gradients, and Adam "
        "rescales every one: there lr multiplies something else than this step's gradient.",
    )


def _steps(found: Found) -> Mapping[str, Any]:
    step, checks = found.explained.learning_rate.step, found.explained.learning_rate.numbers["checks"]
    gap = next(each["difference"] for each in checks if each["what"] == "the new weight")
    return {"exact": step.after == step.before - step.rate * step.gradient, "gap": gap}


def slow(*, small: tuple[float, float], best: tuple[float, float], least: Rate, reached: Rate) -> Answer:
    """A small rate is slow: it takes more epochs, and a smaller one still doesn't get there in time.

    `small` and `best` are (rate, median epochs until solved); `least` is the share solved at the smallest
    rate and `reached` that at the best one.
    """
    outcomes: dict[str, Outcome] = {
        "takes more epochs": "upheld"
        if small[1] > best[1]
        else "mixed"
        if small[1] == best[1]
        else "refuted",
        "smaller ones run out of epochs": _lower(least, reached),
    }
    return statements.parts(
        outcomes=outcomes,
        number=f"{small[1]:g} epochs at {format_number(small[0])}, {best[1]:g} at {format_number(best[0])}",
        told=f"Solved at the smallest rate tried: {percent(least)}; at the best: {percent(reached)}.",
    )


def _lower(one: Rate, other: Rate) -> Outcome:
    """Return whether a share is below another, the intervals apart."""
    return "upheld" if one.high < other.low else "refuted" if one.low > other.high else "mixed"


def _slow(found: Found) -> Mapping[str, Any]:
    regimes, rates = found.explained.learning_rate.regimes, found.explained.learning_rate.rates
    best = min((each for each in rates if each.rate in regimes.best), key=lambda each: each.epochs)
    low = rates[regimes.low]
    return {
        "small": (low.rate, low.epochs),
        "best": (best.rate, best.epochs),
        "least": rates[0].solved,
        "reached": best.solved,
    }


def fast(*, low: tuple[float, float], high: tuple[float, float]) -> Answer:
    """A large rate is fast: of the rates that work the greatest takes fewer epochs than the least."""
    outcome: Outcome = "upheld" if high[1] < low[1] else "refuted" if high[1] > low[1] else "mixed"
    number = f"{high[1]:g} epochs at {format_number(high[0])}, {low[1]:g} at {format_number(low[0])}"
    return Answer(outcome=outcome, number=number, told="Epochs until solved (median), where the rate works.")


def _fast(found: Found) -> Mapping[str, Any]:
    regimes, rates = found.explained.learning_rate.regimes, found.explained.learning_rate.rates
    low, high = rates[regimes.low], rates[regimes.high]
    return {"low": (low.rate, low.epochs), "high": (high.rate, high.epochs)}


def reaches(*, minimum: Rate, later: Rate, told: str) -> Answer:
    """A small rate misses no minimum: nine runs in ten are at one, solved or not, when their time is up.

    `later` are those that are at one or solved after ten times as many epochs.
    """
    found = {"in the same time": minimum, "in ten times the time": later}
    outcomes = {name: almost_always(each) for name, each in found.items()}
    number = "; ".join(f"{name} {percent(each)}" for name, each in found.items())
    return statements.parts(outcomes=outcomes, number=number, told=told)


def ends(result: EndingsResult, *kinds: Kind, limits: Thresholds = THRESHOLDS) -> Rate:
    """Return how many of all runs end so."""
    n = result.solved + result.diverged + result.failed
    return rate(sum(each.kind(limits) in kinds for each in result.endings), n)


def _told(result: EndingsResult) -> str:
    each = ", ".join(f"{kind.runs.k:,} {PLACES[kind.kind]}" for kind in result.kinds if kind.runs.k)
    gone = f", {result.diverged:,} diverged" if result.diverged else ""
    n = result.solved + result.diverged + result.failed
    lr = format_number(result.experiment.optimizer.lr)
    network, epochs = result.experiment.network.label, result.experiment.epochs
    told = f"{network} at a rate of {lr}, of {n:,} runs after {epochs:,} epochs: {result.solved:,} solved"
    later = f"; after {result.longer * epochs:,}, {sum(result.escaped):,} more" if result.longer > 1 else ""
    return f"{told}, {each}{gone}{later}."


def _minima(found: Found) -> Mapping[str, Any]:
    small = found.explained.endings[0].found
    n = small.solved + small.diverged + small.failed
    ended = [each.kind() == "minimum" for each in small.endings]
    later = [escaped or there for escaped, there in zip(small.escaped, ended, strict=True)]
    return {
        "minimum": rate(small.solved + sum(ended), n),
        "later": rate(small.solved + sum(later), n),
        "told": _told(small),
    }


def plateaus(*, shares: Mapping[str, Rate], others: Mapping[str, Mapping[str, Rate]], told: str) -> Answer:
    """A small rate may stall on a plateau: of each network more than one run in twenty ends there.

    `others` are the shares at other thresholds, in words.
    """
    outcomes = {name: more_than(statements.SELDOM, each) for name, each in shares.items()}
    turned = {
        words: statements.all_of(more_than(statements.SELDOM, each) for each in moved.values())
        for words, moved in others.items()
    }
    return statements.parts(
        outcomes=outcomes,
        number="; ".join(f"{name} {percent(each)}" for name, each in shares.items()),
        told=told,
        others=turned,
    )


def _plateau(found: Found) -> Mapping[str, Any]:
    small = {"Model 2": found.explained.endings[0].found, "Model 3": found.deep[0]}
    return {
        "shares": {name: ends(each, "plateau") for name, each in small.items()},
        "others": {
            words: {name: ends(each, "plateau", limits=limits) for name, each in small.items()}
            for words, limits in moved_thresholds().items()
        },
        "told": " ".join(map(_told, small.values())),
    }


def moved_thresholds() -> dict[str, Thresholds]:
    """Return the thresholds of endings with each one ten times larger, and ten times smaller."""
    moved: dict[str, Thresholds] = {}
    for field in fields(Thresholds):
        for value in (FACTOR * getattr(THRESHOLDS, field.name), getattr(THRESHOLDS, field.name) / FACTOR):
            words = f"{THRESHOLD_WORDS[field.name]} from {100 * value:g} %"
            moved[words] = replace(THRESHOLDS, **{field.name: value})
    return moved


def unsettled(
    *,
    minimum: Mapping[str, Rate],
    moving: Mapping[str, Rate],
    others: Mapping[str, Mapping[str, tuple[Rate, Rate]]],
    told: str,
) -> Answer:
    """A large rate may get stuck in a local minimum, or not converge: each happens on one run in twenty.

    Both by network; a run that diverged hasn't converged. `others` are both at other thresholds, in words.
    """
    outcomes = {
        f"a local minimum, {name}": more_than(statements.SELDOM, each) for name, each in minimum.items()
    }
    outcomes |= {
        f"not converging, {name}": more_than(statements.SELDOM, each) for name, each in moving.items()
    }
    turned = {
        words: statements.all_of(
            more_than(statements.SELDOM, each) for pair in moved.values() for each in pair
        )
        for words, moved in others.items()
    }
    return statements.parts(
        outcomes=outcomes,
        number="; ".join(
            f"{name}: minimum {percent(each)}, not converged {percent(moving[name])}"
            for name, each in minimum.items()
        ),
        told=told,
        others=turned,
    )


def _unsettled(found: Found) -> Mapping[str, Any]:
    large = {"Model 2": found.explained.endings[-1].found, "Model 3": found.deep[1]}

    def both(each: EndingsResult, limits: Thresholds = THRESHOLDS) -> tuple[Rate, Rate]:
        moving = ends(each, "still moving", limits=limits)
        return ends(each, "minimum", limits=limits), rate(moving.k + each.diverged, moving.n)

    return {
        "minimum": {name: both(each)[0] for name, each in large.items()},
        "moving": {name: both(each)[1] for name, each in large.items()},
        "others": {
            words: {name: both(each, limits) for name, each in large.items()}
            for words, limits in moved_thresholds().items()
        },
        "told": " ".join(map(_told, large.values())),
    }


def oscillates(*, gaps: Mapping[str, float], solved_above: Rate, solved_best: Rate) -> Answer:
    """A large rate oscillates: in a valley a step overshoots exactly where theory says.

    `gaps` are between the limit by formula, 2/λ, and that found by trying. What networks do is told beside.
    """
    return Answer(
        outcome=statements.exact(gaps=gaps).outcome,
        number=f"limits of a valley differ by {under(max(gaps.values()))}",
        told="In a valley of curvature λ a step overshoots above 1/λ and diverges above 2/λ, by formula and "
        "by trying. Whether a network's loss swings wasn't read; at the first rate above those that work "
        f"{percent(solved_above)} are solved, at the last that works {percent(solved_best)}.",
    )


def _oscillates(found: Found) -> Mapping[str, Any]:
    answer = found.explained.learning_rate
    regimes, rates = answer.regimes, answer.rates
    beyond = rates[min(regimes.high + 1, len(rates) - 1)]
    return {
        "gaps": {f"valley {place}": edge.difference for place, edge in enumerate(answer.stability, 1)},
        "solved_above": beyond.solved,
        "solved_best": rates[regimes.high].solved,
    }


STATEMENTS: tuple[Statement, ...] = (
    Statement(
        number="39",
        said="w_new = w_old − lr × gradient.",
        place=PLACE,
        asked=f"{ASKED}: one step",
        rule=steps,
        read=_steps,
        page=PAGE,
        seeds="1",
    ),
    Statement(
        number="40",
        said="A small rate is slow.",
        place=PLACE,
        asked=f"{ASKED}: the same seeds at every rate",
        rule=slow,
        read=_slow,
        page=PAGE,
        seeds="1,000 a rate",
        note="That it is steady, too, is said of the curve, which isn't read here.",
    ),
    Statement(
        number="41",
        said="A small rate makes sure that no local minimum is missed.",
        place=PLACE,
        asked=f"{ENDINGS}: Model 2 with B and E; nine runs in ten are solved or at a minimum",
        rule=reaches,
        read=_minima,
        page=PAGE,
        seeds="200 each",
        note="Of Model 2, which small rates solve in the end; Model 3 isn't asked.",
    ),
    Statement(
        number="42",
        said="A small rate may stall on a plateau.",
        place=PLACE,
        asked=f"{ENDINGS}: Models 2 and 3 with B and E; more than one run in twenty ends on a plateau",
        rule=plateaus,
        read=_plateau,
        page=PAGE,
        seeds="200 each",
    ),
    Statement(
        number="43",
        said="A large rate is fast while the loss falls.",
        place=PLACE,
        asked=f"{ASKED}: epochs until solved",
        rule=fast,
        read=_fast,
        page=PAGE,
        seeds="1,000 a rate",
    ),
    Statement(
        number="44",
        said="A large rate may get stuck in a local minimum, or not converge.",
        place=PLACE,
        asked=f"{ENDINGS}: Models 2 and 3 with B and E; more than one run in twenty ends so",
        rule=unsettled,
        read=_unsettled,
        page=PAGE,
        seeds="200 each",
    ),
    Statement(
        number="45",
        said="A large rate may oscillate.",
        place=PLACE,
        asked=f"{ASKED}: a valley of known curvature",
        rule=oscillates,
        read=_oscillates,
        page=PAGE,
        seeds="1,000 a rate",
    ),
)
