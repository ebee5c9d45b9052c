"""The picture of a remedy that was tried: each seed without it and with it."""

from __future__ import annotations

import math
from typing import Any

from trainlab.draw import BeforeAfter, Picture, before_after


def trial_picture(trial: dict[str, Any]) -> Picture | None:
    """Return the picture of a trial as JSON has it; None where nothing can be compared."""
    name = "loss" if trial["same_loss"] or not trial["reached_as"] else "reached"
    words = (
        "Last loss"
        if name == "loss"
        else f"{trial['reached_as'][:1].upper()}{trial['reached_as'][1:]} reached"
    )
    rows = [
        BeforeAfter(
            label=f"seed {one['seed']}",
            before=_number(one["before"][name]),
            after=_number(one["after"][name]),
        )
        for one in trial["seeds"]
    ]
    if trial["verdict"] in ("no hold", "failed") or not any(math.isfinite(row.after) for row in rows):
        return None
    return before_after(
        rows, x_label=words, title=f"With {trial['remedy']}, seed by seed", log=name == "loss"
    )


def _number(value: float | None) -> float:
    return math.nan if value is None else value
