"""A map is asked and carried out, point by point."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

from trainlab.engine import Runs, engine_of
from trainlab.execution import (
    Interrupted,
    Progress,
    Provenance,
    RunSettings,
    provenance_of,
    start_afresh,
    train_all,
)
from trainlab.spec import Experiment, Study, value_of
from trainlab.stats import Rate, rate
from trainlab.store import STOPPED, Store
from trainlab.studies.checked_options import checked_options
from trainlab.studies.maps.counts import Counts, Point, Shares, interpolate, no_counts, refine, stride
from trainlab.studies.maps.question import SEEDS, SIZE, Question, ask, read_size
from trainlab.studies.maps.result import Best, MapResult, Own

# Train the points of a map, some hundred experiments at a time, and report the whole map's progress.


BATCH = 256
"""So many experiments are planned, trained and loaded together; what isn't counted yet stays this small."""


class Trainer:
    """Trains experiments through the store, batch by batch, and tells how far all that it was given is.

    `steps` and `seconds` add up what was trained, not what the store held already. `largest` is for each
    engine the experiment with the most parameters that it got.
    """

    def __init__(self, settings: RunSettings, store: Store | None) -> None:
        self.settings, self.store = replace(settings, store=store), store
        self.steps, self.seconds = 0, 0.0
        self.largest: dict[str, Experiment] = {}
        self.fingerprints: set[str] = set()
        self._forgotten: set[str] = set()
        self._started = time.monotonic()
        self._points_done = self._points_total = 0
        self._runs_done = self._runs_total = 0
        self._steps_done = self._steps_total = 0
        # Of the steps of this call those to the last epoch, as the other counts, frozen or not.
        self._steps_to_end = 0

    def train(
        self,
        points: Sequence[Point],
        seeds: range,
        *,
        make: Callable[[Point], Experiment],
        take: Callable[[Point, Runs], None],
    ) -> None:
        """Train the experiment that `make` gives for each point on all the seeds; `take` gets its runs.

        Raises:
            Interrupted: Ctrl-C was pressed; what was finished is in the store.
        """
        self._points_total += len(points)
        self._runs_total += len(points) * len(seeds)
        # Made twice, rather than all of a large map kept.
        self._steps_total += _steps(map(make, points), seeds)
        for start in range(0, len(points), BATCH):
            batch = points[start : start + BATCH]
            experiments = [make(point) for point in batch]
            for point, runs in zip(batch, self._train(experiments, seeds), strict=True):
                take(point, runs)
            self._points_done += len(batch)
            self._runs_done += len(batch) * len(seeds)
            self._steps_done += _steps(experiments, seeds)
            self._tell(None, len(seeds))

    def _train(self, experiments: Sequence[Experiment], seeds: range) -> list[Runs]:
        self._forget(experiments, seeds)
        for each in experiments:
            engine = engine_of(self.settings.engine, each)
            known = self.largest.get(engine)
            if known is None or known.network.parameters < each.network.parameters:
                self.largest[engine] = each
        last: Progress | None = None
        ended = False

        def note(progress: Progress) -> None:
            nonlocal last
            last = progress
            self._tell(progress, len(seeds))

        try:
            runs = train_all(experiments, seeds, **self.settings.training(on_progress=note))
            ended = True
            return runs
        except Interrupted as stopped:
            kept = self.store is not None and self.store.on_disk
            done = self._points_done + (last.runs_done // len(seeds) if last else 0)
            raise Interrupted(done=done, total=self._points_total, kept=kept, noun="points") from stopped
        finally:
            if ended or (last is not None and last.runs_done):
                self.fingerprints |= {each.fingerprint for each in experiments}
            if last is not None:
                self.steps += last.steps_trained
                self._steps_to_end += last.steps_done
                self.seconds += last.elapsed

    def _forget(self, experiments: Sequence[Experiment], seeds: range) -> None:
        """Forget, once, what the store held before this command; what has been trained since stays."""
        old = [each for each in experiments if each.fingerprint not in self._forgotten]
        start_afresh(old, seeds, self.settings)
        self._forgotten |= {each.fingerprint for each in old}

    def _tell(self, batch: Progress | None, seeds: int) -> None:
        """Add the progress within a batch, of so many seeds a point, to that of the batches before it."""
        if self.settings.on_progress is None:
            return
        trained = self.steps + (batch.steps_trained if batch else 0)
        to_end = self._steps_to_end + (batch.steps_done if batch else 0)
        seconds = self.seconds + (batch.elapsed if batch else 0.0)
        done = self._steps_done + (batch.steps_done if batch else 0)
        self.settings.on_progress(
            Progress(
                chunks_done=self._points_done + (batch.runs_done // seeds if batch else 0),
                chunks_total=self._points_total,
                runs_done=self._runs_done + (batch.runs_done if batch else 0),
                runs_total=self._runs_total,
                steps_done=done,
                steps_total=self._steps_total,
                steps_trained=trained,
                elapsed=time.monotonic() - self._started,
                rate=trained / seconds if seconds > 0 else 0.0,
                seconds_left=seconds * (self._steps_total - done) / to_end if to_end else None,
                engine=batch.engine if batch else "",
                stopping=batch.stopping if batch else False,
            )
        )


def _steps(experiments: Iterable[Experiment], seeds: range) -> int:
    return sum(each.epochs * each.steps_per_epoch for each in experiments) * len(seeds)


# Carry out a map: train the points of the plane, coarse to fine, and find and test again the best.


Floats = npt.NDArray[np.float64]

FRESH = 10
"""The best point is tested again on so many times the seeds of a point."""


@checked_options
def map_plane(
    spec: Experiment | Study | str | os.PathLike[str],
    *,
    x: str,
    y: str,
    size: tuple[int, int] | str = SIZE,
    seeds: int = SEEDS,
    cell: str | None = None,
    every_point: bool = False,
    engine: str = "auto",
    store: str | os.PathLike[str] | None = None,
    workers: int | None = None,
    on: str | None = None,
    fresh: bool = False,
    on_progress: Callable[[Progress], None] | None = None,
) -> MapResult:
    """Say where in a plane of two settings training works, and how it fails elsewhere.

    At first a coarse grid is trained, then more wherever neighbours differ. The best point is tested again on
    other seeds.

    Args:
        spec: an experiment, a study, the path of a file of either, or the name of an example.
        x: the axis across, as ``"optimizer.lr=1e-4..10"`` or ``"epochs=10..1000:log"``.
        y: the axis up, alike.
        size: how many values the axes take, as ``(64, 64)`` or ``"64x64"``.
        seeds: on how many seeds each point is trained: 0, 1, 2, ….
        cell: which cell of a study to map, as ``"Model 1:A+B"``; left out, the first.
        every_point: whether to train all points.
        engine: as in `study`, like all that follow.
        store: a folder where finished runs are kept.
        workers: how many threads or processes train.
        on: where to train, as in `study`.
        fresh: whether to forget what `store` has of these runs first.
        on_progress: what is called with the progress, again and again.

    Returns:
        The plane: what its points came to, the best of them, and the verdict.

    Raises:
        SpecError: before anything runs, if what is asked isn't right.
    """
    asked = ask(
        spec, x=x, y=y, size=read_size(size) if isinstance(size, str) else size, seeds=seeds, cell=cell
    )
    started = time.perf_counter()
    settings = RunSettings(
        engine=engine, store=store, workers=workers, on=on, fresh=fresh, on_progress=on_progress
    )
    with settings.opened() as opened:
        trainer = Trainer(settings, opened)
        title = f"{asked.name}: {asked.x.field} × {asked.y.field}"
        ended = False
        try:
            result = mapped(
                asked,
                trainer,
                every_point=every_point,
                how=lambda: provenance_of(
                    settings,
                    trainer.largest.values(),
                    seeds=seeds,
                    seconds=time.perf_counter() - started,
                    trained_steps=trainer.steps,
                    trained_seconds=trainer.seconds,
                ),
            )
            ended = True
        finally:
            # What is trained when a map is stopped is its own as well.
            points = trainer.fingerprints
            if opened is not None and points:
                name = title if ended else f"{title}{STOPPED}"
                opened.remember(
                    "map",
                    name,
                    points,
                    networks=len(points),
                    seeds=asked.seeds,
                    question={**asked.to_dict(), "every_point": every_point},
                )
    return result


class PointRuns(Protocol):
    """Where a map gets the runs of its points from: trained when asked for, or read."""

    def train(
        self,
        points: Sequence[Point],
        seeds: range,
        *,
        make: Callable[[Point], Experiment],
        take: Callable[[Point, Runs], None],
    ) -> None:
        """Give `take` the runs of the experiment that `make` has for each point, on all the seeds."""
        ...


def mapped(
    asked: Question, trainer: PointRuns, *, every_point: bool, how: Callable[[], Provenance]
) -> MapResult:
    """Fill the plane, and find and test again the best point; `how` is asked when all is done."""
    counts, shares = _train_plane(asked, trainer, every_point=every_point)
    best = _best(asked, trainer, counts, shares)
    own = _own(asked, trainer)
    return MapResult(
        question=asked,
        counts=counts,
        shares=shares,
        best=best,
        own=own,
        every_point=every_point,
        how=how(),
    )


def _train_plane(asked: Question, trainer: PointRuns, *, every_point: bool) -> tuple[Counts, Shares]:
    counts = no_counts(asked.shape, seeds=asked.seeds)

    def train(points: Sequence[Point]) -> None:
        trainer.train(points, range(asked.seeds), make=lambda point: asked.at(*point), take=counts.put)

    strides = (1, 1) if every_point else (stride(asked.shape[0]), stride(asked.shape[1]))
    rects = refine(asked.shape, strides=strides, train=train, differ=counts.differ)
    return counts, interpolate(counts, rects)


def _best(asked: Question, trainer: PointRuns, counts: Counts, shares: Shares) -> Best | None:
    point = best_point(counts, shares)
    if point is None:
        return None
    again = range(asked.seeds, (1 + FRESH) * asked.seeds)
    return Best(
        row=point[0],
        column=point[1],
        seen=rate(int(counts.runs[0, *point]), asked.seeds),
        fresh=_rate_of(trainer, asked.at(*point), again),
    )


def best_point(counts: Counts, shares: Shares) -> Point | None:
    """Return the trained point with the most seeds solved; None if none is solved anywhere.

    Of several, the one around which most is solved, a sixteenth of the plane each way: small changes of it
    should do no harm, and beyond the plane nothing is known. Of these the one solved soonest.
    """
    if counts.runs[0].max() < 1:
        return None
    around = _mean_around(shares.solved)
    epochs = np.where(np.isfinite(counts.epochs), counts.epochs, np.inf)
    order = np.lexsort((epochs.ravel(), -around.ravel(), -counts.runs[0].ravel()))
    row, column = np.unravel_index(int(order[0]), shares.solved.shape)
    return int(row), int(column)


def _mean_around(values: Floats) -> Floats:
    """Return the mean over a window around each point; what lies beyond the plane counts as 0."""
    for axis, count in enumerate(values.shape):
        reach = max(1, count // 16)
        edges = [(reach + 1, reach) if each == axis else (0, 0) for each in (0, 1)]
        sums = np.cumsum(np.pad(values, edges), axis=axis)
        width = 2 * reach + 1
        starts: npt.NDArray[np.int64] = np.arange(count, dtype=np.int64)
        values = (np.take(sums, starts + width, axis=axis) - np.take(sums, starts, axis=axis)) / width
    # Equal means must stay equal whatever was added up before them.
    return np.round(values, 6)


def _own(asked: Question, trainer: PointRuns) -> Own | None:
    """Train the experiment as its file has it, if that lies in the plane."""
    place = [value_of(asked.experiment, axis.field) for axis in (asked.x, asked.y)]
    x, y = place
    if x is None or y is None:
        return None
    if not (asked.x.values[0] <= x <= asked.x.values[-1] and asked.y.values[0] <= y <= asked.y.values[-1]):
        return None
    return Own(x=x, y=y, solved=_rate_of(trainer, asked.experiment, range(asked.seeds)))


def _rate_of(trainer: PointRuns, experiment: Experiment, seeds: range) -> Rate:
    found: list[Runs] = []
    trainer.train([(0, 0)], seeds, make=lambda _: experiment, take=lambda _, runs: found.append(runs))
    return rate(int(found[0].solved.sum()), len(seeds))
