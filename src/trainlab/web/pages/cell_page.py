"""A cell of a study, a candidate of a race or a point of a map as a page: its rate, and its runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from trainlab.draw.svg import Html, escape
from trainlab.draw.table import Cell
from trainlab.page.cells import UNKNOWN, share
from trainlab.page.document import Front, code, fold, page, paragraph
from trainlab.page.html import NOTHING, joined, tag
from trainlab.spec import Experiment, File, experiment_to_toml
from trainlab.store import NamedStudy, Outcomes
from trainlab.studies.stored import HeldRuns, Part
from trainlab.web.addresses import lab_address
from trainlab.web.pages.answer import links
from trainlab.web.pages.linked_table import Link, linked_table
from trainlab.web.pages.study_list import study_address

ROWS = 500
"""So many runs stand on a page."""
NEAR = 5
"""So many pages on either side have a link."""

MAX_ADDRESS = 2_000
"""Longer addresses, as of experiments with many points of one's own, are on the page of a run alone."""


def cell_page(named: NamedStudy, number: int, part: Part, held: HeldRuns, *, first: int) -> Html:
    """Return the page of a part, with its runs from the `first`-th on."""
    there = part.there(held)
    rate = part.solved(held)
    total = sum(len(seeds) for _, seeds in there)
    address = f"{study_address(named)}/cells/{number}"
    rows = list(_rows(there, held, address, first=first))
    body = linked_table(("Seed", "End", "Loss", "First solved epoch", "In the lab"), rows)
    said = "No run is there yet." if rate is None else f"{share(rate)} of {rate.n:,} runs solved."
    back = tag("p", tag("a", escape("All of it"), href=study_address(named)))
    return page(
        f"{named.title or '(no title)'}: {part.words}",
        Front(say=paragraph(said, kind="question"), more=joined(back, links())),
        [
            ("runs", "Runs", joined(body, _pages(address, first, total))),
            *(
                (f"experiment-{place}", "The experiment", _experiment(experiment))
                for place, (experiment, _) in enumerate(there[:1])
            ),
        ],
    )


def outcome_words(row: Outcomes) -> str:
    """Return in a word how a run ended."""
    if row["solved"]:
        return "solved"
    if row["diverged_step"] >= 0:
        return "diverged"
    return "lost" if row["solved_epoch"] >= 0 else "not solved"


def epoch_words(epoch: int) -> str:
    """Return an epoch, or a dash for never."""
    return f"{epoch:,}" if epoch >= 0 else UNKNOWN


def lab_link(experiment: Experiment, seed: int) -> str:
    """Return the address of a run in the lab; nothing if the lab mustn't read the experiment's file."""
    before = experiment
    while before is not None:
        if isinstance(before.task, File):
            return ""
        before = before.after
    return lab_address(experiment, seed=seed)


def _rows(
    there: Sequence[tuple[Experiment, range]], held: HeldRuns, address: str, *, first: int
) -> Iterator[list[Cell | Link]]:
    """Give the `ROWS` runs from the `first`-th on; no other is read."""
    skipped, left = first, ROWS
    for place, (experiment, asked) in enumerate(there):
        seeds = asked[skipped : skipped + left]
        skipped, left = max(0, skipped - len(asked)), left - len(seeds)
        if not seeds:
            continue
        outcomes = held.outcomes(experiment, seeds)
        for seed, row in zip(seeds, outcomes, strict=True):
            lab = lab_link(experiment, seed)
            yield [
                Link(f"{seed}", f"{address}/runs/{place}/{seed}"),
                outcome_words(row),
                float(row["loss"]),
                epoch_words(int(row["solved_epoch"])),
                Link("open", lab) if lab and len(lab) <= MAX_ADDRESS else "",
            ]


def _pages(address: str, first: int, total: int) -> Html:
    """Return links to the runs before and after, to the first and to the last: of a million not to all."""
    if total <= ROWS:
        return NOTHING
    words = paragraph(f"Runs {first + 1:,} to {min(first + ROWS, total):,} of {total:,}.", kind="muted")
    last = (total - 1) // ROWS * ROWS
    near = {first + ROWS * step for step in range(-NEAR, NEAR + 1)}
    starts = sorted({0, last, *(start for start in near if 0 <= start <= last)} - {first})
    others = [
        tag("a", escape(f"{start + 1:,} to {min(start + ROWS, total):,}"), href=f"{address}?first={start}")
        for start in starts
    ]
    return joined(words, tag("nav", tag("ul", *(tag("li", each) for each in others)), aria_label="Runs"))


def _experiment(experiment: Experiment) -> Html:
    return fold("As a study file (TOML)", code(experiment_to_toml(experiment)))
