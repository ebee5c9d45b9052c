import math

import mpmath
import numpy as np
import pytest
from scipy import special, stats

from trainlab.engine import rng

ONES = 0xFFFFFFFF

# From kat_vectors of Random123 1.14, philox4x32 with 10 rounds: counter, key, words.
PUBLISHED = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((ONES,) * 4, (ONES,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


def philox_by_hand(counter: tuple[int, ...], key: tuple[int, ...]) -> tuple[int, ...]:
    """The same from Python's whole numbers, written from the paper."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        high0, low0 = divmod(0xD2511F53 * c0, 2**32)
        high1, low1 = divmod(0xCD9E8D57 * c2, 2**32)
        c0, c1, c2, c3 = high1 ^ c1 ^ k0, low1, high0 ^ c3 ^ k1, low0
        k0, k1 = (k0 + 0x9E3779B9) % 2**32, (k1 + 0xBB67AE85) % 2**32
    return c0, c1, c2, c3


@pytest.mark.parametrize(("counter", "key", "expected"), PUBLISHED)
def test_the_published_vectors(counter: tuple[int, ...], key: tuple[int, ...], expected: tuple[int, ...]):
    drawn = rng.philox4x32(counter, key)
    assert drawn.dtype == np.uint32
    assert tuple(int(word) for word in drawn) == expected == philox_by_hand(counter, key)


def test_many_at_once_are_what_each_is_alone():
    random = np.random.default_rng(0)
    counters = random.integers(0, 2**32, size=(6, 5, 4), dtype=np.uint64)
    keys = random.integers(0, 2**32, size=(5, 2), dtype=np.uint64)
    drawn = rng.philox4x32(counters, keys)
    assert drawn.shape == (6, 5, 4)
    for i, j in np.ndindex(6, 5):
        by_hand = philox_by_hand(tuple(map(int, counters[i, j])), tuple(map(int, keys[j])))
        assert tuple(map(int, drawn[i, j])) == by_hand


def test_words_are_at_the_counter_and_key_that_the_page_says():
    seed = 2**40 + 5
    drawn = rng.words(np.array([seed], dtype=np.uint64), stream=rng.BIASES, layer=3, count=6)
    expected = [
        *philox_by_hand((0, 3, rng.BIASES, 0), (5, 2**8)),
        *philox_by_hand((1, 3, rng.BIASES, 0), (5, 2**8)),
    ]
    assert drawn.tolist() == [expected[:6]]


def test_fewer_words_or_seeds_are_the_first_of_more():
    seeds = np.arange(100, 110, dtype=np.uint64)
    many = rng.words(seeds, stream=0, layer=0, count=23)
    np.testing.assert_array_equal(rng.words(seeds[3:5], stream=0, layer=0, count=9), many[3:5, :9])


def test_no_two_seeds_streams_or_layers_share_a_draw():
    seeds = np.array([0, 1, 2**32, 2**32 + 1, 2**40, 2**63], dtype=np.uint64)
    rows = [
        rng.words(seeds, stream=stream, layer=layer, count=8)
        for stream in (rng.WEIGHTS, rng.BIASES, rng.NOISE)
        for layer in range(4)
    ]
    blocks = np.concatenate(rows).reshape(-1, 4)
    assert len(np.unique(blocks, axis=0)) == len(blocks) == 3 * 4 * 6 * 2
    assert len({rng.WEIGHTS, rng.BIASES, rng.SAMPLES, rng.NOISE}) == 4


def test_streams_and_seeds_are_uncorrelated():
    seeds = np.arange(40, dtype=np.uint64)
    count = 500
    draws = [rng.uniforms(rng.words(seeds, stream=stream, layer=0, count=count)) for stream in (0, 1)]
    bound = 4.5 / math.sqrt(count)
    across = np.corrcoef(np.concatenate(draws))
    assert np.abs(across - np.eye(len(across))).max() < bound
    successive = np.corrcoef(draws[0][:, :-1].ravel(), draws[0][:, 1:].ravel())[0, 1]
    assert abs(successive) < 4.5 / math.sqrt(draws[0].size)


def test_uniforms_lie_inside_the_open_interval_and_are_uniform():
    ends = rng.uniforms(np.array([0, ONES], dtype=np.uint32))
    np.testing.assert_array_equal(ends, [2.0**-33, 1 - 2.0**-33])
    drawn = rng.uniforms(rng.words(np.arange(20, dtype=np.uint64), stream=0, layer=0, count=2000))
    assert stats.kstest(drawn.ravel(), "uniform").pvalue > 1e-3


def test_normals_are_standard_normal():
    drawn = rng.normals(rng.words(np.arange(20, dtype=np.uint64), stream=1, layer=2, count=2000)).ravel()
    assert stats.kstest(drawn, "norm").pvalue > 1e-3
    assert abs(drawn.mean()) < 4 / math.sqrt(drawn.size)
    assert abs(drawn.var() - 1) < 4 * math.sqrt(2 / drawn.size)
    largest = rng.normals(np.array([0, ONES], dtype=np.uint32))
    assert largest[0] == -largest[1]
    assert 6.2 < largest[1] < 6.4


def test_the_quantile_is_that_of_the_normal_distribution():
    p = np.concatenate([np.linspace(1e-4, 1 - 1e-4, 20_001), 10.0 ** np.linspace(-10.8, -4, 500)])
    # One step of 1 − p is 1e-16, which near p = 1 is the larger part of the error.
    np.testing.assert_allclose(rng.normal_quantile(p), special.ndtri(p), rtol=2e-15, atol=1e-15)
    borders = np.array([0.075, np.nextafter(0.075, 0), 0.925, np.nextafter(0.925, 1), 0.5])
    np.testing.assert_allclose(rng.normal_quantile(borders), special.ndtri(borders), rtol=2e-15)


def test_the_quantile_against_fifty_digits():
    with mpmath.workdps(50):
        for p in (1e-10, 1e-6, 0.01, 0.075, 0.3, 0.499, 0.6, 0.975):
            exact = mpmath.sqrt(2) * mpmath.erfinv(2 * mpmath.mpf(p) - 1)
            ours = rng.normal_quantile(np.array([p]))[0]
            assert abs((mpmath.mpf(float(ours)) - exact) / exact) < 1e-15


def test_the_logarithm_against_fifty_digits():
    random = np.random.default_rng(5)
    x = np.concatenate(
        [
            random.uniform(0.5, 2, 300),
            2.0 ** random.uniform(-40, 40, 300),
            [1.0, 0.5, math.sqrt(0.5), 1 - 2**-53, 1e-300],
        ]
    )
    ours = rng.logarithm(x)
    with mpmath.workdps(50):
        for value, point in zip(ours, x, strict=True):
            exact = mpmath.log(mpmath.mpf(float(point)))
            assert abs(mpmath.mpf(float(value)) - exact) <= 3 * np.spacing(abs(float(exact)))


@pytest.mark.parametrize("points", [2, 3, 4, 7])
def test_every_example_is_as_likely(points: int):
    drawn = rng.batch_indices(11, first=0, count=20_000, points=points)
    assert drawn.min() == 0
    assert drawn.max() == points - 1
    assert stats.chisquare(np.bincount(drawn)).pvalue > 1e-3
    pairs = drawn[:-1:2] * points + drawn[1::2]
    assert stats.chisquare(np.bincount(pairs, minlength=points**2)).pvalue > 1e-3


def test_samples_are_at_the_counter_and_key_that_the_page_says():
    seed = 3 * 2**32 + 9
    by_hand = [
        word * 4 // 2**32 for block in range(3) for word in philox_by_hand((block, 0, rng.SAMPLES, 0), (9, 3))
    ]
    assert rng.batch_indices(seed, first=0, count=10, points=4).tolist() == by_hand[:10]


def test_a_longer_training_sees_the_same_examples_first():
    long = rng.batch_indices(2**40, first=0, count=1001, points=4)
    np.testing.assert_array_equal(rng.batch_indices(2**40, first=0, count=77, points=4), long[:77])
    assert (rng.batch_indices(2**40 + 1, first=0, count=1001, points=4) != long).any()
    assert (rng.batch_indices(0, first=0, count=1001, points=4) != long).any()
    assert len(rng.batch_indices(0, first=0, count=0, points=4)) == 0
