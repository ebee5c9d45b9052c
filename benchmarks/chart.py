"""A picture of the race: a bar from the limit to each figure, on a log axis, work by work."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.results import NAMES, Row, figure
from trainlab.draw import Picture
from trainlab.draw.axes import Scale, log_scale
from trainlab.draw.frame import x_axis
from trainlab.draw.marks import cell, rule
from trainlab.draw.picture import compose
from trainlab.draw.svg import SMALL, WIDTH, text

ENGINES = ("trainlab", "jax", "stacked", "eager")
OPTIMIZERS = {"sgd": "SGD", "adam": "Adam"}
SAMPLINGS = {"single": "single examples", "full": "full batch"}
ROW, HEADING, LEFT = 19.0, 24.0, 100.0


def race_chart(rows: Sequence[Row], *, network: str, threads: int) -> Picture:
    """Draw the best figure of each engine for one network, with a line at the limit of each work."""
    here = [row for row in rows if row["network"] == network and row["threads"] == threads]
    best = {
        (row["sampling"], row["optimizer"], row["engine"]): row["ns_per_network_step"]
        for row in sorted(here, key=lambda row: -row["ns_per_network_step"])
    }
    x = log_scale(best.values(), start=LEFT, end=WIDTH - 48)
    y, drawn, details = 4.0, list[str](), list[str]()
    stretches: list[tuple[float, float]] = []
    for sampling, optimizer in dict.fromkeys((row["sampling"], row["optimizer"]) for row in here):
        limit = best[sampling, optimizer, "limit"]
        title = f"{SAMPLINGS[sampling]}, {OPTIMIZERS[optimizer]}"
        drawn.append(text(8, y + 16, f"{title}: limit {figure(limit)} ns", bold=True))
        found = [engine for engine in ENGINES if (sampling, optimizer, engine) in best]
        top, end = y + HEADING, y + HEADING + ROW * len(found)
        for place, engine in enumerate(found):
            ns = best[sampling, optimizer, engine]
            drawn.append(_bar(x, top + ROW * place, NAMES[engine], limit=limit, ns=ns))
            details.append(f"{title}, {NAMES[engine]}: {figure(ns)} ns, {figure(ns / limit)} × the limit.")
        drawn.append(rule(x(limit), top, x(limit), end, role="text", width=1.4))
        stretches.append((top, end))
        y = end + 4
    words = f"{network}, {threads} thread{'s' * (threads > 1)}"
    return compose(
        x_axis(x, stretches=stretches, bottom=y, label="ns per network-step") + "".join(drawn),
        height=y + 38,
        title=f"One optimizer step of one network: {words}",
        summary="Each bar goes from the machine's limit to the best figure of an engine, in nanoseconds.",
        details=details,
        notes=[],
        headers=["Sampling", "Optimizer", "Engine", "ns per network-step"],
        rows=[[*key, ns] for key, ns in best.items()],
    )


def _bar(x: Scale, y: float, name: str, *, limit: float, ns: float) -> str:
    start, stop = x(min(limit, ns)), x(max(limit, ns))
    role = "good" if name == NAMES["trainlab"] else "neutral"
    return (
        text(8, y + 13, name, size=SMALL)
        + cell(start, y + 4, max(stop - start, 1.0), ROW - 8, role=role, words=f"{name}: {figure(ns)} ns")
        + text(stop + 4, y + 13, figure(ns), size=SMALL)
    )
