"""Training through the store: stored runs are loaded, only what is missing is trained."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import nullcontext

from trainlab.engine import Runs
from trainlab.execution import Progress, start_afresh, train_all
from trainlab.spec import Experiment
from trainlab.store import Store


def train_stored(
    experiments: Sequence[Experiment],
    seeds: range | Sequence[range],
    *,
    engine: str,
    store: Store | str | os.PathLike[str] | None,
    workers: int | None,
    on: str | None,
    fresh: bool,
    on_progress: Callable[[Progress], None] | None,
) -> tuple[list[Runs], int, float]:
    """Return the runs of each experiment, and how many steps were trained for them, in how many seconds.

    Of several ranges of `seeds` each experiment has its own. What `store` keeps isn't trained again, but with
    `fresh`, which has it forgotten first. Without a `store` nothing is kept; one that is open stays open.
    """
    last: Progress | None = None

    def note(progress: Progress) -> None:
        nonlocal last
        last = progress
        if on_progress:
            on_progress(progress)

    with nullcontext(store) if store is None or isinstance(store, Store) else Store.open(store) as opened:
        if fresh and opened is not None:
            start_afresh(experiments, seeds, engine=engine, store=opened, workers=workers, on=on)
        runs = train_all(
            experiments, seeds, engine=engine, store=opened, workers=workers, on=on, on_progress=note
        )
    return runs, last.steps_trained if last else 0, last.elapsed if last else 0.0
