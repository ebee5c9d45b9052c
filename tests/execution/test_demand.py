"""What training will take is known before it begins, and refused in one line where that is too much."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from execution.fake_engine import FakeEngine

from trainlab.engine.runs import ARRAYS
from trainlab.errors import DemandError, EngineError
from trainlab.execution import train_all
from trainlab.execution.demand import at_most, check_results, check_work, demand_of, duration
from trainlab.execution.train import _check_work
from trainlab.execution.workers import readable
from trainlab.spec import Experiment

SMALL = Experiment.from_dict(
    {"network": "2-3-1", "epochs": 40, "record": {"loss_every": 2, "gradient_every": 5, "curves": 3}}
)


def test_bytes_are_those_of_the_arrays():
    (runs,) = train_all([SMALL], range(8), engine="fast")
    sizes = {name: getattr(runs, name).nbytes for name in ARRAYS}
    need = demand_of(SMALL, range(8), engine="fast")
    assert need.losses == sizes["loss_curve"] + sizes["coarse_loss"]
    assert need.gradients == sizes["gradient_curve"]
    assert need.parameters == sizes["parameters"]
    assert need.runs == 8
    assert need.steps == 8 * 40 * SMALL.steps_per_epoch
    assert np.isclose(need.bytes, sum(sizes.values()), rtol=0.5)


def test_results_that_do_not_fit_are_refused_with_what_to_change(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("trainlab.execution.demand.available_memory", lambda: 1_000_000_000)
    check_results([SMALL], [range(100_000)])
    often = Experiment.from_dict({"network": "2-3-1", "epochs": 1_000_000, "record": {"loss_every": 1}})
    with pytest.raises(
        DemandError, match=r"results of 1,000 runs would take 4\.1 GB of memory, and 1\.0 GB are"
    ):
        check_results([often], [range(1_000)])
    with pytest.raises(DemandError, match=r"raise record.loss_every, lower seeds\."):
        train_all([often], range(1_000), engine="fast")
    wide = Experiment.from_dict({"network": "2-4000-4000-1", "epochs": 1})
    with pytest.raises(DemandError, match=r"set record.parameters = false, lower seeds\."):
        check_results([wide], [range(100)])
    with pytest.raises(DemandError, match=r"What 2 workers train at a time, up to 64 networks each, would"):
        check_work({wide: [range(100)]}, engine="torch", chunk_seeds=64, workers=2)


def test_what_takes_longer_than_allowed_is_refused_before_anything_runs():
    engine = FakeEngine()
    with at_most(3600):
        train_all([SMALL], range(4), engine=engine)
        with pytest.raises(DemandError, match=r"10,000,000 runs of \d+ steps would take about .*say --yes"):
            check_work({SMALL: [range(10_000_000)]}, engine="reference", chunk_seeds=8, workers=1)
    check_work({SMALL: [range(10_000_000)]}, engine="reference", chunk_seeds=8, workers=1)


def test_a_cluster_has_its_own_processors_and_memory(monkeypatch: pytest.MonkeyPatch):
    engine, work = FakeEngine(name="reference"), {SMALL: [range(100_000)]}
    monkeypatch.setattr("trainlab.execution.ray_tasks.processors_for", lambda *given: lambda: 1_000)
    monkeypatch.setattr("trainlab.execution.demand.available_memory", lambda: 1_000)
    _check_work(engine, work, 500, "ray")
    alone = demand_of(SMALL, range(100_000), engine="reference").seconds
    with at_most(alone / 800):
        _check_work(engine, work, None, "ray")
        with pytest.raises(DemandError, match="say --yes"):
            _check_work(engine, work, 500, "ray")
    with pytest.raises(DemandError, match="lower workers"):
        _check_work(engine, work, 500, None)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "0 seconds"),
        (119, "119 seconds"),
        (7_000, "117 minutes"),
        (8e4, "22 hours"),
        (1e10, "317 years"),
    ],
)
def test_a_time_in_words(seconds: float, words: str):
    assert duration(seconds) == words


def test_out_of_memory_is_one_line():
    for failure in (MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried …")):
        told = readable(failure)
        assert isinstance(told, EngineError)
        assert str(told) == "out of memory in training: use fewer workers. Finished chunks are saved."


def test_memory_is_that_of_the_control_group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from trainlab import memory

    inner = tmp_path / "outer" / "inner"
    inner.mkdir(parents=True)
    for folder, most in ((inner, "max"), (inner.parent, "5000000")):
        (folder / "memory.max").write_text(f"{most}\n")
        (folder / "memory.current").write_text("4000000\n")
        (folder / "memory.stat").write_text("anon 1\ninactive_file 500000\n")
    (tmp_path / "groups").write_text("0::/outer/inner\n")
    monkeypatch.setattr(memory, "MOUNTED", tmp_path)
    monkeypatch.setattr(memory, "GROUPS", tmp_path / "groups")
    assert memory.available_memory() == 1_500_000
    monkeypatch.setattr(memory, "GROUPS", tmp_path / "none")
    monkeypatch.setattr(memory, "MEMINFO", tmp_path / "none")
    built_in = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert memory.available_memory() == built_in > 1e8
    assert memory.gigabytes(3.24e9) == "3.2 GB"
