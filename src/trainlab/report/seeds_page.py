"""A population of seeds as one self-contained HTML page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from trainlab.diagnosis.seeds.population_words import rate_of
from trainlab.diagnosis.seeds.show import facts, one_seed_words
from trainlab.draw import Interval, intervals, unbroken
from trainlab.draw.svg import Html
from trainlab.page.cells import UNKNOWN
from trainlab.page.columns import Column, TableOf
from trainlab.page.document import Front, fold, page, paragraph, picture, terms
from trainlab.page.html import NOTHING, joined
from trainlab.report.diagnosis_pictures import drawn
from trainlab.report.first_sentence import first_sentence
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
    histogram = picture(drawn(_with_yours(numbers, data["yours"]["value"]))) if numbers else NOTHING
    causes = _causes(data)
    first, rest = first_sentence(data["verdict"])
    return page(
        title,
        Front(
            say=paragraph(unbroken(first), kind="question"),
            show=histogram or causes,
            more=joined(paragraph(unbroken(rest)) if rest else NOTHING, _facts(data)),
        ),
        [
            ("failures", "Why runs failed", _failures(data, causes if histogram else NOTHING)),
            ("notes", "Worth knowing", joined(*map(paragraph, data["notes"]))),
            ("runs", "Every run", _runs(data)),
        ],
        question="Was it the seed?",
    )


def _facts(data: dict[str, Any]) -> Html:
    return terms([(label.capitalize(), words) for label, words in facts(data)])


def _with_yours(numbers: dict[str, Any], own: float | None) -> dict[str, Any]:
    """Return the histogram with a line where the script's own run stands."""
    if own is None:
        return numbers
    return numbers | {"range": {"label": "your run", "low": own, "high": own}}


def _causes(data: dict[str, Any]) -> Html:
    """Return the picture of the causes of failure; nothing if no run failed."""
    rows = [(cause["name"], rate_of(cause["rate"])) for cause in data["failures"]["causes"]]
    if not rows or not data["failures"]["count"]:
        return NOTHING
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


CAUSES: TableOf[dict[str, Any]] = TableOf(
    (
        Column("Cause", lambda cause: cause["name"]),
        Column("What it is", lambda cause: cause["title"]),
        Column("Share", lambda cause: share_words(rate_of(cause["rate"]), of="failed runs")),
        Column("Seeds", lambda cause: ", ".join(map(str, cause["seeds"]))),
    )
)

_SUCCESS = {True: "yes", False: "no", None: "not judged"}


def _runs_table(measure: str) -> TableOf[dict[str, Any]]:
    return TableOf(
        (
            Column("Seed", lambda run: "yours" if run["seed"] is None else str(run["seed"])),
            Column("Success", lambda run: _SUCCESS[run["success"]]),
            Column(measure, lambda run: run["value"]),
            Column("Outcome", lambda run: "failed" if run["failed"] else run["state"]),
            Column("First finding", lambda run: run["fault"] or UNKNOWN),
            Column("Last loss", lambda run: run["last_loss"]),
        )
    )


def _failures(data: dict[str, Any], drawn_causes: Html) -> Html:
    failures = data["failures"]
    if not failures["count"]:
        return NOTHING
    table = CAUSES.html(failures["causes"], caption="Why runs failed")
    return joined(drawn_causes, table, paragraph(one_seed_words(data), kind="muted"))


def _runs(data: dict[str, Any]) -> Html:
    runs = [data["yours"], *data["runs"]]
    table = _runs_table(data["measure"]["name"]).html(runs, caption="Every run")
    return fold(f"{len(runs):,} runs", table)
