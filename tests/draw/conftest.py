"""One picture of every kind, with awkward names in it."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from trainlab.draw import (
    Answers,
    Band,
    Contour,
    Curve,
    HeatAxis,
    HeatScale,
    Interval,
    Link,
    Part,
    Picture,
    Shape,
    Spot,
    bars,
    binned,
    chain,
    contributions,
    curves,
    heat_map,
    intervals,
    network_graph,
    panels,
    predictions,
    rate_grid,
    region_map,
    shapes,
    strips,
)

NASTY = "<b>\"&'\x1b]]>\ud800 Model"


@dataclass(frozen=True)
class Rate:
    k: int
    n: int
    low: float
    high: float


def _curves(*, log: bool) -> Picture:
    rng = np.random.default_rng(0)
    x = np.arange(2001.0)
    series: list[Curve] = []
    for layer in range(8):
        median = 10.0 ** -(layer + x / 500) * rng.uniform(0.5, 2, x.size)
        wide = Band(label="5–95 % of seeds", low=median / 3, high=median * 3)
        narrow = Band(label="25–75 % of seeds", low=median / 2, high=median * 2)
        series.append(Curve(label=f"Layer {layer + 1}", x=x, median=median, bands=(wide, narrow)))
    series[0] = Curve(label=NASTY, x=x, median=np.where(x < 9, np.nan, 0.0))
    return curves(series, x_label="Epoch", y_label="Loss (mean)", title=NASTY, log_y=log)


def _panels() -> Picture:
    x = np.arange(301.0)
    band = Band(label="5–95 % of seeds", low=np.zeros(301), high=np.full(301, 2.0))
    series = [Curve(label=f"{NASTY} {i}", x=x, median=1 / (1 + i * x), bands=(band,)) for i in range(11)]
    return panels(series, x_label=NASTY, y_label=f"{NASTY} rate", title=NASTY)


def _intervals() -> Picture:
    rows = [
        Interval(label=f"{NASTY} {i}", estimate=i - 20, low=i - 22, high=i - 19.5, group=f"{NASTY} {i % 3}")
        for i in range(45)
    ]
    rows.append(Interval(label="lost", estimate=np.nan, low=np.nan, high=np.nan, emphasis="helps"))
    rows.append(Interval(label="open", estimate=1, low=-np.inf, high=np.inf, emphasis="hurts"))
    return intervals(rows, x_label="Difference (percentage points)", title=NASTY)


def _grid() -> Picture:
    rows = ["Model 1", NASTY, "Model 3"]
    values = [
        [Rate(31 * j + i, 1000, (31 * j) / 1000, (31 * j + 9) / 1000) if j else None for j in range(32)]
        for i in range(3)
    ]
    return rate_grid(rows, [f"{NASTY} {j}" for j in range(32)], values, title=NASTY, row_label="Network")


def _predictions() -> Picture:
    rng = np.random.default_rng(1)
    points = [
        Answers(
            label=f"({a}, {b})",
            target=float(a != b),
            predictions=[np.nan, 1e9, *rng.normal(0.5, 0.4, 1000)],
            group=f"{NASTY} {model}",
        )
        for model in range(3)
        for a in (0, 1)
        for b in (0, 1)
    ]
    return predictions(points, title=NASTY, tolerance=0.1)


def network(*widths: int) -> Picture:
    rng = np.random.default_rng(2)
    weights = [rng.normal(size=(out, into)) for into, out in itertools.pairwise(widths)]
    biases = [rng.normal(size=out) for out in widths[1:-1]]
    return network_graph(widths, weights, [*biases, None], title=f"{NASTY} {widths}")


def _plane() -> tuple[HeatAxis, HeatAxis, np.ndarray, list[Spot]]:
    x = HeatAxis(values=np.geomspace(1e-4, 10, 64), label=f"{NASTY} rate", log=True)
    y = HeatAxis(values=np.arange(1.0, 65.0), label=f"{NASTY} " * 9)
    rows, columns = np.mgrid[0:64, 0:64]
    hill = 120 - np.hypot(rows - 32, columns - 32) * 4 + np.random.default_rng(3).normal(0, 5, (64, 64))
    return (
        x,
        y,
        hill,
        [Spot(x=1, y=9, label=NASTY), Spot(x=1e-4, y=64, label=f"{NASTY} own", shape="diamond")],
    )


def _heat() -> Picture:
    x, y, hill, places = _plane()
    line = np.column_stack([np.geomspace(1e-4, 10, 500), np.linspace(1, 64, 500)])
    return heat_map(
        x,
        y,
        np.where(hill < 0, np.nan, hill),
        HeatScale(label=f"{NASTY} % of seeds", low=0, high=100, missing=f"{NASTY} none"),
        title=NASTY,
        levels=[Contour(label=f"{NASTY} 50 %", lines=[line]), Contour(label="90 %", lines=[])],
        places=places,
    )


def _regions() -> Picture:
    x, y, hill, places = _plane()
    names = [f"{NASTY} {i}" for i in range(3)]
    codes = np.clip(hill // 40, 0, 2)
    return region_map(
        x, y, codes, names=names, roles=["s3", "s2", "grid"], title=f"{NASTY} regions", places=places
    )


def _contributions() -> Picture:
    parts = [Part(label=f"{NASTY} {i}", value=(-1.0) ** i * i, how=f"{NASTY} × {i}") for i in range(30)]
    return contributions(parts, total=15.0, total_label=NASTY, x_label=NASTY, title=NASTY)


def _bars(*, log: bool) -> Picture:
    rows = [(f"{NASTY} {'hidden.' * i}weight", 10.0**-i if log else float(i - 3)) for i in range(14)]
    rows.append((NASTY, 0.0))
    return bars(rows, x_label=f"{NASTY} (rms)", title=NASTY, log=log, usual=(1e-3, 1e-2))


def _binned() -> Picture:
    counts, edges = np.histogram(np.random.default_rng(4).normal(size=500), bins=20)
    return binned(edges, counts, x_label=NASTY, title=NASTY, reach=(0.0, np.inf), reach_label=NASTY)


def _chain() -> Picture:
    links = [Link(label=f"{NASTY} {i}", note=f"{NASTY} " * i, wrong=i % 3 == 1) for i in range(9)]
    return chain(links, title=NASTY)


def _strips() -> Picture:
    rows = [(f"{NASTY} {i}", [i, 32 - i, 0]) for i in range(24)]
    return strips(rows, [NASTY, "class 1", "class 2"], title=NASTY)


def _shapes() -> Picture:
    drawn = [Shape(label=f"{NASTY} {i}", shape=(3,) * i, wrong=i == 3) for i in range(4)]
    return shapes(drawn, title=NASTY)


KINDS: dict[str, Callable[[], Picture]] = {
    "curves": lambda: _curves(log=False),
    "log curves": lambda: _curves(log=True),
    "panels": _panels,
    "no curves": lambda: curves([], x_label="Epoch", y_label="Loss", title="Nothing"),
    "intervals": _intervals,
    "no intervals": lambda: intervals([], x_label="Points", title="Nothing"),
    "grid": _grid,
    "no grid": lambda: rate_grid([], [], [], title="Nothing"),
    "predictions": _predictions,
    "no predictions": lambda: predictions([], title="Nothing", tolerance=0.1),
    "heat": _heat,
    "regions": _regions,
    "contributions": _contributions,
    "bars": lambda: _bars(log=False),
    "log bars": lambda: _bars(log=True),
    "no bars": lambda: bars([], x_label="units", title="Nothing"),
    "binned": _binned,
    "chain": _chain,
    "no chain": lambda: chain([], title="Nothing"),
    "strips": _strips,
    "shapes": _shapes,
    "2-5-4-1": lambda: network(2, 5, 4, 1),
    "2-11-1": lambda: network(2, 11, 1),
    "deep": lambda: network(2, 2, 2, 2, 2, 2, 2, 2, 1),
    "wide": lambda: network(8, 64, 32, 10),
}


@pytest.fixture(params=KINDS)
def make(request: pytest.FixtureRequest) -> Callable[[], Picture]:
    return KINDS[request.param]


@pytest.fixture
def rate() -> Callable[[int, int], Rate]:
    return lambda k, n: Rate(k, n, max(0.0, k / n - 0.01), min(1.0, k / n + 0.01))


@pytest.fixture
def nasty() -> str:
    return NASTY
