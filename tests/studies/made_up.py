"""Cells whose runs are made up: what is solved, what diverged and how failures look is written down."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from trainlab.engine import Runs
from trainlab.engine.runs import curve_rows, encode, recorded_epochs
from trainlab.spec import Cell, Experiment, Study, study_from_dict
from trainlab.stats import rate
from trainlab.studies.causes import Causes
from trainlab.studies.cells import CellResult, summarise

TINY = Experiment.from_dict(
    {
        "network": "2-3-1",
        "optimizer": {"name": "adam", "lr": 0.1},
        "epochs": 20,
        "record": {"loss_every": 10, "gradient_every": 10, "solved_every": 10},
    }
)


def flags(*counts: tuple[int, bool]) -> npt.NDArray[np.bool_]:
    """Return ``flags((2, True), (3, False))`` as two Trues and three Falses."""
    return np.concatenate([np.full(count, value) for count, value in counts])


def causes(
    k: int,
    n: int,
    *,
    more: int | None = None,
    less: int | None = None,
    still: tuple[int, int, int] = (0, 0, 0),
) -> Causes:
    """Return `n` failed runs of two layers with a high loss, of which `k` have a vanishing gradient.

    `more` and `less` have one at ten times the threshold and at a tenth; `still` stand still at all three.
    """
    if not n:
        return Causes(
            failed=0,
            high_loss=0,
            vanishing=None,
            vanishing_at_more=None,
            vanishing_at_less=None,
            standing_still=None,
            standing_still_at_more=None,
            standing_still_at_less=None,
            vanishing_by_layer=(),
            median_gradient_by_layer=(),
        )
    return Causes(
        failed=n,
        high_loss=n,
        vanishing=rate(k, n),
        vanishing_at_more=rate(k if more is None else more, n),
        vanishing_at_less=rate(k if less is None else less, n),
        standing_still=rate(still[0], n),
        standing_still_at_more=rate(still[1], n),
        standing_still_at_less=rate(still[2], n),
        vanishing_by_layer=(rate(k, n), rate(n, n)),
        median_gradient_by_layer=(0.0, 0.0),
    )


ALL = ("parameters", "vanishing", "predictions")


def study_of(
    *names: str, networks: tuple[str, ...] = ("2-3-1",), ask: tuple[str, ...] = ALL, **baseline: object
) -> Study:
    """Return a study of networks "Net 1", "Net 2", … with changes of these names, each another edit.

    It asks everything unless told; `baseline` are fields of its experiment.
    """
    return study_from_dict(
        {
            "ask": list(ask),
            "baseline": {**TINY.to_dict(), "network": {"widths": networks[0]}, **baseline},
            "networks": {f"Net {i}": widths for i, widths in enumerate(networks, 1)},
            "changes": {
                name: {"label": f"change {name}", "set": {"epochs": 30 + 10 * i}}
                for i, name in enumerate(names)
            },
        }
    )


def runs_of(
    experiment: Experiment,
    solved: npt.NDArray[np.bool_],
    *,
    diverged: npt.NDArray[np.bool_] | None = None,
    loss: float = 1.0,
    gradient: float = 1.0,
    last_gradient: float | None = None,
    step_gradient: tuple[float, float] | None = None,
    right: npt.NDArray[np.bool_] | None = None,
    unlearnt: npt.NDArray[np.bool_] | None = None,
    lapsed: npt.NDArray[np.bool_] | None = None,
) -> Runs:
    """Return runs with these outcomes: a run not solved ends at `loss`, a solved one at 0.

    All end at `gradient`, but for the last layer if it has a `last_gradient`; `step_gradient` are both as a
    step reads them, if otherwise. A solved run is so since epoch
    10, one that is `unlearnt` was at epoch 10, and a solved one that `lapsed` is so again since epoch 20.
    """
    n, layers = len(solved), experiment.network.layers
    none = np.zeros(n, dtype=np.bool_)
    lost, unlearnt = none if diverged is None else diverged, none if unlearnt is None else unlearnt
    lapsed = none if lapsed is None else lapsed
    end = np.where(lost, np.nan, np.where(solved, 0.0, loss)).astype(np.float32)
    slopes = np.repeat(np.where(lost, np.nan, gradient)[:, None], layers, axis=1).astype(np.float32)
    if last_gradient is not None:
        slopes[:, -1] = np.where(lost, np.nan, last_gradient)
    steps = slopes.copy()
    if step_gradient is not None:
        steps[:, :-1], steps[:, -1] = step_gradient
    targets = experiment.data().targets
    good = (solved if right is None else right)[:, None, None]
    k = len(recorded_epochs(experiment.record.loss_every, experiment.epochs))
    m = len(recorded_epochs(experiment.record.gradient_every, experiment.epochs))
    curves = np.repeat(end[:, None], k, axis=1)
    kept = curve_rows(experiment, range(n))
    return Runs(
        experiment=experiment,
        first_seed=0,
        solved=solved,
        solved_epoch=np.where(unlearnt | solved, 10, -1),
        settled_epoch=np.where(solved, np.where(lapsed, 20, 10), -1),
        stopped_epoch=np.full(n, -1),
        diverged_step=np.where(lost, 5, -1),
        accuracy=(solved if right is None else right).astype(np.float32),
        held_out_loss=np.full(n, np.nan, dtype=np.float32),
        held_out_accuracy=np.full(n, np.nan, dtype=np.float32),
        loss=end,
        predictions=np.where(good, targets, 1 - targets).astype(np.float32),
        parameters=np.zeros((n, experiment.network.parameters), dtype=np.float32),
        gradient=slopes,
        step_gradient=steps,
        loss_curve=curves[:kept],
        gradient_curve=np.repeat(slopes[:kept, None, :], m, axis=1),
        coarse_loss=encode(curves[kept:]),
    )


def cells_of(study: Study, make: Callable[[Cell], Runs]) -> tuple[CellResult, ...]:
    """Return every cell of the study with the runs that `make` gives it."""
    return tuple(summarise(cell, make(cell)) for cell in study.cells())
