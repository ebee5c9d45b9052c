"""`fresh` forgets nothing that couldn't be made again."""

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import trainlab
from trainlab.errors import DemandError, EngineError
from trainlab.execution import ray_cluster
from trainlab.execution.demand import at_most, demand_of
from trainlab.execution.train import forget
from trainlab.store import Store

BASE = trainlab.Study(baseline=trainlab.Experiment.from_dict({"network": "2-2-1", "epochs": 3}))
NETWORKS = trainlab.budget(9, inputs=2, outputs=1)
COMMANDS: dict[str, Callable[..., Any]] = {
    "study": lambda **options: trainlab.study(BASE, seeds=4, **options),
    "race": lambda **options: trainlab.race(BASE, networks=NETWORKS, seeds=4, max_seeds=8, **options),
    "map": lambda **options: trainlab.map_plane(
        BASE, x="optimizer.lr=0.1..1", y="optimizer.momentum=0..0.9", size=(2, 2), seeds=4, **options
    ),
    "smallest": lambda **options: trainlab.smallest_budget(
        BASE, budgets=[NETWORKS], share=0.5, seeds=4, max_seeds=8, **options
    ),
}


def held(folder: Path) -> list[tuple[str, int]]:
    with Store.open(folder) as store:
        return [(one.fingerprint, one.seeds) for one in store.summary()]


@pytest.mark.trains
@pytest.mark.parametrize("name", COMMANDS)
def test_what_is_refused_deletes_nothing(tmp_path: Path, name: str):
    COMMANDS[name](store=tmp_path)
    before = held(tmp_path)
    assert before
    with pytest.raises(DemandError, match="say --yes"), at_most(1e-9):
        COMMANDS[name](store=tmp_path, fresh=True)
    assert held(tmp_path) == before


@pytest.mark.trains
@pytest.mark.parametrize("options", [{}, {"until_width": 0.6}])
def test_results_that_do_not_fit_into_memory_delete_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, float]
):
    plan = trainlab.Study(baseline=BASE.baseline, changes=(trainlab.Change.from_dict("A", {"epochs": 4}),))
    trainlab.study(plan, seeds=8, store=tmp_path)
    before = held(tmp_path)
    room = 1.5 * demand_of(plan.cells()[1].experiment, range(8), engine="fast").bytes
    monkeypatch.setattr("trainlab.execution.demand.available_memory", lambda: room)
    with pytest.raises(DemandError, match="The results of 16 runs"):
        trainlab.study(plan, seeds=8, store=tmp_path, workers=1, fresh=True, **options)  # type: ignore[arg-type]
    assert held(tmp_path) == before


@pytest.mark.trains
@pytest.mark.parametrize("name", COMMANDS)
def test_a_cluster_that_is_not_there_deletes_nothing(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
):
    COMMANDS[name](store=tmp_path)
    before = held(tmp_path)
    assert before
    monkeypatch.setattr(ray_cluster, "find_spec", lambda name: object())
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    with pytest.raises(EngineError, match="no Ray answers there"):
        COMMANDS[name](store=tmp_path, fresh=True, on=f"ray:127.0.0.1:{port}")
    assert held(tmp_path) == before


@pytest.mark.trains
def test_a_first_look_that_would_take_too_long_deletes_nothing(tmp_path: Path):
    trainlab.study(BASE, seeds=4, store=tmp_path)
    before = held(tmp_path)
    enough = 2 * demand_of(BASE.baseline, range(4), engine="fast").seconds
    with pytest.raises(DemandError, match="say --yes"), at_most(enough):
        trainlab.study(BASE, seeds=4, until_width=0.2, store=tmp_path, workers=1, fresh=True)
    assert held(tmp_path) == before


def test_all_is_forgotten_at_once(monkeypatch: pytest.MonkeyPatch):
    experiments = [trainlab.Experiment.from_dict({"network": f"2-{width}-1"}) for width in (2, 3, 4)]
    asked: list[int] = []
    monkeypatch.setattr(Store, "delete", lambda store, group, *, engine: asked.append(len(group)))
    with Store.in_memory() as store:
        forget(experiments, engine="fast", store=store)
    assert asked == [3]
