"""A population of seeds in the terminal, in 80 columns."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from trainlab.diagnosis.report.lines import EMPTY, WIDTH, Lines, field, item, paragraph, print_lines
from trainlab.diagnosis.report.text_picture import in_text
from trainlab.diagnosis.seeds.population_words import causes_words
from trainlab.draw import counted, format_number

if TYPE_CHECKING:
    from rich.console import Console

_LABEL = 13
WAYS = {
    "rerun": "the file runs again for each seed",
    "lifted": "lifted",
    "called": "the function is called again for each seed",
}
ASKED = "asked for"
FEW_CAUSES = 3
SHORT_FACTS = ("way", "seeds", "measure", "your run")


def show_seeds(data: dict[str, Any], console: Console, *, details: bool = False) -> None:
    """Print a population, as `SeedsResult.to_dict` has it; nothing is told by colour alone.

    Without `details` it is the answer: verdict, measure and histogram, the commonest causes of failure, and
    the weightiest note.
    """
    print_lines(seeds_lines(data, width=min(WIDTH, console.width), details=details), console)


def seeds_lines(data: dict[str, Any], *, width: int = WIDTH, details: bool = False) -> Lines:
    """Return the lines with their styles: a role of the palette, ``bold`` or nothing."""
    lines = paragraph(data["verdict"], width, "bold") + EMPTY
    for label, text in facts(data):
        if details or label in SHORT_FACTS:
            lines += field(label, text, width, room=_LABEL)
    picture = data["measure"]["picture"]
    if picture:
        lines += [(line, "") for line in in_text(picture, width=width, label="histogram".ljust(_LABEL))]
    failures = data["failures"]
    if failures["count"]:
        lines += [("", ""), (_heading(failures), "bold")]
        causes = causes_words(data)
        for text in causes if details else causes[:FEW_CAUSES]:
            lines += item(text, width)
        if not details and len(causes) > FEW_CAUSES:
            lines += item(f"{len(causes) - FEW_CAUSES} more kinds", width)
        lines += paragraph(one_seed_words(data), width)
    notes = data["notes"] if details else data["notes"][:1]
    if notes:
        lines += [("", ""), ("Worth knowing:", "bold")]
        for text in notes:
            lines += item(text, width)
    return lines


def rest_line(data: dict[str, Any], *, has_page: bool = False) -> str:
    """Return what else `details` would tell, for the command; a page is offered where none was made."""
    parts = ["how long it took"]
    more = len(data["failures"]["causes"]) - FEW_CAUSES
    parts += ["all kinds of failure"] if more > 0 else []
    parts += [counted(len(data["notes"]) - 1, "more note")] if len(data["notes"]) > 1 else []
    page = "" if has_page else " With --html FILE: a page, every run in it."
    return f"More with --details: {', '.join(parts)}.{page}"


def facts(data: dict[str, Any]) -> list[tuple[str, str]]:
    """Return label and words of what was run, and of the numbers."""
    way, seeds, measure, how = data["way"], data["seeds"], data["measure"], data["how"]
    whose = "the function's" if way["name"] == "called" else "the script's"
    done = f"{seeds['finished']:,} of {counted(seeds['asked'], 'seed')}, besides {whose} own"
    if seeds["interrupted"]:
        done += "; stopped early"
    rows = [("way", _way(way)), ("seeds", done)]
    if how.get("seconds") is not None:
        each = f", {format_number(how['seconds_a_run'])} s a run" if how["seconds_a_run"] else ""
        by = f"{how['engine']} engine" if how["engine"] else f"{how['workers']} at once"
        rows.append(("time", f"{format_number(how['seconds'])} s, {by}{each}"))
    if measure["runs"]:
        numbers = {key: format_number(measure[key]) for key in ("min", "q25", "median", "q75", "max")}
        rows.append(
            (
                "measure",
                f"{measure['name']}: median {numbers['median']}, middle half {numbers['q25']} to "
                f"{numbers['q75']}, all {numbers['min']} to {numbers['max']} "
                f"({counted(measure['runs'], 'run')})",
            )
        )
    yours = data["yours"]
    own = "failed" if yours["failed"] else yours["state"]
    cause = f", first finding {yours['fault']}" if yours["fault"] and not yours["failed"] else ""
    message = f": {yours['message']}" if yours["failed"] else ""
    rows.append(("your run", f"{own}, {measure['name']} {format_number(yours['value'])}{cause}{message}"))
    return rows


def _way(way: dict[str, Any]) -> str:
    """Say how the seeds were run; of a file that runs again, why it wasn't trained as an experiment."""
    if way["name"] != "rerun":
        return f"{WAYS[way['name']]}: {way['why']}"
    if way["why"] == ASKED:
        return f"{WAYS['rerun']}, as asked for"
    return f"{WAYS['rerun']}. The quicker way, as an experiment of trainlab, isn't open to it: {way['why']}"


def _heading(failures: dict[str, Any]) -> str:
    looked, count = failures["looked_at"], failures["count"]
    of = f"the {looked:,} looked at of " if looked < count else ""
    return f"Of {of}{counted(count, 'failed run')}:"


def one_seed_words(data: dict[str, Any]) -> str:
    """Return how one of the failed seeds is looked at."""
    if data["way"]["name"] == "lifted":
        return "The seeds are the experiment's. For seeds of the script itself, to look at one: --rerun"
    if data["way"]["name"] == "called":
        return "Which seeds failed, and of what: to_frame()"
    seed = data["failures"]["causes"][0]["seeds"][0]
    passed = ["--", *data["arguments"]] if data["arguments"] else []
    return f"Look at one: {shlex.join(['trainlab', 'seeds', data['script'], '--seed', str(seed), *passed])}"
