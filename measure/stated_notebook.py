"""What the assignment's second notebook does and states: 2-11-1 in full batches, and a −0."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from measure import statements
from measure.assignment import minus_zero, rises_of
from measure.blocks import percent
from measure.statements import Answer, Found, Statement
from measure.xor_studies import WINDOW, share_of
from trainlab.draw import format_number
from trainlab.spec import Default, Experiment, Full, name_of
from trainlab.stats import HALF, Rate, more_than, paired_difference
from trainlab.studies import CellResult

PAGE = "assignment"
STUDY, SEEDS = "`trainlab study second_notebook`", "1,000 each"
PLACE = "notebook 2"
SUBMITTED = ("Model 2", "B", "C", "D", "E")
TINY, EARLY = 1e-12, 350
"""The loss that the notebook's last iteration had, about 10⁻¹³, and the epoch from which on."""


def cell(found: Found, *changes: str) -> CellResult:
    """Return one cell of the second notebook's study."""
    return found.studies.notebook.cell("2-11-1", *changes)


def _set_up(found: Found) -> dict[str, dict[str, bool]]:
    """Return what the notebook's training is, by statement, and whether the study has it so."""
    own = cell(found).runs.experiment
    third = cell(found, "MSE", "sigmoid").runs.experiment
    on = cell(found, "then MSE").runs.experiment
    before = on.after
    return {
        "20": {
            "2-11-1": own.network.label == "2-11-1",
            "44 parameters": own.network.parameters == 44,
            "no bias in the output": own.network.biases == (True, False),
        },
        "21": {"a linear output": own.network.activations[-1] == "linear"},
        "22": {"PyTorch's default": _default(own) and _default(third)},
        "23": {
            "2,001 epochs": own.epochs == third.epochs == on.epochs == 2001,
            "full batches": isinstance(own.sampling, Full),
            "Adam, lr 0.03": (name_of(own.optimizer), own.optimizer.lr) == ("adam", 0.03),
        },
        "24": {
            "it continues iteration 1": before is not None and before.fingerprint == own.fingerprint,
            "with MSE": name_of(on.loss) == "mse",
        },
        "25": {
            "from new weights": third.after is None,
            "sigmoid": third.network.activations[0] == "sigmoid",
            "MSE": name_of(third.loss) == "mse",
        },
    }


def _default(experiment: Experiment) -> bool:
    return isinstance(experiment.init.weight, Default) and isinstance(experiment.init.bias, Default)


def _done(number: str, said: str, where: str = PLACE) -> Statement:
    return Statement(
        number=number,
        said=said,
        place=where,
        asked=f"{STUDY}: its file",
        rule=statements.done,
        read=lambda found: {
            "facts": _set_up(found)[number],
            "number": ", ".join(_set_up(found)[number]),
        },
        page=PAGE,
    )


def _gives(*changes: str, anywhere: bool = False) -> Any:
    def read(found: Found) -> Mapping[str, Any]:
        zero = minus_zero(cell(found, *changes))
        there = {"at (1, 1)": share_of(zero[:, 3])}
        at_all = {"anywhere": share_of(zero.any(axis=1))}
        return {"shares": at_all, "beside": there} if anywhere else {"shares": there, "beside": at_all}

    return read


def cure(before: CellResult, after: CellResult) -> Mapping[str, Any]:
    """Return what of the −0 is left, at (1, 1) and anywhere."""
    sick, still = minus_zero(before), minus_zero(after)
    places = {"at (1, 1)": (sick[:, 3], still[:, 3]), "anywhere": (sick.any(axis=1), still.any(axis=1))}
    return {
        "left": {name: share_of(b[a]) for name, (a, b) in places.items()},
        "change": {name: paired_difference(a, b) for name, (a, b) in places.items()},
    }


def _smoother(found: Found) -> Mapping[str, Any]:
    first, second = cell(found), cell(found, "then MSE")
    apart = {10 * each: share_of(rises_of(second, each) < rises_of(first, each)) for each in (1, 2, 5)}
    return {
        "share": apart.pop(10),
        "others": {f"readings {each} epochs apart": share for each, share in apart.items()},
        "more": " Smoother: fewer readings of the loss, ten epochs apart, rise.",
    }


def _window(found: Found) -> Mapping[str, Any]:
    """Return how far off the curve's first value is: one epoch's loss over 50."""
    windows = found.studies.windows
    curve = next(iter(windows.values()))
    first, second = (float(np.median(curve[:, place])) for place in (0, 1))
    return {
        "facts": {"for each of the first three iterations": len(windows) == 3},
        "number": f"iteration 1 begins with {format_number(first)}, then {format_number(second)}",
        "told": "Each value is the sum of the losses since the last plot over 50. The first has one loss "
        "in it, and is "
        f"divided by 50 all the same: {format_number(first)} (median), {WINDOW} times too small; then comes "
        f"{format_number(second)}. So the curve seems to begin low and rise; nothing in the training does.",
    }


def _learnt(found: Found) -> Mapping[str, Any]:
    report = found.studies.notebook.study.experiment("2-11-1")
    return {
        "facts": {"weights and biases are kept": report.record.parameters},
        "number": f"{report.network.parameters} numbers a run",
        "told": "`trainlab run` shows them in its report, and `result.cells[0].runs.parameters` has them.",
    }


def submitted(*, solved: Rate, tiny: Rate, early: Rate, others: Mapping[str, tuple[Rate, Rate]]) -> Answer:
    """The loss of the last iteration is about 10⁻¹³, and from epoch 350 on: on most seeds.

    `tiny` and `early` are the shares with a loss below 10⁻¹² at the end and by then, `others` the same by
    other bounds.
    """
    shares = {"below 10⁻¹² at the end": tiny, f"by epoch {EARLY}": early}
    return statements.parts(
        outcomes={name: more_than(HALF, each) for name, each in shares.items()},
        number="; ".join(f"{name} {percent(each)}" for name, each in shares.items()),
        told=f"Solved: {solved}.",
        others={
            words: statements.all_of(more_than(HALF, each) for each in pair) for words, pair in others.items()
        },
    )


def _submitted(found: Found) -> Mapping[str, Any]:
    item = found.studies.cell(*SUBMITTED)
    curve = item.runs.loss_curve.astype(np.float64)
    place = EARLY // item.runs.experiment.record.loss_every
    below = {
        bound: (share_of(item.runs.loss.astype(np.float64) < bound), share_of(curve[:, place] < bound))
        for bound in (TINY, 10 * TINY, TINY / 10)
    }
    return {
        "solved": item.solved,
        "tiny": below[TINY][0],
        "early": below[TINY][1],
        "others": {"below 10⁻¹¹": below[10 * TINY], "below 10⁻¹³": below[TINY / 10]},
    }


STATEMENTS: tuple[Statement, ...] = (
    _done("20", "2-11-1 without a bias in the output, 44 parameters."),
    _done("21", "No activation in the output."),
    _done("22", "PyTorch's own initialisation."),
    _done("23", "2,001 epochs in full batches, Adam with lr 0.03."),
    _done("24", "MSE continues from the weights that L1 left, with a new Adam.", f"{PLACE}, iteration 2"),
    _done("25", "Sigmoid with MSE starts from new weights.", f"{PLACE}, iteration 3"),
    Statement(
        number="26",
        said="Tanh with L1 answers (1, 1) with a −0.",
        place=f"{PLACE}, iteration 1",
        asked=f"{STUDY}: a −0 at (1, 1), on most seeds",
        rule=statements.gives,
        read=_gives(),
        page=PAGE,
        seeds=SEEDS,
    ),
    Statement(
        number="26b",
        said="MSE, from the weights of L1, cures the −0.",
        place=f"{PLACE}, iteration 2",
        asked=f"{STUDY}: of runs with a −0 fewer than one in ten still have it",
        rule=statements.cured,
        read=lambda found: cure(cell(found), cell(found, "then MSE")),
        page=PAGE,
        seeds=SEEDS,
    ),
    Statement(
        number="26c",
        said="MSE and sigmoid together cure the −0.",
        place=f"{PLACE}, iteration 3",
        asked=f"{STUDY}: of runs with a −0 fewer than one in ten still have it",
        rule=statements.cured,
        read=lambda found: cure(cell(found), cell(found, "MSE", "sigmoid")),
        page=PAGE,
        seeds=SEEDS,
    ),
    Statement(
        number="27",
        said="Sigmoid with L1 still gives a −0.",
        place=f"{PLACE}, iteration 3",
        asked=f"{STUDY}: a −0 at any point, on most seeds",
        rule=statements.gives,
        read=_gives("sigmoid", anywhere=True),
        page=PAGE,
        seeds=SEEDS,
    ),
    Statement(
        number="28",
        said="MSE gives the smoother loss curve.",
        place=f"{PLACE}, iteration 2",
        asked=f"{STUDY}: readings that rise, in iterations 1 and 2 of the same seed",
        rule=statements.most,
        read=_smoother,
        page=PAGE,
        seeds=SEEDS,
    ),
    Statement(
        number="29",
        said="The loss is plotted as an average over 50 epochs.",
        place=PLACE,
        asked=f"{STUDY}: its curve, averaged as in the notebook",
        rule=statements.done,
        read=_window,
        page=PAGE,
    ),
    Statement(
        number="30",
        said="The weights and biases learnt are printed.",
        place=PLACE,
        asked="`trainlab run`: its report",
        rule=statements.done,
        read=_learnt,
        page=PAGE,
    ),
    Statement(
        number="31",
        said="Sigmoid, MSE, N(0, 1), SGD, one point a step: a loss of about 10⁻¹³ from epoch 350 on.",
        place=f"{PLACE}, iteration 4",
        asked="`trainlab study xor44`, its cell Model 2 with B, C, D and E: a loss below 10⁻¹²",
        rule=submitted,
        read=_submitted,
        page=PAGE,
        seeds=SEEDS,
    ),
)
