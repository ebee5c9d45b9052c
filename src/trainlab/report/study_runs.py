"""How a study's runs went, on its page: loss, gradients, predictions, and single runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal

import numpy as np

from trainlab.draw import (
    Answers,
    Band,
    Curve,
    counted,
    curves,
    format_fixed,
    format_number,
    join,
    network_graph,
    predictions,
    without_noise_by_column,
)
from trainlab.draw.svg import Html
from trainlab.engine import Runs
from trainlab.engine.layout import layers_of
from trainlab.page.columns import Column, TableOf
from trainlab.page.document import NOTHING, fold, heading, joined, paragraph, picture, side_by_side
from trainlab.report.common import loss_label
from trainlab.report.study_answer import (
    cell_words,
    cells_of,
    ends_of,
    first_run,
    networks_of,
    single_changes_of,
)
from trainlab.spec import Experiment, Within
from trainlab.stats import Bands
from trainlab.studies.answer import seeds_or_runs
from trainlab.studies.cells import CellResult, any_solved
from trainlab.studies.result import StudyResult

# Loss and gradients over time, and the predictions at the end, over all seeds.


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
    inputs, targets = (without_noise_by_column(values) for values in (data.inputs, data.targets))
    shown = [
        Answers(
            label=point_label(inputs[point], output, data.outputs),
            target=float(targets[point, output]),
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


# A solved and an unsolved run of each network, side by side, down to weights and biases.


def run_part(result: StudyResult) -> Html:
    """Return both kinds of run of each network; where there is none, a sentence that says so.

    Where cells are told by a measure and no run is solved, nothing: nobody asks for such a pair.
    """
    if result.measure is not None and not any_solved(result.cells):
        return NOTHING
    intro = (
        "For each network the solved run and the unsolved run with the lowest seeds, each from the cell with "
        "the most changes that has one. They show what such a run looks like, not how often it happens."
        + (" They are of the first split." if result.study.splits > 1 else "")
    )
    pairs = (
        joined(
            heading(network),
            side_by_side([_block(result, network, solved=solved) for solved in (True, False)]),
        )
        for network in networks_of(result)
    )
    return joined(paragraph(intro), *pairs)


def _block(result: StudyResult, network: str, *, solved: bool) -> Html:
    cells = cells_of(result, network)
    found = first_run(cells, solved=solved)
    word = "solved" if solved else "not solved"
    if found is None:
        total = sum(len(item.runs.solved) for item in cells)
        where = " on the first split" if result.study.splits > 1 else ""
        return paragraph(f"There is no run that was {word}{where}, among {total:,} of {len(cells):,} cells.")
    item, row = found
    runs = item.runs
    title = f"{network}, {word}: seed {runs.seeds[row]:,}, {cell_words(result, item.cell.changes)}"
    words = _ending(runs, row)
    loss = f"Final {loss_label(runs.experiment.loss)}: {format_number(float(runs.loss[row]))}."
    return joined(run_graph(runs, row, title), paragraph(f"{loss} {words}"), _predictions(runs, row))


def _ending(runs: Runs, row: int) -> str:
    """Say when a run was first solved, and when it ended: by itself, frozen, or by diverging."""
    last = runs.experiment.epochs
    if bool(runs.diverged[row]):
        return f"It diverged after {int(runs.diverged_step[row]):,} steps: its weights are no longer numbers."
    solved, stopped = int(runs.solved_epoch[row]), int(runs.stopped_epoch[row])
    frozen = f"Frozen after epoch {stopped:,} of {last:,}." if 0 <= stopped < last else ""
    if not bool(runs.solved[row]) or solved < 0:
        return frozen or f"After {last:,} epochs."
    return f"First seen solved at epoch {solved:,} of {last:,}. {frozen}".rstrip()


def run_graph(runs: Runs, row: int, title: str) -> Html:
    """Return one run's network as a picture: nodes, and links as thick as their weights."""
    if not runs.experiment.record.parameters:
        return paragraph(f"{title}. Its parameters were not kept.")
    network, values = runs.experiment.network, runs.parameters[row].astype(np.float64)
    layers = layers_of(network)
    return picture(
        network_graph(
            network.widths,
            [values[layer.weights].reshape(layer.fan_out, layer.fan_in) for layer in layers],
            [None if layer.first_bias is None else values[layer.biases] for layer in layers],
            title=title,
        )
    )


def _predictions(runs: Runs, row: int) -> Html:
    """Return what the run predicts for the first data points, a row an output."""
    data = runs.experiment.data()
    inputs, targets = (without_noise_by_column(values) for values in (data.inputs, data.targets))
    table: TableOf[tuple[int, int]] = TableOf(
        (
            Column("Data point", lambda at: point_label(inputs[at[0]], at[1], data.outputs)),
            Column("Target", lambda at: float(targets[at])),
            Column("Prediction", lambda at: format_fixed(float(runs.predictions[row, *at]), 4)),
        )
    )
    places = [(point, output) for point in range(runs.predictions.shape[1]) for output in range(data.outputs)]
    return table.html(places[:MAX_POINTS])
