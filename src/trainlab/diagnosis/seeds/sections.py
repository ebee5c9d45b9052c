"""What a population of seeds says, section by section: terminal and page are made of these."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from typing import Any

from trainlab.diagnosis.script.kept_arguments import HIDDEN, in_words
from trainlab.diagnosis.seeds.population_words import causes_words, rate_of
from trainlab.draw import counted, format_number
from trainlab.page.cells import UNKNOWN
from trainlab.page.columns import Column, TableOf
from trainlab.page.section import Fact, Section, Table
from trainlab.page.sketch import Sketch
from trainlab.stats import share_words

WAYS = {
    "rerun": "the file runs again for each seed",
    "lifted": "lifted",
    "called": "the function is called again for each seed",
}
ASKED = "asked for"
Row = dict[str, Any]


def seeds_sections(data: dict[str, Any]) -> tuple[Section, Section, Section, Section]:
    """Return the sections of a population, as `SeedsResult.to_dict` has it.

    These are the answer with its numbers, why runs failed, what else to know, and every run.
    """
    picture, failures, runs = data["measure"]["picture"], data["failures"], [data["yours"], *data["runs"]]
    causes, words = failures["causes"], ()
    if failures["count"]:
        words = (_of_how_many(failures), *causes_words(data))
    return (
        Section(
            name="seed",
            heading="Was it the seed?",
            text=(data["verdict"],),
            facts=_facts(data),
            sketches=(Sketch(_with_yours(picture, data["yours"]["value"])),) if picture else (),
        ),
        Section(
            name="failures",
            heading="Why runs failed",
            text=words,
            sketches=(_shares(causes),) if causes else (),
            tables=(_table("Why runs failed", CAUSES, causes),) if words else (),
            asides=(_one_seed(data),) if words else (),
        ),
        Section(name="notes", heading="Worth knowing", text=tuple(data["notes"])),
        Section(
            name="runs",
            heading="Every run",
            tables=(_table("Every run", _runs(data["measure"]["name"]), runs),),
        ),
    )


def _with_yours(histogram: dict[str, Any], own: float | None) -> dict[str, Any]:
    """Return the histogram with a line where the training's own run stands."""
    return histogram if own is None else histogram | {"range": {"label": "your run", "low": own, "high": own}}


def _shares(causes: Sequence[Row]) -> Sketch:
    rates = [(cause["name"], rate_of(cause["rate"])) for cause in causes]
    rows = [
        {"label": name, "estimate": 100 * share.estimate, "low": 100 * share.low, "high": 100 * share.high}
        for name, share in rates
    ]
    title = "Failed runs by their first finding, with 95 % intervals"
    return Sketch({"kind": "intervals", "title": title, "x_label": "% of the failed runs", "rows": rows})


CAUSES: TableOf[Row] = TableOf(
    (
        Column("Cause", lambda cause: cause["name"]),
        Column("What it is", lambda cause: cause["title"]),
        Column("Share", lambda cause: share_words(rate_of(cause["rate"]), of="failed runs")),
        Column("Seeds", lambda cause: ", ".join(map(str, cause["seeds"]))),
    )
)

_SUCCESS = {True: "yes", False: "no", None: "not judged"}


def _runs(measure: str) -> TableOf[Row]:
    return TableOf(
        (
            Column("Seed", lambda run: "yours" if run["seed"] is None else str(run["seed"])),
            Column("Success", lambda run: "neither" if run.get("between") else _SUCCESS[run["success"]]),
            Column(measure, lambda run: run["value"]),
            Column("Outcome", lambda run: "failed" if run["failed"] else run["state"]),
            Column("First finding", lambda run: run["fault"] or UNKNOWN),
            Column("Last loss", lambda run: run["last_loss"]),
        )
    )


def _table(title: str, table: TableOf[Row], rows: Sequence[Row]) -> Table:
    return Table(title=title, headers=table.headings(rows), rows=table.rows(rows), shown=len(rows))


def _facts(data: dict[str, Any]) -> tuple[Fact, ...]:
    """Return label and words of what was run, and of the numbers."""
    way, seeds, measure, how = data["way"], data["seeds"], data["measure"], data["how"]
    whose = "the function's" if way["name"] == "called" else "the script's"
    done = f"{seeds['finished']:,} of {counted(seeds['asked'], 'seed')}, besides {whose} own"
    if seeds["interrupted"]:
        done += "; stopped early"
    facts = [Fact("way", _way(way), brief=True), Fact("seeds", done, brief=True)]
    if data["arguments"]:
        facts.append(Fact("arguments", in_words(data["arguments"])))
    if how.get("seconds") is not None:
        each = f", {format_number(how['seconds_a_run'])} s a run" if how["seconds_a_run"] else ""
        by = f"{how['engine']} engine" if how["engine"] else f"{how['workers']} at once"
        facts.append(Fact("time", f"{format_number(how['seconds'])} s, {by}{each}"))
    if measure["runs"]:
        numbers = {key: format_number(measure[key]) for key in ("min", "q25", "median", "q75", "max")}
        words = (
            f"{measure['name']}: median {numbers['median']}, middle half {numbers['q25']} to "
            f"{numbers['q75']}, all {numbers['min']} to {numbers['max']} ({counted(measure['runs'], 'run')})"
        )
        facts.append(Fact("measure", words, brief=True))
    yours = data["yours"]
    own = "failed" if yours["failed"] else yours["state"]
    cause = f", first finding {yours['fault']}" if yours["fault"] and not yours["failed"] else ""
    message = f": {yours['message']}" if yours["failed"] else ""
    read = f" {data['success']['read']}" if data["success"]["read"] else ""
    words = f"{own}, {measure['name']} {format_number(yours['value'])}{read}{cause}{message}"
    return (*facts, Fact("your run", words, brief=True))


def _way(way: dict[str, Any]) -> str:
    """Say how the seeds were run; of a file that runs again, why it wasn't trained as an experiment."""
    if way["name"] != "rerun":
        return f"{WAYS[way['name']]}: {way['why']}"
    if way["why"] == ASKED:
        return f"{WAYS['rerun']}, as asked for"
    return f"{WAYS['rerun']}. The quicker way, as an experiment of trainlab, isn't open to it: {way['why']}"


def _of_how_many(failures: dict[str, Any]) -> str:
    looked, count = failures["looked_at"], failures["count"]
    of = f"the {looked:,} looked at of " if looked < count else ""
    return f"Of {of}{counted(count, 'failed run')}:"


def _one_seed(data: dict[str, Any]) -> str:
    """Return how one of the failed seeds is looked at."""
    if data["way"]["name"] == "lifted":
        return "The seeds are the experiment's. For seeds of the script itself, to look at one: --rerun"
    if data["way"]["name"] == "called":
        return "Which seeds failed, and of what: to_frame()"
    seed = data["failures"]["causes"][0]["seeds"][0]
    given = data["arguments"]
    passed = ["--", *given] if given and set(given) != {HIDDEN} else []
    command = shlex.join(["trainlab", "seeds", data["script"], "--seed", str(seed), *passed])
    also = f" -- and its {counted(len(given), 'argument')}" if given and not passed else ""
    return f"Look at one: {command}{also}"
