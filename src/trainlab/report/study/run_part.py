"""A solved and an unsolved run of each network, side by side, down to weights and biases."""

from __future__ import annotations

import numpy as np

from trainlab.draw import format_fixed, format_number, network_graph
from trainlab.draw.svg import Html
from trainlab.engine import Runs
from trainlab.engine.layout import layers_of
from trainlab.page.columns import Column, TableOf
from trainlab.page.document import heading, paragraph, picture, side_by_side
from trainlab.page.html import NOTHING, joined
from trainlab.report.study.curve_part import MAX_POINTS, point_label
from trainlab.report.study.shown_cells import cell_words, cells_of, first_run, networks_of
from trainlab.report.words import loss_label
from trainlab.studies.cells import any_solved
from trainlab.studies.result import StudyResult


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
    table: TableOf[tuple[int, int]] = TableOf(
        (
            Column("Data point", lambda at: point_label(data.inputs[at[0]], at[1], data.outputs)),
            Column("Target", lambda at: float(data.targets[at])),
            Column("Prediction", lambda at: format_fixed(float(runs.predictions[row, *at]), 4)),
        )
    )
    places = [(point, output) for point in range(runs.predictions.shape[1]) for output in range(data.outputs)]
    return table.html(places[:MAX_POINTS])
