"""Shuffles, batches, noise and dropout are functions of seed and place alone, at the counters agreed on."""

import math

import numpy as np
import pytest
from engine.numpy_trainer import examples_of, order_of, words_at
from scipy import stats

from trainlab.engine import rng
from trainlab.engine.reference.loop import Steps
from trainlab.spec import Experiment

SEED = 7 * 2**32 + 3


@pytest.mark.parametrize("points", [1, 2, 3, 5, 9, 30])
def test_a_shuffle_is_fisher_yates_at_the_counters_that_the_page_says(points: int):
    for epoch in (0, 1, 77):
        order = rng.shuffled(SEED, epoch=epoch, points=points).tolist()
        assert order == order_of(SEED, epoch, points)
        assert sorted(order) == list(range(points))


@pytest.mark.computes
def test_every_order_is_as_likely():
    orders = [tuple(rng.shuffled(seed, epoch=3, points=4)) for seed in range(4800)]
    counts = np.unique(orders, axis=0, return_counts=True)[1]
    assert len(counts) == 24
    assert stats.chisquare(counts).pvalue > 1e-3


def test_batches_go_on_where_the_last_one_ended():
    whole = rng.batch_indices(SEED, first=0, count=200, points=11)
    for first, count in ((0, 7), (7, 7), (13, 1), (100, 64), (199, 1)):
        part = rng.batch_indices(SEED, first=first, count=count, points=11)
        np.testing.assert_array_equal(part, whole[first : first + count])
    far = rng.batch_indices(SEED, first=2**36 + 2, count=3, points=2**31)
    counter = [2**34 & 0xFFFFFFFF, 2**34 >> 32, rng.SAMPLES, 0]
    block = rng.philox4x32(counter, [SEED & 0xFFFFFFFF, SEED >> 32])
    np.testing.assert_array_equal(far[:2], block[2:].astype(np.uint64) * 2**31 >> 32)


def test_words_of_a_step_are_at_the_counters_that_the_page_says():
    drawn = rng.step_words(SEED, stream=rng.DROPOUT, step=1234, slots=6, units=5)
    by_hand = [[words_at(SEED, 4, 1234, slot, unit, 5) for unit in range(5)] for slot in range(6)]
    assert drawn.tolist() == by_hand
    fewer = rng.step_words(SEED, stream=rng.DROPOUT, step=1234, slots=3, units=5)
    np.testing.assert_array_equal(fewer, drawn[:3])
    assert (rng.step_words(SEED, stream=rng.NOISE, step=1234, slots=6, units=5) != drawn).all()


@pytest.mark.parametrize("p", [0.0, 1e-9, 0.1, 0.25, 0.5, 0.7, 1 - 2**-20])
def test_a_unit_is_kept_from_the_threshold_on(p: float):
    limit = rng.drop_threshold(p)
    assert 0 <= limit < 2**32
    near = np.array([max(limit - 1, 0), limit], dtype=np.uint32)
    assert rng.keeps(near, p).tolist() == [limit == 0, True]
    assert (limit + 0.5) / 2**32 >= p
    assert limit == 0 or (limit - 1 + 0.5) / 2**32 < p
    assert limit == math.ceil(p * 2**32 - 0.5)


def steps_of(**fields: object) -> Steps:
    experiment = Experiment.from_dict(
        {
            "network": {"widths": "2-3-4-2-1", "dropout": [0.5, 0.0, 0.25]},
            "task": {"name": "moons", "points": 10},
            "noise": {"std": 0.3},
            **fields,
        }
    )
    return Steps(experiment=experiment, seed=SEED, dtype="float64")


@pytest.mark.parametrize(
    ("sampling", "sizes"),
    [
        ({"name": "batch", "batch_size": 4}, [4, 4, 2]),
        ({"name": "batch", "batch_size": 4, "drop_last": True}, [4, 4]),
        ({"name": "batch", "batch_size": 5}, [5, 5]),
        ({"name": "batch", "batch_size": 64}, [10]),
        ({"name": "batch", "batch_size": 4, "replacement": True}, [4, 4, 4]),
        ({"name": "single", "steps_per_epoch": 2}, [1, 1]),
    ],
)
def test_an_epoch_of_batches(sampling: dict[str, object], sizes: list[int]):
    steps = steps_of(sampling=sampling)
    for epoch in range(3):
        batches = steps.examples(epoch)
        assert [len(batch) for batch in batches if batch is not None] == sizes
        for place, batch in enumerate(batches):
            assert batch is not None
            step = epoch * len(sizes) + place
            assert batch.tolist() == examples_of(steps.experiment, SEED, step)
    assert steps.experiment.steps_per_epoch == len(sizes)


def test_without_replacement_an_epoch_sees_every_example_once():
    steps = steps_of(sampling={"name": "batch", "batch_size": 3})
    epochs = [
        [int(i) for batch in steps.examples(epoch) if batch is not None for i in batch] for epoch in range(9)
    ]
    assert all(sorted(order) == list(range(10)) for order in epochs)
    assert len({tuple(order) for order in epochs}) == 9


def test_noise_is_normal_and_another_in_every_step():
    steps = steps_of()
    drawn = [steps.noise(step, 10) for step in range(400)]
    values = np.array([each for each in drawn if each is not None])
    assert values.shape == (400, 10, 2)
    assert stats.kstest(values.ravel() / 0.3, "norm").pvalue > 1e-3
    assert len(np.unique(values)) == values.size
    assert steps_of(noise={"std": 0.0}).noise(0, 10) is None


def test_masks_keep_their_share_and_scale_it_up():
    steps = steps_of()
    first, second, third = steps.masks(5, 3000)
    assert second is None
    assert first is not None
    assert third is not None
    assert (first.shape, third.shape) == ((3000, 3), (3000, 2))
    for mask, p in ((first, 0.5), (third, 0.25)):
        assert set(np.unique(mask)) == {0.0, 1 / (1 - p)}
        kept = (mask > 0).sum(axis=0)
        assert (stats.binom(3000, 1 - p).interval(0.9999)[0] < kept).all()
        assert (kept < stats.binom(3000, 1 - p).interval(0.9999)[1]).all()
    # The units of layers with dropout are numbered through: no two share their draws.
    assert (first[:, 0] > 0).tolist() != (third[:, 0] > 0).tolist()
    plain = steps_of(network="2-3-1").masks(0, 10)
    assert plain == [None]
