"""A race of candidates for the fewest seeds: its question, and how it is run."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Protocol

from trainlab.budgets import Budget
from trainlab.draw import counted
from trainlab.engine import Runs
from trainlab.errors import SpecError
from trainlab.execution import Progress, Provenance, RunSettings, provenance_of, start_afresh
from trainlab.spec import (
    Experiment,
    Study,
    any_study,
    named_cell,
    select_cells,
    study_from_dict,
    study_to_dict,
)
from trainlab.spec.checks import check_number
from trainlab.spec.study import MAX_SEEDS
from trainlab.stats import Rate, Standing, hold_race, round_sizes
from trainlab.stats.rate import Bools, Counts
from trainlab.store import Store
from trainlab.studies.candidates import Field, RaceTraining, networks_field, study_field
from trainlab.studies.checked_options import checked_options
from trainlab.studies.race_result import RaceCandidate, RaceResult, RaceRound

# What a race asks: who races, on how many seeds, within which budget of runs; checked whole.


@dataclass(frozen=True, kw_only=True, slots=True)
class RaceQuestion:
    """A race as it was asked; the fields are those of `race`.

    Raises SpecError for numbers that no race can have; `field` says whether there is such a race.
    """

    plan: Study
    networks: Budget | None = None
    draw: int | None = None
    draw_seed: int = 0
    cell: str | None = None
    seeds: int
    max_seeds: int
    budget_seeds: int | None = None

    def __post_init__(self) -> None:
        check_number("seeds", self.seeds, at_least=1, at_most=MAX_SEEDS)
        check_number("max_seeds", self.max_seeds, at_least=self.seeds, at_most=MAX_SEEDS)
        if self.budget_seeds is not None:
            check_number("budget_seeds", self.budget_seeds, at_least=1)
        if self.draw is not None:
            check_number("draw", self.draw, at_least=2)
        if self.networks is None and self.draw is not None:
            raise SpecError(
                f"draw = {self.draw}: draws networks of a budget; what [race] lists races as a whole."
            )

    def field(self) -> Field:
        """Return the candidates; raise SpecError if they can't race, or not within `budget_seeds`."""
        field = (
            study_field(self.plan, self.cell)
            if self.networks is None
            else networks_field(
                named_cell(self.plan, self.cell).experiment,
                self.networks,
                draw=self.draw,
                seed=self.draw_seed,
            )
        )
        needed = len(field.candidates) * self.seeds
        if self.budget_seeds is not None and self.budget_seeds < needed:
            raise SpecError(
                f"budget_seeds = {self.budget_seeds:,}: the first round alone takes {needed:,} runs "
                f"({len(field.candidates):,} {field.noun}s × {self.seeds:,} seeds). Raise it, or lower seeds."
            )
        return field

    @property
    def title(self) -> str:
        """What the race is called: a file's title speaks of the networks in it, not of a budget's."""
        if self.networks is not None:
            return f"Networks with exactly {counted(self.networks.parameters, 'parameter')}"
        return self.plan.title or "A race"

    def base(self, field: Field) -> Experiment:
        """Return the experiment that the candidates vary."""
        if self.cell is None or self.networks:
            return named_cell(self.plan, self.cell).experiment
        return field.candidates[0].experiment

    def to_dict(self) -> dict[str, Any]:
        """Return plain data from which `from_dict` makes an equal question."""
        plain = {field.name: getattr(self, field.name) for field in fields(self)}
        networks = None if self.networks is None else asdict(self.networks)
        return {**plain, "plan": study_to_dict(self.plan), "networks": networks}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> RaceQuestion:
        """Read a question from plain data."""
        networks, plain = data["networks"], {**data}
        del plain["networks"], plain["plan"]
        return cls(
            plan=study_from_dict(data["plan"]),
            networks=None if networks is None else Budget(**networks),
            **plain,
        )


# Hold a race: train a round, drop the candidates shown to be worse, go on with the rest.


DRAWN = 6
"""Of so many leaders a run is kept, to be drawn."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RaceProgress:
    """Which round of how many at most, how many candidates are in it, and how far its training is."""

    round: int
    rounds: int
    candidates: int
    training: Progress


@checked_options
def race(
    spec: Study | Experiment | str | os.PathLike[str],
    *,
    networks: Budget | None = None,
    draw: int | None = None,
    draw_seed: int = 0,
    cell: str | None = None,
    seeds: int = 32,
    max_seeds: int = 4096,
    budget_seeds: int | None = None,
    engine: str = "auto",
    store: str | os.PathLike[str] | None = None,
    workers: int | None = None,
    on: str | None = None,
    fresh: bool = False,
    on_progress: Callable[[RaceProgress], None] | None = None,
) -> RaceResult:
    """Find out which of many candidates learns best, without giving all of them all the seeds.

    All get the first `seeds` seeds; those not yet shown to be worse (see `stats.race`) get twice as many in
    each further round, until one is left, all have `max_seeds`, or the next round would take more than
    `budget_seeds` runs in all.

    Args:
        spec: a study, an experiment, the path of a file of either, or the name of an example.
        networks: a budget whose networks race in place of the experiment's own; left out, what the study's
            [race] table crosses.
        draw: how many networks of the budget race; all where it is left out.
        draw_seed: the seed by which they are drawn.
        cell: which cell of the study gives everything else, as ``"Model 1:A+B"`` or ``":A+B"``; left out,
            the first network's without changes.
        seeds: how many seeds the first round has.
        max_seeds: how many a candidate gets at most.
        budget_seeds: how many runs the race may take in all.
        engine: as in `study`, like all that follow.
        store: a folder where finished runs are kept; what is stored is never trained again.
        workers: how many threads or processes train.
        on: where to train, as in `study`.
        fresh: whether to forget what `store` has of these runs first.
        on_progress: what is called with the progress, again and again.

    Returns:
        The verdict, the leaderboard and the rounds.

    Raises:
        SpecError: before anything runs, if what is asked isn't right.
    """
    asked = RaceQuestion(
        plan=any_study(spec),
        networks=networks,
        draw=draw,
        draw_seed=draw_seed,
        cell=cell,
        seeds=seeds,
        max_seeds=max_seeds,
        budget_seeds=budget_seeds,
    )
    field = asked.field()
    started = time.perf_counter()
    settings = RunSettings(engine=engine, store=store, workers=workers, on=on, fresh=fresh)
    with Store.in_memory() if store is None else Store.open(store) as opened:
        racing = [item.experiment.fingerprint for item in field.candidates]
        opened.remember(
            "race",
            asked.title,
            racing,
            networks=len(racing),
            seeds=max_seeds,
            question=asked.to_dict(),
        )
        experiments = [item.experiment for item in field.candidates]
        start_afresh(experiments, range(seeds), replace(settings, store=opened), read=False)
        rounds = len(round_sizes(first=seeds, most=max_seeds))

        def note(candidates: int, progress: Progress) -> None:
            if on_progress:
                on_progress(
                    RaceProgress(
                        round=training.asked, rounds=rounds, candidates=candidates, training=progress
                    )
                )

        training = RaceTraining(
            candidates=field.candidates, settings=settings, store=opened, on_progress=note
        )
        return decided(
            asked,
            field,
            training,
            how=lambda seeds: provenance_of(
                settings,
                experiments,
                seeds=seeds,
                seconds=time.perf_counter() - started,
                trained_steps=training.steps,
                trained_seconds=training.seconds,
            ),
        )


class RaceRuns(Protocol):
    """Where a race gets its runs from: trained when asked for, or read."""

    def outcomes(self, places: Counts, seeds: range) -> Bools:
        """Return which of these candidates solved which of these seeds, ``[places, seeds]``."""
        ...

    def solved_run(self, place: int, seeds: range) -> Runs | None:
        """Return a candidate's solved run of lowest seed among these; None if it has none."""
        ...


def decided(
    asked: RaceQuestion, field: Field, runs: RaceRuns, *, how: Callable[[int], Provenance]
) -> RaceResult:
    """Hold the race and say how it came out; `how` is told how many seeds the leaders got."""
    standing = hold_race(
        runs.outcomes,
        candidates=len(field.candidates),
        first=asked.seeds,
        most=asked.max_seeds,
        budget=asked.budget_seeds,
    )
    plan, cell, networks = asked.plan, asked.cell, asked.networks
    return RaceResult(
        title=asked.title,
        field=f"{field.words}{trained_as(plan, cell)}" if networks else field.words,
        noun=field.noun,
        drawn_from=field.drawn_from,
        base=asked.base(field),
        candidates=_ranked(field, standing, runs),
        rounds=tuple(
            RaceRound(
                seeds=item.seeds,
                candidates=item.candidates,
                dropped=item.dropped,
                leader=field.candidates[item.leader].name,
                runs=item.runs,
            )
            for item in standing.rounds
        ),
        ended=standing.ended,
        first_seeds=asked.seeds,
        max_seeds=asked.max_seeds,
        budget_seeds=asked.budget_seeds,
        how=how(standing.rounds[-1].seeds),
        made=changes_made(
            plan, cell, crossed=networks is None and plan.race is not None and plan.race.changes
        ),
    )


def _ranked(field: Field, standing: Standing, runs: RaceRuns) -> tuple[RaceCandidate, ...]:
    ranked: list[RaceCandidate] = []
    for place in map(int, standing.order):
        candidate, dropped = field.candidates[place], int(standing.dropped_in[place])
        k, n = int(standing.k[place]), int(standing.n[place])
        ranked.append(
            RaceCandidate(
                name=candidate.name,
                experiment=candidate.experiment,
                solved=Rate(k=k, n=n, low=float(standing.low[place]), high=float(standing.high[place])),
                rank=(int(standing.best[place]), int(standing.worst[place])),
                dropped_in=dropped or None,
                beaten_by=field.candidates[int(standing.beaten_by[place])].name if dropped else None,
                run=runs.solved_run(place, range(n)) if len(ranked) < DRAWN else None,
            )
        )
    return tuple(ranked)


def changes_made(plan: Study, cell: str | None, *, crossed: bool) -> tuple[tuple[str, str], ...]:
    """Return names and labels of the changes that a candidate may be trained with."""
    if crossed:
        cells = plan.cells() if cell is None else select_cells(plan, [cell])
        made = {name for item in cells for name in item.changes}
    else:
        made = {*named_cell(plan, cell).changes}
    return tuple((change.name, change.label) for change in plan.changes if change.name in made)


def trained_as(plan: Study, cell: str | None) -> str:
    """Say which cell of a study with changes gives everything else."""
    if not plan.change_names:
        return ""
    made = (cell or "").partition(":")[2]
    return f", trained with {made}" if made not in ("", "none") else ", trained as the baseline"
