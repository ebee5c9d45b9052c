"""A population of seeds as one self-contained HTML page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from trainlab.diagnosis.seeds.population_words import rate_of
from trainlab.diagnosis.seeds.show import facts, one_seed_words
from trainlab.draw import Interval, format_number, html_table, intervals, unbroken
from trainlab.page.document import Front, fold, page, paragraph, picture, terms
from trainlab.report.diagnosis_pictures import drawn
from trainlab.report.verdict_part import first_sentence
from trainlab.stats import share_words

if TYPE_CHECKING:
    from trainlab.diagnosis.seeds.population import SeedsResult


def seeds_html(found: SeedsResult | dict[str, Any], *, title: str = "Seeds") -> str:
    """Return a population of seeds as one HTML file that needs no network, and reads whole without a script.

    Args:
        found: what `trainlab.seeds` returned, or what ``trainlab seeds --json`` has written.
        title: the page's heading.
    """
    data = found if isinstance(found, dict) else found.to_dict()
    numbers = data["measure"]["picture"]
    histogram = picture(drawn(_with_yours(numbers, data["yours"]["value"]))) if numbers else ""
    causes = _causes(data)
    first, rest = first_sentence(data["verdict"])
    return page(
        title,
        Front(
            say=paragraph(unbroken(first), kind="question"),
            show=histogram or causes,
            more=(paragraph(unbroken(rest)) if rest else "") + _facts(data),
        ),
        [
            ("failures", "Why runs failed", _failures(data, causes if histogram else "")),
            ("notes", "Worth knowing", "".join(paragraph(note) for note in data["notes"])),
            ("runs", "Every run", _runs(data)),
        ],
        question="Was it the seed?",
    )


def _facts(data: dict[str, Any]) -> str:
    return terms([(label.capitalize(), words) for label, words in facts(data)])


def _with_yours(numbers: dict[str, Any], own: float | None) -> dict[str, Any]:
    """Return the histogram with a line where the script's own run stands."""
    if own is None:
        return numbers
    return numbers | {"range": {"label": "your run", "low": own, "high": own}}


def _causes(data: dict[str, Any]) -> str:
    """Return the picture of what failed runs failed of; nothing if none failed."""
    rows = [(cause["name"], rate_of(cause["rate"])) for cause in data["failures"]["causes"]]
    if not rows or not data["failures"]["count"]:
        return ""
    shares = [
        Interval(label=name, estimate=100 * share.estimate, low=100 * share.low, high=100 * share.high)
        for name, share in rows
    ]
    return picture(
        intervals(
            shares,
            x_label="% of the failed runs",
            title="Failed runs by their first finding, with 95 % intervals",
            reference=None,
            hold=(0.0, 100.0),
        )
    )


def _failures(data: dict[str, Any], drawn_causes: str) -> str:
    failures = data["failures"]
    if not failures["count"]:
        return ""
    table = html_table(
        ["Cause", "What it is", "Share", "Seeds"],
        [
            [
                cause["name"],
                cause["title"],
                share_words(rate_of(cause["rate"]), of="failed runs"),
                _seeds(cause["seeds"]),
            ]
            for cause in failures["causes"]
        ],
        caption="Why runs failed",
    )
    return drawn_causes + table + paragraph(one_seed_words(data), kind="muted")


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
