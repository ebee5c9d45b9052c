"""Train the points of a map, some hundred experiments at a time, and report the whole map's progress."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence

from trainlab.engine import Runs, engine_of
from trainlab.execution import Interrupted, Progress, start_afresh, train_all
from trainlab.spec import Experiment
from trainlab.store import Store
from trainlab.studies.maps.refine import Point

BATCH = 256
"""So many experiments are planned, trained and loaded together; what isn't counted yet stays this small."""


class Trainer:
    """Trains experiments through the store, batch by batch, and tells how far all that it was given is.

    `steps` and `seconds` add up what was trained, not what the store held already. `largest` is for each
    engine the experiment with the most parameters that it got.
    """

    def __init__(
        self,
        *,
        engine: str,
        store: Store | None,
        workers: int | None,
        on: str | None,
        fresh: bool,
        on_progress: Callable[[Progress], None] | None,
    ) -> None:
        self.engine, self.store, self.workers, self.on, self.fresh = engine, store, workers, on, fresh
        self.on_progress = on_progress
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
        self.fingerprints |= {each.fingerprint for each in experiments}
        self._forget(experiments, seeds)
        for each in experiments:
            engine = engine_of(self.engine, each)
            known = self.largest.get(engine)
            if known is None or known.network.parameters < each.network.parameters:
                self.largest[engine] = each
        last: Progress | None = None

        def note(progress: Progress) -> None:
            nonlocal last
            last = progress
            self._tell(progress, len(seeds))

        try:
            return train_all(
                experiments,
                seeds,
                engine=self.engine,
                store=self.store,
                workers=self.workers,
                on=self.on,
                on_progress=note,
            )
        except Interrupted as stopped:
            kept = self.store is not None and self.store.on_disk
            done = self._points_done + (last.runs_done // len(seeds) if last else 0)
            raise Interrupted(done=done, total=self._points_total, kept=kept, noun="points") from stopped
        finally:
            if last is not None:
                self.steps += last.steps_trained
                self._steps_to_end += last.steps_done
                self.seconds += last.elapsed

    def _forget(self, experiments: Sequence[Experiment], seeds: range) -> None:
        """Forget, once, what the store held before this command; what has been trained since stays."""
        if not self.fresh or self.store is None:
            return
        old = [each for each in experiments if each.fingerprint not in self._forgotten]
        start_afresh(old, seeds, engine=self.engine, store=self.store, workers=self.workers, on=self.on)
        self._forgotten |= {each.fingerprint for each in old}

    def _tell(self, batch: Progress | None, seeds: int) -> None:
        """Add the progress within a batch, of so many seeds a point, to that of the batches before it."""
        if self.on_progress is None:
            return
        trained = self.steps + (batch.steps_trained if batch else 0)
        to_end = self._steps_to_end + (batch.steps_done if batch else 0)
        seconds = self.seconds + (batch.elapsed if batch else 0.0)
        done = self._steps_done + (batch.steps_done if batch else 0)
        self.on_progress(
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
