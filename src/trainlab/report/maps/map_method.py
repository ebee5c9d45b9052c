"""How a map was made, and what it doesn't say: the same words for page and terminal."""

from __future__ import annotations

from trainlab.draw import counted, format_number
from trainlab.report.provenance_lines import provenance_terms
from trainlab.report.words import task_label
from trainlab.studies.maps import Axis, MapResult


def method_pairs(result: MapResult) -> list[tuple[str, str]]:
    """Return terms with their explanation."""
    asked = result.question
    experiment = asked.experiment
    return [
        ("Cell", f"{asked.cell}, network {experiment.network.label}, task {task_label(experiment.task)}"),
        ("Axes", f"{axis_range(asked.x)}; {axis_range(asked.y)}"),
        ("Points", points_words(result)),
        ("Seeds", seeds_words(result)),
        *provenance_terms(result.how),
        ("Epochs", _epochs(experiment.record.solved_every)),
        ("Not tested", _not_tested(result)),
    ]


def axis_range(axis: Axis) -> str:
    """Return ``optimizer.lr: 64 values from 10⁻⁴ to 10, log``."""
    first, last = format_number(float(axis.values[0])), format_number(float(axis.values[-1]))
    scale = "log" if axis.log else "linear"
    return f"{axis.field}: {len(axis.values)} values from {first} to {last}, {scale}"


def points_words(result: MapResult) -> str:
    """Return how many points were trained, and where the rest comes from."""
    trained = result.counts.trained
    if trained.all():
        return f"all {trained.size:,} trained"
    return (
        f"{int(trained.sum()):,} of {trained.size:,} trained: a coarse grid, then more wherever neighbours "
        "differed by more than 10 points or in their commonest outcome; the rest is interpolated between "
        "trained points that agree. What is smaller than the coarse grid can be missed"
    )


def seeds_words(result: MapResult) -> str:
    """Return which seeds every point was trained on, and which the best point again."""
    first = result.how.seeds
    every = f"{_span(0, first)} at every point"
    best = result.best
    return every if best is None else f"{every}; the best point again on {_span(first, best.fresh.n)}"


def _span(first: int, count: int) -> str:
    return f"{first:,}" if count == 1 else f"{first:,} to {first + count - 1:,}"


def _epochs(every: int) -> str:
    if not every:
        return "runs were checked for being solved only at their end"
    return f"runs were checked for being solved every {counted(every, 'epoch')}"


def _not_tested(result: MapResult) -> str:
    seeds, task = result.how.seeds, task_label(result.question.experiment.task)
    low, high = (100 * end for end in _interval_at_most(result))
    return (
        f"A shade rests on {counted(seeds, 'seed')}: where all are solved, the interval is {low:.0f} to "
        f"{high:.0f} %. All points share their seeds, so neighbours err alike. Everything else is as "
        f"the file has it: another task than {task}, another network or setting has another map."
    )


def _interval_at_most(result: MapResult) -> tuple[float, float]:
    from trainlab.stats import rate

    best = rate(result.how.seeds, result.how.seeds)
    return best.low, best.high
