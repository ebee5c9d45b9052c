"""A training that goes on from another's weights, in every engine and by hand in PyTorch."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from msgspec.structs import replace

from trainlab.engine import Engine, rng
from trainlab.engine.fast import FastEngine
from trainlab.engine.layout import drawing_seeds, initial_parameters
from trainlab.engine.reference import ReferenceEngine, build_module
from trainlab.engine.reference.loop import Steps
from trainlab.engine.reference.module import flat
from trainlab.engine.torch import TorchEngine
from trainlab.errors import EngineError
from trainlab.execution.plan import plan
from trainlab.report.torch_training import cell_code
from trainlab.spec import Experiment
from trainlab.spec.change import flatten, go_on

SEEDS = range(3, 5)
ENGINES = [FastEngine(dtype="float64"), TorchEngine(dtype="float64")]


def made(sampling: str = "full", **fields: Any) -> Experiment:
    first = Experiment.from_dict(
        {
            "network": {"widths": "2-4-1", "output_activation": "linear"},
            "loss": "l1",
            "optimizer": {"name": "adam", "lr": 0.03},
            "sampling": sampling,
            "epochs": 30,
            "record": {"loss_every": 5, "solved_every": 5},
        }
    )
    return go_on(first, flatten({"loss": "mse", "epochs": 20, **fields}))


@pytest.mark.trains
@pytest.mark.parametrize("sampling", ["full", "single"])
@pytest.mark.parametrize("engine", ENGINES, ids=["fast", "torch"])
def test_the_engines_agree(engine: Engine, sampling: str) -> None:
    experiment = made(sampling, network={"activation": "sigmoid"})
    (found,), (plain,) = (
        each.train(experiment, SEEDS) for each in (engine, ReferenceEngine(dtype="float64"))
    )
    np.testing.assert_allclose(found.parameters, plain.parameters, rtol=1e-9, atol=1e-11)
    np.testing.assert_allclose(found.loss_curve, plain.loss_curve, rtol=1e-9, atol=1e-11)
    assert found.experiment == experiment
    assert found.loss_curve.shape == (2, 5)


def test_by_hand_it_is_two_trainings_of_one_module() -> None:
    # Full batches, so nothing is drawn but the initial weights.
    experiment = made()
    module = build_module(torch, experiment.phases[0], 5, "float64")
    data = experiment.data()
    x, y = torch.tensor(data.inputs), torch.tensor(data.targets)
    for criterion, epochs in ((torch.nn.L1Loss(), 30), (torch.nn.MSELoss(), 20)):
        optimizer = torch.optim.Adam(module.parameters(), lr=0.03)
        for _ in range(epochs):
            optimizer.zero_grad()
            criterion(module(x), y).backward()
            optimizer.step()
    (runs,) = ReferenceEngine(dtype="float64").train(experiment, range(5, 6))
    np.testing.assert_allclose(runs.parameters[0], flat(module), rtol=1e-12, atol=1e-14)


def test_its_draws_are_its_own() -> None:
    seeds = np.arange(4, dtype=np.uint64)
    keys = [rng.phase_seeds(seeds, phase=phase) for phase in range(3)]
    assert (keys[0] == seeds).all()
    assert len(set(np.concatenate(keys).tolist())) == 12
    # A redraw's draws are those of no training in a chain, nor of another redraw.
    first = made("single").phases[0]
    redrawn = [drawing_seeds(replace(first, redraw=number), seeds) for number in (1, 2, 65_535)]
    assert len(set(np.concatenate([*keys, *redrawn]).tolist())) == 24
    # The same examples aren't seen again in the same order.
    second = made("single")
    drawn = [Steps(experiment=phase, seed=3, dtype="float64").examples(0) for phase in second.phases]
    assert not np.array_equal(*drawn)


def test_neither_chunks_nor_threads_change_a_bit() -> None:
    experiment = made("single")
    (whole,) = FastEngine().train(experiment, range(40), threads=2)
    (part,) = FastEngine().train(experiment, range(30, 40))
    assert np.array_equal(whole.parameters[30:], part.parameters)
    (blocks,), (one,) = (TorchEngine().train(experiment, seeds) for seeds in (range(5), range(4, 5)))
    assert np.array_equal(blocks.parameters[4:], one.parameters)


def test_nothing_is_drawn_where_it_begins() -> None:
    with pytest.raises(EngineError, match=r"^after: this training goes on from another one's weights"):
        initial_parameters(made(), SEEDS)


@pytest.mark.parametrize("fields", [{}, {"network": {"activation": "relu"}}, {"solved": {"within": 0.2}}])
def test_its_script_trains_all_phases(fields: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    script = cell_code(made(**fields), 0)
    exec(compile(script, "script", "exec"), {})  # the script is ours
    out = capsys.readouterr().out
    assert script.count("torch.optim.Adam") == 2
    assert script.index("nn.L1Loss") < script.index("nn.MSELoss")
    assert out.count("epoch      0") == 2
    assert "solved:" in out


def test_the_steps_of_all_phases_count() -> None:
    (chunk,) = plan([made()], missing=lambda _: [range(2)], chunk_seeds=10)
    assert chunk.steps == 2 * (30 + 20)


@pytest.mark.parametrize("sampling", ["single", {"name": "batch", "batch_size": 3}])
def test_a_redraw_starts_from_the_same_weights_and_sees_other_examples(sampling: Any) -> None:
    """So do all engines, alike."""
    whole = Experiment.from_dict(
        {"network": "2-3-1", "init": "normal", "sampling": sampling, "optimizer": {"name": "sgd", "lr": 0.1}}
    )
    first = replace(whole, epochs=8)
    again = replace(first, redraw=1)
    assert np.array_equal(initial_parameters(first, SEEDS), initial_parameters(again, SEEDS))
    engines = (ReferenceEngine(dtype="float64"), FastEngine(dtype="float64"), TorchEngine(dtype="float64"))
    trained = [engine.train(again, SEEDS)[0].parameters for engine in engines]
    for other in trained[1:]:
        np.testing.assert_allclose(other, trained[0], rtol=1e-10, atol=1e-12)
    plain = engines[0].train(first, SEEDS)[0].parameters
    assert not (np.abs(plain - trained[0]).max(axis=1) < 1e-6).any()
