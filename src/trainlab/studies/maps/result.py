"""What a map returns: its verdict, its JSON, its data frame."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from trainlab.draw import Column, counted, data_frame, format_number, format_percent, join
from trainlab.execution import Provenance
from trainlab.plain import JSON_FORMAT, Result, plain
from trainlab.spec import Experiment
from trainlab.stats import Rate, Verdict, rate, share_words
from trainlab.studies.maps.counts import LEVELS, OUTCOMES, Counts, Shares
from trainlab.studies.maps.question import Question, short_name

# What a map returns; it prints and shows itself.


@dataclass(frozen=True, kw_only=True, slots=True)
class Best:
    """The best point: its place, what was `seen` there, and its rate on `fresh` seeds.

    `seen` is the best of many and so may flatter; `fresh` had no part in the choice.
    """

    row: int
    column: int
    seen: Rate
    fresh: Rate


@dataclass(frozen=True, kw_only=True, slots=True)
class Own:
    """The experiment's own two values, and how often it is solved on the seeds of the map."""

    x: float
    y: float
    solved: Rate


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class MapResult(Result):
    """The outcome of a map. `print(result)` gives the verdict, `to_dict()` and `to_json()` everything.

    `best` is None where no seed is solved at any point, `own` where the experiment's own values lie outside
    of the plane.
    """

    _indent = None

    question: Question
    counts: Counts
    shares: Shares
    best: Best | None
    own: Own | None
    every_point: bool
    how: Provenance

    @property
    def learns(self) -> npt.NDArray[np.bool_]:
        """Where training works: at least 90 % of the seeds are solved, ``[y, x]``.

        Where a point wasn't trained, the interpolated share decides; `counts.trained` tells which those are.
        """
        return np.asarray(self.shares.solved >= LEVELS[-1] - 1e-9, dtype=np.bool_)

    @property
    def learns_ranges(self) -> tuple[tuple[float, float], ...]:
        """The least and the greatest x, and y, where training works; empty if it works nowhere."""
        asked, learns = self.question, self.learns
        if not learns.any():
            return ()
        pairs = ((asked.x, learns.any(axis=0)), (asked.y, learns.any(axis=1)))
        return tuple(
            (axis.values[int(places[0])], axis.values[int(places[-1])])
            for axis, places in ((axis, np.flatnonzero(some)) for axis, some in pairs)
        )

    @property
    def best_experiment(self) -> Experiment | None:
        """The experiment at the best point; None if there is none."""
        return self.best and self.question.at(self.best.row, self.best.column)

    @property
    def verdict(self) -> tuple[str, ...]:
        """What the map says, in sentences; the first is the answer."""
        return tuple(verdict.sentence for verdict in self.verdicts)

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """What the map says, a verdict a sentence; the first is the answer.

        Of the topics ``"learns"``, ``"extent"``, ``"phases"``, ``"best"``, ``"own"``, ``"elsewhere"`` those
        that apply.
        """

        return map_verdicts(self)

    def at(self, x: float, y: float) -> Rate | None:
        """Return the share solved at the point nearest to these values; None if it wasn't trained."""
        row, column = self.question.nearest(x, y)
        k = int(self.counts.runs[0, row, column])
        return rate(k, self.counts.seeds) if k >= 0 else None

    def to_frame(self, *, library: str | None = None) -> Any:
        """Return the points as a data frame of pandas or, if that isn't installed, of polars.

        A row a point: its two settings under their names, whether it was `trained`, how many of `n` seeds are
        `solved`, the `share` with the interval from `low` to `high`, all from 0 to 1, how many failed in
        which way, the commonest `outcome`, and the median of `epochs_until_solved`. Where a point wasn't
        trained, `share`, `outcome` and `epochs_until_solved` are interpolated, and counts are missing.

        Args:
            library: ``"pandas"`` or ``"polars"``; without, the first of them that is installed.

        Raises:
            TrainlabError: there is no such library, or (MissingPackageError) it isn't installed.
        """

        return data_frame(_point_columns(self), library)

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain data; the format is documented in docs/json.md."""
        from trainlab.studies.maps.show import solved_contours

        asked, trained = self.question, self.counts.trained
        return plain(
            {
                "format": JSON_FORMAT,
                "kind": "map",
                "cell": asked.cell,
                "experiment": asked.experiment,
                "x": asked.x,
                "y": asked.y,
                "verdict": self.verdict,
                "points": {"total": trained.size, "trained": int(trained.sum())},
                "learns": _learns_fields(self),
                "best": self.best
                and {
                    "x": asked.x.values[self.best.column],
                    "y": asked.y.values[self.best.row],
                    "seen": self.best.seen,
                    "fresh": self.best.fresh,
                },
                "own": self.own and {"x": self.own.x, "y": self.own.y, "solved": self.own.solved},
                "trained": trained.tolist(),
                "solved": {**_counted(self, 0), **_intervals(self)},
                "diverged": _counted(self, 1),
                "vanishing": _counted(self, 2),
                "standing_still": _counted(self, 3),
                "stuck": _counted(self, 4),
                "outcome": [[OUTCOMES[place] for place in row] for row in self.shares.outcome.tolist()],
                "epochs_until_solved": _numbers(self.shares.epochs),
                "contours": [
                    {"level": level, "lines": [line.tolist() for line in lines]}
                    for level, lines in solved_contours(self)
                ],
                "how": self.how,
            }
        )

    def __repr__(self) -> str:
        rows, columns = self.question.shape
        return (
            f"<MapResult {self.question.name!r}: {columns}×{rows} points × {counted(self.how.seeds, 'seed')}>"
        )

    def __str__(self) -> str:
        return "\n".join(self.verdict)

    def _repr_html_(self) -> str:
        from trainlab.studies.maps.show import map_notebook

        return map_notebook(self)


def _learns_fields(result: MapResult) -> dict[str, Any]:
    points = int(result.learns.sum())
    x, y = (list(pair) for pair in result.learns_ranges or ((), ()))
    return {
        "level": LEVELS[-1],
        "points": points,
        "trained": int((result.learns & result.counts.trained).sum()),
        "share": points / result.learns.size,
        "x": x,
        "y": y,
    }


def _counted(result: MapResult, outcome: int) -> dict[str, Any]:
    counts = result.counts.runs[outcome].tolist()
    return {
        "k": [[None if k < 0 else k for k in row] for row in counts],
        "share": _numbers(result.shares.runs[outcome]),
    }


def _intervals(result: MapResult) -> dict[str, Any]:
    rates = [rate(k, result.counts.seeds) for k in range(result.counts.seeds + 1)]
    rows: list[list[int]] = result.counts.runs[0].tolist()
    return {
        "low": [[None if k < 0 else rates[k].low for k in row] for row in rows],
        "high": [[None if k < 0 else rates[k].high for k in row] for row in rows],
    }


def _numbers(values: npt.NDArray[np.float64]) -> list[list[float | None]]:
    return [[round(value, 6) if value == value else None for value in row] for row in values.tolist()]


def _point_columns(result: MapResult) -> dict[str, Column]:
    """Return the points of the plane, row after row of y; counts are missing where none was trained."""
    asked, counts, shares = result.question, result.counts, result.shares
    y, x = np.meshgrid(asked.y.values, asked.x.values, indexing="ij")
    trained = counts.trained.ravel()
    intervals = [rate(k, counts.seeds) for k in range(counts.seeds + 1)]
    solved = counts.runs[0].ravel()
    ends = np.array([(one.low, one.high) for one in intervals])[np.maximum(solved, 0)]

    def known(values: npt.NDArray[np.generic]) -> npt.NDArray[np.float64]:
        return np.where(trained, values.ravel(), np.nan).astype(np.float64)

    failures = {
        name.replace(" gradient", "").replace(" ", "_"): known(counts.runs[place])
        for place, name in enumerate(OUTCOMES)
        if place > 0
    }
    return {
        asked.x.field: x.ravel(),
        asked.y.field: y.ravel(),
        "trained": trained,
        "solved": known(solved),
        "n": np.where(trained, counts.seeds, 0),
        "share": shares.solved.ravel(),
        "low": known(ends[:, 0]),
        "high": known(ends[:, 1]),
        **failures,
        "outcome": np.array(OUTCOMES)[shares.outcome.ravel()],
        "epochs_until_solved": shares.epochs.ravel(),
    }


# The verdicts of a map: where training works, the best point, how it fails elsewhere.


def map_verdicts(result: MapResult) -> tuple[Verdict, ...]:
    """Return the answer first, then what supports it. A map asks where, so no statement is judged."""
    told = {
        "learns": _learns(result),
        "extent": _extent(result),
        "phases": _phases(result),
        "best": _best(result),
        "own": _own(result),
        "elsewhere": _elsewhere(result),
    }
    return tuple(Verdict(topic=topic, sentence=text) for topic, text in told.items() if text)


def _phases(result: MapResult) -> str:
    """Say which training the settings belong to, if it continues another."""
    asked = result.question
    if asked.experiment.after is None:
        return ""
    x, y = short_name(asked.x.field), short_name(asked.y.field)
    return f"Its training goes on from another: {x} and {y} are those of the last one alone."


def _learns(result: MapResult) -> str:
    """Say at how many of the trained points training works: what was measured, and how sure that is."""
    name, seeds, trained = result.question.name, result.counts.seeds, result.counts.trained
    often = f"at least {100 * LEVELS[-1]:.0f} % of {counted(seeds, 'seed')}"
    points = counted(int(trained.sum()), "trained point")
    works = int((result.learns & trained).sum())
    if not works:
        return f"{name} isn't seen to learn in this plane: at none of {points} are {often} solved."
    least = rate(math.ceil(LEVELS[-1] * seeds - 1e-9), seeds)
    return (
        f"{name} learns at {works:,} of {points}: {often} are solved there, and {least.k:,} of {seeds:,} "
        f"{'means' if least.k == 1 else 'mean'} a rate of {100 * least.low:.0f} to {100 * least.high:.0f} %."
    )


def _extent(result: MapResult) -> str:
    """Say over how much of the plane that spreads, and how much of it is interpolated."""
    asked, learns = result.question, result.learns
    if not learns.any():
        return ""
    between = int((learns & ~result.counts.trained).sum())
    more = f"With {between:,} more, interpolated between trained ones, that" if between else "That"
    ranges = [
        _range(short_name(axis.field), low, high)
        for axis, (low, high) in zip((asked.x, asked.y), result.learns_ranges, strict=True)
    ]
    box = int(learns.any(axis=0).sum() * learns.any(axis=1).sum())
    return (
        f"{more} is {format_percent(int(learns.sum()), learns.size)} % of the plane: {join(ranges)}"
        f"{', not every pair of them' if learns.sum() < box else ''}."
    )


def _best(result: MapResult) -> str:
    asked, best = result.question, result.best
    if best is None:
        return "No seed is solved at any trained point, so none is the best."
    x, y = asked.x.values[best.column], asked.y.values[best.row]
    place = f"{short_name(asked.x.field)} {_number(x)}, {short_name(asked.y.field)} {_number(y)}"
    trained = int(result.counts.trained.sum())
    flatters = ", a figure that flatters" if best.fresh.estimate < best.seen.estimate else ""
    chosen = f"{counted(trained, 'trained point')} for {best.seen.k:,} of {best.seen.n:,}{flatters}"
    fresh = f"{share_words(best.fresh, 'fresh seeds')} {_are(best.fresh.k)} solved there"
    return (
        f"The best point is {place}: {fresh}. It was chosen from {chosen}; the fresh seeds had no part in "
        "the choice."
    )


def _own(result: MapResult) -> str:
    asked, own = result.question, result.own
    if own is None:
        return ""
    place = f"{short_name(asked.x.field)} {_number(own.x)}, {short_name(asked.y.field)} {_number(own.y)}"
    return f"As its file has it ({place}), {share_words(own.solved)} {_are(own.solved.k)} solved."


def _elsewhere(result: MapResult) -> str:
    """Say in how much of the plane less than half of the seeds are solved, and what is commonest there."""
    seldom = result.shares.solved < 0.5 - 1e-9
    if not seldom.any():
        return "Nowhere in the plane are less than half of the seeds solved."
    outcome = result.shares.outcome[seldom]
    counts = [(int((outcome == place).sum()), name) for place, name in enumerate(OUTCOMES)]
    told = [
        f"{name} in {format_percent(count, seldom.size)} %"
        for count, name in sorted(counts, key=lambda pair: -pair[0])
        if count
    ]
    share = format_percent(int(seldom.sum()), seldom.size)
    between = "" if result.counts.trained.all() else ", interpolated points included"
    return (
        f"Less than half of the seeds are solved in {share} % of the plane{between}; the commonest outcome "
        f"there is {join(told)} of the plane."
    )


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def _range(name: str, low: float, high: float) -> str:
    return f"{name} {_number(low)}" if low == high else f"{name} from {_number(low)} to {_number(high)}"


def _number(value: float) -> str:
    return format_number(float(value))
