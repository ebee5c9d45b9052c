"""The blocks of docs/learning_rate.md."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from measure.blocks import chance, percent, points, table
from measure.explained import CONTEST_SEEDS, Explained, RateEndings, carry_out, pictures_of
from trainlab.draw import format_number, join
from trainlab.explain.questions.learning_rate.schedules import step_example
from trainlab.explain.questions.learning_rate.sharpness import descent_words
from trainlab.stats import rate, share_words
from trainlab.studies import EndingsResult
from trainlab.studies.landscape import KINDS, Kind

SHOWN = 4
"""Every so many of the grid's rates are in the table; the picture has all."""

__all__ = ["BLOCKS", "carry_out", "pictures"]

PICTURED = {"valley": ("quadratic", 0), "solved": ("effects", 0), "schedules": ("schedules", 0)}
"""The page's pictures: the section of the explanation that has each, and its place there."""


def rate_answer(explained: Explained) -> str:
    """The answer in three sentences."""
    found, rates = explained.learning_rate.regimes, explained.learning_rate.rates
    low, high = rates[found.low].rate, rates[found.high].rate
    best = next(each for each in rates if each.rate == found.best[0])
    helped = [each for each in explained.contests if each.difference.reading == "helps"]
    diverging = ""
    if found.diverging is not None:
        diverging = f", and from {format_number(found.diverging)} on most diverge"
    return (
        "The learning rate says how far each step goes against the gradient: w_new = w − lr × gradient. For "
        f"{explained.learning_rate.numbers['cell']} on XOR it works from {format_number(low)} to "
        f"{format_number(high)}, where up to "
        f"{share_words(best.solved)} are solved; smaller rates run out of epochs, greater ones "
        f"overshoot{diverging}. A schedule, a rate that changes while training goes on, is shown to beat the "
        f"best constant rate on {len(helped)} of {len(explained.contests)} networks."
    )


def rate_step(explained: Explained) -> str:
    """One step of one weight, and of all at several rates."""
    step = explained.learning_rate.step
    rows = [
        (
            f"{format_number(trial.rate)}{', its own' if trial.rate == step.rate else ''}",
            format_number(trial.foretold),
            format_number(trial.loss),
            "falls" if trial.loss < step.loss else "rises",
        )
        for trial in step.trials
    ]
    numbers = (step.before, step.gradient, step.after)
    before, slope, after = (format_number(each, digits=4) for each in numbers)
    return (
        f"Seed {step.seed} begins with a loss of {format_number(step.loss)}. One of its weights is {before}, "
        f"with a gradient of {slope}. A step of {step.rate:g} makes it "
        f"{before} − {step.rate:g} × {slope} = **{after}**. All weights move at once:\n\n"
        + table(("learning rate", "loss that the slope predicts", "loss after the step", "it"), rows)
    )


def rate_limit(explained: Explained) -> str:
    """The limit on a quadratic, by formula and by trial."""
    edges = explained.learning_rate.stability
    rows = [
        (
            f"{edge.curvatures[0]:.4g}",
            descent_words(edge.descent),
            f"{edge.limit:.6g}",
            f"{edge.measured:.6g}",
        )
        for edge in edges
        if len(edge.curvatures) == 1
    ]
    limits = [place.limit for place in explained.learning_rate.sharpness if math.isfinite(place.limit)]
    return (
        table(("curvature λ", "descent", "limit by formula", "limit found by trying"), rows)
        + f"\n\nWhere training begins, the sharpest direction of this network's loss sets a limit between "
        f"{format_number(min(limits))} and {format_number(max(limits))}, in {len(limits)} seeds; on all "
        "examples at once and with its momentum. Training on one example at a time breaks down earlier, as "
        "the table below shows."
    )


def rate_grid(explained: Explained) -> str:
    """What the same seeds do at every rate, and where it works."""
    found, rates = explained.learning_rate.regimes, explained.learning_rate.rates
    rows = [
        (
            format_number(each.rate),
            found.of(place),
            percent(each.solved),
            percent(each.diverged),
            "–" if math.isnan(each.epochs) else f"{each.epochs:g}",
            format_number(each.loss),
        )
        for place, each in enumerate(rates)
        if place % SHOWN == 0
    ]
    heads = ("learning rate", "regime", "solved", "diverged", "epochs until solved", "loss at the end")
    return table(heads, rows)


def rate_endings(explained: Explained) -> str:
    """Where the failed runs of four rates end, and how many more epochs solve."""
    rows: list[tuple[str, ...]] = []
    for each in explained.endings:
        found = each.found
        counts = {kind.kind: f"{kind.runs.k:,}" for kind in found.kinds}
        rows.append(
            (
                format_number(each.rate),
                each.regime,
                f"{found.failed:,} of {found.how.seeds:,}",
                *(counts.get(kind, "–") for kind in KINDS),
                f"{found.diverged:,}",
                f"{sum(found.escaped):,}",
            )
        )
    later = explained.endings[0].found
    epochs = f"solved after {later.longer * later.experiment.epochs:,} epochs"
    heads = ("learning rate", "regime", "failed", *KINDS, "diverged", epochs)
    return "\n\n".join((table(heads, rows), *_judged(explained.endings)))


def _judged(endings: Sequence[RateEndings]) -> list[str]:
    """Judge what is said of small rates and of large ones, by counts of the failed runs there."""
    small = [each.found for each in endings if each.regime != "too large"]
    large = [each.found for each in endings if each.regime == "too large"]
    return [
        f"Small rates: of {_counted(small)}, {_of_kind(small, 'minimum')} at a minimum and "
        f"{_of_kind(small, 'plateau')} on a plateau; {_escaped(small)} are solved if they may go on.",
        f"Large rates: of {_counted(large)}, {_of_kind(large, 'minimum')} at a minimum and "
        f"{_of_kind(large, 'plateau')} on a plateau, while {_of_kind(large, 'still moving')} are still "
        f"moving; {_escaped(large)} are solved if they may go on.",
    ]


def _counted(found: Sequence[EndingsResult]) -> str:
    return f"{sum(each.failed for each in found):,} failed runs"


def _escaped(found: Sequence[EndingsResult]) -> str:
    return f"{sum(sum(each.escaped) for each in found):,}"


def _of_kind(found: Sequence[EndingsResult], kind: Kind) -> str:
    """Return how many of the failed runs end this way, with the interval of their share."""
    count = sum(ending.kind() == kind for each in found for ending in each.endings)
    failed = sum(each.failed for each in found)
    if not failed:
        return "none"
    share = rate(count, failed)
    return f"{count:,} ({100 * share.low:.1f} to {100 * share.high:.1f} %)"


def rate_range_test(explained: Explained) -> str:
    """What the range test suggests, and how that fared on fresh seeds."""
    test, fared = explained.learning_rate.range_test, explained.learning_rate.suggestion
    rows = [
        (
            each.label,
            format_number(each.point.rate),
            percent(each.point.solved),
            "–" if each.difference is None else points(each.difference.value),
            "–" if each.reading is None else each.reading,
            f"{each.point.epochs:g}",
        )
        for each in fared
    ]
    lowest, suggested = format_number(test.lowest), format_number(test.suggested)
    heads = ("", "rate", "solved", "difference, points", "reading", "epochs until solved")
    words = f"The loss is lowest at {lowest}, so the test suggests a tenth of it, {suggested}."
    return f"{words}\n\n{table(heads, rows)}"


def rate_step_example(explained: Explained) -> str:
    """The assignment's StepLR."""
    told = [
        f"{f'{rate:.6f}'.rstrip('0')} in epochs {first} to {last}" for first, last, rate in step_example()
    ]
    return f"The rate is {join(told)}."


def rate_schedules(explained: Explained) -> str:
    """Each schedule as written in a file, and what it did at the experiment's own rate."""
    named = {each.label: each for each in explained.learning_rate.schedules}
    rows = [
        (
            "constant" if each.difference is None else f"`{named[each.label].toml}`",
            "–" if each.difference is None else named[each.label].title,
            percent(each.point.solved),
            "–" if each.difference is None else points(each.difference.value),
        )
        for each in explained.learning_rate.comparison
    ]
    return table(("in a file", "PyTorch's class", "solved", "difference, points"), rows)


def rate_contest(explained: Explained) -> str:
    """The best schedule against the best constant rate."""
    rows = [
        (
            each.network,
            f"{format_number(each.constant_rate)}: {percent(each.constant)}",
            f"{each.schedule}, peak {format_number(each.peak)}: {percent(each.scheduled)}",
            points(each.difference.value),
            chance(each.difference.p_adjusted),
            each.difference.reading,
        )
        for each in explained.contests
    ]
    heads = ("", "best constant rate", "best schedule", "difference, points", "p (Holm)", "reading")
    half = CONTEST_SEEDS // 2
    return f"Chosen on {half} seeds, compared on {half} others:\n\n" + table(heads, rows)


def pictures(explained: Explained) -> dict[str, str]:
    """Return the files of docs/pictures by name."""
    return pictures_of("learning_rate", explained.learning_rate, PICTURED)


BLOCKS: tuple[Callable[[Explained], str], ...] = (
    rate_answer,
    rate_step,
    rate_limit,
    rate_grid,
    rate_endings,
    rate_range_test,
    rate_step_example,
    rate_schedules,
    rate_contest,
)
