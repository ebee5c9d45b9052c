"""The store's list, and a study, race or map as a page: the report of what is there, and how much that is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from trainlab.draw import counted, format_number, format_percent
from trainlab.draw.svg import Html, escape
from trainlab.page.columns import share
from trainlab.page.document import NOTHING, Front, code, document, fold, joined, page, paragraph, tag
from trainlab.report import map_html, race_html, study_html
from trainlab.report.stored_studies import STUDIES, counted_studies, listed
from trainlab.spec import study_to_toml
from trainlab.store import NamedStudy, StoredRuns
from trainlab.studies.maps.counts import Point
from trainlab.studies.maps.question import Question, axis_words
from trainlab.studies.stored import HeldRuns, NotThereError, Part, StoredMap, StoredRace, StoredStudy
from trainlab.web.pages.answer import Link, linked_table, links

# How much of a study is there, and whether more is on its way.


RUNNING = timedelta(minutes=2)
"""If something was saved since, a study that isn't whole is taken to be running: chunks take seconds."""

LEAST_WAIT = 5
"""Seconds until a page of a running study is asked for again, or longer if it took long to make."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Progress:
    """How many runs are there of how many, None where that isn't known before the end; when the last came.

    `damage` says which runs were left out, since they aren't what was saved.
    """

    trained: int
    due: int | None
    whole: bool
    last: datetime
    damage: tuple[str, ...] = ()

    @classmethod
    def of(cls, named: NamedStudy, held: HeldRuns, *, trained: int, due: int | None, whole: bool) -> Progress:
        """Return the progress of what is held of a study."""
        last = named.asked if held.last_saved is None else max(named.asked, held.last_saved)
        return cls(trained=trained, due=due, whole=whole, last=last, damage=held.damage)

    @property
    def running(self) -> bool:
        """Whether runs are being added, as far as the store tells."""
        return not self.whole and datetime.now(UTC) - self.last < RUNNING

    def notice(self, what: str) -> Html:
        """Return what stands above all, `what` the page is made of included; of a whole one only damage."""
        damage = joined(*(paragraph(damage_words(each), kind="question") for each in self.damage))
        if self.whole:
            return damage
        of = f" of {self.due:,}" if self.due is not None else ""
        words = f"{self.trained:,}{of} runs trained."
        state = (
            "It is running, and this page follows."
            if self.running
            else f"Nothing was saved since {self.last:%Y-%m-%d %H:%M} UTC. The same command, run again, goes "
            "on from here."
        )
        return joined(damage, paragraph(words, kind="question"), paragraph(f"{what} {state}"))


def damage_words(found: str) -> str:
    """Return what is damaged, and what to do about it."""
    return f"{found}. It is left out here; the command that trained it does so again."


# The list of what the store holds: studies, races and maps, newest first.


MOST = 500
"""So many studies stand on the page; ``trainlab show`` has all."""


def list_page(
    named: list[NamedStudy], held: list[StoredRuns], *, place: str, damage: Sequence[str] = ()
) -> Html:
    """Return the page; `damage` says what is left out, since it isn't what was saved."""
    if not named:
        body = paragraph(f"Nothing in {place} yet: 'trainlab study FILE' fills it, and so do race and map.")
    else:
        shown = listed(named[:MOST], held)
        cells = STUDIES.rows(shown)
        rows = [
            [Link(str(row[0]), study_address(one.study)), *row[1:]]
            for one, row in zip(shown, cells, strict=True)
        ]
        count = counted_studies(len(named))
        older = f", of which the newest {MOST:,}" if len(named) > MOST else ""
        body = joined(
            paragraph(f"{count} in {place}{older}. Newest first.", kind="muted"),
            linked_table(STUDIES.headings(shown), rows),
        )
    damaged = joined(*(paragraph(each, kind="question") for each in damage))
    return document("Studies", joined(tag("h1", escape("Studies")), links(), damaged, body))


def study_address(one: NamedStudy) -> str:
    """Return the address of a study's page."""
    return f"/studies/{one.key}"


# The plane of a map as a table: a trained point's share solved leads to its runs.


def plane_table(asked: Question, solved: Mapping[Point, int], address: str) -> Html:
    """Return the rows and columns that have trained points, the highest y first, as in the picture."""
    columns = sorted({column for _, column in solved})
    rows = sorted({row for row, _ in solved}, reverse=True)
    width = asked.shape[1]

    def cell(row: int, column: int) -> Link | str:
        count = solved.get((row, column))
        if count is None:
            return ""
        return Link(format_percent(count, asked.seeds), f"{address}/cells/{row * width + column}")

    words = (
        f"Percent of {asked.seeds:,} seeds solved; {axis_words(asked.x)} across, {axis_words(asked.y)} up. "
        "A number leads to the runs of its point; where none stands, nothing was trained."
    )
    table = linked_table(
        [asked.y.field, *(format_number(asked.x.values[column]) for column in columns)],
        [[format_number(asked.y.values[row]), *(cell(row, column) for column in columns)] for row in rows],
    )
    return joined(paragraph(words), table)


# A study of the store as a page: the report of what is there, and its cells, each with a page of its own.


MOST_RUNS = 200_000
"""A report of more takes longer than some ten seconds, and is left to the command line."""

MOST_POINTS = 5_000
"""A map of more trained points likewise."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Made:
    """A page, and how far the study was when it was made."""

    html: str
    progress: Progress


def study_page(named: NamedStudy, held: HeldRuns) -> Made:
    """Return the page of a study, race or map, as far as the store has it."""
    if named.question is None:
        return _unasked(named, held)
    if named.kind == "race":
        return _race(StoredRace.of(named), named, held)
    if named.kind == "map":
        return _map(StoredMap.of(named), named, held)
    return _study(StoredStudy.of(named), named, held)


def _study(stored: StoredStudy, named: NamedStudy, held: HeldRuns) -> Made:
    parts = stored.parts()
    trained, due = sum(part.trained(held) for part in parts), sum(part.due for part in parts)
    progress = Progress.of(named, held, trained=trained, due=due, whole=trained == due)
    cells = ("cells", "The runs of every cell", parts_table(parts, named, held, heading="Cell"))
    file = ("file", "The study file", fold("As TOML", code(study_to_toml(stored.plan))))
    if trained > MOST_RUNS:
        command = f"trainlab study study.toml --seeds {stored.seeds} --html report.html"
        words = (
            f"A report of so many runs takes long. With the file below as study.toml it is made by: {command}"
        )
        notice = joined(progress.notice(""), paragraph(words), links())
        return Made(html=_plain(named, notice, [cells, file]), progress=progress)
    seeds, shown = stored.reach(held)
    if not shown:
        notice = joined(progress.notice("The report comes with the first runs."), links())
        return Made(html=_plain(named, notice, [cells, file]), progress=progress)
    what = f"What follows is of {len(shown):,} of {counted(len(parts), 'cell')}, on {counted(seeds, 'seed')}."
    notice = joined(progress.notice(what), links())
    return Made(html=study_html(stored.result(held), notice=notice, further=[cells]), progress=progress)


def _race(stored: StoredRace, named: NamedStudy, held: HeldRuns) -> Made:
    parts = stored.parts()
    trained = sum(part.trained(held) for part in parts)
    try:
        result = stored.result(held)
    except NotThereError:
        result = None
    progress = Progress.of(named, held, trained=trained, due=None, whole=result is not None)
    notice = joined(progress.notice("Who is dropped is known at the end."), links())
    board = ("cells", "The runs of every candidate", parts_table(parts, named, held, heading="Candidate"))
    if result is None:
        return Made(html=_plain(named, notice, [board]), progress=progress)
    return Made(html=race_html(result, notice=notice, further=[board]), progress=progress)


def _map(stored: StoredMap, named: NamedStudy, held: HeldRuns) -> Made:
    asked = stored.asked
    if named.networks > MOST_POINTS:
        progress = Progress.of(named, held, trained=_held_runs(held), due=None, whole=True)
        words = (
            f"A page of {named.networks:,} points takes long; the command that made the map makes it, too, "
            "with --html map.html."
        )
        return Made(html=_plain(named, joined(paragraph(words), links()), []), progress=progress)
    result, solved = stored.read(held)
    progress = Progress.of(named, held, trained=_held_runs(held), due=None, whole=result is not None)
    notice = joined(progress.notice("The map is drawn once all its points are there."), links())
    points = ("cells", "The runs of every point", plane_table(asked, solved, study_address(named)))
    if result is None:
        return Made(html=_plain(named, notice, [points]), progress=progress)
    return Made(html=map_html(result, notice=notice, further=[points]), progress=progress)


def parts_table(parts: Sequence[Part], named: NamedStudy, held: HeldRuns, *, heading: str) -> Html:
    """Return cells or candidates with what is there of each, as links to their pages."""
    rows: list[list[str | int | Link]] = []
    for number, part in enumerate(parts):
        address = f"{study_address(named)}/cells/{number}"
        there = part.trained(held)
        rows.append(
            [
                Link(part.name, address) if there else part.name,
                there,
                share(part.solved(held)),
            ]
        )
    return linked_table((heading, "Runs", "Solved (95 % interval)"), rows)


def _held_runs(held: HeldRuns) -> int:
    """Return how many runs of a map's points are there: each point has seeds from the first on."""
    return sum(max(sum(map(len, one.ranges)) for one in each) for each in held.held.values())


def _plain(named: NamedStudy, notice: Html, parts: Sequence[tuple[str, str, Html]]) -> Html:
    return page(named.title or "(no title)", Front(say=NOTHING), parts, notice=notice)


def _unasked(named: NamedStudy, held: HeldRuns) -> Made:
    """Return what is known of a study that an older trainlab named, or of a budget within a search."""
    trained = _held_runs(held)
    progress = Progress.of(named, held, trained=trained, due=None, whole=True)
    words = (
        f"{trained:,} runs of {counted(len(named.fingerprints), 'experiment')} are there, but what was "
        "asked isn't kept with them: an older trainlab named them, or they are one size in a search for the "
        "smallest network. Asked again, nothing is trained twice."
    )
    return Made(html=_plain(named, joined(paragraph(words), links()), []), progress=progress)
