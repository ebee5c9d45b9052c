"""Why runs failed: the words and the table for terminal and page, and the page's section."""

from __future__ import annotations

from dataclasses import dataclass

from trainlab.draw import Interval, counted, intervals
from trainlab.draw.svg import Html
from trainlab.page.cells import UNKNOWN, count_of
from trainlab.page.columns import Column, TableOf
from trainlab.page.document import fold, heading, paragraph, picture
from trainlab.page.html import NOTHING, joined
from trainlab.report.study.shown_cells import cells_of, ends_of, networks_of
from trainlab.stats import Rate
from trainlab.studies.cells import CellResult, any_solved
from trainlab.studies.result import StudyResult
from trainlab.studies.why_failed import WhyFailed

AT_REST, ON_ITS_WAY = "unexplained, at rest", "unexplained, still falling"
USUAL = 20
"""So many failed runs of a cell are proposed to be looked into."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    """One cause in one cell: how often among its failed runs, and among its solved ones where it has some."""

    cell: str
    cause: str
    failed: Rate
    solved: Rate | None


def shares_of(item: CellResult) -> list[Share]:
    """Return the causes of a cell's failed runs, the most frequent first, those without one last."""
    why = item.why
    if why is None:
        return []
    rows = [(one.fault, one.rate, one.solved) for one in why.causes]
    silent = ((AT_REST, why.at_rest), (ON_ITS_WAY, why.on_its_way))
    rows += [(words, value, None) for words, value in silent if value is not None and value.k]
    return [
        Share(cell=item.cell.name, cause=cause, failed=failed, solved=solved)
        for cause, failed, solved in rows
    ]


def _with_share(value: Rate) -> str:
    """Return ``18 of 20, 90 % (70–97)``: of so few runs a share has no decimals."""
    share, low, high = (f"{100 * number:.0f}" for number in (value.estimate, value.low, value.high))
    return f"{count_of(value)}, {share} % ({low}–{high})"


CAUSES: TableOf[Share] = TableOf(
    (
        Column("Cell", lambda row: row.cell),
        Column("Blamed first", lambda row: row.cause),
        Column("Failed runs", lambda row: row.failed, show=_with_share),
        Column("Solved runs", lambda row: row.solved, show=lambda solved: count_of(solved) or UNKNOWN),
    )
)


def method_words(result: StudyResult) -> str:
    """Say which runs were looked into, and how."""
    asked = [item.why for item in result.cells if item.why is not None]
    most = max((why.looked_into for why in asked), default=0)
    where = ", on the first split," if result.study.splits > 1 else ","
    words = (
        f"Of each cell the failed runs with the lowest seeds{where} at most {most:,}, were trained once more "
        "and judged by the doctor's rules; as many solved ones beside them, as if they had failed: what "
        "these have as often is no reason why the others did."
    )
    lost = sum(why.lost for why in asked)
    if lost:
        left = "is" if lost == 1 else "are"
        words += f" {counted(lost, 'failed run')} ended elsewhere than recorded, and {left} left out."
    return words


def offer_words(result: StudyResult) -> str:
    """Return how to find out why runs failed, if any did and that wasn't asked; else nothing."""
    runs = result.run_count
    failed = runs - sum(item.solved.k for item in result.cells)
    if not failed or any(item.why is not None for item in result.cells):
        return ""
    if result.measure is not None and not any_solved(result.cells):
        return ""
    return f"{failed:,} of {runs:,} runs failed; --why {USUAL} tells of what, from {USUAL} of each cell."


def evidence_words(why: WhyFailed) -> list[str]:
    """Return a sentence for each cause: what it is, where, and the numbers of the first run that shows it."""
    return [
        f"{cause.fault}: {cause.title}. Most often at {cause.where}. Seed {cause.seeds[0]:,}: "
        f"{'; '.join(cause.evidence)}."
        for cause in why.causes
    ]


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
