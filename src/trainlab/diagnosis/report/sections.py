"""What a report says, section by section: words, facts and pictures, of which terminal and page are made."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from trainlab.diagnosis.report.card import card_facts
from trainlab.diagnosis.report.verdict import (
    FAILED,
    LIKELY,
    SYMPTOM,
    Alike,
    alike,
    is_likely,
    line_of,
    name_of,
    not_to_blame,
    rank,
    tried_in_vain,
)
from trainlab.diagnosis.script.plan import in_words
from trainlab.draw import counted
from trainlab.page.section import Fact, Section
from trainlab.page.sketch import Sketch

if TYPE_CHECKING:
    from trainlab.diagnosis.report.report import Report


DRAWN = 20
"""Seeds of a trial that are drawn at most."""

DONE_WITHOUT = "These are no faults: the training does without a remedy for them."
UNPROVEN = "None of these is known to keep the training from learning more."
"""What notes are: of a training that has learnt, and of one that hasn't."""


@dataclass(frozen=True, kw_only=True, slots=True)
class FindingSection(Section):
    """A finding, or a note, whose `number` is 0. `name` is that of the fault, `code` its remedy's.

    `edited` says where the script came with that code, an edit of its lines. Its `consequences` stand inside
    of it; `consequence_of` and `because` say what it follows from itself. `is_proven_by_trial` where a trial
    shows it to be to blame, which its facts and the report's `tried` say.
    `same_as` is the number of an earlier finding that has the same picture, 0 if none has. `tried` says what
    trying remedies came to, and `trials` draw it. `training` is what the script calls the training, or the
    trainings, that have it, where there are several; `anchor` is its own among all findings.
    """

    remedy: str
    edited: str = ""
    number: int = 0
    training: str = ""
    anchor: str = ""
    consequence_of: str = ""
    because: str = ""
    is_proven_by_trial: bool = False
    same_as: int = 0
    tried: tuple[str, ...] = ()
    trials: tuple[Sketch, ...] = ()
    consequences: tuple[FindingSection, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class ReportSections:
    """A report in words: its `findings` are causes, in the order of blame.

    `tried` is empty if nothing was. `on_notes` says what notes are. `curve` is the loss over the steps. The
    text of `looked` says what was looked at, and how the training ended. Of several trainings `trainings` has
    a line for each, or for those that ended alike.
    """

    verdict: str
    trainings: tuple[str, ...]
    tried: str
    card: Section
    curve: Sketch | None
    findings: tuple[FindingSection, ...]
    notes: tuple[FindingSection, ...]
    on_notes: str
    recipe: Section
    looked: Section


def report_sections(report: Report | dict[str, Any]) -> ReportSections:
    """Return the sections of a report, which may be what `Report.to_dict` returned, also out of JSON."""
    data = report if isinstance(report, dict) else report.to_dict()
    stumbled = "The doctor itself stumbled, which did the training no harm:"
    groups = alike(data.get("trainings", ()))
    first = sorted(groups, key=lambda group: rank(group.one["outcome"]))
    findings = _Findings()
    ending = " ".join(filter(None, (_ending(data["ended"]), data.get("processes"))))
    return ReportSections(
        verdict=data["verdict"],
        trainings=tuple(map(line_of, groups)),
        tried=data["tried"]["words"] if data["tried"] is not None else "",
        card=Section(name="card", heading="What was trained", facts=_card(data, groups)),
        curve=_curve(data),
        findings=(
            tuple(each for group in first for each in findings.causes(group.one, name_of(group)))
            if groups
            else findings.causes(data)
        ),
        notes=(
            tuple(_note(note, name_of(group)) for group in first for note in group.one["notes"])
            if groups
            else tuple(map(_note, data["notes"]))
        ),
        on_notes=UNPROVEN if data["card"]["outcome"] in FAILED else DONE_WITHOUT,
        recipe=_recipe(data.get("recipe", ())),
        looked=Section(
            name="looked",
            heading="What was looked at",
            text=(_looked_at(data["looked_at"]), ending),
            asides=(
                *((copies,) if (copies := data["looked_at"].get("copies", "")) else ()),
                *(f"{stumbled} {trouble}" for trouble in data["troubles"]),
            ),
        ),
    )


class _Findings:
    """Numbers findings as they are read; of two that share a remedy one has its picture."""

    def __init__(self) -> None:
        self._pictures: list[Any] = []
        self._drawn: set[str] = set()
        self._anchors: dict[str, int] = {}

    def causes(self, part: dict[str, Any], training: str = "") -> tuple[FindingSection, ...]:
        """Return the causes that the report on one training has, with their consequences inside."""
        names = {finding["fault"] for finding in part["findings"]}
        return tuple(
            self._told(finding, part, training)
            for finding in part["findings"]
            if finding["consequence_of"] not in names
        )

    def _told(self, finding: dict[str, Any], part: dict[str, Any], training: str) -> FindingSection:
        picture, confidence, name = finding["picture"], finding["confidence"], finding["fault"]
        sure = f"{confidence_words(confidence)} ({confidence:.2f})"
        blame = blame_words(finding, part["card"]["outcome"])
        same_as = self._pictures.index(picture) + 1 if picture in self._pictures else 0
        self._pictures.append(picture)
        number = len(self._pictures)
        met = self._anchors[name] = self._anchors.get(name, 0) + 1
        consequences = tuple(
            self._told(one, part, training) for one in part["findings"] if one["consequence_of"] == name
        )
        remedies: list[dict[str, Any]] = finding["tried"]["remedies"] if finding["tried"] else []
        new = [one for one in remedies if one["remedy"] not in self._drawn]
        self._drawn.update(one["remedy"] for one in new)
        return FindingSection(
            name=name,
            number=number,
            training=training,
            anchor=name if met == 1 else f"{name}-{met}",
            heading=finding["title"],
            facts=(
                Fact("is there", f"{sure}; {blame}" if blame else sure),
                Fact("where", finding["where"], brief=True),
                Fact("evidence", tuple(finding["evidence"])),
            ),
            sketches=(Sketch(picture),) if picture else (),
            same_as=same_as,
            remedy=finding["remedy"]["text"],
            code=finding["remedy"]["code"],
            edited=_edited(finding["remedy"]),
            consequence_of=finding["consequence_of"],
            because=finding["because"],
            is_proven_by_trial=finding["proof"]["by"] == "trial",
            tried=_tried(finding["tried"]),
            trials=tuple(sketch for one in new if (sketch := _trial(one)) is not None),
            consequences=consequences,
        )


def confidence_words(value: float) -> str:
    """Return how sure it is that the fault is there: ``almost certain`` from 0.93, ``likely`` from 0.75."""
    return "almost certain" if value >= 0.93 else "likely" if value >= LIKELY else "possible"


def blame_words(finding: dict[str, Any], outcome: str) -> str:
    """Say whether the finding is to blame, and what proves it; nothing where nothing has failed."""
    proof = finding["proof"]
    if outcome not in FAILED or finding["fault"] == SYMPTOM:
        return ""
    if proof["by"] != "nothing":
        return f"proven to be the cause: {proof['words']}"
    spared = not_to_blame(finding["fault"])
    if spared:
        return f"not the cause: {spared}"
    refuted = tried_in_vain(finding["tried"])
    if refuted:
        return f"not the cause as far as is known: {refuted}"
    against = f": {proof['words']}" if proof["words"] else ""
    return f"{'likely' if is_likely(finding) else 'possibly'} the cause, not proven{against}"


def _edited(remedy: dict[str, Any]) -> str:
    run = remedy.get("run") or {"words": ""}
    return f"with this edit: {run['words']}" if remedy["code"] and run["words"] else ""


def _recipe(asked: Sequence[dict[str, str]]) -> Section:
    """Return what was asked of the training, each answer with its number; what isn't yes in short."""
    if not asked:
        return Section(name="recipe", heading="What was asked")
    answers = ("no", "deviates", "yes", "open")
    no, deviates, yes, unclear = ([one for one in asked if one["answer"] == answer] for answer in answers)
    short = [
        f"{words}: {'; '.join(one['question'] for one in some)}."
        for words, some in (("Asked, and not so", no), ("Asked, and so", yes), ("Open", unclear))
        if some
    ]
    short += [f"Not so, which may be meant: {one['question']} ({one['words']})." for one in deviates]
    facts = tuple(
        Fact(one["answer"], f"{one['question']}: {one['words']}") for one in (*no, *deviates, *unclear, *yes)
    )
    return Section(name="recipe", heading="What was asked", text=(" ".join(short),), facts=facts)


def _curve(data: dict[str, Any]) -> Sketch | None:
    picture = data.get("picture")
    if not picture:
        return None
    of = f", of {data['judged']}" if data.get("judged") else ""
    return Sketch(picture | {"title": f"{picture['title']}{of}"})


def _card(data: dict[str, Any], groups: Sequence[Alike]) -> tuple[Fact, ...]:
    """Return the facts of the card; how it went is told of each training."""
    facts = card_facts(data)
    if given := data.get("arguments"):
        facts = (*facts, Fact("arguments", in_words(given)))
    if not groups:
        return facts
    own = [
        Fact(fact.label, f"{group.names[0]}: {fact.said}")
        for group in groups
        for fact in card_facts(group.one)
        if fact.brief
    ]
    counts = Counter(fact for fact in facts if not fact.brief)
    shared = [
        fact if count == 1 else Fact(fact.label, f"{fact.said} ({count} alike)")
        for fact, count in counts.items()
    ]
    return (*shared, *own)


def _note(note: dict[str, Any], training: str = "") -> FindingSection:
    return FindingSection(
        name=note["fault"],
        heading=note["title"],
        training=training,
        facts=(Fact("where", note["where"]), Fact("seen", tuple(note["evidence"]))),
        remedy=note["remedy"]["text"],
    )


def is_loss_curve(sketches: Sequence[Sketch], curve: Sketch | None) -> bool:
    """Whether a finding's picture is the loss over the steps, which the report's `curve` shows with more."""
    if not sketches or curve is None:
        return False
    picture = sketches[0].numbers
    if picture["kind"] != "lines" or len(picture["lines"]) != 1:
        return False
    return all(picture["lines"][0][axis] == curve.numbers["lines"][0][axis] for axis in ("x", "y"))


def _tried(tried: dict[str, Any] | None) -> tuple[str, ...]:
    """Return what trying each remedy came to; empty where none was tried."""
    if tried is None:
        return ()
    return tuple(f"With {one['words']}" for one in tried["remedies"]) or (str(tried["words"]),)


def _trial(trial: dict[str, Any]) -> Sketch | None:
    """Return the picture of a trial, seed by seed; None where nothing can be compared."""
    name = "loss" if trial["same_loss"] or not trial["reached_as"] else "reached"
    measure = "last loss" if name == "loss" else f"{trial['reached_as']} reached"
    rows: list[dict[str, Any]] = [
        {"label": f"seed {one['seed']}", "before": one["before"][name], "after": one["after"][name]}
        for one in trial["seeds"][:DRAWN]
    ]
    known = any(row["after"] is not None and math.isfinite(row["after"]) for row in rows)
    if trial["verdict"] in ("no hold", "failed") or not known:
        return None
    more = f" (the first {DRAWN})" if len(trial["seeds"]) > DRAWN else ""
    return Sketch(
        {
            "kind": "before_after",
            "title": f"With {trial['remedy']}, seed by seed{more}",
            "x_label": measure[:1].upper() + measure[1:],
            "log": name == "loss",
            "rows": rows,
        }
    )


def _looked_at(looked: dict[str, Any]) -> str:
    """Say what was looked at: "nothing found" is worth no more than that."""
    parts = [
        counted(looked["steps"], "step"),
        counted(looked["graphs"], "autograd graph"),
        counted(looked["parameters"], "parameter tensor"),
        counted(looked["activations"], "activation"),
        f"{looked['batches']:,} batches",
        counted(looked["losses"], "place") + " where outputs meet targets",
    ]
    text = f"Looked at: {', '.join(parts)}."
    if looked["other_threads"]:
        text += (
            f" Not at {looked['other_threads']:,} backward passes outside of the first thread that trained."
        )
    if looked["compiled_calls"]:
        calls = counted(looked["compiled_calls"], "call")
        text += (
            f" Of {calls} of compiled code only what goes in and comes out; "
            "TORCH_COMPILE_DISABLE=1 shows the doctor the rest."
        )
    return text


def _ending(ended: dict[str, Any]) -> str:
    """Say how the script came to its end."""
    more = f" {ended['message']}" if ended.get("message") else ""
    words = {
        "end": "The script ran to its end.",
        "exit": f"The script ended {'' if more else 'itself '}with exit code {ended.get('code')}.{more}",
        "time": "Ended when the time given was over.",
        "interrupted": "Stopped early.",
    }
    how = str(ended.get("how"))
    if how == "error":
        where = f" at {ended['where']}" if ended.get("where") else ""
        return f"The script failed{where}: {ended.get('message')}"
    return words.get(how) or str(ended.get("message") or how)
