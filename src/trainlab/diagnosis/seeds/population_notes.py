"""What is to be known of a population beside its numbers."""

from __future__ import annotations

from collections.abc import Sequence

from trainlab.diagnosis.seeds.seed_run import SeedRun
from trainlab.draw import counted


def notes_of(
    yours: SeedRun, runs: Sequence[SeedRun], *, early: str, from_start: bool, metric: str
) -> tuple[str, ...]:
    """Return sentences, the weightiest first."""
    notes = [_early(early, yours, runs), _redrawn(yours, runs), _steps(yours, runs), _missing(runs, metric)]
    if not yours.seeded and not yours.failed:
        notes.append("The script sets no seed of torch: its own run was one of many, and can't be repeated.")
    if from_start:
        notes.append(
            "The script makes no module: the seeds that it sets were changed from the start, so that data "
            "drawn from them differ, too."
        )
    return tuple(note for note in notes if note)


def _early(early: str, yours: SeedRun, runs: Sequence[SeedRun]) -> str:
    if early == "alike":
        return (
            f"The seed changes nothing: {len(runs)} of {len(runs)} runs are the script's own to the bit, "
            "so no more were made. It draws what it draws from generators with seeds of their own "
            "(torch.Generator, numpy.random.default_rng, random_state=), or draws nothing."
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
    without = [run for run in runs if not run.failed and run.value is None]
    if not metric or not without:
        return ""
    return f"{counted(len(without), 'run')} ended without a finite number for {metric}."
