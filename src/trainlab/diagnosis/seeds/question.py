"""What is asked of a script's seeds, and the runs that answer it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from trainlab.diagnosis.script.plan import Extras, Plan
from trainlab.diagnosis.seeds.kept_runs import RunsHeader, digest_of
from trainlab.diagnosis.seeds.success import Success

OnProgress = Callable[[int, int, float | None], None]
"""Called with how many are done, of how many, and the seconds left, if known."""


def tell_nobody(done: int, total: int, seconds_left: float | None) -> None:
    """Tell nobody of the progress."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """A script, how many other seeds, and what of a run counts.

    Args:
        script: the file.
        arguments: its own arguments.
        count: how many other seeds, 1, 2, 3, …
        metric: a name that the script prints a number after, or a variable of it; empty for what the doctor
            sees. That of the user's rule, if `success` has one.
        success: what counts as success.
        workers: how many runs at once.
        save: a file that finished runs are kept in; None for none.
        lift: whether the training may be lifted into an experiment.
        as_experiment: a study file to write the lifted training to; None for none.
        keep_arguments: tell the arguments in what is kept, and not only how many.
    """

    script: str
    arguments: tuple[str, ...] = ()
    count: int = 100
    metric: str = ""
    success: Success = field(default_factory=Success)
    workers: int = 1
    save: str | None = None
    lift: bool = True
    as_experiment: str | None = None
    keep_arguments: bool = False

    @property
    def solved(self) -> str:
        """The user's own rule as a script's process reads it; empty if there is none."""
        return "" if self.success.rule is None else str(self.success.rule)

    def plan(self, seed: int | None, *, from_start: bool = False, recording: str = "") -> Plan:
        """Return how the script is run as with one seed; None is its own."""
        return Plan(
            script=self.script,
            arguments=self.arguments,
            keep_arguments=self.keep_arguments,
            seed=seed,
            seed_from_start=from_start,
            extras=Extras(variable=self.metric, recording=recording),
            solved=self.solved,
        )

    @property
    def header(self) -> RunsHeader:
        """The first line of a file of these runs."""
        return RunsHeader(
            script=digest_of(self.script),
            arguments=self.arguments,
            metric=self.metric,
            solved=self.solved,
        )
