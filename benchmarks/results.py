"""From measured rows to rows that say how far each is from the limit and from trainlab, and to tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from benchmarks.limit import limit
from benchmarks.peaks import Peaks
from benchmarks.workloads import NETWORKS, OPTIMIZERS, SAMPLINGS, workload

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
        found = {(label(row), row["sampling"], row["optimizer"]): cell(row) for row in here}
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


def cell(row: Row) -> str:
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
