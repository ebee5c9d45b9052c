"""Why runs failed, on a study's page: a picture for each network, a table of all cells, the evidence."""

from __future__ import annotations

from trainlab.draw import Interval, intervals
from trainlab.draw.svg import Html
from trainlab.page.document import fold, heading, paragraph, picture
from trainlab.page.html import NOTHING, joined
from trainlab.report.study.shown_cells import cells_of, ends_of, networks_of
from trainlab.report.study.why_words import CAUSES, evidence_words, method_words, shares_of
from trainlab.studies.result import StudyResult

FEW = 6
"""Of a network with more cells, only the chosen ones are drawn."""


def why_part(result: StudyResult) -> Html:
    """Return why the failed runs failed; nothing if it wasn't asked, or none did."""
    items = [item for item in result.cells if shares_of(item)]
    if not items:
        return NOTHING
    table = CAUSES.html([row for item in items for row in shares_of(item)])
    evidence = [
        joined(heading(item.cell.name), *map(paragraph, evidence_words(item.why)))
        for item in items
        if item.why is not None and item.why.causes
    ]
    return joined(
        paragraph(method_words(result)),
        *(_network(result, network) for network in networks_of(result)),
        fold("In numbers, for each cell", table, printed=True),
        fold("Where, and in which numbers it shows", joined(*evidence)) if evidence else NOTHING,
    )


def _network(result: StudyResult, network: str) -> Html:
    cells = cells_of(result, network)
    shown = cells if len(cells) <= FEW else ends_of(result, network)
    rows = [
        Interval(
            label=row.cause,
            estimate=100 * row.failed.estimate,
            low=100 * row.failed.low,
            high=100 * row.failed.high,
            group=row.cell,
        )
        for item in shown
        for row in shares_of(item)
    ]
    if not rows:
        return NOTHING
    title = f"What failed runs of {network} are blamed on first"
    return picture(
        intervals(rows, x_label="share of the failed runs looked into, %", title=title, reference=None)
    )
