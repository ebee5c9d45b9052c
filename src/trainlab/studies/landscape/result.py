"""The result of `endings`: where failed runs end; it prints and shows itself."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import numpy as np

from trainlab.draw import JSON_FORMAT, counted, data_frame, json_text
from trainlab.execution import Provenance
from trainlab.page.notebook import notebook, text_list
from trainlab.spec import Experiment
from trainlab.stats import Verdict, rate
from trainlab.studies.landscape.classify_end import KINDS, THRESHOLDS, Ending, Kind, Thresholds
from trainlab.studies.landscape.ending_kinds import AT_OTHER_THRESHOLDS, ENDING_KINDS, EndingKind, Moved

FACTOR = 10.0
"""The shares are given at thresholds so many times larger and smaller, too."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class EndingsResult:
    """Where failed runs end. `print(result)` gives the verdicts, `to_dict()` and `to_json()` everything.

    Of the seeds `solved` are solved, and `diverged` have no finite end to be read; each of the others has an
    entry in `endings`, and in `escaped` whether it is solved after `longer` times as many epochs.
    """

    cell: str
    name: str
    made: tuple[tuple[str, str], ...]
    experiment: Experiment
    longer: int
    solved: int
    diverged: int
    endings: tuple[Ending, ...]
    escaped: tuple[bool, ...]
    how: Provenance

    @property
    def failed(self) -> int:
        """How many runs failed and were read."""
        return len(self.endings)

    @property
    def kinds(self) -> tuple[EndingKind, ...]:
        """The failed runs by where they end, in the order of `KINDS`; empty if no run failed."""
        return tuple(self._kind(kind) for kind in KINDS) if self.endings else ()

    @property
    def at_other_thresholds(self) -> tuple[Moved, ...]:
        """How many runs end in each kind of place with each threshold times ten, then divided by ten."""
        moved = list[Moved]()
        for field in fields(Thresholds):
            for value in (getattr(THRESHOLDS, field.name) * FACTOR, getattr(THRESHOLDS, field.name) / FACTOR):
                limits = replace(THRESHOLDS, **{field.name: value})
                counts = Counter(ending.kind(limits) for ending in self.endings)
                moved.append(Moved(name=field.name, value=value, runs={kind: counts[kind] for kind in KINDS}))
        return tuple(moved)

    @property
    def verdict(self) -> tuple[str, ...]:
        """The findings as sentences; the first is the answer."""
        return tuple(str(verdict) for verdict in self.verdicts)

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """The findings; the first is the answer.

        Of the topics ``"endings"``, ``"flat"``, ``"escapes"``, ``"saddles escape"``, ``"local minimum"``,
        ``"plateau"``, ``"saddle"`` and ``"thresholds"`` those that apply.
        """
        from trainlab.studies.landscape.verdict import endings_verdicts

        return endings_verdicts(self)

    def to_frame(self, *, library: str | None = None) -> Any:
        """Return the failed runs as a data frame of pandas or, where that isn't installed, of polars.

        A row a run: its `seed`, where it ended (`kind`), whether it `escaped`, and the numbers of `Ending`.

        Raises:
            TrainlabError: there is no such library, or (MissingPackageError) it isn't installed.
        """
        numbers = ("loss", "gradient_norm", "slope", "across", "down", "up", "flat", "settled", "distance")
        columns = {name: [getattr(ending, name) for ending in self.endings] for name in numbers}
        columns["across"] = [np.nan if value is None else value for value in columns["across"]]
        return data_frame(
            {
                "seed": np.array([ending.seed for ending in self.endings], dtype=np.int64),
                "kind": np.array([ending.kind() for ending in self.endings], dtype=np.str_),
                "escaped": np.array(self.escaped, dtype=np.bool_),
                **{name: np.array(values) for name, values in columns.items()},
            },
            library,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain data; the format is documented in docs/json.md."""
        return {
            "format": JSON_FORMAT,
            "kind": "endings",
            "cell": self.cell,
            "experiment": self.experiment.to_dict(),
            "verdicts": [verdict.to_dict() for verdict in self.verdicts],
            "solved": self.solved,
            "diverged": self.diverged,
            "failed": self.failed,
            "longer": self.longer,
            "thresholds": asdict(THRESHOLDS),
            "kinds": [ENDING_KINDS.to_dict(each) for each in self.kinds],
            "at_other_thresholds": [AT_OTHER_THRESHOLDS.to_dict(each) for each in self.at_other_thresholds],
            "endings": [
                {**ending.to_dict(), "escaped": escaped if self.longer > 1 else None}
                for ending, escaped in zip(self.endings, self.escaped, strict=True)
            ],
            "how": self.how.to_dict(),
        }

    def to_json(self) -> str:
        """Return `to_dict` as text; a number that isn't finite is null."""
        return json_text(self.to_dict())

    def _kind(self, kind: Kind) -> EndingKind:
        mine = [place for place, ending in enumerate(self.endings) if ending.kind() == kind]
        told = mine and self.longer > 1

        def median(name: str) -> float:
            return (
                float(np.median([getattr(self.endings[place], name) for place in mine])) if mine else np.nan
            )

        return EndingKind(
            kind=kind,
            runs=rate(len(mine), self.failed),
            escaped=rate(sum(self.escaped[place] for place in mine), len(mine)) if told else None,
            loss=median("loss"),
            gradient_norm=median("gradient_norm"),
            flat=median("flat"),
        )

    def __repr__(self) -> str:
        return f"<EndingsResult {self.name!r}: {self.failed:,} failed of {counted(self.how.seeds, 'seed')}>"

    def __str__(self) -> str:
        return "\n".join(self.verdict)

    def _repr_html_(self) -> str:
        return notebook(self.name, text_list(self.verdict), ENDING_KINDS.html(self.kinds))
