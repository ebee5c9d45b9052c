"""Loss and gradients over time, and the predictions at the end, over all seeds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal

import numpy as np

from trainlab.draw import Answers, Band, Curve, counted, curves, join, predictions
from trainlab.draw.svg import Html
from trainlab.page.document import fold, heading, paragraph, picture, side_by_side
from trainlab.page.html import NOTHING, joined
from trainlab.report.study.shown_cells import cell_words, ends_of, networks_of, single_changes_of
from trainlab.report.words import loss_label
from trainlab.spec import Experiment, Within
from trainlab.stats import Bands
from trainlab.studies.answers.answer import seeds_or_runs
from trainlab.studies.cells import CellResult
from trainlab.studies.result import StudyResult

FEW_LAYERS = 3
"""Up to so many layers their bands can be told apart; of more, only the medians are drawn."""
FEWEST_READINGS = 3
"""Fewer make no curve; a sentence says so instead."""
MAX_POINTS = 16
"""Of larger data sets, the first so many points are shown."""


def loss_part(result: StudyResult) -> Html:
    """Return the loss of the chosen cells of each network, those with one change folded."""
    body: list[Html] = []
    drawn = False
    for network in networks_of(result):
        ends = ends_of(result, network)
        shown, missing = _losses(result, ends), _too_few(ends, "loss")
        if shown or missing:
            body += [heading(network), side_by_side(shown), missing]
        drawn = drawn or bool(shown)
        singles = _losses(result, single_changes_of(result, network)) if shown else []
        if singles:
            body.append(fold(f"{network} with one change: {len(singles)} cells", side_by_side(singles)))
    intro = "Median over the seeds and bands, on a log scale. Different losses can't be compared by height."
    return joined(paragraph(intro) if drawn else NOTHING, *body)


def gradient_part(result: StudyResult) -> Html:
    """Return the mean |gradient| of each layer's weights of the chosen cells of each network."""
    body: list[Html] = []
    drawn = False
    for network in networks_of(result):
        cells = ends_of(result, network)
        told = [
            item
            for item in cells
            if item.runs.gradient_curve.size and len(item.runs.gradient_epochs) >= FEWEST_READINGS
        ]
        shown = [_gradient(result, item, _alike(item, told, lambda cell: cell.gradients)) for item in told]
        missing = _too_few([item for item in cells if item.runs.gradient_curve.size], "gradient")
        if shown or missing:
            body += [heading(network), side_by_side(shown), missing]
        drawn = drawn or bool(shown)
    whose = {item.runs.experiment.record.gradients for item in result.cells}
    over = {"data": "all examples", "step": "the examples of one training step"}
    intro = (
        f"Mean |∂L/∂w| of each layer's weights over {join([over[each] for each in sorted(whose)])}: "
        "median over the seeds, on a log scale. Layer 1 is next to the inputs."
    )
    return joined(paragraph(intro) if drawn else NOTHING, *body)


def prediction_part(result: StudyResult) -> Html:
    """Return what the chosen cells of each network predict for each data point, over the seeds."""
    shown = {
        network: [_answers(result, item) for item in ends_of(result, network)]
        for network in networks_of(result)
    }
    return joined(*(joined(heading(network), side_by_side(drawn)) for network, drawn in shown.items()))


def _title(result: StudyResult, what: str, item: CellResult) -> str:
    return f"{what}: {item.cell.network}, {cell_words(result, item.cell.changes)}"


def _losses(result: StudyResult, cells: list[CellResult]) -> list[Html]:
    told = [item for item in cells if item.loss.n and len(item.runs.loss_epochs) >= FEWEST_READINGS]
    return [_loss(result, item, _alike(item, told, lambda cell: [cell.loss])) for item in told]


def _alike(
    item: CellResult, cells: list[CellResult], bands: Callable[[CellResult], Iterable[Bands]]
) -> np.ndarray:
    """Return the numbers of all the cells trained with the same loss: side by side they share an axis."""
    loss = item.runs.experiment.loss
    same = [each for cell in cells if cell.runs.experiment.loss == loss for each in bands(cell)]
    edges = [
        edge for each in same for edge in (each.median, each.low50, each.high50, each.low90, each.high90)
    ]
    return np.concatenate([np.ravel(edge) for edge in edges])


def _too_few(cells: list[CellResult], what: Literal["loss", "gradient"]) -> Html:
    """Say which setting gives more readings to cells that have too few for a curve; equal lines come once."""
    lines: dict[str, None] = {}
    for item in cells:
        runs, field = item.runs, f"record.{what}_every"
        at = runs.loss_epochs if what == "loss" else runs.gradient_epochs
        if 0 < len(at) < FEWEST_READINGS:
            epochs, words = runs.experiment.epochs, " and ".join(map(str, at.tolist()))
            every = max(1, epochs // 20)
            more = f"with {field} = {every} there are {epochs // every + 1}"
            if epochs // every + 1 < FEWEST_READINGS:
                more = "more need more epochs"
            read = f"{counted(len(at), 'reading')}, at epoch {words} of {epochs}"
            lines[f"No curve of the {what}: {read}; {more}."] = None
    return joined(*map(paragraph, lines))


def _loss(result: StudyResult, item: CellResult, hold: np.ndarray) -> Html:
    label = loss_label(item.runs.experiment.loss)
    drawn = curves(
        [_curve("median", item.runs.loss_epochs, item.loss, both=True)],
        x_label="epoch",
        y_label=label,
        title=_title(result, f"L{label[1:]}", item),
        log_y=True,
        hold=hold,
    )
    return joined(picture(drawn), _rounded(item), _lost(item))


def _gradient(result: StudyResult, item: CellResult, hold: np.ndarray) -> Html:
    few = len(item.gradients) <= FEW_LAYERS
    series = [
        _curve(f"layer {place}", item.runs.gradient_epochs, bands, both=False, half=few)
        for place, bands in enumerate(item.gradients, 1)
    ]
    drawn = curves(
        series,
        x_label="epoch",
        y_label="mean |gradient|",
        title=_title(result, "Gradients by layer", item),
        log_y=True,
        hold=hold,
    )
    kept, n = sum(len(runs.gradient_curve) for runs in item.splits), item.count
    less = paragraph(f"Of the first {kept:,} of {n:,} {seeds_or_runs(result)}.") if kept < n else NOTHING
    return joined(picture(drawn), less)


def _curve(label: str, epochs: np.ndarray, bands: Bands, *, both: bool, half: bool = True) -> Curve:
    wide = [Band(label="5–95 % of seeds", low=bands.low90, high=bands.high90)] if both else []
    narrow = [Band(label="25–75 % of seeds", low=bands.low50, high=bands.high50)] if half else []
    return Curve(label=label, x=epochs.astype(np.float64), median=bands.median, bands=[*wide, *narrow])


def _rounded(item: CellResult) -> Html:
    """Say how many runs the bands cover and how exact they are, where curves were kept rounded."""
    if not item.loss_error:
        return NOTHING
    kept, n = item.loss.n, item.count
    runs = "runs" if item.further else "seeds"
    whose = f"all {n:,} {runs}" if kept == n else f"the {kept:,} of {n:,} {runs} whose losses were kept"
    return paragraph(f"Of {whose}, to within {100 * item.loss_error:.1f} %.")


def _lost(item: CellResult) -> Html:
    k = item.diverged.k
    if not k:
        return NOTHING
    return paragraph(f"{k:,} of {item.diverged.n:,} runs diverged and are left out from there on.")


def _answers(result: StudyResult, item: CellResult) -> Html:
    data, answers = item.runs.experiment.data(), item.runs.predictions.astype(np.float64)
    shown = [
        Answers(
            label=point_label(data.inputs[point], output, data.outputs),
            target=float(data.targets[point, output]),
            predictions=answers[:, point, output],
        )
        for point in range(answers.shape[1])
        for output in range(data.outputs)
    ]
    if not shown:
        return paragraph(f"{_title(result, 'Predictions', item)} were not kept.", kind="muted")
    drawn = predictions(
        shown[:MAX_POINTS],
        title=_title(result, "Predictions", item),
        tolerance=_tolerance(item.runs.experiment),
    )
    count = data.points * data.outputs
    where = " of the first split" if item.further else ""
    more = f"The first {min(MAX_POINTS, len(shown))} of {count:,}{where} are shown."
    left_out = count > min(MAX_POINTS, len(shown))
    return joined(picture(drawn), paragraph(more, kind="muted") if left_out else NOTHING)


def _tolerance(experiment: Experiment) -> float:
    """Return how near a prediction must be to be drawn as right: the tolerance of *solved*, or ½."""
    return experiment.solved.within if isinstance(experiment.solved, Within) else 0.5


def point_label(inputs: np.ndarray, output: int, outputs: int) -> str:
    """Return ``(0, 1)`` for a data point, with the output's number where there are several."""
    place = f"({', '.join(f'{value:g}' for value in inputs)})"
    return place if outputs == 1 else f"{place}, output {output + 1}"
