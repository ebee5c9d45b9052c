"""Races carried out: the same as their parts, never training twice, resumed, limited, and refused."""

import json
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from studies.races.racing import TEXT, networks, networks_race, race, study

import trainlab
from trainlab import Experiment, Study
from trainlab.engine import stored_name
from trainlab.errors import SpecError
from trainlab.execution import Interrupted, train_all
from trainlab.spec import name_of, study_from_toml
from trainlab.stats import hold_race
from trainlab.store import Store
from trainlab.studies import RaceProgress, RaceResult
from trainlab.studies.candidates import study_field


def without_time(result: RaceResult) -> dict[str, Any]:
    data = result.to_dict()
    del data["how"]["time"]
    return data


def test_a_race_is_what_its_runs_say() -> None:
    """Against the full grid of runs, trained by themselves and raced on paper."""
    result = networks_race()
    by_name = {item.name: item for item in result.candidates}
    names = [str(network) for network in networks().list()]
    assert sorted(names) == sorted(by_name)
    experiments = [by_name[name].experiment for name in names]
    for experiment, network in zip(experiments, networks().list(), strict=True):
        assert (experiment.network.widths, experiment.network.biases) == (network.widths, network.biases)
        assert experiment.network.parameters == 21
        assert (experiment.epochs, experiment.network.activations[-1]) == (120, "linear")
    grid = np.stack([runs.solved for runs in train_all(experiments, range(128), engine="fast", workers=1)])
    standing = hold_race(
        lambda alive, seeds: grid[alive, seeds.start : seeds.stop],
        candidates=len(names),
        first=8,
        most=128,
    )
    assert [item.name for item in result.candidates] == [names[place] for place in standing.order]
    for name, k, n, out in zip(names, standing.k, standing.n, standing.dropped_in, strict=True):
        item = by_name[name]
        assert (item.solved.k, item.solved.n, item.dropped_in or 0) == (k, n, out)
    assert result.ended == standing.ended
    assert result.runs == int(standing.n.sum())


def test_the_leaders_come_with_a_solved_run() -> None:
    first = networks_race().candidates[0]
    assert first.run is not None
    assert first.run.solved.tolist() == [True]
    assert first.run.experiment == first.experiment
    assert sum(item.run is not None for item in networks_race().candidates) <= 6


def test_a_grid_races_and_the_cell_gives_the_rest() -> None:
    result = race(cell=":A", max_seeds=16)
    assert result.field == "2 values of optimizer.lr and 2 values of network.activation, of M with A"
    assert {item.name for item in result.candidates} == {
        f"lr {lr}, activation {name}" for lr in ("0.0001", "0.05") for name in ("tanh", "sigmoid")
    }
    assert {name_of(item.experiment.loss) for item in result.candidates} == {"l1"}
    assert {item.experiment.network.label for item in result.candidates} == {"2-3-1"}
    assert race(max_seeds=8, cell="N:B").candidates[0].experiment.network.label == "2-2-2-1"


def test_the_cells_of_a_study_race_alone_or_crossed() -> None:
    plain = trainlab.load_study
    assert callable(plain)
    cells = race_of(TEXT.partition("[race]")[0] + "[race]\nchanges = true\n")
    assert {item.name for item in cells.candidates} == {cell.name for cell in study().cells()}
    crossed = race_of(TEXT.replace("[race]", "[race]\nchanges = true"), cell="M", max_seeds=8)
    assert len(crossed.candidates) == 4 * 4
    assert crossed.field.startswith("4 cells of the study, 2 values of optimizer.lr and ")
    assert "M:A+B, lr 0.05, activation tanh" in {item.name for item in crossed.candidates}


def race_of(text: str, **options: Any) -> RaceResult:
    from trainlab.spec import study_from_toml

    return trainlab.race(study_from_toml(text), **{"seeds": 8, "max_seeds": 16, "workers": 1, **options})


def test_an_experiment_and_its_file_can_race(tmp_path: Path) -> None:
    base = {"network": "2-3-1", "epochs": 20}
    file = tmp_path / "experiment.toml"
    file.write_text('network = "2-3-1"\nepochs = 20\n')
    options: dict[str, Any] = {"networks": networks(), "seeds": 4, "max_seeds": 4, "workers": 1}
    one = trainlab.race(Experiment.from_dict(base), **options)
    other = trainlab.race(file, **options)
    assert without_time(one) == without_time(other)
    assert "trained" not in one.field


@pytest.mark.trains
def test_kinds_and_their_fields_race() -> None:
    text = """
[baseline]
network = "2-3-1"
epochs = 10
loss = "mse"
[race]
"optimizer.lr" = [0.01, 0.1]
"optimizer.name" = ["sgd", "rmsprop"]
schedule = ["constant", "cosine_annealing"]
"init.weight.name" = ["default", "orthogonal"]
"""
    result = race_of(text, seeds=2, max_seeds=2, engine="reference")
    assert len(result.candidates) == 16
    best = result.candidate("optimizer rmsprop, schedule cosine_annealing, lr 0.1, weight orthogonal")
    assert best.experiment == Experiment.from_dict(
        {
            "network": "2-3-1",
            "epochs": 10,
            "optimizer": {"name": "rmsprop", "lr": 0.1},
            "schedule": "cosine_annealing",
            "init": {"weight": "orthogonal"},
        }
    )


def test_a_draw_is_seeded_and_never_more_than_there_are() -> None:
    total = networks().count()
    options: dict[str, Any] = {"networks": networks(), "max_seeds": 8}
    drawn = [race(draw=3, draw_seed=seed, **options) for seed in (0, 0, 1)]
    names = [{item.name for item in result.candidates} for result in drawn]
    assert names[0] == names[1] != names[2]
    assert len(names[0]) == 3
    assert drawn[0].drawn_from == total
    assert f"3 networks drawn (seed 0) from the {total} with exactly 21 parameters" in drawn[0].field
    everything = race(draw=10_000, **options)
    assert (len(everything.candidates), everything.drawn_from) == (total, None)


@pytest.mark.trains
def test_what_is_stored_is_never_trained_again(tmp_path: Path) -> None:
    first = race(networks=networks(), store=tmp_path)
    again = race(networks=networks(), store=tmp_path)
    assert first.how.trained_steps > 0
    assert again.how.trained_steps == 0
    assert without_time(first) == without_time(again) == without_time(networks_race())
    fresh = race(networks=networks(), store=tmp_path, fresh=True)
    assert fresh.how.trained_steps == first.how.trained_steps
    with Store.open(tmp_path) as store:
        held = sum(item.seeds for item in store.summary())
    assert held == first.runs


def test_a_longer_race_goes_on_from_a_shorter(tmp_path: Path) -> None:
    short = race(networks=networks(), store=tmp_path, max_seeds=16)
    long = race(networks=networks(), store=tmp_path)
    steps = 120
    assert long.how.trained_steps <= (long.runs - short.runs + len(long.candidates) * 8) * steps
    assert long.how.trained_steps < long.runs * steps


def test_stopped_it_keeps_what_is_finished_and_goes_on(tmp_path: Path) -> None:
    import signal

    def press(progress: RaceProgress) -> None:
        if progress.round == 2 and progress.training.chunks_done == 2 and not progress.training.stopping:
            signal.raise_signal(signal.SIGINT)

    assert threading.current_thread() is threading.main_thread()
    with pytest.raises(Interrupted):
        race(networks=networks(), store=tmp_path, on_progress=press)
    with Store.open(tmp_path) as store:
        name = stored_name("fast")
        assert not any(
            store.missing(item.experiment, range(8), engine=name) for item in networks_race().candidates
        )
    assert without_time(race(networks=networks(), store=tmp_path)) == without_time(networks_race())


def test_ctrl_c_as_the_last_chunk_of_a_race_is_done_is_answered(tmp_path: Path) -> None:
    import signal

    last: list[RaceProgress] = []
    whole = race(networks=networks(), on_progress=last.append)

    def press(progress: RaceProgress) -> None:
        now = progress.training
        if progress.round == last[-1].round and now.chunks_done == now.chunks_total and not now.stopping:
            signal.raise_signal(signal.SIGINT)

    found = race(networks=networks(), store=tmp_path, on_progress=press)
    assert without_time(found) == without_time(whole)


def test_progress_says_the_round() -> None:
    seen: list[RaceProgress] = []
    result = race(networks=networks(), max_seeds=32, on_progress=seen.append)
    assert {(item.round, item.candidates) for item in seen} == {
        (number, item.candidates) for number, item in enumerate(result.rounds, 1)
    }
    assert {item.rounds for item in seen} == {3}
    last = [item for item in seen if item.round == len(result.rounds)][-1]
    assert last.training.runs_done == result.rounds[-1].runs


def test_a_budget_ends_it() -> None:
    count = networks().count()
    result = race(networks=networks(), budget_seeds=17 * count)
    assert result.ended == "budget"
    assert result.runs <= 17 * count
    assert f"when the budget of {17 * count:,} runs was spent" in result.verdict


def test_json_and_words() -> None:
    result = networks_race()
    data = json.loads(result.to_json())
    assert data["verdict"] == result.verdict
    assert data["runs"] == sum(item["runs"] for item in data["rounds"])
    assert data["runs_of_full_grid"] == len(data["candidates"]) * data["rounds"][-1]["seeds"]
    assert str(result).startswith(result.verdict)
    assert "array" not in repr(result) + repr(result.candidates)
    assert result.candidate(result.candidates[2].name) is result.candidates[2]
    with pytest.raises(SpecError, match="candidate '2-9-1': the race has no candidate of this name"):
        result.candidate("2-9-1")
    # The file's title speaks of its own networks.
    assert result.title == "Networks with exactly 21 parameters"
    assert "<svg" in result._repr_html_()
    assert "&lt;b&gt;" in replace(result, title="<b>")._repr_html_()


def of(parameters: int, **limits: Any) -> trainlab.Budget:
    return trainlab.budget(parameters, **{"inputs": 2, "outputs": 1, **limits})


SINGLE = {"max_depth": 1, "hidden_bias": "yes", "output_bias": "yes"}
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "one": ({"networks": of(17, **SINGLE)}, "at least two must race, but the networks are: 2-4-1."),
    "none": ({"networks": of(16, **SINGLE)}, "at least two must race, but the networks are: none."),
    "shape": ({"networks": of(17, inputs=3)}, "inputs = 3, outputs = 1: the task 'xor' needs 2 and 1."),
    "many": (
        {"networks": of(44)},
        "networks: 592,109,928,932 are more than 100,000, which is the most that can race; "
        "give draw = 1000 (--draw 1000), or narrow the question.",
    ),
    "draws": ({"networks": of(44), "draw": 100_001}, "draw fewer, or narrow the question."),
    "draw": ({"draw": 5}, "draw = 5: draws networks of a budget; what [race] lists races as a whole."),
    "small draw": ({"networks": of(17), "draw": 1}, "draw = 1: must be a whole number ≥ 2"),
    "seeds": ({"seeds": 0}, "seeds = 0: must be a whole number ≥ 1"),
    "order": ({"seeds": 64, "max_seeds": 32}, "max_seeds = 32: must be a whole number ≥ 64"),
    "budget": (
        {"budget_seeds": 31},
        "budget_seeds = 31: the first round alone takes 32 runs (4 candidates × 8 seeds).",
    ),
    "cell": ({"cell": "M:X"}, "change 'X': the study has no such change; it has 'A' or 'B'."),
    "cells": ({"cell": "M"}, "cell = 'M': means 4 cells; name one, as in 'M:none', 'M:A' or 'M:B'."),
    "no cell": ({"cell": ""}, "cell = '': means 0 cells; name one, as in"),
}


@pytest.mark.parametrize(("options", "message"), REFUSED.values(), ids=REFUSED)
def test_what_can_not_be_carried_out_is_refused_before_anything_runs(
    options: dict[str, Any], message: str, tmp_path: Path
) -> None:
    with pytest.raises(SpecError) as caught:
        race(**options, store=tmp_path / "store")
    assert message in str(caught.value)
    assert not (tmp_path / "store").exists()


def test_a_study_without_a_table_has_nothing_to_race() -> None:
    with pytest.raises(SpecError, match=r"the study has no \[race\] table; write one, or give a number"):
        trainlab.race(Study(baseline=Experiment.from_dict({"network": "2-3-1"})))


def test_settings_of_single_layers_fit_no_other_network() -> None:
    base = Experiment.from_dict({"network": {"widths": "2-3-1", "activation": ["tanh", "linear"]}})
    with pytest.raises(SpecError, match=r"network '2-\S+.*' in place of '2-3-1': activation lists 2 values"):
        trainlab.race(base, networks=networks())


def test_candidates_that_are_one_and_the_same_are_refused() -> None:
    text = TEXT.partition("[race]")[0] + '[race]\nloss = ["mse", "l1"]\nchanges = true\n'
    with pytest.raises(SpecError, match=r"'M:none, loss mse' and 'M:A, loss mse' are one and the same"):
        race_of(text)


def test_of_trainings_that_go_on_it_says_which_one_is_set() -> None:
    later = study_field(study_from_toml(f"{TEXT}[[phases]]\nset = {{ epochs = 5 }}\n"), "M:A")
    assert later.words == (
        "2 values of optimizer.lr and 2 values of network.activation, set in the last training alone where "
        "one goes on from another, of M with A"
    )
    first, *_ = later.candidates
    assert first.experiment.after is not None
    assert (first.experiment.optimizer.lr, first.experiment.after.optimizer.lr) == (0.0001, 0.05)
    assert "last training" not in study_field(study(), "M:A").words


def test_networks_that_are_no_budget_are_refused() -> None:
    with pytest.raises(SpecError, match=r"networks = \[44\]: must be a budget, as in trainlab\.budget\(44"):
        race(networks=[44])
