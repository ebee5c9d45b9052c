"""What the question where failed runs end returns: kinds of endings, verdicts, and how it shows itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, cast

import numpy as np

from trainlab.draw import counted, data_frame, format_number, join
from trainlab.execution import Provenance
from trainlab.page.columns import Column, TableOf, count_of, json_only, share_under_percent
from trainlab.page.document import notebook, text_list
from trainlab.plain import JSON_FORMAT, Result, pick, plain
from trainlab.spec import Experiment
from trainlab.spec.record import Patience
from trainlab.stats import HALF, SIGNIFICANCE, Outcome, Rate, Verdict, more_than, rate, share_words
from trainlab.studies.landscape import KINDS, THRESHOLDS, Ending, Kind, Thresholds

# Where failed runs end, counted: by the kind of place, and at other thresholds, each with its table.


PLACES: dict[Kind, str] = {
    "minimum": "at a minimum",
    "saddle": "at a saddle",
    "plateau": "on a plateau",
    "kink": "at a kink",
    "still moving": "still moving",
}
THRESHOLD_WORDS = {"slope": "the slope", "down": "a saddle's fall", "up": "a layer's change"}


@dataclass(frozen=True, kw_only=True, slots=True)
class EndingKind:
    """The failed runs that end in one kind of place: how many, and how many of them are solved later.

    `escaped` is None if there are none, or none was trained on. `loss` and `gradient_norm` are medians at the
    end, NaN if there are none, and so is `flat`, how many directions are flat.
    """

    kind: Kind
    runs: Rate
    escaped: Rate | None
    loss: float
    gradient_norm: float
    flat: float


def _known(value: float) -> str:
    """Return a number, or nothing for a median of no runs."""
    return "" if value != value else format_number(value)


ENDING_KINDS: TableOf[EndingKind] = TableOf(
    (
        Column("Where", lambda each: each.kind, show=lambda kind: PLACES[kind], json="kind"),
        Column("Runs", lambda each: each.runs, show=lambda runs: f"{runs.k:,}", align="right", json="runs"),
        Column("Share, % (interval)", lambda each: each.runs, show=share_under_percent, align="right"),
        Column("Solved later", lambda each: each.escaped, show=count_of, align="right", json="escaped"),
        Column("Loss", lambda each: each.loss, show=_known, align="right", json="loss"),
        Column(
            "|gradient|", lambda each: each.gradient_norm, show=_known, align="right", json="gradient_norm"
        ),
        json_only("flat", lambda each: each.flat),
    )
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Moved:
    """How many failed runs end in each kind of place if the threshold `name` is `value`."""

    name: str
    value: float
    runs: dict[Kind, int]


def format_percent_of(value: float) -> str:
    """Return a share as a per cent: ``1 %``, ``0.1 %``."""
    return f"{100 * value:g} %"


def _runs_of(kind: Kind) -> Callable[[Moved], int]:
    return lambda each: each.runs[kind]


AT_OTHER_THRESHOLDS: TableOf[Moved] = TableOf(
    (
        Column(
            "Threshold", lambda each: each.name, show=lambda name: THRESHOLD_WORDS[name], json="threshold"
        ),
        Column("At", lambda each: each.value, show=format_percent_of, align="right", json="value"),
        *(Column(kind, _runs_of(kind), align="right") for kind in KINDS),
        json_only("runs", lambda each: {kind.replace(" ", "_"): n for kind, n in each.runs.items()}),
    )
)


# The result of `endings`: where failed runs end; it prints and shows itself.


FACTOR = 10.0
"""The shares are given at thresholds so many times larger and smaller, too."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class EndingsResult(Result):
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
        return plain(
            {
                "format": JSON_FORMAT,
                "kind": "endings",
                **pick(self, "cell experiment verdicts solved diverged failed longer"),
                "thresholds": asdict(THRESHOLDS),
                "kinds": [ENDING_KINDS.to_dict(each) for each in self.kinds],
                "at_other_thresholds": [
                    AT_OTHER_THRESHOLDS.to_dict(each) for each in self.at_other_thresholds
                ],
                "endings": [
                    {**ending.to_dict(), "escaped": escaped if self.longer > 1 else None}
                    for ending, escaped in zip(self.endings, self.escaped, strict=True)
                ],
                "how": self.how,
            }
        )

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


# Verdicts on where failed runs end, by plain counts, and their words.


FEWEST = 5
"""Of fewer runs of a kind no share is compared."""


def endings_verdicts(result: EndingsResult) -> tuple[Verdict, ...]:
    """Return the answer first, then what supports it."""
    if not result.endings:
        return (Verdict(topic="endings", sentence=_none_failed(result)),)
    escapes = _escapes(result)
    return (
        Verdict(topic="endings", sentence=_answer(result)),
        *_flat(result),
        *((Verdict(topic="escapes", sentence=escapes), saddles_escape(result.kinds)) if escapes else ()),
        *(word_verdict(topic, kind, result.kinds, result.name) for topic, kind in _WORDS),
        Verdict(topic="thresholds", sentence=_thresholds(result)),
    )


_WORDS: tuple[tuple[str, Kind], ...] = (
    ("local minimum", "minimum"),
    ("plateau", "plateau"),
    ("saddle", "saddle"),
)


def word_verdict(topic: str, kind: Kind, kinds: tuple[EndingKind, ...], name: str) -> Verdict:
    """Do most failed runs end in this kind of place? Upheld or refuted if the interval leaves out ½.

    At a kink of the loss no step leads down to first order, which a minimum may look like: to refute it, runs
    at a kink are counted in.
    """
    counts = {each.kind: each.runs for each in kinds}
    runs = counts[kind]
    kinks = counts["kink"].k if kind == "minimum" else 0
    more = f"; {kinks:,} more end at a kink, which may be one" if kinks else ""
    return Verdict(
        topic=topic,
        statement=f"Most failed runs of {name} end {PLACES[kind]}.",
        outcome=more_than(HALF, runs, possible=rate(runs.k + kinks, runs.n)),
        sentence=f"{share_words(runs, f'failed runs of {name}')} {'ends' if runs.k == 1 else 'end'} "
        f"{PLACES[kind]}{more}.",
        share=runs,
    )


def saddles_escape(kinds: tuple[EndingKind, ...]) -> Verdict:
    """Are runs at a saddle solved later more often than runs at a minimum?

    By the exact test of R. A. Fisher, "The logic of inductive inference", Journal of the Royal Statistical
    Society 98 (1935) 39–82.
    """
    found = {each.kind: each.escaped or Rate(k=0, n=0, low=0.0, high=1.0) for each in kinds}
    saddle, minimum = found["saddle"], found["minimum"]
    if min(saddle.n, minimum.n) < FEWEST:
        return Verdict(
            topic="saddles escape",
            sentence="Whether runs at a saddle are solved later more often than those at a minimum can't be "
            f"told: {counted(saddle.n, 'run')} at a saddle, {minimum.n:,} at a minimum.",
        )
    from scipy import stats

    table = [[each.k, each.n - each.k] for each in (saddle, minimum)]
    p = float(cast("Any", stats).fisher_exact(table).pvalue)
    higher = saddle.estimate > minimum.estimate
    outcome: Outcome = "mixed" if p >= SIGNIFICANCE else "upheld" if higher else "refuted"
    return Verdict(
        topic="saddles escape",
        statement="Runs at a saddle are solved later more often than runs at a minimum.",
        outcome=outcome,
        sentence=f"{share_words(saddle, 'runs at a saddle')} {_are(saddle.k)} solved later, against "
        f"{share_words(minimum, 'at a minimum')}: p = {format_number(p)} by Fisher's exact test.",
    )


def notes(result: EndingsResult) -> tuple[str, ...]:
    """Return what a reader must know about this experiment before trusting the numbers."""
    experiment, told = result.experiment, list[str]()
    if result.longer > 1 and experiment.looks_ahead:
        told.append(
            "Its schedule depends on its length, so the longer training is another one from the start."
        )
    if result.longer > 1 and isinstance(experiment.stopping, Patience):
        told.append("Runs that its stopping rule froze aren't trained on.")
    if result.longer > 1 and experiment.after is not None:
        told.append("Of its trainings, which continue one another, only the last is made longer.")
    beside = sum(not each.settled for each in result.endings if each.kind() not in ("still moving", "kink"))
    if beside:
        runs = counted(beside, "run")
        told.append(f"Beside {runs} no stationary point was found; the curvature is read as near as it got.")
    if getattr(experiment.optimizer, "weight_decay", 0.0):
        told.append("The loss is read without the optimizer's weight decay, which pulls runs away from it.")
    return tuple(told)


def _none_failed(result: EndingsResult) -> str:
    gone = f"; {result.diverged:,} diverged" if result.diverged else ""
    return (
        f"No run of {result.name} has a failed end to be read: {result.solved:,} of "
        f"{counted(result.how.seeds, 'seed')} {_are(result.solved)} solved{gone}."
    )


def _answer(result: EndingsResult) -> str:
    """Say where most runs end, with the interval, then where the others do, then where none does."""
    some = sorted((each for each in result.kinds if each.runs.k), key=lambda each: -each.runs.k)
    first, *others = some
    ends = _verb(first) or ("ends " if first.runs.k == 1 else "end ")
    told = [f"{share_words(first.runs, 'failed runs')} {ends}{PLACES[first.kind]}"]
    told += [f"{each.runs.k:,} {_verb(each)}{PLACES[each.kind]}" for each in others]
    none = [PLACES[each.kind] for each in result.kinds if not each.runs.k and each.kind in _EXPECTED]
    gone = f" {counted(result.diverged, 'run')} diverged and can't be read." if result.diverged else ""
    rest = f"; none {join(none, 'or')}" if none else ""
    return f"{result.name}: {join(told)}{rest}.{gone}"


def _verb(each: EndingKind) -> str:
    """Return what stands before ``still moving``; nothing where "end" may be left out."""
    return f"{_are(each.runs.k)} " if each.kind == "still moving" else ""


_EXPECTED = ("minimum", "saddle", "plateau")


def _escapes(result: EndingsResult) -> str:
    if result.longer == 1:
        return ""
    epochs = f"{result.longer * result.experiment.epochs:,} epochs instead of {result.experiment.epochs:,}"
    total = rate(sum(result.escaped), result.failed)
    parts = [
        f"{each.escaped.k:,} of {each.escaped.n:,} {PLACES[each.kind]}"
        for each in result.kinds
        if each.escaped is not None
    ]
    of = f": {join(parts)}" if len(parts) > 1 else ""
    return (
        f"After {epochs}, {share_words(total, 'of them').replace(' of them', '')} {_are(total.k)} solved{of}."
    )


def _flat(result: EndingsResult) -> tuple[Verdict, ...]:
    """Say in how many directions runs at a minimum have no curvature."""
    minimum = next(each for each in result.kinds if each.kind == "minimum")
    if not minimum.runs.k or minimum.flat < 1:
        return ()
    sentence = (
        f"At a minimum {format_number(minimum.flat)} of {result.experiment.network.parameters:,} directions "
        "are flat (median); nudged and left downhill, the loss falls no further."
    )
    return (Verdict(topic="flat", sentence=sentence),)


def _thresholds(result: EndingsResult) -> str:
    """Say whether the commonest kind stays so when each threshold is ten times larger or smaller."""
    first = max(result.kinds, key=lambda each: each.runs.k)
    shares, turned = [first.runs.k], list[str]()
    for moved in result.at_other_thresholds:
        top = max(moved.runs, key=lambda kind: moved.runs[kind])
        shares.append(moved.runs[first.kind])
        if moved.runs[first.kind] < moved.runs[top]:
            turned.append(
                f"{moved.runs[top]:,} are {PLACES[top]} if {THRESHOLD_WORDS[moved.name]} counts from "
                f"{format_percent_of(moved.value)} of the loss on"
            )
    span = f"{min(shares):,} to {max(shares):,} of {result.failed:,} are {PLACES[first.kind]}"
    also = join(turned) if turned else "it stays the commonest"
    return f"If each threshold is ten times larger or smaller, {span}; {also}."


def _are(count: int) -> str:
    return "is" if count == 1 else "are"
