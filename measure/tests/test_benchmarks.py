"""Rows of the benchmark: their shape, their ratios, and the tables and the page made of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from measure import benchmarks, benchmarks_page, sweeps
from measure.benchmarks import show, write
from measure.benchmarks_page import compared, figure, limit_rows, page, picture, tables
from measure.limit import Peaks, workload, workloads
from measure.timed_work import FULL, TRAINLAB, Contender, in_turns, measured
from trainlab.spec import name_of

PEAKS = Peaks(fma=58e9, sqrt=5.8e9, division=9.8e9, tanh=3e9, sigmoid=3e9, exp=5e9)
TINY = (
    Contender(engine="trainlab", variant="", networks=8, steps=8),
    Contender(engine="eager", variant="", networks=1, steps=4),
    Contender(engine="stacked", variant="", networks=10, steps=4),
    Contender(engine="jax", variant="vmap", networks=10, steps=4),
)
KEYS = {"engine", "network", "sampling", "optimizer", "threads", "ns_per_network_step"}


@pytest.fixture(scope="module")
def result() -> dict[str, Any]:
    """What a tiny run gives."""
    works = [each for each in workloads() if each[0] == "2-5-4-1" and each[2] == "adam"]
    said: list[str] = []
    rows = measured(works, TINY, threads=1, rounds=1, note=said.append)
    assert said[-1] == "round 1 of 1"
    limits = [
        row for row in limit_rows(PEAKS, 1) if (row["network"], row["optimizer"]) == ("2-5-4-1", "adam")
    ]
    about = {
        "processor": "P",
        "family": "1 2",
        "processors": 2,
        "vectors": "AVX2",
        "system": "Linux x86_64",
        "python": "3.11",
        "versions": {"numba": "0.61"},
        "date": "2025-01-01",
    }
    return {
        "machine": about,
        "peaks": asdict(PEAKS),
        "rows": compared([*limits, *rows]),
        "missing": {"sklearn": "sklearn"},
        "sweeps": [
            {
                "sweep": "population",
                "x": x,
                "engine": "trainlab",
                "networks": x,
                "ns_per_network_step": 20.0 + x,
            }
            for x in (1, 1000)
        ],
        "memory": [{"networks": 1000, "bytes_per_network": 812.0}],
    }


@pytest.mark.slow
def test_every_engine_has_a_row_for_every_work(result: dict[str, Any]):
    rows = result["rows"]
    assert all(set(row) >= KEYS for row in rows)
    assert [(row["engine"], row["sampling"]) for row in rows] == [
        (engine, sampling)
        for sampling in ("single", "full")
        for engine in ("limit", "trainlab", "jax", "stacked", "eager")
    ]
    assert {(row["network"], row["optimizer"], row["threads"]) for row in rows} == {("2-5-4-1", "adam", 1)}
    assert all(row["ns_per_network_step"] > 0 for row in rows)
    assert len(workloads()) == 12


@pytest.mark.slow
def test_ratios_are_to_the_same_work(result: dict[str, Any]):
    here = {row["engine"]: row for row in result["rows"] if row["sampling"] == "full"}
    eager = here["eager"]["ns_per_network_step"]
    assert here["eager"]["times_limit"] == eager / here["limit"]["ns_per_network_step"]
    assert here["eager"]["times_trainlab"] == eager / here["trainlab"]["ns_per_network_step"]
    assert here["limit"]["times_limit"] == here["trainlab"]["times_trainlab"] == 1


def test_of_one_engine_the_fastest_row_comes_last():
    base = {"network": "2-11-1", "sampling": "full", "optimizer": "sgd", "threads": 2, "variant": ""}
    rows = [
        {**base, "engine": engine, "networks": n, "ns_per_network_step": ns}
        for engine, n, ns in (("stacked", 10, 5.0), ("trainlab", 9, 2.0), ("stacked", 20, 7.0))
    ]
    assert [row["ns_per_network_step"] for row in compared(rows)] == [2.0, 7.0, 5.0]


@pytest.mark.slow
def test_the_limit_says_what_the_divider_needs_where_that_is_longer(result: dict[str, Any]):
    ((title, headers, rows),) = tables(result["rows"])
    assert title == "2-5-4-1, 1 thread"
    assert headers == ("", "single, adam", "full, adam")
    assert rows[0][0] == "limit"
    assert "(" in rows[0][1]
    assert "(" not in rows[0][2]
    assert rows[1][0] == "trainlab"
    assert rows[2][0] == "JAX (vmap, 10)"


@pytest.mark.slow
def test_it_prints_and_writes_what_was_measured(
    result: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    show(result)
    printed = capsys.readouterr().out
    assert "2-5-4-1, 1 thread" in printed
    assert "sklearn: not measured" in printed
    write(result, tmp_path / "rows.json")
    assert json.loads((tmp_path / "rows.json").read_text(encoding="utf-8")) == result


@pytest.mark.slow
def test_the_page_holds_every_figure(result: dict[str, Any]):
    written = page(result)
    for row in result["rows"]:
        assert figure(row["ns_per_network_step"]) in written
    for words in ("2025-01-01", "812 bytes a network", "| 1,000 | 1.02k |"):
        assert words in written


@pytest.mark.slow
def test_the_picture_has_a_bar_for_each_engine_and_work(result: dict[str, Any]):
    drawn = picture(result)
    assert drawn.count("PyTorch loop</text>") == 2
    assert drawn.count("trainlab</text>") == 2
    assert "log scale" in drawn


def test_every_contender_has_a_kept_row_for_every_work():
    result = json.loads(benchmarks_page.KEPT.read_text(encoding="utf-8"))
    wanted = {(each.engine, each.variant, each.networks) for each in (TRAINLAB, *FULL)}
    for row in result["rows"]:
        work = {key: row[key] for key in ("network", "sampling", "optimizer", "threads")}
        same = [each for each in result["rows"] if work.items() <= each.items()]
        met = {(each["engine"], each.get("variant"), each.get("networks")) for each in same}
        assert met >= wanted, work


@pytest.mark.parametrize(
    ("value", "text"), [(6.123, "6.12"), (24.55, "24.6"), (999.4, "999"), (1234, "1.23k"), (1.5e6, "1.5M")]
)
def test_figures_have_three_digits(value: float, text: str):
    assert figure(value) == text


def test_turns_are_taken_and_the_best_counts():
    order: list[str] = []

    def job(name: str, seconds: list[float]) -> Callable[[], Any]:
        left = iter(seconds)

        def run() -> tuple[float, Any]:
            order.append(name)
            return next(left), None

        return run

    assert in_turns([job("a", [3.0, 1.0]), job("b", [2.0, 4.0])], rounds=2) == [1.0, 2.0]
    assert order == ["a", "b", "a", "b"]


def test_workloads_are_the_study_files():
    experiment = workload("nine-layer", "adam", "full")
    assert experiment.network.label == "2-2-2-2-2-2-2-2-1"
    assert (name_of(experiment.loss), experiment.steps_per_epoch) == ("l1", 1)
    assert TRAINLAB.steps % workload("2-11-1", "sgd", "single").steps_per_epoch == 0


@pytest.mark.slow
def test_a_sweep_goes_through_its_values(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sweeps, "STEPS", 8)
    rows = [*sweeps.population((1, 9)), *sweeps.threads((2,))]
    assert {(row["sweep"], row["x"]) for row in rows} == {
        ("population", 1),
        ("population", 9),
        ("threads, single", 2),
        ("threads, full", 2),
    }
    assert all(row["ns_per_network_step"] > 0 for row in rows)


@pytest.mark.slow
def test_memory_is_counted_in_a_process_of_its_own():
    ((row),) = benchmarks.memory((20_000,))
    # Two moments and a weight in float32 are the least; a run's results come on top.
    assert 44 * 4 < row["bytes_per_network"] < 20_000
