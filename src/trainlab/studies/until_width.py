"""Seeds are added to all cells of a study until the interval of each success rate is narrow enough.

All cells get the same number of seeds, as many as the widest interval needs: effects are differences on the
same seeds, and a factorial with cells of several sizes would have to leave out what it trained. The rule is
`stats.width_rule`'s; each cell stops with the others, so at its own number of seeds or at a later look.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from trainlab.draw import counted
from trainlab.errors import SpecError
from trainlab.execution import Progress, train_and_read
from trainlab.execution.demand import check_results
from trainlab.spec import Cell
from trainlab.spec.checks import check_number
from trainlab.spec.study import MAX_SEEDS
from trainlab.stats import Rate, first_look, is_narrow, likely_size, look_sizes, points_words, rate
from trainlab.store import Store

MAX_SEEDS_ADDED = 100_000
"""The most seeds of each cell, unless another number is asked for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class UntilWidth:
    """How seeds were added until no interval of a success rate was wider than `width`, a share.

    After `looks` looks each cell has so many `seeds`, `most` at most. The widest interval is then `widest`
    wide, that of the cell `where`. `likely` is how many seeds would probably do, if these don't; None if that
    is more than `MAX_SEEDS`, or they do.
    """

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

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON has it."""
        return {
            "width": self.width,
            "max_seeds": self.most,
            "looks": self.looks,
            "seeds": self.seeds,
            "widest": self.widest,
            "where": self.where,
            "likely": self.likely,
            "reached": self.reached,
            "sentence": self.sentence,
        }


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
    engine: str,
    store: Store,
    workers: int | None,
    on: str | None,
    on_progress: Callable[[Progress], None] | None,
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
        if on_progress:
            on_progress(replace(progress, ahead=ahead))

    for look, size in enumerate(sizes, start=1):
        # They are read as a whole at the end; what doesn't fit is refused before it is trained.
        check_results(experiments, [range(size)] * len(experiments))
        on_look(size)
        last = None
        ended = train_and_read(
            experiments,
            range(before, size),
            store.outcomes,
            engine=engine,
            store=store,
            workers=workers,
            on=on,
            on_progress=note,
        )
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
