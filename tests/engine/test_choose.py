"""Which engine is chosen, and why."""

from __future__ import annotations

from typing import Any

import pytest

from trainlab.engine import by_engine, engine_of, other_engine
from trainlab.engine.choose import BATCHES, POPULATIONS, RATIOS, WIDTHS, Choice, choose, equal_width, ratio
from trainlab.spec import Experiment


def experiment(widths: str, batch: int) -> Experiment:
    sampling: Any = {"name": "batch", "batch_size": batch} if batch > 1 else "single"
    return Experiment.from_dict(
        {
            "network": widths,
            "task": {"name": "curve", "points": 512},
            "sampling": sampling,
            "solved": {"loss": 0.1},
        }
    )


SMALL, WIDE = experiment("1-5-4-1", 1), experiment("1-512-512-1", 256)


@pytest.fixture
def _wide_is_for_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trainlab.engine.choose.ratio", lambda width, **_: width / 200)


@pytest.mark.usefixtures("_wide_is_for_torch")
def test_the_faster_one_is_taken_and_why_is_said() -> None:
    assert choose(SMALL).engine == "fast"
    assert choose(SMALL).reason == (
        "with 39 parameters and 1 example a step the fast engine is quicker than torch's products."
    )
    assert choose(WIDE).engine == "torch"
    assert choose(WIDE).reason.startswith(
        "with 264,193 parameters and 256 examples a step torch's products are"
    )


@pytest.mark.usefixtures("_wide_is_for_torch")
def test_without_torch_there_is_only_the_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trainlab.engine.choose.has_torch", lambda: False)
    assert choose(WIDE).engine == "fast"
    assert choose(WIDE).reason.endswith("torch would be quicker, but it isn't installed.")


def test_a_table_is_met_at_its_points_and_held_beyond() -> None:
    assert len(RATIOS) == len(WIDTHS) * len(BATCHES)
    for row, (width, batch) in zip(RATIOS, [(w, b) for w in WIDTHS for b in BATCHES], strict=True):
        for found, population in zip(row, POPULATIONS, strict=True):
            assert ratio(width=width, batch=batch, population=population) == pytest.approx(found)
    assert ratio(width=2, batch=1, population=1) == pytest.approx(RATIOS[0][0])
    assert ratio(width=9999, batch=9999, population=10**6) == pytest.approx(RATIOS[-1][-1])


def test_between_two_points_it_is_between(monkeypatch: pytest.MonkeyPatch) -> None:
    flat = tuple((0.5, 0.5, 2.0) for _ in RATIOS)
    monkeypatch.setattr("trainlab.engine.choose.RATIOS", flat)
    assert ratio(width=50, batch=3, population=3) == pytest.approx(0.5)
    # Halfway between 8 and 64, by logarithms.
    assert ratio(width=50, batch=3, population=8 * 8**0.5) == pytest.approx(1.0)


@pytest.mark.parametrize("width", [1, 7, 64, 512])
def test_the_width_of_a_network_is_told_by_its_parameters(width: int) -> None:
    parameters = experiment(f"1-{width}-{width}-1", 1).network.parameters
    assert equal_width(parameters) == pytest.approx(width, abs=0.1)


def test_examples_per_step() -> None:
    assert [experiment("1-2-1", batch).examples_per_step for batch in (1, 32, 9999)] == [1, 32, 512]
    assert Experiment.from_dict({"network": "2-2-1"}).examples_per_step == 4


@pytest.mark.usefixtures("_wide_is_for_torch")
def test_each_experiment_has_its_engine() -> None:
    assert engine_of("reference", WIDE) == "reference"
    assert engine_of("auto", WIDE) == "torch"
    assert by_engine("auto", [WIDE, SMALL, WIDE]) == {"torch": [WIDE, WIDE], "fast": [SMALL]}
    assert by_engine("fast", [WIDE, SMALL]) == {"fast": [WIDE, SMALL]}


def test_the_other_engine_computes_otherwise():
    assert [
        other_engine(engine, SMALL) for engine in ("auto", "fast", "torch", "torch-cuda", "reference")
    ] == [
        "torch",
        "torch",
        "fast",
        "fast",
        "fast",
    ]


@pytest.mark.parametrize("only", ["fast", "torch"])
def test_there_is_no_other_for_a_loss_that_one_alone_can_train(monkeypatch: pytest.MonkeyPatch, only: str):
    monkeypatch.setattr("trainlab.engine.choose.Custom", type(SMALL.loss))
    monkeypatch.setattr(
        "trainlab.engine.choose._of_custom", lambda loss: Choice(engine=only, reason="it is the only one.")
    )
    assert other_engine(only, SMALL) is None
    monkeypatch.setattr("trainlab.engine.choose._of_custom", lambda loss: None)
    assert other_engine(only, SMALL) == {"fast": "torch", "torch": "fast"}[only]
