"""An engine says in one line what it can't carry out."""

from __future__ import annotations

import sys

import pytest

from trainlab.engine.choose import ENGINES, get_engine
from trainlab.engine.fast import FastEngine
from trainlab.engine.reference import ReferenceEngine
from trainlab.engine.runs import Engine
from trainlab.engine.torch import TorchEngine
from trainlab.engine.torch.engine import usable_torch
from trainlab.errors import EngineError, how_to_install
from trainlab.spec import Experiment, Network

EXPERIMENT = Experiment(network=Network(widths=(2, 1)), epochs=20)


@pytest.mark.parametrize("marks", [(0, 20), (-1, 20), (10,), (20, 21)])
@pytest.mark.parametrize("engine", [FastEngine(networks=8), ReferenceEngine(), TorchEngine()])
def test_marks_outside_of_the_training(engine: Engine, marks: tuple[int, ...]) -> None:
    with pytest.raises(EngineError) as caught:
        engine.train(EXPERIMENT, range(1), marks=marks)
    assert str(caught.value) == (
        f"marks = {marks}: must be epochs from 1 to the experiment's 20, with 20 itself among them."
    )


@pytest.mark.parametrize(
    "seeds", [range(0), range(5, 2), range(0, 9, 2), range(-1, 3), range(2**63 - 1, 2**63 + 1)]
)
@pytest.mark.parametrize("engine", [FastEngine(networks=8), ReferenceEngine(), TorchEngine()])
def test_seeds_that_are_no_range_of_seeds(engine: Engine, seeds: range) -> None:
    with pytest.raises(EngineError) as caught:
        engine.train(EXPERIMENT, seeds)
    assert str(caught.value) == (
        f"seeds = {seeds}: must be one or more whole numbers in a row, from 0 to 2**63 - 1, "
        f"as in range(0, 1000)."
    )


@pytest.mark.parametrize("engine", [FastEngine(networks=8), ReferenceEngine(), TorchEngine()])
def test_the_last_seeds_there_are(engine: Engine) -> None:
    seeds = range(2**63 - 2, 2**63)
    runs = engine.train(EXPERIMENT, seeds)[0]
    assert runs.seeds == seeds
    assert len(runs.parameters) == 2


@pytest.mark.parametrize("engine", [ReferenceEngine(), TorchEngine()])
def test_torch_is_missing(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(EngineError) as caught:
        engine.train(EXPERIMENT, range(1))
    assert str(caught.value) == (
        f"engine = '{engine.name}': needs PyTorch, which isn't installed. Use --engine fast, "
        f"or install it with: {how_to_install('torch')}"
    )


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"networks": 12}, "networks = 12: must be one of 8, 16, 32, 64, or left out."),
        ({"networks": 0}, "networks = 0: must be one of 8, 16, 32, 64, or left out."),
        ({"networks": 128}, "networks = 128: must be one of 8, 16, 32, 64, or left out."),
        ({"samples": 3}, "samples = 3: must be one of 1, 2, 4, 8, 16, or left out."),
    ],
)
def test_tiles_that_no_register_holds(fields: dict[str, int], message: str) -> None:
    with pytest.raises(EngineError) as caught:
        FastEngine(**fields)
    assert str(caught.value) == message


def test_an_engine_that_does_not_exist() -> None:
    with pytest.raises(EngineError) as caught:
        get_engine("fats")
    assert str(caught.value) == (
        "engine = 'fats': must be 'auto', 'fast', 'torch', 'torch-cuda' or 'reference'. Did you mean 'fast'?"
    )


def test_auto_is_no_engine_by_itself() -> None:
    with pytest.raises(EngineError, match="engine = 'auto': is another engine for each experiment"):
        get_engine("auto")


def test_engines_by_name() -> None:
    assert get_engine("fast") == FastEngine()
    assert get_engine("reference") == ReferenceEngine()
    assert get_engine("torch") == TorchEngine()
    assert get_engine("torch-cuda") == TorchEngine(device="cuda")
    for name in ENGINES[1:]:
        assert get_engine(name).name == name


def test_no_cuda_device_is_told_with_what_to_use(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(EngineError, match=r"Use device = 'cpu' \(on the command line --engine torch\)"):
        usable_torch("cuda")
