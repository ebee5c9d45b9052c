"""What a study returns: cells, effects, verdicts, and how it was run; it prints and shows itself."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, cast

from trainlab.spec import Study
from trainlab.studies.cells import CellResult
from trainlab.studies.effects import Effect, Interaction
from trainlab.studies.verdicts import Verdict

JSON_FORMAT = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class HowRun:
    """How the study was run: enough to run it again.

    `seconds` is the time of this call, loading stored runs included.
    """

    engine: str
    engine_reason: str
    first_seed: int
    seeds: int
    workers: int
    versions: dict[str, str]
    machine: str
    seconds: float
    trained_steps: int
    trained_seconds: float

    def to_dict(self) -> dict[str, Any]:
        """Return what another run would give alike, then the times."""
        return {
            "engine": self.engine,
            "engine_reason": self.engine_reason,
            "first_seed": self.first_seed,
            "seeds": self.seeds,
            "versions": self.versions,
            "time": {
                "workers": self.workers,
                "machine": self.machine,
                "seconds": self.seconds,
                "trained_steps": self.trained_steps,
                "trained_seconds": self.trained_seconds,
            },
        }


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class StudyResult:
    """The outcome of a study. `print(result)` gives the verdicts, `to_dict()` and `to_json()` everything."""

    study: Study
    cells: tuple[CellResult, ...]
    effects: tuple[Effect, ...]
    interactions: tuple[Interaction, ...]
    verdicts: tuple[Verdict, ...]
    how: HowRun

    def cell(self, network: str, *changes: str) -> CellResult:
        """Return one cell; the order of the changes doesn't matter.

        Raises:
            SpecError: the study has no such network or change.
            KeyError: it has, but the cell was left out of this run.
        """
        self.study.experiment(network, changes)  # names the nearest if one is unknown
        for item in self.cells:
            if item.cell.network == network and set(item.cell.changes) == set(changes):
                return item
        raise KeyError(f"the cell {network}:{'+'.join(changes) or 'none'} was left out of this run")

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain data; the format is documented in docs/json.md."""
        return {
            "format": JSON_FORMAT,
            "title": self.study.title,
            "question": self.study.question,
            "networks": [
                {"name": name, "widths": network.label, "parameters": network.parameters}
                for name in self.study.network_names
                for network in [self.study.experiment(name).network]
            ],
            "changes": [{"name": change.name, "label": change.label} for change in self.study.changes],
            "cells": [item.to_dict() for item in self.cells],
            "effects": [item.to_dict() for item in self.effects],
            "interactions": [item.to_dict() for item in self.interactions],
            "verdicts": [item.to_dict() for item in self.verdicts],
            "how": self.how.to_dict(),
        }

    def to_json(self) -> str:
        """Return `to_dict` as text; a number that isn't finite is null."""
        return json.dumps(finite(self.to_dict()), indent=1, ensure_ascii=False, allow_nan=False) + "\n"

    def __repr__(self) -> str:
        # The generated one would print every array of every run.
        title = self.study.title or "a study"
        return f"<StudyResult {title!r}: {len(self.cells)} cells × {self.how.seeds:,} seeds>"

    def __str__(self) -> str:
        head = f"{self.study.title or 'A study'}: {len(self.cells)} cells × {self.how.seeds:,} seeds"
        lines = [
            f"{verdict.statement} {verdict.outcome.upper()}. {verdict.sentence}" for verdict in self.verdicts
        ]
        return "\n".join([head, *lines])

    def _repr_html_(self) -> str:
        from trainlab.studies.show import summary_html

        return summary_html(self)


def finite(value: Any) -> Any:
    """Return plain data with every float that isn't finite replaced by None."""
    if isinstance(value, dict):
        items = cast("dict[str, Any]", value)
        return {key: finite(item) for key, item in items.items()}
    if isinstance(value, list):
        entries = cast("list[Any]", value)
        return [finite(item) for item in entries]
    if isinstance(value, float) and value - value != 0:
        return None
    return value
