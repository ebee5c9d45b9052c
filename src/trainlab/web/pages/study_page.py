"""A study of the store as a page: the report of what is there, and its cells, each with a page of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trainlab.draw import counted
from trainlab.draw.svg import Html
from trainlab.page.cells import UNKNOWN, share
from trainlab.page.document import Front, code, fold, page, paragraph
from trainlab.page.html import NOTHING, joined
from trainlab.report import map_html, race_html, study_html
from trainlab.spec import study_to_toml
from trainlab.store import NamedStudy
from trainlab.studies.stored import HeldRuns, NotThereError, Part, StoredMap, StoredRace, StoredStudy
from trainlab.web.pages.answer import links
from trainlab.web.pages.linked_table import Link, linked_table
from trainlab.web.pages.plane_table import plane_table
from trainlab.web.pages.progress_notice import Progress
from trainlab.web.pages.study_list import study_address

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
        solved = part.solved(held)
        address = f"{study_address(named)}/cells/{number}"
        there = part.trained(held)
        rows.append(
            [
                Link(part.name, address) if there else part.name,
                there,
                UNKNOWN if solved is None else share(solved),
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
