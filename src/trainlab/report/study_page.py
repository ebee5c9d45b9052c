"""A study as one self-contained HTML page: answer and picture first, why runs failed, the method last."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trainlab.draw import Interval, counted, intervals
from trainlab.draw.svg import Html
from trainlab.page.columns import UNKNOWN, Column, TableOf, count_of
from trainlab.page.document import NOTHING, code, fold, heading, joined, page, paragraph, picture, terms
from trainlab.report.common import check_given, provenance_terms, task_label
from trainlab.report.study_answer import (
    answer_front,
    cell_words,
    cells_of,
    ends_of,
    names_in,
    networks_of,
    verdict_part,
)
from trainlab.report.study_cells import effect_part, rate_part, score_part
from trainlab.report.study_runs import gradient_part, loss_part, prediction_part, run_part
from trainlab.report.torch_training import cell_code
from trainlab.spec import NoStopping
from trainlab.stats import Rate
from trainlab.studies.answer import seeds_or_runs
from trainlab.studies.cells import CellResult, any_solved
from trainlab.studies.result import StudyResult
from trainlab.studies.why_failed import WhyFailed

# Why runs failed: the words and the table for terminal and page, and the page's section.


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
        fold("Where, and in which numbers it shows", joined(*evidence)),
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


# How the study was run, what its intervals are, what it did not test, and its cells as PyTorch code.


HOLM = (
    "p-values of effects that are read together are corrected by Holm, both those against no difference and "
    "those against one of 2 points or more; so an interval may lie within ±2 points, or leave out 0, and the "
    "effect still not be called small, or help."
)

LOSS_HOLM = (
    "p-values of effects that are read together are corrected by Holm; so an interval may leave out 0, and "
    "the effect still not be said to help. That an effect on a loss is small is never said: no number of "
    "seeds bounds a loss that wasn't seen."
)

INTERVALS = (
    "All intervals are 95 %: of a success rate Wilson's, wider next to 0 and 1, of a difference of two cells "
    "Bonett and Price's for pairs on the same seeds, and of main effects and interactions that of one "
    "contrast a seed, over the seeds."
)

SCORE_INTERVALS = (
    "All intervals are 95 %: of a success rate Wilson's, wider next to 0 and 1, and of effects that of one "
    "contrast a seed, over the seeds, with room for a seed that wasn't seen."
)

SPLIT_INTERVALS = (
    "All intervals are 95 %. Those of effects, and of what the networks do better than the mere guess, are "
    "over the splits: of each the mean over its seeds, and of these means the corrected resampled t of "
    "Nadeau and Bengio (2003), which allows for the rows that the splits share. Intervals of counted runs "
    "are Wilson's, as if each run had rows of its own: rather too narrow."
)

FINGERPRINTS: TableOf[CellResult] = TableOf(
    (
        Column("Cell", lambda item: item.cell.name),
        Column("Epochs", lambda item: item.runs.experiment.epochs),
        Column("Fingerprint", lambda item: item.runs.experiment.fingerprint),
    )
)


def method_part(result: StudyResult) -> Html:
    """Return seeds, engine, time, versions, the method and its limits, and the fingerprints of the cells."""
    pairs = [
        ("Seeds", seeds_words(result)),
        (
            "Cells",
            f"{len(result.cells):,} of {2 ** len(result.study.changes) * len(result.study.network_names):,}",
        ),
        *provenance_terms(result.how),
        *([("Splits", splits_words(result))] if result.study.splits > 1 else []),
        ("Intervals", intervals_words(result)),
        *([("Seeds added", result.until.sentence)] if result.until else []),
        *([("Fidelity", result.fidelity.sentence)] if result.fidelity else []),
        *[("Trained again", each.sentence) for each in result.retrained],
        *([("Stopped early", stopped_words(result))] if stopped_words(result) else []),
        ("Not tested", _not_tested(result)),
    ]
    words = f"Fingerprints of the {len(result.cells):,} experiments"
    what = paragraph("SHA-256 of each experiment's canonical form.")
    return joined(terms(pairs), fold(words, joined(what, FINGERPRINTS.html(result.cells))))


def intervals_words(result: StudyResult) -> str:
    """Say whose the intervals of this study are, and what is corrected."""
    measure = result.measure
    one_split = INTERVALS if measure is None else SCORE_INTERVALS
    corrected = HOLM if measure is None or measure.kind == "accuracy" else LOSS_HOLM
    return f"{SPLIT_INTERVALS if result.study.splits > 1 else one_split} {corrected}"


def seeds_words(result: StudyResult) -> str:
    """Return which seeds, and how many runs that makes."""
    seeds = [result.study.seeds_on(split, result.how.seeds) for split in range(result.study.splits)]
    first = f"{_span(seeds[0])} in every cell"
    more = ""
    if len(seeds) > 1:
        on = "of the second split" if len(seeds) == 2 else "of the second, and so on"
        first, more = f"{first} of the first split", f", {_span(seeds[1])} {on}"
    return f"{first}{more}, {result.run_count:,} runs"


def _span(seeds: range) -> str:
    return f"{seeds[0]:,}" if len(seeds) == 1 else f"{seeds[0]:,} to {seeds[-1]:,}"


def splits_words(result: StudyResult) -> str:
    """Say how the splits were drawn."""
    first = result.study.baseline.split.seed
    return (
        f"{result.study.splits:,}, split seeds {first:,} to {first + result.study.splits - 1:,}. What is "
        "shown of single runs, as predictions, weights and code, is of the first."
    )


def stopped_words(result: StudyResult) -> str:
    """Say how many runs were frozen early, and what that changes; nothing if no cell may stop early."""
    may = [item for item in result.cells if not isinstance(item.runs.experiment.stopping, NoStopping)]
    if not may:
        return ""
    stopped = np.concatenate([item.stopped_epochs for item in may])
    runs = sum(item.count for item in may)
    return (
        f"{len(stopped):,} of {runs:,} runs were frozen before their last epoch{_epochs(stopped)}. For them "
        "the end is where they stopped: trained on, a solved network can lose its solution, and an unsolved "
        "one can still find it, so these rates aren't those of networks trained to the last epoch."
    )


def _epochs(stopped: npt.NDArray[np.int64]) -> str:
    if not len(stopped):
        return ""
    low, middle, high = np.quantile(stopped, (0.05, 0.5, 0.95))
    return f", in the median after epoch {middle:,.0f} (the middle 90 % after {low:,.0f} to {high:,.0f})"


def _not_tested(result: StudyResult) -> str:
    tasks = ", ".join(dict.fromkeys(task_label(item.runs.experiment.task) for item in result.cells))
    covered = "splits and the seeds" if result.study.splits > 1 else "seeds"
    held_out = all(item.runs.experiment.split.held_out for item in result.cells)
    unseen = "" if held_out else ", or of data that a network wasn't trained on"
    return (
        f"{counted(result.how.seeds, 'seed')}, {tasks} only: nothing here speaks of other tasks, or of "
        f"networks, learning rates or starting values other than those listed{unseen}. "
        f"The intervals cover the chance of the {covered}, nothing else."
    )


def code_part(result: StudyResult) -> Html:
    """Return the chosen cells of each network as scripts, each folded."""
    scripts = (
        fold(
            f"{network}, {cell_words(result, item.cell.changes)}",
            code(cell_code(item.runs.experiment, item.runs.first_seed)),
        )
        for network in networks_of(result)
        for item in ends_of(result, network)
    )
    return joined(paragraph("Each script needs PyTorch only, and trains one network once."), *scripts)


# A study as one self-contained HTML page: the answer and its picture first, the method last.


def study_html(
    result: StudyResult, *, notice: Html = NOTHING, further: Sequence[tuple[str, str, Html]] = ()
) -> str:
    """Return the report of a study as one HTML file that needs no network, and reads whole without a script.

    It follows the reader's light or dark setting, reads at 390 px, and prints. Sections that the study has no
    cells for are left out. The same result gives the same text; times differ from call to call.

    Args:
        result: the study.
        notice: what to know before all else.
        further: id, heading and body of sections that stand after the others.
    """
    check_given(result, StudyResult, made_by="trainlab.study")
    title = result.study.title or "A study"
    size = f"{result.size} = {result.run_count:,} runs"
    told = verdict_part(result.verdicts, names=names_in(result), runs=seeds_or_runs(result))
    return page(
        title,
        answer_front(result),
        [
            ("verdicts", "Statements and verdicts", told),
            ("rates", "Every cell", rate_part(result)),
            ("effects", "What each change does", effect_part(result)),
            ("why", "Why runs failed", why_part(result)),
            ("scores", "Accuracy and loss at the end", score_part(result)),
            ("loss", "Loss over time", loss_part(result)),
            ("gradients", "Gradients by layer", gradient_part(result)),
            ("predictions", "Predictions", prediction_part(result)),
            ("runs", "A solved and an unsolved run", run_part(result)),
            ("method", "How it was run", method_part(result)),
            ("code", "The cells as PyTorch code", code_part(result)),
            *further,
        ],
        question=result.study.question,
        notice=notice,
        aside=" ".join([*(data["words"].replace("`", "") for data in result.data if data["words"]), size]),
    )
