"""One run as a page: how it ended, its network, and, where asked, the place in the loss where it stands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from trainlab.draw import format_number
from trainlab.draw.svg import Html, escape
from trainlab.engine import Runs
from trainlab.errors import SpecError
from trainlab.page.document import Front, code, fold, page, paragraph, terms
from trainlab.page.html import NOTHING, joined, tag
from trainlab.report.endings_terminal import HOW, MEANING
from trainlab.report.study.run_part import run_graph
from trainlab.spec import Experiment, experiment_to_toml
from trainlab.store import NamedStudy, Outcomes
from trainlab.studies.landscape.classify_end import Ending, read_ending
from trainlab.studies.landscape.endings import check_readable
from trainlab.studies.stored import HeldRuns, Part
from trainlab.web.pages.answer import links
from trainlab.web.pages.cell_page import epoch_words, lab_link, outcome_words
from trainlab.web.pages.study_list import study_address

ENDS: Final = {
    "minimum": "It ended at a minimum",
    "saddle": "It ended at a saddle",
    "plateau": "It ended on a plateau",
    "kink": "It ended at a kink of the loss",
    "still moving": "It was still moving",
}


def run_page(
    named: NamedStudy, number: int, part: Part, place: int, seed: int, held: HeldRuns, *, end: bool
) -> Html:
    """Return the page of a run of its part's experiment `place`; with `end`, also where it ended."""
    experiment = part.experiments[place][0]
    only = range(seed, seed + 1)
    runs, row = held.runs(experiment, only), held.outcomes(experiment, only)[0]
    cell = f"{study_address(named)}/cells/{number}"
    here = f"{cell}/runs/{place}/{seed}"
    return page(
        f"{named.title or '(no title)'}: {part.words}, seed {seed:,}",
        Front(
            say=paragraph(f"Seed {seed:,}: {outcome_words(row)}.", kind="question"),
            show=run_graph(runs, 0, f"The network of seed {seed:,} at its end"),
            more=joined(terms(_facts(row)), *_ways(experiment, seed, row, here, cell, end=end), links()),
        ),
        [
            ("end", "Where it ended", _ending(experiment, runs) if end else NOTHING),
            (
                "experiment",
                "The experiment",
                fold("As a study file (TOML)", code(experiment_to_toml(experiment))),
            ),
        ],
    )


def _facts(row: Outcomes) -> list[tuple[str, str]]:
    facts = [
        ("Loss", format_number(float(row["loss"]))),
        ("Accuracy", format_number(float(row["accuracy"]))),
        ("Held-out loss", format_number(float(row["held_out_loss"]))),
        ("Held-out accuracy", format_number(float(row["held_out_accuracy"]))),
        ("First solved", epoch_words(int(row["solved_epoch"]))),
        ("Frozen", epoch_words(int(row["stopped_epoch"]))),
        ("Diverged at step", epoch_words(int(row["diverged_step"]))),
    ]
    return [(name, words) for name, words in facts if words not in ("–", "NaN", "nan")]


def _ways(
    experiment: Experiment, seed: int, row: Outcomes, here: str, cell: str, *, end: bool
) -> Sequence[Html]:
    """Return links to what else can be asked of the run."""
    ways = [("All runs of this cell", cell)]
    lab = lab_link(experiment, seed)
    if lab:
        ways.insert(0, ("Play it in the lab", lab))
    if not row["solved"] and row["diverged_step"] < 0 and not end:
        ways.append(("Where did it end?", f"{here}?end=1"))
    if not row["solved"] and row["solved_epoch"] >= 0:
        ways.append(("How did it lose it?", f"{here}/spike"))
    items = (tag("li", tag("a", escape(words), href=address)) for words, address in ways)
    return (tag("nav", tag("ul", *items), aria_label="This run"),)


def _ending(experiment: Experiment, runs: Runs) -> Html:
    """Return where the run ended; a sentence where that can't be told."""
    try:
        check_readable(experiment)
    except SpecError as error:
        return paragraph(str(error))
    if not experiment.record.parameters:
        return paragraph("Its weights were not kept (record.parameters = false), so that can't be read.")
    found = read_ending(experiment, np.asarray(runs.parameters[0]), seed=runs.first_seed)
    if found is None:
        return paragraph("Its loss isn't finite where it ended, so there is no place to be read.")
    kind = found.kind()
    words = paragraph(f"{ENDS[kind]}: {dict(MEANING)[kind]}.", kind="question")
    return joined(words, terms(_ending_facts(experiment, found)), paragraph(HOW, kind="muted"))


def _ending_facts(experiment: Experiment, found: Ending) -> list[tuple[str, str]]:
    def of_loss(value: float) -> str:
        return f"{format_number(100 * value)} % of the loss"

    return [
        ("Loss", format_number(found.loss)),
        ("Gradient", format_number(found.gradient_norm)),
        ("The slope leads down by", of_loss(found.slope)),
        *([("Across kinks by", of_loss(found.across))] if found.across is not None else []),
        ("Along the most negative curvature it falls by", of_loss(found.down)),
        ("Along the largest curvature it rises by", of_loss(found.up)),
        ("Flat directions", f"{found.flat:,} of {experiment.network.parameters:,}"),
    ]
