"""A cell, candidate or point as a page, one of its runs, and how that run unlearned."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np
from msgspec.structs import replace

from trainlab.draw import format_number
from trainlab.draw.svg import Html, escape
from trainlab.draw.table import Cell
from trainlab.engine import Runs
from trainlab.errors import SpecError, TrainlabError
from trainlab.lifeline import lifeline
from trainlab.page.columns import UNKNOWN, share
from trainlab.page.document import NOTHING, Front, code, fold, joined, page, paragraph, tag, terms
from trainlab.report.spikes_and_endings import HOW_READ, MEANINGS
from trainlab.report.study_runs import run_graph
from trainlab.scratch import scratch_folder
from trainlab.spec import Experiment, File, experiment_to_toml
from trainlab.store import NamedStudy, Outcomes
from trainlab.studies.endings import check_readable
from trainlab.studies.landscape import Ending, read_ending
from trainlab.studies.stored import HeldRuns, Part
from trainlab.web.experiment_forms import lab_address
from trainlab.web.pages.answer import Link, linked_table, links, listed_links
from trainlab.web.pages.study_page import study_address

# A cell of a study, a candidate of a race or a point of a map as a page: its rate, and its runs.


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
        (f"{start + 1:,} to {min(start + ROWS, total):,}", f"{address}?first={start}") for start in starts
    ]
    return joined(words, listed_links(others, label="Runs"))


def _experiment(experiment: Experiment) -> Html:
    return fold("As a study file (TOML)", code(experiment_to_toml(experiment)))


# One run as a page: how it ended, its network, and, where asked, the place in the loss where it stands.


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
            more=joined(terms(_facts(row)), _ways(experiment, seed, row, here, cell, end=end), links()),
        ),
        [
            ("end", "Where it ended", _ending(experiment, runs) if end else NOTHING),
            ("experiment", "The experiment", _experiment(experiment)),
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


def _ways(experiment: Experiment, seed: int, row: Outcomes, here: str, cell: str, *, end: bool) -> Html:
    """Return links to what else can be asked of the run."""
    ways = [("All runs of this cell", cell)]
    lab = lab_link(experiment, seed)
    if lab:
        ways.insert(0, ("Play it in the lab", lab))
    if not row["solved"] and row["diverged_step"] < 0 and not end:
        ways.append(("Where did it end?", f"{here}?end=1"))
    if not row["solved"] and row["solved_epoch"] >= 0:
        ways.append(("How did it lose it?", f"{here}/spike"))
    return listed_links(ways, label="This run")


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
    words = paragraph(f"{ENDS[kind]}: {dict(MEANINGS)[kind]}.", kind="question")
    return joined(words, terms(_ending_facts(experiment, found)), paragraph(HOW_READ, kind="muted"))


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


# How a run lost what it had solved: the page of ``trainlab run --spike``, made by a process of its own.
#
# The run is replayed step by step in PyTorch, which takes seconds in which this process would answer nobody.


SECONDS: Final = 60
"""After so long it is left to the command line."""


def spike_page(experiment: Experiment, seed: int) -> str:
    """Return the page; raise TrainlabError with one line if there is none."""
    with scratch_folder("spike") as folder:
        Path(folder, "experiment.toml").write_text(experiment_to_toml(_placed(experiment)), encoding="utf-8")
        asked = ["run", "experiment.toml", "--spike", "--seed", str(seed), "--html", "spike.html"]
        command = [sys.executable, "-P", "-m", "trainlab", *asked, "--workers", "1"]
        try:
            code, said = run_within(SECONDS, command, folder=folder)
        except subprocess.TimeoutExpired:
            raise TrainlabError(
                f"That takes more than {SECONDS} seconds. Save the experiment as experiment.toml, and run: "
                f"trainlab {' '.join(asked)}"
            ) from None
        made = Path(folder, "spike.html")
        if code or not made.is_file():
            raise TrainlabError(said.strip().splitlines()[-1] if said.strip() else "No page was made.")
        return made.read_text(encoding="utf-8")


def run_within(seconds: float, command: Sequence[str], *, folder: str) -> tuple[int, str]:
    """Run a command that ends with this process; return its exit code, and what it wrote to stderr.

    Raises:
        subprocess.TimeoutExpired: it took longer, and was ended.
    """
    with (
        lifeline() as line,
        subprocess.Popen(
            command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        ) as process,
    ):
        line.hold(process.pid)
        try:
            _, said = process.communicate(timeout=seconds)
        finally:
            process.kill()
    return process.returncode, said


def _placed(experiment: Experiment) -> Experiment:
    """Return the experiment with its data file found from any folder."""
    if isinstance(experiment.task, File):
        task = replace(experiment.task, path=os.path.abspath(experiment.task.path))
        experiment = replace(experiment, task=task)
    return experiment if experiment.after is None else replace(experiment, after=_placed(experiment.after))
