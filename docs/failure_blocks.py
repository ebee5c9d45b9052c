"""The page on the assignment, on how networks fail: gradients, answers, and the second notebook."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from docs.words import percent, table
from docs.xor_studies import NOTEBOOK, Bools, Studies, networks, of, opposite, share_of
from trainlab.stats import (
    HALF,
    more_than,
    rate,
)
from trainlab.studies import CellResult
from trainlab.studies.causes import THRESHOLD, gradients_of


def vanishing(studies: Studies) -> str:
    """The verdicts on Model 3, and its gradients layer by layer."""
    ends = [("baseline", studies.cell("Model 3")), ("A–E", studies.cell("Model 3", *studies.together))]
    found = of(studies.xor44, "vanishing")
    lines = [
        f"- **{v.outcome.capitalize()}.** {v.sentence} A single failed run says the opposite: {opposite(v)}."
        for v in found
    ]
    heads = ["layer"]
    columns: list[list[str]] = []
    begin: list[str] = []
    for words, item in ends:
        failed = ~item.runs.solved & ~item.runs.diverged
        for group, chosen in (("failed", failed), ("solved", item.runs.solved)):
            heads.append(f"{words}, {group} ({int(chosen.sum())})")
            start, end = item.runs.gradient_curve[chosen, 0], gradients_of(item.runs)[chosen]
            below = rate(int((start[:, 0] < THRESHOLD).sum()), len(start)) if len(start) else "none"
            begin.append(f"- {words}, {group} runs: {below} begin with a first-layer gradient below 1e-4.")
            columns.append(
                [f"{small(start[:, layer])} → {small(end[:, layer])}" for layer in range(end.shape[1])]
            )
    start = ends[1][1].gradients
    fade = (start[-1].median[0] / start[0].median[0]) ** (1 / (len(start) - 1))
    begin.append(
        f"- With A–E, at the start, each layer's gradient is {fade:.1f} times smaller than the next one's."
    )
    rows = [(str(place), *cells) for place, cells in enumerate(zip(*columns, strict=True), 1)]
    return "\n".join(lines) + "\n\n" + table(heads, rows) + "\n\n" + "\n".join(begin)


def small(values: npt.NDArray[np.floating]) -> str:
    """Return the median of gradients with one digit, as in 2e-05."""
    return f"{np.median(values):.0e}" if values.size else "–"


def cause(studies: Studies) -> str:
    """What becomes of the same seeds with equalised gradients, and with the first layers frozen."""
    found = of(studies.cause, "cause")
    return "\n".join(f"- **{verdict.outcome.capitalize()}.** {verdict.sentence}" for verdict in found)


def same_value(studies: Studies) -> str:
    """Do Model 3's failed runs answer three of the four points alike, and with 0.694?"""
    found = studies.alike()
    n, seeds = found.three.n, len(studies.cell("Model 3", *studies.together).runs.solved)
    outcome = more_than(HALF, found.three).capitalize()
    shown = percent(rate(found.three.k, seeds))
    value, share, near, exact = found.values, found.three, found.near, found.exact
    counts = (found.all_four, n - found.three.k - found.all_four)
    low, middle, high = (f"{q:.2f}" for q in np.quantile(value, (0.05, 0.5, 0.95)))
    pattern = table(
        ("of Model 3's failed runs with A–E", "k of n (share, 95 % interval)"),
        [
            ("three points alike, the fourth apart", str(share)),
            ("all four alike", str(rate(counts[0], n))),
            ("neither", str(rate(counts[1], n))),
        ],
    )
    return (
        f"{pattern}\n\n**{outcome}** as a pattern of the runs that fail. The number says little: where three "
        f"are alike, their common value lies between {low} and {high} in nine of ten runs (median {middle}), "
        f"between 0.60 and 0.75 in {near}, and rounds to 0.694 in {exact}. A single run of Model 3, solved "
        f"ones included, shows the pattern on {shown} of the seeds."
    )


def predictions(studies: Studies) -> str:
    """How often each network answers 0, 1, 1, 0, and how exactly."""
    rows: list[tuple[str, ...]] = []
    for verdict, network in zip(of(studies.xor44, "predictions"), networks(studies), strict=True):
        item = studies.cell(network, *studies.together)
        error = np.abs(item.runs.predictions - item.runs.experiment.data().targets).max(axis=(1, 2))
        within = [percent(rate(int((error < limit).sum()), len(error))) for limit in (0.01, 0.0005)]
        rows.append(
            (network, percent(item.right), percent(item.solved), *within, verdict.outcome, opposite(verdict))
        )
    heads = (
        "",
        "after rounding",
        "within 0.1",
        "within 0.01",
        "to three digits",
        "verdict",
        "one run says the opposite",
    )
    return table(heads, rows)


def minus_zero(item: CellResult) -> Bools:
    """Return whether each answer rounds to −0, ``[n, points]``."""
    rounded = np.round(item.runs.predictions[:, :, 0])
    return np.asarray((rounded == 0) & np.signbit(rounded), dtype=np.bool_)


def rises_of(item: CellResult, every: int = 1) -> npt.NDArray[np.float64]:
    """Return for each run the share of loss readings, every so many, that are above the one before."""
    curve = item.runs.loss_curve[:, ::every].astype(np.float64)
    return np.asarray((np.diff(curve, axis=1) > 0).mean(axis=1))


def notebook(studies: Studies) -> str:
    """The second notebook's first three iterations: how often an answer rounds to −0, and its conclusions."""
    cells = {changes: studies.notebook.cell("2-11-1", *changes) for changes in NOTEBOOK}
    rows = [
        (
            name,
            percent(cells[changes].solved),
            percent(share_of(minus_zero(cells[changes])[:, 3])),
            percent(share_of(minus_zero(cells[changes]).any(axis=1))),
            f"{100 * np.median(rises_of(cells[changes])):.0f} %",
        )
        for changes, name in NOTEBOOK.items()
    ]
    return table(
        (
            "2-11-1, full batch, Adam, 2,001 epochs",
            "solved",
            "(1, 1) rounds to −0",
            "any answer does",
            "readings that rise",
        ),
        rows,
    )
