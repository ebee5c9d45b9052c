"""docs/benchmarks.md and its picture, made of measure/benchmarks.json; nothing there is written by hand."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from measure.blocks import table
from measure.limit import NETWORKS, OPTIMIZERS, SAMPLINGS, Peaks, limit, workload
from trainlab.draw import Picture
from trainlab.draw.axes import Scale, log_scale, x_axis
from trainlab.draw.picture import compose
from trainlab.draw.svg import SMALL, WIDTH, cell, rule, text

# From measured rows to rows that say how far each is from the limit and from trainlab, and to tables.


Row = dict[str, Any]
KEYS = ("network", "sampling", "optimizer", "threads")
ENGINES = ("limit", "trainlab", "jax", "compiled", "stacked", "sklearn", "eager")
"""The order of a table's rows."""
NAMES = {
    "limit": "limit",
    "trainlab": "trainlab",
    "jax": "JAX",
    "compiled": "torch.compile, stacked",
    "stacked": "stacked torch",
    "sklearn": "scikit-learn",
    "eager": "PyTorch loop",
}


def limit_rows(peaks: Peaks, threads: int) -> list[Row]:
    """Return the limit of every workload as rows."""
    rows: list[Row] = []
    for network in NETWORKS:
        for sampling in SAMPLINGS:
            for optimizer in OPTIMIZERS:
                floor = limit(workload(network, optimizer, sampling), peaks)
                rows.append(
                    {
                        "engine": "limit",
                        "network": network,
                        "sampling": sampling,
                        "optimizer": optimizer,
                        "threads": threads,
                        "ns_per_network_step": floor.on(threads),
                        "divider_ns": floor.divider_ns * floor.on(threads) / floor.ns,
                    }
                )
    return rows


def compared(rows: Sequence[Row]) -> list[Row]:
    """Return the rows with `times_limit` and `times_trainlab`; of one engine's, the slower come first."""
    by_key: dict[tuple[Any, ...], dict[str, float]] = {}
    for row in rows:
        if row["engine"] in ("limit", "trainlab"):
            by_key.setdefault(key_of(row), {})[row["engine"]] = row["ns_per_network_step"]
    done = [
        {
            **row,
            **{f"times_{name}": row["ns_per_network_step"] / ns for name, ns in by_key[key_of(row)].items()},
        }
        for row in rows
    ]
    return sorted(done, key=lambda row: (*map(_place, key_of(row)), _place(row["engine"]), -_ns(row)))


def key_of(row: Row) -> tuple[Any, ...]:
    """Return what says which work a row belongs to."""
    return tuple(row[name] for name in KEYS)


def tables(rows: Sequence[Row]) -> Iterator[tuple[str, tuple[str, ...], list[tuple[str, ...]]]]:
    """Yield a table for each network and number of threads: title, headers, rows of text.

    A column is a way of sampling and an optimizer; a cell holds ns, times the limit, times trainlab.
    """
    columns = list(dict.fromkeys((row["sampling"], row["optimizer"]) for row in rows))
    headers = ("", *(f"{sampling}, {optimizer}" for sampling, optimizer in columns))
    for network, threads in dict.fromkeys((row["network"], row["threads"]) for row in rows):
        here = [row for row in rows if (row["network"], row["threads"]) == (network, threads)]
        found = {(label(row), row["sampling"], row["optimizer"]): figures_of(row) for row in here}
        # By engine, and within one as the first column has them.
        names = dict.fromkeys(label(row) for engine in ENGINES for row in here if row["engine"] == engine)
        body = [(name, *(found.get((name, *column), "–") for column in columns)) for name in names]
        yield f"{network}, {threads} thread{'s' * (threads > 1)}", headers, body


def label(row: Row) -> str:
    """Return what a table calls a row: the engine, how it is written, how many networks."""
    networks = row.get("networks", 1) if row["engine"] != "trainlab" else 1
    details = [row.get("variant") or "", f"{networks:,}" if networks > 1 else ""]
    shown = ", ".join(part for part in details if part)
    return NAMES[row["engine"]] + (f" ({shown})" if shown else "")


def figures_of(row: Row) -> str:
    """Return a row's figures as text: ns, times the limit, times trainlab."""
    times = [f"{figure(row[name])}×" if name in row else "–" for name in ("times_limit", "times_trainlab")]
    if row["engine"] == "limit":
        divider = row.get("divider_ns", 0.0)
        return figure(_ns(row)) + (f" ({figure(divider)})" if divider > _ns(row) else "")
    return " · ".join([figure(_ns(row)), *(times[:1] if row["engine"] == "trainlab" else times)])


def figure(value: float) -> str:
    """Return a number with three digits: 6.12, 24.5, 338, 338k."""
    return (
        f"{value:.3g}"
        if value < 999.5
        else f"{value / 1000:.3g}k"
        if value < 999_500
        else f"{value / 1e6:.3g}M"
    )


def _ns(row: Row) -> float:
    return row["ns_per_network_step"]


def _place(value: Any) -> Any:
    order = (*NETWORKS, *SAMPLINGS, *OPTIMIZERS, *ENGINES)
    return order.index(value) if value in order else value


# A picture of the race: a bar from the limit to each figure, on a log axis, work by work.


CHARTED_ENGINES = ("trainlab", "jax", "stacked", "eager")
OPTIMIZER_NAMES = {"sgd": "SGD", "adam": "Adam"}
SAMPLING_NAMES = {"single": "single examples", "full": "full batch"}
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
        title = f"{SAMPLING_NAMES[sampling]}, {OPTIMIZER_NAMES[optimizer]}"
        drawn.append(text(8, y + 16, f"{title}: limit {figure(limit)} ns", bold=True))
        found = [engine for engine in CHARTED_ENGINES if (sampling, optimizer, engine) in best]
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


KEPT = Path(__file__).with_name("benchmarks.json")
CHARTED = ("2-5-4-1", 1)
X_LABELS = {"population": "networks", "width": "width W", "batch": "batch", "threads": "threads"}
INTRODUCTION = """# Benchmarks

Made by `scripts/measure benchmarks --docs` from what it measured
([the numbers](../measure/benchmarks.json)); don't edit by hand.

A **network-step** is one optimizer step of one network. All engines train the same networks of
`examples/xor44.toml` from the same initial weights, on the same examples; each figure is the best of several
rounds in which all take turns, without compilation. trainlab's time holds everything (drawing weights and
examples, returning results); the peers' examples are drawn beforehand. "Nine-layer" is Model 3,
2-2-2-2-2-2-2-2-1. scikit-learn trains the same shape on a loss of its own.

The **limit** is what the arithmetic of a network-step needs at the peaks of one core, measured in the same
run: operations are counted from the experiment (`measure/limit.py`), loads, stores, drawing and the
divider's work are left out. On two threads it is half. [What binds the kernel](account.md) counts the
instructions that really run.
"""
RACE = """## The race

A cell holds ns per network-step · times the limit · times trainlab. In brackets is how a peer is written,
and how many networks it trains at once; after a limit, what exact square roots and divisions take by
themselves, where that is longer. JAX "by layer" and "by unit" are written by hand with the networks in the
last axis.
"""


def page(result: dict[str, Any]) -> str:
    """Return the page."""
    parts = [
        INTRODUCTION,
        _machine(result),
        f"![{CHARTED[0]}: ns per network-step by engine, beside the limit](benchmarks.svg)\n",
        RACE,
    ]
    parts += [
        f"### {title}\n\n{table(headers, rows, figures=True)}\n"
        for title, headers, rows in tables(result["rows"])
    ]
    if "sweeps" in result:
        parts += ["## One thing at a time\n\nns per network-step, on one thread unless threads change.\n"]
        parts += _sweeps(result["sweeps"])
        parts.append(_footprint(result))
    return "\n".join(parts)


def made() -> dict[Path, str]:
    """Return the page and its picture, by their paths."""
    result = json.loads(KEPT.read_text(encoding="utf-8"))
    return {Path("docs/benchmarks.md"): page(result), Path("docs/benchmarks.svg"): picture(result)}


def picture(result: dict[str, Any]) -> str:
    """Return the picture as SVG."""
    return race_chart(result["rows"], network=CHARTED[0], threads=CHARTED[1]).svg + "\n"


def _machine(result: dict[str, Any]) -> str:
    about, peaks = result["machine"], result["peaks"]
    versions = ", ".join(f"{name} {number}" for name, number in about["versions"].items())
    rates = ", ".join(f"{name} {rate / 1e9:.1f}" for name, rate in peaks.items())
    absent = "".join(
        f"\n\nNot measured: {engine}, since {package} was not installed."
        for engine, package in result["missing"].items()
    )
    return (
        f"## The machine\n\n{about['processor']} (family and model {about['family']}), {about['processors']} "
        f"processors, {about['vectors']}, {about['system']}; Python {about['python']}, {versions}; "
        f"{about['date']}.\n\nPeaks of one core, 10⁹ float32 results a second: {rates}.{absent}\n"
    )


def _sweeps(rows: Sequence[dict[str, Any]]) -> list[str]:
    parts: list[str] = []
    for sweep in dict.fromkeys(row["sweep"] for row in rows):
        here = [row for row in rows if row["sweep"] == sweep]
        named = [({**row, "networks": 1}, row) for row in here]
        names = list(dict.fromkeys(label(bare) for bare, _ in named))
        found = {(row["x"], label(bare)): figure(row["ns_per_network_step"]) for bare, row in named}
        values = dict.fromkeys(row["x"] for row in here)
        body = [(f"{x:,}", *(found.get((x, name), "–") for name in names)) for x in values]
        head = (X_LABELS[sweep.partition(",")[0]], *names)
        parts.append(f"### {sweep[0].upper()}{sweep[1:]}\n\n{table(head, body, figures=True)}\n")
    return parts


def _footprint(result: dict[str, Any]) -> str:
    bytes_each = "; ".join(
        f"{row['bytes_per_network']:,.0f} bytes a network with {row['networks']:,} networks"
        for row in result["memory"]
    )
    return f"## Memory\n\nCurves off, results included: {bytes_each}.\n"
