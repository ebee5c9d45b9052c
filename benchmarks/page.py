"""docs/benchmarks.md and its picture, made of docs/benchmarks.json: nothing on the page is written by hand.

python -m benchmarks.page
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.chart import race_chart
from benchmarks.results import figure, label, tables

DOCS = Path(__file__).parents[1] / "docs"
CHARTED = ("2-5-4-1", 1)
X_LABELS = {"population": "networks", "width": "width W", "batch": "batch", "threads": "threads"}
INTRODUCTION = """# Benchmarks

Made by `scripts/bench --docs` from what it measured ([the numbers](benchmarks.json)); don't edit by hand.

A **network-step** is one optimizer step of one network. All engines train the same networks of
`examples/xor44.toml` from the same initial weights, on the same examples; each figure is the best of several
rounds in which all take turns, without compilation. trainlab's time holds everything (drawing weights and
examples, returning results); the peers' examples are drawn beforehand. "Nine-layer" is Model 3,
2-2-2-2-2-2-2-2-1. scikit-learn trains the same shape on a loss of its own.

The **limit** is what the arithmetic of a network-step needs at the peaks of one core, measured in the same
run: operations are counted from the experiment (`benchmarks/operations.py`), loads, stores, drawing and the
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
    parts += [f"### {title}\n\n{_table(headers, rows)}" for title, headers, rows in tables(result["rows"])]
    if "sweeps" in result:
        parts += ["## One thing at a time\n\nns per network-step, on one thread unless threads change.\n"]
        parts += _sweeps(result["sweeps"])
        parts.append(_footprint(result))
    return "\n".join(parts)


def write_page(docs: Path = DOCS) -> None:
    """Write the page and its picture beside the JSON."""
    result = json.loads((docs / "benchmarks.json").read_text(encoding="utf-8"))
    (docs / "benchmarks.md").write_text(page(result), encoding="utf-8")
    (docs / "benchmarks.svg").write_text(picture(result), encoding="utf-8")


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
        parts.append(f"### {sweep[0].upper()}{sweep[1:]}\n\n{_table(head, body)}")
    return parts


def _footprint(result: dict[str, Any]) -> str:
    cold = result["cold_start"]
    bytes_each = "; ".join(
        f"{row['bytes_per_network']:,.0f} bytes a network with {row['networks']:,} networks"
        for row in result["memory"]
    )
    return (
        f"## Memory and start\n\nCurves off, results included: {bytes_each}.\n\nFrom starting Python until 8 "
        f"networks are trained: {cold['compiling_s']:.1f} s the first time, when the kernel is compiled, and "
        f"{cold['from_cache_s']:.1f} s from then on.\n"
    )


def _table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [headers, ["---", *(["---:"] * (len(headers) - 1))], *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    write_page()
