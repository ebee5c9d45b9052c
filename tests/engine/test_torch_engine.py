"""The torch engine against the reference: losses with optimizers, the other choices in turn.

Every second combination of `breadth`, as on a chessboard; ``tests/engine/breadth.py`` itself tries them all.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from engine.agreement import relative_difference
from engine.breadth import HIDDEN, SCHEDULES, combinations, describe, largest

from trainlab.engine import rng
from trainlab.engine.reference import ReferenceEngine
from trainlab.engine.runs import Engine
from trainlab.engine.torch import TorchEngine
from trainlab.engine.torch.draws import Disturbances, Examples
from trainlab.engine.torch.engine import available_devices
from trainlab.spec import Batch, Experiment, Network, Sampling, Single, name_of

ALL = tuple(combinations())
EXACT, TRUTH = TorchEngine(dtype="float64"), ReferenceEngine(dtype="float64")
SEED = 70
each_device = pytest.mark.parametrize("device", available_devices())

# Found: 8e-15 at most, 1.5e-16 in the middle.
ROUNDING = 1e-12


def one(engine: Engine, experiment: Experiment, seed: int = SEED) -> Any:
    return engine.train(experiment, range(seed, seed + 1))[0]


def test_every_choice_is_met() -> None:
    assert len(ALL) == len(set(ALL)) == 13 * 12
    assert {name_of(each.schedule) for each in ALL} == {each["name"] for each in SCHEDULES}
    assert {name for each in ALL for name in each.network.activations[:2]} == set(HIDDEN)
    assert len({(name_of(each.loss), name_of(each.sampling)) for each in ALL}) == 10 * 3


@pytest.mark.trains
@pytest.mark.parametrize("part", range(12))
def test_float64_agrees_after_fifty_steps(part: int) -> None:
    for index, experiment in enumerate(ALL):
        if index % 12 == part and (index // 12 + index) % 2:
            seed = SEED + index % 7
            ours, reference = one(EXACT, experiment, seed), one(TRUTH, experiment, seed)
            assert largest(ours, reference) <= ROUNDING, describe(experiment)
            for name in (
                "solved",
                "solved_epoch",
                "settled_epoch",
                "stopped_epoch",
                "diverged_step",
                "accuracy",
            ):
                np.testing.assert_array_equal(getattr(ours, name), getattr(reference, name), err_msg=name)
            for name in ("loss", "held_out_loss", "held_out_accuracy", "gradient", "gradient_curve"):
                np.testing.assert_allclose(
                    getattr(ours, name), getattr(reference, name), rtol=1e-9, atol=1e-12, err_msg=name
                )


@each_device
@pytest.mark.parametrize("index", range(0, len(ALL), 13))
def test_float32_agrees_to_rounding_for_the_first_steps(index: int, device: str) -> None:
    short = ALL[index].at_epochs(2)
    ours, reference = one(TorchEngine(device=device), short), one(ReferenceEngine(), short)
    assert ours.parameters.dtype == ours.loss_curve.dtype == np.float32
    assert relative_difference(ours.parameters, reference.parameters) < 2e-5, describe(short)


def test_the_last_seeds_there_are_and_marks_on_the_way() -> None:
    seeds = range(2**63 - 3, 2**63)
    experiment = next(each for each in ALL if not each.looks_ahead and each.noise.std)
    marks = (1, experiment.epochs)
    for ours, reference in zip(
        EXACT.train(experiment, seeds, marks=marks),
        TRUTH.train(experiment, seeds, marks=marks),
        strict=True,
    ):
        assert ours.seeds == seeds
        assert relative_difference(ours.parameters, reference.parameters) <= ROUNDING


@pytest.mark.parametrize(
    "sampling", [Single(steps_per_epoch=7), Batch(batch_size=3), Batch(batch_size=5, replacement=True)]
)
def test_examples_are_those_of_the_generator(sampling: Sampling) -> None:
    seeds, points, steps = (3, 2**40 + 1), 11, 4
    keys = rng.seed_keys(np.array(seeds, dtype=np.uint64))
    examples = Examples(sampling=sampling, points=points, steps=steps, keys=keys, device="cpu")
    for epoch in (0, 5):
        drawn = [chosen.numpy() for chosen in examples.of_epoch(epoch) if chosen is not None]
        assert len(drawn) == steps
        for row, seed in enumerate(seeds):
            size = 1 if isinstance(sampling, Single) else sampling.batch_size
            if isinstance(sampling, Batch) and not sampling.replacement:
                expected = rng.shuffled(seed, epoch=epoch, points=points)
            else:
                count = steps * size
                expected = rng.batch_indices(seed, first=epoch * count, count=count, points=points)
            np.testing.assert_array_equal(np.concatenate([each[row] for each in drawn]), expected)


@pytest.mark.parametrize("slots", [1, 4, 6])
def test_noise_and_masks_are_those_of_the_generator(slots: int) -> None:
    seeds = (3, 2**40 + 1)
    network = Network(widths=(2, 3, 4, 5, 1), dropout=(0.3, 0.0, 0.5))
    disturbances = Disturbances(
        std=0.5,
        features=2,
        network=network,
        keys=rng.seed_keys(np.array(seeds, dtype=np.uint64)),
        dtype="float64",
        device="cpu",
    )
    noise, masks = disturbances.noise(9, slots), disturbances.masks(9, slots)
    assert noise is not None
    assert masks[1] is None
    for row, seed in enumerate(seeds):
        drawn = rng.step_words(seed, stream=rng.NOISE, step=9, slots=slots, units=2)
        np.testing.assert_array_equal(noise[row].numpy(), 0.5 * rng.normals(drawn))
        drawn = rng.step_words(seed, stream=rng.DROPOUT, step=9, slots=slots, units=8)
        for mask, units, p in ((masks[0], slice(0, 3), 0.3), (masks[2], slice(3, 8), 0.5)):
            assert mask is not None
            expected = np.where(rng.keeps(drawn[:, units], p), 1 / (1 - p), 0.0)
            np.testing.assert_array_equal(mask[row].numpy(), expected)


@pytest.mark.parametrize(
    ("loss", "lr", "all_of_them"),
    [("mse", 1e100, True), ("bce", 1e200, False), ("bce_with_logits", 1e100, False)],
)
def test_what_diverges_is_told_and_poisons_nobody(loss: str, lr: float, all_of_them: bool) -> None:
    output = "sigmoid" if loss == "bce" else "linear"
    fields: dict[str, Any] = {
        "network": {"widths": "2-6-1", "activation": "relu", "output_activation": output},
        "loss": loss,
        "optimizer": {"name": "sgd", "lr": lr},
        "epochs": 12,
    }
    experiment, seeds = Experiment.from_dict(fields), range(20)
    ours, reference = (engine.train(experiment, seeds)[0] for engine in (EXACT, TRUTH))
    assert ours.diverged.any()
    assert ours.diverged.all() == all_of_them
    np.testing.assert_array_equal(ours.diverged_step, reference.diverged_step)
    np.testing.assert_array_equal(ours.solved, reference.solved)
    fine = ~ours.diverged
    np.testing.assert_allclose(ours.parameters[fine], reference.parameters[fine], rtol=1e-9)
    assert np.isfinite(ours.parameters[fine]).all()
