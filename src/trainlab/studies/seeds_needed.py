"""How many seeds: for an effect to show, and until each interval is narrow enough."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from trainlab.draw import counted, format_fixed
from trainlab.errors import SpecError
from trainlab.execution import Progress, RunSettings, train_and_read
from trainlab.execution.demand import check_results
from trainlab.plain import Plain
from trainlab.spec import Cell, Study
from trainlab.spec.checks import check_number
from trainlab.spec.study import MAX_SEEDS
from trainlab.stats import (
    POWER,
    SIGNIFICANCE,
    Rate,
    difference_told,
    first_look,
    is_narrow,
    likely_size,
    look_sizes,
    points_words,
    rate,
    seeds_to_tell,
)
from trainlab.store import Store

# How many seeds a study needs to tell a difference of success rates, before anything is trained.


@dataclass(frozen=True, kw_only=True, slots=True)
class SeedsNeeded:
    """The seeds with which 80 of 100 studies tell a `difference` of success rates, where most are needed.

    It is a share. `alone` if it is the only one, `together` if it is one of a `family` of differences that
    are read together. The study's own `seeds` then tell a difference of `told`, or none.
    """

    difference: float
    alone: int
    together: int
    family: int
    seeds: int
    told: float | None

    @property
    def sentence(self) -> str:
        """The numbers, and what they stand on."""
        points, share = points_words(self.difference), f"{100 * POWER:.0f} of 100 studies"
        both = [f"{50 * (1 + side * self.difference):.4g}" for side in (-1, 1)]
        one = f"To tell {points} apart in {share}: {counted(self.alone, 'seed')}"
        many = f" for one difference, {self.together:,} as one of {self.family:,} read together (Holm)"
        own = f"{counted(self.seeds, 'seed')}, as this study has, tell {_told(self.told)}."
        return (
            f"{one}{many if self.family > 1 else ''}. That is at the rates that need most, {both[0]} "
            f"and {both[1]} %, with cells that are independent on a seed; nearer to 0 or 1, or where both "
            f"succeed on the same seeds, fewer do. {own}"
        )


def seeds_needed(plan: Study, difference: float) -> SeedsNeeded:
    """Return how many seeds tell a `difference`, a share, that a change makes to a study's baseline.

    It is told by the study's own test, of paired differences with Holm's correction at its first step.

    Raises:
        SpecError: the study has no changes, or several splits.
        StatsError: the difference isn't between 0 and 1.
    """
    if not plan.changes or plan.splits > 1:
        why = f"has {plan.splits:,} splits, over which rates aren't compared" if plan.changes else "has none"
        raise SpecError(f"power: is about what changes do to success rates, but this study {why}.")
    family = len(plan.network_names) * len(plan.changes)
    level = SIGNIFICANCE / family
    return SeedsNeeded(
        difference=difference,
        alone=seeds_to_tell(difference, level=SIGNIFICANCE),
        together=seeds_to_tell(difference, level=level),
        family=family,
        seeds=plan.seeds,
        told=difference_told(plan.seeds, level=level),
    )


def _told(share: float | None) -> str:
    return "none apart, however large" if share is None else f"{format_fixed(100 * share, 1)} points apart"


# Seeds are added to all cells of a study until the interval of each success rate is narrow enough.
#
# All cells get the same number of seeds, as many as the widest interval needs: effects are differences on the
# same seeds, and a factorial with cells of several sizes would have to leave out what it trained. The rule is
# `stats.sample_size`'s; each cell stops with the others, so at its own number of seeds or at a later look.


MAX_SEEDS_ADDED = 100_000
"""The most seeds of each cell, unless another number is asked for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class UntilWidth(Plain):
    """How seeds were added until no interval of a success rate was wider than `width`, a share.

    After `looks` looks each cell has so many `seeds`, `most` at most. The widest interval is then `widest`
    wide, that of the cell `where`. `likely` is how many seeds would probably do, if these don't; None if that
    is more than `MAX_SEEDS`, or they do.
    """

    _written = "width max_seeds=most looks seeds widest where likely reached sentence"

    width: float
    most: int
    looks: int
    seeds: int
    widest: float
    where: str
    likely: int | None = None

    @property
    def reached(self) -> bool:
        """Whether every interval is as narrow as was asked for."""
        return self.widest <= self.width

    @property
    def short(self) -> str:
        """The outcome alone."""
        asked, widest = points_words(self.width), points_words(self.widest)
        if self.reached:
            return (
                f"Seeds were added until no interval of a success rate was wider than {asked}: "
                f"{self.seeds:,} in each cell, after {counted(self.looks, 'look')}."
            )
        likely = f"; about {self.likely:,} would probably do" if self.likely else ""
        return (
            f"The interval of {self.where} is still {widest} wide, not {asked}: "
            f"{self.most:,} seeds are the most that were allowed (--max-seeds){likely}."
        )

    @property
    def sentence(self) -> str:
        """The outcome, and by which rule."""
        widest = f"The widest, of {self.where}, is {points_words(self.widest)} wide. " if self.reached else ""
        return (
            f"{self.short} {widest}The numbers of seeds "
            "after which the intervals were looked at are fixed beforehand, the first twice the fewest that "
            "could be enough; so they hold the truth as often as with a fixed number of seeds, and nothing "
            "is corrected for the looks."
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Added:
    """What came out, and how much was trained for it: steps, and seconds."""

    until: UntilWidth
    steps: int
    seconds: float


def check_until_width(width: float, *, splits: int, least: int, most: int) -> None:
    """Refuse, before anything is trained, a width that can't be reached or isn't one."""
    check_number("until_width", width, above=0.0, below=1.0)
    check_number("max_seeds", most, at_least=1, at_most=MAX_SEEDS)
    if splits > 1:
        raise SpecError(
            f"until_width = {width:g}: adds seeds on one split, but splits = {splits}, and more seeds don't "
            "narrow what another split would say. Set splits = 1, or leave until_width out."
        )
    if most < least:
        raise SpecError(
            f"max_seeds = {most:,}: is less than the {least:,} seeds that each cell gets at least; raise it, "
            "or lower seeds."
        )
    if (first := first_look(width, least=least)) > most:
        raise SpecError(
            f"until_width = {width:g}: its first look comes after {first:,} seeds, but max_seeds = {most:,}; "
            "allow more, or ask for wider intervals."
        )


def train_until_narrow(
    cells: Sequence[Cell],
    *,
    width: float,
    least: int,
    most: int,
    settings: RunSettings,
    store: Store,
    on_look: Callable[[int], None],
) -> Added:
    """Train the cells on the seeds from 0 on until every interval is narrow, or they have `most`.

    What the store holds isn't trained again, so a stopped study goes on where it was. `on_look` is called
    with each number of seeds before they are trained.
    """
    sizes = look_sizes(width, least=least, most=most)
    experiments = [cell.experiment for cell in cells]
    solved = [0] * len(cells)
    steps, seconds, before, ahead = 0, 0.0, 0, ""
    last: Progress | None = None

    def note(progress: Progress) -> None:
        nonlocal last
        last = progress
        if settings.on_progress:
            settings.on_progress(replace(progress, ahead=ahead))

    for look, size in enumerate(sizes, start=1):
        # They are read as a whole at the end; what doesn't fit is refused before it is trained.
        check_results(experiments, [range(size)] * len(experiments))
        on_look(size)
        last = None
        training = settings.training(store=store, on_progress=note)
        ended = train_and_read(experiments, range(before, size), store.outcomes, **training)
        steps += last.steps_trained if last else 0
        seconds += last.elapsed if last else 0.0
        solved = [k + int(rows["solved"].sum()) for k, rows in zip(solved, ended, strict=True)]
        rates = [rate(k, size) for k in solved]
        widest = max(rates, key=_width)
        if is_narrow(widest, width) or size == sizes[-1]:
            until = UntilWidth(
                width=width,
                most=most,
                looks=look,
                seeds=size,
                widest=_width(widest),
                where=cells[rates.index(widest)].name,
                likely=None if is_narrow(widest, width) else _likely(rates, size, width),
            )
            return Added(until=until, steps=steps, seconds=seconds)
        before, likely = size, likely_size(rates, sizes[look:], width)
        about = f"about {likely:,} seeds" if likely else f"not within {most:,} seeds"
        ahead = f"{points_words(_width(widest))} wide, {points_words(width)} asked for: {about}"
    raise AssertionError("the last look ends it")


def _likely(rates: Sequence[Rate], size: int, width: float) -> int | None:
    return likely_size(rates, look_sizes(width, least=size, most=MAX_SEEDS), width)


def _width(value: Rate) -> float:
    return value.high - value.low
