"""A population of seeds as one self-contained HTML page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from trainlab.diagnosis.seeds.show import facts, one_seed_words
from trainlab.diagnosis.seeds.words import rate_of
from trainlab.draw import Interval, format_number, html_table, intervals
from trainlab.draw.svg import escape
from trainlab.report.diagnosis_pictures import drawn
from trainlab.report.parts import document, fold, paragraph, picture, section, side_by_side, terms
from trainlab.stats import share_words

if TYPE_CHECKING:
    from trainlab.diagnosis.seeds.population import SeedsResult


def seeds_html(found: SeedsResult | dict[str, Any], *, title: str = "Seeds") -> str:
    """Return a population of seeds as one HTML file that needs no network and no script.

    Args:
        found: what `trainlab.seeds` returned, or what ``trainlab seeds --json`` has written.
        title: the page's heading.
    """
    data = found if isinstance(found, dict) else found.to_dict()
    parts = [
        ("facts", "What was run", _facts(data)),
        ("failures", "Why runs failed", _failures(data)),
        ("notes", "Worth knowing", "".join(paragraph(note) for note in data["notes"])),
        ("runs", "Every run", _runs(data)),
    ]
    links = "".join(f'<li><a href="#{name}">{escape(words)}</a></li>' for name, words, body in parts if body)
    return document(
        title,
        "\n".join(
            [
                f"<header>\n<h1>{escape(title)}</h1></header>",
                section("verdict", "Was it the seed?", paragraph(data["verdict"], kind="question")),
                f'<nav aria-label="Contents"><ul>{links}</ul></nav>',
                *(section(name, words, body) for name, words, body in parts),
            ]
        ),
    )


def _facts(data: dict[str, Any]) -> str:
    told = terms([(label.capitalize(), words) for label, words in facts(data)])
    numbers = data["measure"]["picture"]
    if not numbers:
        return told
    return side_by_side([told, picture(drawn(_with_yours(numbers, data["yours"]["value"])))])


def _with_yours(numbers: dict[str, Any], own: float | None) -> dict[str, Any]:
    """Return the histogram with a line where the script's own run stands."""
    if own is None:
        return numbers
    return numbers | {"range": {"label": "your run", "low": own, "high": own}}


def _failures(data: dict[str, Any]) -> str:
    failures = data["failures"]
    if not failures["count"]:
        return ""
    rows = [(cause, rate_of(cause["rate"])) for cause in failures["causes"]]
    drawn_shares = intervals(
        [
            Interval(
                label=cause["name"],
                estimate=100 * share.estimate,
                low=100 * share.low,
                high=100 * share.high,
            )
            for cause, share in rows
        ],
        x_label="% of the failed runs",
        title="Failed runs by their first finding, with 95 % intervals",
    )
    table = html_table(
        ["Cause", "What it is", "Share", "Seeds"],
        [
            [cause["name"], cause["title"], share_words(share, of="failed runs"), _seeds(cause["seeds"])]
            for cause, share in rows
        ],
        caption="Why runs failed",
    )
    return side_by_side([picture(drawn_shares), table]) + paragraph(one_seed_words(data), kind="muted")


def _runs(data: dict[str, Any]) -> str:
    words = {True: "yes", False: "no", None: "not judged"}
    rows = [
        [
            "yours" if run["seed"] is None else str(run["seed"]),
            words[run["success"]],
            format_number(run["value"]),
            "failed" if run["failed"] else run["state"],
            run["fault"] or "–",
            format_number(run["last_loss"]),
        ]
        for run in [data["yours"], *data["runs"]]
    ]
    headers = ["Seed", "Success", data["measure"]["name"], "Outcome", "First finding", "Last loss"]
    return fold(f"{len(rows):,} runs", html_table(headers, rows, caption="Every run"))


def _seeds(seeds: list[int]) -> str:
    return ", ".join(map(str, seeds))
