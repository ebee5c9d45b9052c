"""Tell an explanation while it is made: sections go out once they are ready, populations are trained."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from trainlab.engine import Runs
from trainlab.execution import Progress, train_all
from trainlab.explain.explanation import Section
from trainlab.spec import Experiment
from trainlab.store import Store

OnSection = Callable[[Section], None]
OnProgress = Callable[[Progress], None]


@dataclass(kw_only=True, slots=True)
class Telling:
    """The sections so far, and whom to tell of each one."""

    on_section: OnSection | None = None
    sections: list[Section] = field(default_factory=list[Section])

    def add(self, part: Section) -> None:
        """Add a finished section, and show it."""
        self.sections.append(part)
        if self.on_section is not None:
            self.on_section(part)

    def done(self) -> tuple[Section, ...]:
        """Return all sections, in order."""
        return tuple(self.sections)


@dataclass(frozen=True, kw_only=True, slots=True)
class Populations:
    """How populations are trained: seeds 0 to `seeds` − 1 by `engine`; finished runs are kept in `store`."""

    seeds: int
    engine: str = "auto"
    store: str | os.PathLike[str] | None = None
    workers: int | None = None
    on_progress: OnProgress | None = None

    def train(self, experiments: Sequence[Experiment], *, seeds: int | None = None) -> list[Runs]:
        """Return the runs of each experiment, all on the same seeds (`seeds` of them, if given)."""
        options: dict[str, Any] = {
            "engine": self.engine,
            "workers": self.workers,
            "on_progress": self.on_progress,
        }
        wanted = range(self.seeds if seeds is None else seeds)
        if self.store is None:
            return train_all(experiments, wanted, **options)
        with Store.open(self.store) as opened:
            return train_all(experiments, wanted, store=opened, **options)
