"""The smallest budget: with how few parameters does some network solve a share of the seeds?"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from trainlab.budgets import Budget
from trainlab.budgets.question import limits, number_words
from trainlab.engine import engine_of
from trainlab.errors import SpecError
from trainlab.execution import Progress, RunSettings, provenance_of, start_afresh
from trainlab.spec import Experiment, Study, any_study, named_cell
from trainlab.spec.checks import check_number
from trainlab.spec.race import MAX_CANDIDATES
from trainlab.spec.study import MAX_SEEDS
from trainlab.stats import any_reaches
from trainlab.stats.race import TRIES
from trainlab.store import Store
from trainlab.studies.candidates import Candidate, RaceTraining, all_networks, check_ends
from trainlab.studies.checked_options import checked_options
from trainlab.studies.race import changes_made, trained_as
from trainlab.studies.smallest_result import BudgetJudged, Ended, SmallestResult

SHARE = 0.95


@dataclass(frozen=True, kw_only=True, slots=True)
class BudgetProgress:
    """Which budget is raced, at which place of how many, by how many networks, and how far they are."""

    parameters: int
    place: int
    budgets: int
    candidates: int
    training: Progress


@checked_options
def smallest_budget(
    spec: Study | Experiment | str | os.PathLike[str],
    *,
    budgets: Sequence[Budget],
    share: float = SHARE,
    cell: str | None = None,
    every_budget: bool = False,
    seeds: int = 32,
    max_seeds: int = 4096,
    engine: str = "auto",
    store: str | os.PathLike[str] | None = None,
    workers: int | None = None,
    on: str | None = None,
    fresh: bool = False,
    on_progress: Callable[[BudgetProgress], None] | None = None,
) -> SmallestResult:
    """Find the fewest parameters with which some network solves `share` of the seeds, by this training.

    Of each budget all networks race until one is judged on fresh seeds to reach the share, or all are shown
    not to (see `stats.any_reaches`). The search ends with the first budget that is enough, and before one of
    more networks than can race. All that is said of all budgets holds at once with a confidence of 95 %.

    Args:
        spec: as in `race`, like `cell`: what gives everything but the network.
        budgets: the budgets, with ascending numbers of parameters and the same limits.
        share: the share of the seeds that is to be solved.
        cell: which cell of the study gives everything but the network.
        every_budget: whether to go on through all budgets after one that is enough.
        seeds: how many seeds the first round of a race has.
        max_seeds: how many a network gets at most.
        engine: as in `study`, like all that follow.
        store: a folder where finished runs are kept; what is stored is never trained again.
        workers: how many threads or processes train.
        on: where to train, as in `study`.
        fresh: whether to forget what `store` has of these runs first.
        on_progress: what is called with the progress, again and again.

    Returns:
        The verdict, and the best network of every budget.

    Raises:
        SpecError: before anything runs, if what is asked isn't right.

    >>> budgets = [budget(parameters, inputs=2, outputs=1) for parameters in range(5, 14)]
    >>> smallest_budget("xor44", budgets=budgets, cell=":A+B+C+D+E").smallest  # doctest: +SKIP
    """
    plan = any_study(spec)
    base = named_cell(plan, cell).experiment
    _check(base, budgets, share, seeds, max_seeds)
    started = time.perf_counter()
    judged: list[BudgetJudged] = []
    ended: Ended = "all"
    largest: dict[str, Experiment] = {}
    steps, seconds = 0, 0.0
    settings = RunSettings(engine=engine, store=store, workers=workers, on=on, fresh=fresh)
    with Store.in_memory() if store is None else Store.open(store) as opened:
        for place, asked in enumerate(budgets, 1):
            count = asked.count()
            if count > MAX_CANDIDATES:
                ended = "too many"
                break
            if count == 0:
                judged.append(BudgetJudged(parameters=asked.parameters))
                continue
            candidates = all_networks(base, asked)
            _remember(opened, asked, candidates, seeds=max_seeds)
            experiments = [item.experiment for item in candidates]
            start_afresh(experiments, range(seeds), replace(settings, store=opened), read=False)
            training = RaceTraining(
                candidates=candidates,
                settings=settings,
                store=opened,
                on_progress=_note(on_progress, asked.parameters, place, len(budgets)),
            )
            judged.append(
                _judge(asked, training, share=share, first=seeds, most=max_seeds, error=0.05 / len(budgets))
            )
            steps, seconds = steps + training.steps, seconds + training.seconds
            largest |= {engine_of(engine, item.experiment): item.experiment for item in candidates}
            if judged[-1].reached == "yes" and not every_budget:
                ended = "found" if place < len(budgets) else "all"
                break
    return SmallestResult(
        title=f"Networks with {budgets[0].parameters:,} to {budgets[-1].parameters:,} parameters",
        field=f"all networks of each size ({', '.join(limits(budgets[0]))}){trained_as(plan, cell)}",
        base=base,
        share=share,
        budgets=tuple(judged),
        asked=tuple(asked.parameters for asked in budgets),
        ended=ended,
        first_seeds=seeds,
        max_seeds=max_seeds,
        how=provenance_of(
            settings,
            largest.values() or [base],
            seeds=max((item.raced for item in judged), default=0),
            seconds=time.perf_counter() - started,
            trained_steps=steps,
            trained_seconds=seconds,
        ),
        made=changes_made(plan, cell, crossed=False),
    )


def _judge(
    asked: Budget, training: RaceTraining, *, share: float, first: int, most: int, error: float
) -> BudgetJudged:
    found = any_reaches(
        training.outcomes,
        candidates=len(training.candidates),
        share=share,
        first=first,
        most=most,
        error=error,
    )
    best = training.candidates[found.best]
    return BudgetJudged(
        parameters=asked.parameters,
        networks=len(training.candidates),
        reached=found.reached,
        best=best.name,
        experiment=best.experiment,
        solved=found.judged,
        raced=found.raced,
        runs=found.runs,
        run=training.solved_run(found.best, range(found.judged_from, found.judged_from + found.judged.n)),
    )


def _remember(store: Store, asked: Budget, candidates: Sequence[Candidate], *, seeds: int) -> None:
    """Note the budget's race, as `race` itself would."""
    racing = [item.experiment.fingerprint for item in candidates]
    title = f"Networks with exactly {asked.parameters:,} parameters"
    store.remember("race", title, racing, networks=len(racing), seeds=seeds)


def _note(
    tell: Callable[[BudgetProgress], None] | None, parameters: int, place: int, budgets: int
) -> Callable[[int, Progress], None]:
    def note(candidates: int, progress: Progress) -> None:
        if tell is not None:
            tell(
                BudgetProgress(
                    parameters=parameters,
                    place=place,
                    budgets=budgets,
                    candidates=candidates,
                    training=progress,
                )
            )

    return note


def _check(base: Experiment, budgets: Sequence[Budget], share: float, seeds: int, max_seeds: int) -> None:
    if not budgets:
        raise SpecError("budgets: there are none; give one or more, as in [trainlab.budget(9, …), …].")
    for one, other in pairwise(budgets):
        if replace(one, parameters=other.parameters) != other or one.parameters >= other.parameters:
            raise SpecError(
                f"budgets: {one.parameters:,} and {other.parameters:,} parameters follow each other; the "
                "number must rise, and everything else be the same."
            )
    check_number("share", share, above=0.0, below=1.0)
    most = MAX_SEEDS // (1 + TRIES)
    check_number("seeds", seeds, at_least=1, at_most=most)
    check_number("max_seeds", max_seeds, at_least=seeds, at_most=most)
    check_ends(base, budgets[0])
    if budgets[0].count() > MAX_CANDIDATES:
        raise SpecError(
            f"budgets: {number_words(budgets[0].count())} networks have {budgets[0].parameters:,} "
            f"parameters, and at most {MAX_CANDIDATES:,} can race. Begin with fewer parameters, or narrow "
            "the question, as by max_depth = 2 (--max-depth 2)."
        )
