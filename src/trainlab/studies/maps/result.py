"""What a map returns; it prints and shows itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from trainlab.draw import JSON_FORMAT, Column, counted, data_frame, json_text
from trainlab.execution import Provenance
from trainlab.spec import Experiment
from trainlab.stats import Rate, Verdict, rate
from trainlab.studies.maps.counts import OUTCOMES, Counts, Shares
from trainlab.studies.maps.question import Question

LEVELS = (0.5, 0.9)
"""Contours of the share solved; from the last on, training is said to work."""


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
class MapResult:
    """The outcome of a map. `print(result)` gives the verdict, `to_dict()` and `to_json()` everything.

    `best` is None where no seed is solved at any point, `own` where the experiment's own values lie outside
    of the plane.
    """

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
        from trainlab.studies.maps.verdict import map_verdicts

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
        from trainlab.studies.maps.contour import solved_contours

        asked, trained = self.question, self.counts.trained
        return {
            "format": JSON_FORMAT,
            "kind": "map",
            "cell": asked.cell,
            "experiment": asked.experiment.to_dict(),
            "x": asked.x.to_dict(),
            "y": asked.y.to_dict(),
            "verdict": list(self.verdict),
            "points": {"total": trained.size, "trained": int(trained.sum())},
            "learns": _learns(self),
            "best": self.best
            and {
                "x": asked.x.values[self.best.column],
                "y": asked.y.values[self.best.row],
                "seen": self.best.seen.to_dict(),
                "fresh": self.best.fresh.to_dict(),
            },
            "own": self.own and {"x": self.own.x, "y": self.own.y, "solved": self.own.solved.to_dict()},
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
            "how": self.how.to_dict(),
        }

    def to_json(self) -> str:
        """Return `to_dict` as text; a number that isn't finite is null."""
        return json_text(self.to_dict(), indent=None)

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


def _learns(result: MapResult) -> dict[str, Any]:
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
