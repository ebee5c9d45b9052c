"""Finished runs as lines of JSON in a file, so that a population that was stopped can go on."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from trainlab.diagnosis.script.kept_arguments import sealed
from trainlab.diagnosis.seeds.seed_run import SeedRun
from trainlab.errors import DiagnosisError


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
        file = Path(self.path)
        try:
            if not file.exists() or not file.read_bytes():
                kept = self.header.as_kept(keep_arguments=self.keep_arguments)
                file.write_bytes(msgspec.json.encode(kept) + b"\n")
                return []
            lines = file.read_bytes().split(b"\n")
            first = msgspec.json.decode(lines[0], type=RunsHeader).opened(self.header.arguments)
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


def digest_of(script: str) -> str:
    """Return the SHA-256 of a script's text, in hex."""
    return hashlib.sha256(Path(script).read_bytes()).hexdigest()
