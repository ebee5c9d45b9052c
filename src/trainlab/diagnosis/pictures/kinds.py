"""The kinds of pictures as plain data, and fewer points where there are too many to see."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

Picture = dict[str, Any]
"""As the JSON has it: `kind`, `title`, and what that kind needs (see the room's docstring)."""
Part = dict[str, Any]
"""A curve or a node of a picture."""
MOST_POINTS = 240
MOST_BARS = 14


def lines(title: str, x_label: str, y_label: str, drawn: list[Part], *, log_y: bool = False) -> Picture:
    """Return curves over one axis."""
    return {
        "kind": "lines",
        "title": title,
        "x_label": x_label,
        "y_label": y_label,
        "log_y": log_y,
        "lines": drawn,
    }


def is_wide(values: Sequence[float | None], times: float) -> bool:
    """Whether a log axis is wanted: all but the extreme 4 % spread over more than `times`, or it spikes."""
    import numpy as np

    from trainlab.draw import needs_log  # here, since `trainlab faults` draws nothing

    known = [value for value in values if value is not None and math.isfinite(value)]
    if needs_log(known):
        return True
    positive = [value for value in known if value > 0]
    if len(positive) < max(2, 0.96 * len(known)):
        return False
    low, high = np.quantile(positive, (0.02, 0.98)).tolist()
    return high > times * low


def one_line(label: str, x: Sequence[float], y: Sequence[float]) -> Part:
    """Return one curve, thinned to what can be seen; None where a value isn't finite."""
    count = min(len(x), len(y))
    kept = thinned([float(value) for value in y[:count]])
    return {
        "label": label,
        "x": [float(x[at]) for at in kept],
        "y": [float(y[at]) if math.isfinite(y[at]) else None for at in kept],
    }


def thinned(y: Sequence[float]) -> list[int]:
    """Return the places of at most 240 values: of each stretch the least and the greatest, first and last."""
    import numpy as np

    if len(y) <= MOST_POINTS:
        return list(range(len(y)))
    values = np.asarray(y, dtype=np.float64)
    kept = {0, len(y) - 1, *np.flatnonzero(~np.isfinite(values))[:1].tolist()}
    for part in np.array_split(np.arange(len(y)), MOST_POINTS // 2 - 2):
        known = part[np.isfinite(values[part])]
        if len(known):
            kept |= {int(known[values[known].argmin()]), int(known[values[known].argmax()])}
    return sorted(kept)


def bars(
    title: str,
    x_label: str,
    pairs: Sequence[tuple[str, float]],
    *,
    log: bool = False,
    usual: tuple[float, float] | None = None,
    worst: Callable[[float], float] | None = None,
) -> Picture | None:
    """Return a bar for each pair; None if there are none.

    Of more than 14 those for whose value `worst` is greatest, in their order; without it the first and last.
    """
    finite = [(label, float(value)) for label, value in pairs if math.isfinite(value)]
    if len(finite) > MOST_BARS and worst is not None:
        ordered = sorted(range(len(finite)), key=lambda at: -worst(finite[at][1]))
        title = f"{title} (the {MOST_BARS} most telling of {len(finite)})"
        finite = [finite[at] for at in sorted(ordered[:MOST_BARS])]
    elif len(finite) > MOST_BARS:
        finite = [*finite[: MOST_BARS // 2], *finite[-MOST_BARS // 2 :]]
        title = f"{title} (first and last {MOST_BARS // 2})"
    if not finite:
        return None
    return {
        "kind": "bars",
        "title": title,
        "x_label": x_label,
        "log": log,
        "usual": list(usual) if usual is not None else None,
        "bars": [{"label": label, "value": value} for label, value in finite],
    }


def histogram(
    title: str,
    x_label: str,
    values: Sequence[float],
    *,
    label: str = "",
    low: float | None = None,
    high: float | None = None,
) -> Picture | None:
    """Return how often values fall where; the range, if it has a label, is drawn as a band."""
    import numpy as np

    finite = np.asarray([value for value in values if math.isfinite(value)], dtype=np.float64)
    if not len(finite):
        return None
    counts, edges = np.histogram(finite, bins=min(30, max(5, round(len(finite) ** 0.5))))
    return {
        "kind": "histogram",
        "title": title,
        "x_label": x_label,
        "edges": edges.tolist(),
        "counts": counts.tolist(),
        "range": {"label": label, "low": low, "high": high} if label else None,
    }


def strips(title: str, parts: list[str], rows: list[tuple[str, list[int]]]) -> Picture:
    """Return rows, each cut into counts of the parts."""
    return {
        "kind": "strips",
        "title": title,
        "parts": parts,
        "rows": [{"label": label, "counts": counts} for label, counts in rows],
    }


def chain(title: str, nodes: list[Part], *, arrows: bool) -> Picture | None:
    """Return nodes side by side; `arrows`: each leads to the next."""
    return {"kind": "chain", "title": title, "arrows": arrows, "nodes": nodes} if nodes else None


def node(label: str, note: str = "", *, wrong: bool = False) -> Part:
    """Return a link of a chain."""
    return {"label": label, "note": note, "wrong": wrong}
