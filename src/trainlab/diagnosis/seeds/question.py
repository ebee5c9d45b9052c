"""What a population is asked, and the file that keeps its runs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

import msgspec

from trainlab.diagnosis.script.plan import Extras, Plan, sealed
from trainlab.diagnosis.seeds.seed_run import SeedRun, Success
from trainlab.errors import DiagnosisError, escaped
from trainlab.whole_file import why_not_writable

# Finished runs as lines of JSON in a file, so that a population that was stopped can go on.


MOST_HEADER = 10_000_000
"""Bytes that the first line has at most: the arguments of a script, which a system bounds, are in it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RunsHeader:
    """The first line of a file of runs: what they are runs of. Other runs don't belong to them.

    `solved` is the user's rule by which they were judged, empty if by none; `version` is that of how a run is
    judged otherwise (`signals.learnt`). `sealed` stands in the place of `arguments` that aren't kept.
    """

    script: str
    arguments: tuple[str, ...]
    metric: str
    version: int = 2
    solved: str = ""
    sealed: str = ""

    def as_kept(self, *, keep_arguments: bool) -> RunsHeader:
        """Return it as the file has it."""
        return self if keep_arguments else replace(self, arguments=(), sealed=sealed(self.arguments))

    def opened(self, arguments: tuple[str, ...]) -> RunsHeader:
        """Return one out of a file with its arguments, if they are these."""
        same = self.sealed != "" and sealed(arguments, self.sealed) == self.sealed
        return replace(self, arguments=arguments, sealed="") if same else self


@dataclass(frozen=True, kw_only=True, slots=True)
class KeptRuns:
    """The file; without one (None) nothing is kept. The arguments are in it only with `keep_arguments`."""

    path: str | None
    header: RunsHeader
    keep_arguments: bool = False

    def read(self) -> list[SeedRun]:
        """Return the runs that it holds, and write its first line if it's new.

        Raises:
            DiagnosisError: it is of another script, other arguments or another metric, or no such file.
        """
        if self.path is None:
            return []
        if why := why_not_writable(self.path):
            raise DiagnosisError(f"--save {self.path}: {why}")
        file = Path(self.path)
        try:
            if not file.exists() or not file.stat().st_size:
                kept = self.header.as_kept(keep_arguments=self.keep_arguments)
                file.write_bytes(msgspec.json.encode(kept) + b"\n")
                return []
            with file.open("rb") as opened:  # another file may be of any size
                first = msgspec.json.decode(opened.readline(MOST_HEADER), type=RunsHeader)
            first = first.opened(self.header.arguments)
            lines = file.read_bytes().split(b"\n")
            whole = lines[1:-1]  # what stands after the last line break was cut off
            if lines[-1]:
                file.write_bytes(b"\n".join([*lines[:-1], b""]))
            runs = [msgspec.json.decode(line, type=SeedRun) for line in whole if line]
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise DiagnosisError(
                f"--save {self.path}: isn't a file of runs that trainlab seeds wrote. Give another name."
            ) from None
        except OSError as error:
            raise DiagnosisError(
                f"--save {self.path}: can't be read or written ({error.strerror})."
            ) from None
        if first != self.header:
            raise DiagnosisError(
                f"--save {self.path}: holds runs of {self._difference(first)}. "
                "Give another name, or delete it."
            )
        return runs

    def add(self, runs: Sequence[SeedRun]) -> None:
        """Write runs at the end of the file."""
        if self.path is None or not runs:
            return
        try:
            with open(self.path, "ab") as file:
                file.write(b"".join(msgspec.json.encode(run) + b"\n" for run in runs))
        except OSError as error:
            raise DiagnosisError(f"--save {self.path}: can't be written ({error.strerror}).") from None

    def _difference(self, first: RunsHeader) -> str:
        if first.script != self.header.script:
            return "another script, or of this one before it was changed"
        if first.sealed or first.arguments != self.header.arguments:
            told = "" if first.sealed else f": {' '.join(first.arguments) or 'none'}"
            return f"the script with other arguments{told}"
        if first.version != self.header.version:
            return "the script that another version of trainlab judged"
        if first.solved != self.header.solved:
            return f"the script judged by another rule, --solved: {first.solved or 'none'}"
        return f"another metric: {first.metric or 'none'}"


def keep_beside(runs: str, script: str) -> str:
    """Copy a file of runs to this folder, under a new name after the script's, and return that.

    Raises:
        OSError: it can't be written.
    """
    name = Path(script).stem
    for place in (f"{name}.runs{number or ''}.jsonl" for number in count()):
        with suppress(FileExistsError), open(place, "xb") as file:
            file.write(Path(runs).read_bytes())
            return place
    raise AssertionError


def digest_of(script: str) -> str:
    """Return the SHA-256 of a script's text, in hex."""
    return hashlib.sha256(Path(script).read_bytes()).hexdigest()


# What is asked of a script's seeds, and the runs that answer it.


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
            arguments=tuple(map(escaped, self.arguments)),
            metric=escaped(self.metric),
            solved=escaped(self.solved),
        )
