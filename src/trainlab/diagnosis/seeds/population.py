"""A population of a training: what came of it, and how it is shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from trainlab.diagnosis.pictures.kinds import histogram
from trainlab.diagnosis.report.show import EMPTY, WIDTH, Fields, Lines, items, paragraph, print_lines
from trainlab.diagnosis.script.plan import told
from trainlab.diagnosis.seeds.population_words import seed_verdicts, seeds_sections, verdict_of, why_none
from trainlab.diagnosis.seeds.seed_run import NOT_LOOKED_AT, UNEXPLAINED, RunMeasure, SeedRun, Success
from trainlab.draw import JSON_FORMAT, counted, data_frame, json_text
from trainlab.page.sketch import Sketch
from trainlab.stats import Verdict, rate

if TYPE_CHECKING:
    from rich.console import Console


# A population of seeds as plain data: how many succeed, why others fail, where yours stands.


NAMED_SEEDS = 10
FRAME = (
    *("seed", "success", "state", "failed", "value", "reached", "last_loss", "relative_loss"),
    *("fault", "message", "steps", "seconds"),
)
"""The columns of a data frame of runs."""
IN_JSON = (
    *("seed", "ended", "message", "state", "value", "reached", "reached_as", "last_loss", "relative_loss"),
    *("fault", "failed", "steps", "seconds"),
)
"""What of a `SeedRun` stands in JSON, before ``success``."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Way:
    """Which way the population was trained, ``"rerun"``, ``"lifted"`` or ``"called"``, and why."""

    name: str
    why: str
    checks: dict[str, Any] | None = None


@dataclass(frozen=True, kw_only=True, slots=True, eq=False, repr=False)
class SeedsResult:
    """A training's own run, `yours`, and those of other seeds, `runs`, as far as they are finished.

    `print(found)` shows what ``trainlab seeds`` does, `verdicts` is the answer, `to_frame()` has the runs as
    a table, `to_dict()` and `to_json()` everything. `script` is the file, or the name of the function. Its
    `arguments` are told there only with `keep_arguments`, else how many they are.
    """

    script: str
    arguments: tuple[str, ...]
    way: Way
    asked: int
    yours: SeedRun
    runs: tuple[SeedRun, ...]
    measure: RunMeasure
    success: Success
    notes: tuple[str, ...] = ()
    how: dict[str, Any] = field(default_factory=dict[str, Any])
    interrupted: bool = False
    keep_arguments: bool = False

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """Whether it was the seed, and then, if that can be told, where the training's own run stands."""
        return seed_verdicts(self.to_dict())

    @property
    def verdict(self) -> str:
        """The answer in a sentence or two."""
        return str(self.to_dict()["verdict"])

    def to_frame(self, *, library: str | None = None) -> Any:
        """Return the other seeds' runs as a data frame of pandas or, where that isn't installed, of polars.

        A row a run, the training's own left out: its `seed`, whether it is a `success` (missing where that
        couldn't be judged), its `state` and the `value` that is compared (`measure.name`), accuracy or R²
        `reached`, `last_loss` and the same by that of the best constant answer (`relative_loss`), the first
        finding or the exception (`fault`), `message`, `steps` and `seconds`.

        Args:
            library: ``"pandas"`` or ``"polars"``; without, the first of them that is installed.

        Raises:
            TrainlabError: there is no such library, or (MissingPackageError) it isn't installed.
        """
        rows = [self._row(run) for run in self.runs]
        return data_frame({name: [row[name] for row in rows] for name in FRAME}, library)

    def to_dict(self) -> dict[str, Any]:
        """Return the population as plain data; the format is documented in docs/json.md."""
        judged = [(run, self.success.of(run, self.measure)) for run in self.runs]
        known = [good for _, good in judged if good is not None]
        values = [value for run in self.runs if (value := self.measure.of(run)) is not None]
        why = "" if self.success.by_threshold else why_none(self.yours, self.runs)
        data: dict[str, Any] = {
            "format": JSON_FORMAT,
            "verdict": "",
            "script": self.script,
            "arguments": told(self.arguments, keep=self.keep_arguments),
            "way": {"name": self.way.name, "why": self.way.why, "checks": self.way.checks},
            "seeds": {"asked": self.asked, "finished": len(self.runs), "interrupted": self.interrupted},
            "success": {
                "means": self.success.words(self.measure),
                "read": self.yours.read_where,
                "rate": rate(sum(known), len(known)).to_dict() if known else None,
                "between": sum(map(self.success.is_between, self.runs)),
                "not_judged": len(judged) - len(known),
            },
            "measure": _spread(self.measure, values),
            "yours": self._row(self.yours) | {"standing": _standing(self.measure, self.yours, values)},
            "failures": _failures(
                [run for run, good in judged if good is False and not self.success.is_between(run)]
            ),
            "runs": [self._row(run) for run in self.runs],
            "notes": [*self.notes, *([why] if why else [])],
            "how": self.how,
        }
        return data | {"verdict": verdict_of(data)}

    def to_json(self) -> str:
        """Return `to_dict` as text; a number that isn't finite is null."""
        return json_text(self.to_dict())

    def __repr__(self) -> str:
        return f"<SeedsResult of {self.script}: {len(self.runs):,} of {counted(self.asked, 'seed')}>"

    def __str__(self) -> str:
        from trainlab.diagnosis.report.show import lines_text

        return lines_text(seeds_lines(self.to_dict()))

    def _repr_html_(self) -> str:
        return f"<pre>{escape(str(self))}</pre>"

    def _row(self, run: SeedRun) -> dict[str, Any]:
        row: dict[str, Any] = {name: getattr(run, name) for name in IN_JSON}
        return row | {
            "value": self.measure.of(run),
            "success": self.success.of(run, self.measure),
            "between": self.success.is_between(run),
        }


def _spread(measure: RunMeasure, values: Sequence[float]) -> dict[str, Any]:
    quantiles: list[float | None] = [None] * 5
    if values:
        quantiles = list(np.quantile(values, (0, 0.25, 0.5, 0.75, 1)).tolist())
    names = ("min", "q25", "median", "q75", "max")
    return {
        "name": measure.name,
        "higher_is_better": measure.higher,
        "runs": len(values),
        **dict(zip(names, quantiles, strict=True)),
        "picture": histogram(
            f"{measure.name[:1].upper()}{measure.name[1:]} over the seeds", measure.name, values
        )
        if len(set(values)) > 1
        else None,
    }


def _standing(measure: RunMeasure, yours: SeedRun, values: Sequence[float]) -> dict[str, Any] | None:
    """Return how many of the others' values are below, equal to and above the script's own."""
    own = measure.of(yours)
    if own is None or not values:
        return None
    below, equal = sum(value < own for value in values), sum(value == own for value in values)
    return {"below": below, "equal": equal, "above": len(values) - below - equal}


def _failures(failed: Sequence[SeedRun]) -> dict[str, Any]:
    """Group the failed runs by their first finding; the commonest first, the unexplained last."""
    groups: dict[tuple[str, str], list[SeedRun]] = {}
    for run in failed:
        kind = "error" if run.failed else "finding" if run.fault else UNEXPLAINED
        if run.fault == NOT_LOOKED_AT:
            continue
        groups.setdefault((kind, run.fault or UNEXPLAINED), []).append(run)
    looked = sum(len(runs) for runs in groups.values())
    ordered = sorted(groups.items(), key=lambda one: (one[0][0] == UNEXPLAINED, -len(one[1]), one[0]))
    return {
        "count": len(failed),
        "looked_at": looked,
        "causes": [
            {
                "kind": kind,
                "name": name,
                "title": runs[0].title or runs[0].message.removeprefix(f"{name}:").strip(),
                "link": runs[0].link,
                "rate": rate(len(runs), looked).to_dict(),
                "seeds": [run.seed for run in runs[:NAMED_SEEDS]],
            }
            for (kind, name), runs in ordered
        ],
    }


# A population of seeds in the terminal, in 80 columns.
#
# Causes of failure are sentences here; the page has them, and every run, as tables.


_LABEL = 13
FEW_CAUSES = 3


def show_seeds(data: dict[str, Any], console: Console, *, details: bool = False) -> None:
    """Print a population, as `SeedsResult.to_dict` has it; nothing is told by colour alone.

    Without `details` it is the answer: verdict, measure and histogram, the commonest causes of failure, and
    the weightiest note.
    """
    print_lines(seeds_lines(data, width=min(WIDTH, console.width), details=details), console)


def seeds_lines(data: dict[str, Any], *, width: int = WIDTH, details: bool = False) -> Lines:
    """Return the lines with their styles: a role of the palette, ``bold`` or nothing."""
    answer, failures, notes, _ = seeds_sections(data)
    (verdict,), fields = answer.text, Fields(width=width, room=_LABEL)
    lines = paragraph(verdict, width, "bold") + EMPTY
    lines += fields.facts(answer.facts if details else answer.brief)
    for sketch in answer.sketches:
        # A fact says where the training's own run stands.
        lines += fields.sketch("histogram", Sketch(sketch.numbers | {"range": None}))
    if failures.text:
        heading, *causes = failures.text
        more = [] if details or len(causes) <= FEW_CAUSES else [f"{len(causes) - FEW_CAUSES} more kinds"]
        lines += [*EMPTY, (heading, "bold")]
        lines += items([*causes[:FEW_CAUSES], *more] if more else causes, width)
        for aside in failures.asides:
            lines += paragraph(aside, width)
    if notes.text:
        lines += [*EMPTY, (f"{notes.heading}:", "bold")]
        lines += items(notes.text if details else notes.text[:1], width)
    return lines


def rest_line(data: dict[str, Any], *, has_page: bool = False) -> str:
    """Return what else `details` would tell, for the command; a page is offered where none was made."""
    parts = ["how long it took"]
    more = len(data["failures"]["causes"]) - FEW_CAUSES
    parts += ["all kinds of failure"] if more > 0 else []
    parts += [counted(len(data["notes"]) - 1, "more note")] if len(data["notes"]) > 1 else []
    page = "" if has_page else " With --html FILE: a page, every run in it."
    return f"More with --details: {', '.join(parts)}.{page}"
