"""How the study was run, what its intervals are, what it did not test, and its cells as PyTorch code."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from trainlab.draw import counted
from trainlab.draw.svg import Html
from trainlab.page.columns import Column, TableOf
from trainlab.page.document import code, fold, paragraph, terms
from trainlab.page.html import joined
from trainlab.report.provenance_lines import provenance_terms
from trainlab.report.study.shown_cells import cell_words, ends_of, networks_of
from trainlab.report.torch_code.cell_code import cell_code
from trainlab.report.words import task_label
from trainlab.spec import NoStopping
from trainlab.studies.cells import CellResult
from trainlab.studies.result import StudyResult

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
