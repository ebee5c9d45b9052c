"""What a store holds, study by study: the same columns for ``trainlab show`` and the lab's list."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass

from trainlab.draw import counted, format_percent, join
from trainlab.errors import printable
from trainlab.page.columns import Column, TableOf
from trainlab.store import NamedStudy, StoredRuns

NOUNS = {"race": "candidate", "map": "point"}


@dataclass(frozen=True, kw_only=True, slots=True)
class ListedStudy:
    """A study with what is held of it; `split` says whether any study listed with it has several splits."""

    study: NamedStudy
    held: tuple[StoredRuns, ...]
    split: bool

    @property
    def title(self) -> str:
        """Kind and title, and the data files that the title doesn't name."""
        one = self.study
        kind = "" if one.kind == "study" else f"{one.kind}: "
        title = f"{kind}{one.title or '(no title)'}"
        files = [name for name in _files(self.held) if name not in title]
        return f"{title}{f' ({join(files)})' if files else ''}"

    @property
    def asked(self) -> str:
        """When it was last asked."""
        return _whole(self.study.asked.strftime("%Y-%m-%d %H:%M"))

    @property
    def size(self) -> str:
        """Return ``4 × 20 = 80``: cells, seeds and runs, and between them splits where any study has some."""
        one = self.study
        noun = NOUNS.get(one.kind)
        if noun is not None:
            return _whole(f"{counted(one.networks, noun)} × {one.seeds:,}")
        factors = [_cells(one), *([_splits(one)] if self.split else []), one.seeds]
        return _whole(f"{' × '.join(f'{factor:,}' for factor in factors)} = {math.prod(factors):,}")

    @property
    def trained(self) -> str:
        """How many of its experiments have runs."""
        trained, of = len({item.fingerprint for item in self.held}), len(self.study.fingerprints)
        return "all" if trained == of else _whole(f"{trained:,} of {of:,}")

    @property
    def solved(self) -> str:
        """The range of the share of seeds solved, from the worst cell to the best."""
        return _whole(_solved(self.held))


STUDIES: TableOf[ListedStudy] = TableOf(
    (
        Column("Study", lambda one: one.title),
        Column("Asked (UTC)", lambda one: one.asked),
        Column("Cells × seeds", lambda one: None if one.split else one.size, optional=True),
        Column("Cells × splits × seeds", lambda one: one.size if one.split else None, optional=True),
        Column("Trained", lambda one: one.trained),
        Column("Solved", lambda one: one.solved),
    )
)


def listed(studies: Sequence[NamedStudy], held: Sequence[StoredRuns]) -> list[ListedStudy]:
    """Return the studies in their order, each with what is held of it."""
    split = any(_splits(one) > 1 for one in studies)
    return [
        ListedStudy(
            study=one,
            held=tuple(item for item in held if item.fingerprint in one.fingerprints),
            split=split,
        )
        for one in studies
    ]


def counted_studies(number: int) -> str:
    """Return ``1 study`` or ``4 studies``."""
    return f"{number:,} {'study' if number == 1 else 'studies'}"


def _whole(text: str) -> str:
    """Return text that a table doesn't fold: only titles do."""
    return text.replace(" ", "\N{NO-BREAK SPACE}")


def _cells(one: NamedStudy) -> int:
    return one.networks * 2**one.changes


def _splits(one: NamedStudy) -> int:
    """Return how many splits of its rows a study uses: each makes its own experiments."""
    splits, rest = divmod(len(one.fingerprints), _cells(one))
    # Cells that are the same experiment share a fingerprint.
    return 1 if rest or not splits or one.kind != "study" else splits


def _files(mine: Sequence[StoredRuns]) -> list[str]:
    """Return the names of the data files of these experiments."""
    paths = [item.experiment["task"].get("path", "") for item in mine]
    return sorted({printable(os.path.basename(path)) for path in paths if path})


def _solved(mine: Sequence[StoredRuns]) -> str:
    """Return the range of the share of seeds solved, from the worst cell to the best."""
    counts: dict[str, tuple[int, int]] = {}
    for item in mine:
        # A cell's splits are counted together.
        cell = {**item.experiment, "split": {**item.experiment["split"], "seed": None}, "engine": item.engine}
        name = json.dumps(cell, sort_keys=True)
        solved, seeds = counts.get(name, (0, 0))
        counts[name] = solved + item.solved, seeds + item.seeds
    ranked = sorted((pair for pair in counts.values() if pair[1]), key=lambda pair: pair[0] / pair[1])
    if not ranked:
        return "–"
    low, high = (format_percent(solved, seeds) for solved, seeds in (ranked[0], ranked[-1]))
    return f"{low} %" if low == high else f"{low} to {high} %"
