"""The page on the assignment: a function of BLOCKS makes the Markdown of one block, `pictures` the file."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from docs.change_blocks import budget, changes, demand, interactions, sides, solved_when, summary, together
from docs.failure_blocks import cause, notebook, predictions, same_value, vanishing
from docs.xor_studies import WINDOW, Studies, carry_out
from trainlab.draw import Band, Curve, curves

__all__ = ["BLOCKS", "carry_out", "pictures"]


def pictures(studies: Studies) -> dict[str, str]:
    """Return the files of docs/pictures by name."""
    drawn = [
        Curve(
            label=name,
            x=[WINDOW * place for place in range(values.shape[1])],
            median=np.median(values, axis=0),
            bands=[Band(label="5–95 % of seeds", low=low, high=high)],
        )
        for name, values in studies.windows.items()
        for low, high in [np.quantile(values, (0.05, 0.95), axis=0)]
    ]
    title = (
        "The loss of the second notebook, summed over 50 epochs and divided by 50; the first is one epoch's"
    )
    shown = curves(drawn, x_label="Epoch", y_label="Loss", title=title, log_y=True)
    return {"assignment-window.svg": shown.svg + "\n"}


BLOCKS: tuple[Callable[[Studies], str], ...] = (
    summary,
    budget,
    together,
    demand,
    changes,
    solved_when,
    sides,
    interactions,
    vanishing,
    cause,
    same_value,
    predictions,
    notebook,
)
