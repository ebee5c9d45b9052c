"""A map as one self-contained HTML page: the verdict first, then pictures of the plane, the method last."""

from __future__ import annotations

from trainlab.draw import format_number, html_table
from trainlab.draw.svg import escape
from trainlab.report.map_method import method_pairs
from trainlab.report.parts import code, document, fold, paragraph, picture, section, side_by_side, terms
from trainlab.report.words import share, unbroken
from trainlab.spec import experiment_to_toml
from trainlab.studies.maps import MapResult, map_picture
from trainlab.studies.maps.fields import axis_words
from trainlab.studies.maps.show import MEASURES, Measure

CAPTIONS = {
    "solved": "How much of the plane works, and how sharply it ends. Each shade is the share of a "
    "point's seeds.",
    "epochs": "How soon, where some seeds are solved: a plane that works can still be slow.",
    "diverged": "Where numbers overflow: a prediction was no longer finite.",
    "outcome": "How training fails where it does. A vanishing gradient is a high loss with almost no "
    "gradient in the first layer at the end; saturated layers end so, too.",
}


def map_html(result: MapResult) -> str:
    """Return the report of a map as one HTML file that needs no network and no script."""
    asked = result.question
    axes = f"{axis_words(asked.x)} across, {axis_words(asked.y)} up"
    verdict = "".join(
        paragraph(unbroken(sentence), kind="" if place else "question")
        for place, sentence in enumerate(result.verdict)
    )
    measures: list[Measure] = [item for item in MEASURES if item != "diverged" or result.shares.runs[1].any()]
    pictures = [
        picture(map_picture(result, measure)) + paragraph(CAPTIONS[measure], kind="muted")
        for measure in measures
    ]
    lost = "" if "diverged" in measures else paragraph("No seed diverged anywhere in this plane.")
    return document(
        f"Map of {asked.name}",
        "\n".join(
            [
                f"<header>\n<h1>{escape(asked.name)}: where training works</h1>",
                paragraph(f"{axes[0].upper()}{axes[1:]}", kind="muted") + "</header>",
                section("verdict", "Verdict", verdict),
                section("plane", "The plane", side_by_side(pictures) + lost),
                section("best", "The best points", _best_table(result) + _experiment(result)),
                section("method", "How it was run", terms(method_pairs(result))),
            ]
        ),
    )


def _best_table(result: MapResult) -> str:
    """Return the best point on fresh seeds, and the file's own setting."""
    asked, best, own = result.question, result.best, result.own
    x, y = asked.x.values[best.column], asked.y.values[best.row]
    rows: list[list[str]] = [
        [
            "best point, fresh seeds",
            format_number(x),
            format_number(y),
            share(best.fresh),
            f"{best.fresh.n:,}",
        ],
        [
            "best point, seeds of the map",
            format_number(x),
            format_number(y),
            share(best.seen),
            f"{best.seen.n:,}",
        ],
    ]
    if own is not None:
        rows.append(
            [
                "as the file has it",
                format_number(own.x),
                format_number(own.y),
                share(own.solved),
                f"{own.solved.n:,}",
            ]
        )
    headers = ["Point", asked.x.field, asked.y.field, "solved (95 % interval)", "seeds"]
    return html_table(headers, rows)


def _experiment(result: MapResult) -> str:
    script = experiment_to_toml(result.best_experiment)
    return fold("The best point as an experiment file (TOML)", code(script))
