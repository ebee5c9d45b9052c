"""Held-out examples and scaled columns."""

import numpy as np
import pytest

from trainlab.errors import SpecError
from trainlab.spec.tasks import Blobs, Curve, Iris, Parity, Plane, Quadrants, Scaling, Split, Xor
from trainlab.tasks import Task, build, examples
from trainlab.tasks.build import scaled

PLAIN = Scaling()


def rows(*parts: np.ndarray) -> list[tuple[float, ...]]:
    return sorted(map(tuple, np.concatenate(parts).tolist()))


@pytest.mark.parametrize(("share", "count"), [(0.1, 20), (0.25, 50), (0.5, 100), (0.0025, 1), (0.995, 199)])
def test_the_parts_are_disjoint_and_complete(share: float, count: int):
    whole, made = build(Quadrants(), Split(), PLAIN), build(Quadrants(), Split(held_out=share), PLAIN)
    assert (made.held_out, made.points) == (count, 200 - count)
    joined = [
        np.hstack([made.inputs, made.targets]),
        np.hstack([made.held_out_inputs, made.held_out_targets]),
    ]
    assert rows(*joined) == rows(np.hstack([whole.inputs, whole.targets]))


def test_without_a_share_the_order_stays():
    np.testing.assert_array_equal(build(Xor(), Split(seed=4), PLAIN).targets[:, 0], [0, 1, 1, 0])


def test_a_seed_settles_who_is_held_out():
    one, again, other = (
        build(Quadrants(noise=noise), Split(held_out=0.2, seed=seed), PLAIN).held_out_targets
        for noise, seed in ((0, 1), (0.1, 1), (0, 2))
    )
    np.testing.assert_array_equal(one, again)
    assert not np.array_equal(one, other)


def test_the_held_out_are_drawn_evenly():
    counts = np.zeros(8)
    for seed in range(400):
        made = build(Parity(), Split(held_out=0.25, seed=seed), PLAIN)
        counts[(made.held_out_inputs @ [4, 2, 1]).astype(int)] += 1
    # 2 of 8 in each of 400 draws: 100 each, five standard deviations of a binomial.
    assert counts.sum() == 800
    assert np.abs(counts - 100).max() < 5 * np.sqrt(400 * 0.25 * 0.75)


@pytest.mark.parametrize(("share", "count"), [(0.1, 0), (0.9, 4)])
def test_a_part_must_not_be_empty(share: float, count: int):
    with pytest.raises(SpecError) as caught:
        build(Xor(), Split(held_out=share), PLAIN)
    assert str(caught.value) == (
        f"split.held_out = {share}: would hold out {count} of the 4 examples of 'xor'; at least one must be "
        "held out and one trained on. Change held_out or add examples."
    )


@pytest.mark.parametrize("how", ["standard", "minmax"])
def test_columns_are_scaled_as_scikit_learn_scales_them_by_the_training_part_alone(how: str):
    from sklearn.preprocessing import MinMaxScaler, StandardScaler

    split = Split(held_out=0.3, seed=2)
    plain = build(Plane(points=60, features=3), split, PLAIN)
    made = build(Plane(points=60, features=3), split, Scaling(inputs=how, targets=how))  # type: ignore[arg-type]
    for field in ("inputs", "targets"):
        scaler = (StandardScaler if how == "standard" else MinMaxScaler)().fit(getattr(plain, field))
        for part in (field, f"held_out_{field}"):
            expected = scaler.transform(getattr(plain, part))
            np.testing.assert_allclose(getattr(made, part), expected, rtol=1e-12, atol=1e-14)


def test_inputs_alone_may_be_scaled():
    plain, made = build(Iris(), Split(), PLAIN), build(Iris(), Split(), Scaling(inputs="minmax"))
    assert (made.inputs.min(), made.inputs.max()) == (0, 1)
    np.testing.assert_array_equal(made.targets, plain.targets)
    assert made.feature_names == plain.feature_names


@pytest.mark.parametrize("how", ["standard", "minmax"])
@pytest.mark.parametrize("value", [0.1, 0.0, -7.3e9])
def test_a_constant_column_is_only_shifted(how: str, value: float):
    inputs = np.stack([np.full(7, value), np.arange(7.0)], axis=1)
    made = scaled(given(inputs), Scaling(inputs=how))  # type: ignore[arg-type]
    np.testing.assert_array_equal(made.inputs[:, 0], 0)
    assert made.inputs[:, 1].max() >= 1


def given(inputs: np.ndarray) -> Task:
    return examples("given", inputs, inputs[:, :1], kind="regression")


def test_classes_are_not_scaled():
    with pytest.raises(SpecError) as caught:
        build(Blobs(), Split(), Scaling(targets="standard"))
    assert str(caught.value) == (
        "scaling.targets = 'standard': the targets of 'blobs' are classes, which must stay 0 and 1; "
        "leave scaling.targets out."
    )


def test_numbers_too_large_to_be_scaled_are_told():
    with pytest.raises(SpecError) as caught:
        scaled(given(np.array([[-1.7e308], [1.7e308]])), Scaling(inputs="minmax"))
    assert str(caught.value) == (
        "scaling.inputs = 'minmax': numbers are too large to be scaled in double precision; "
        "divide them first."
    )


def test_equal_questions_share_one_answer():
    first = build(Curve(), Split(held_out=0.5), Scaling(inputs="standard"))
    assert build(Curve(), Split(held_out=0.5), Scaling(inputs="standard")) is first
    assert build(Curve(), Split(held_out=0.5, seed=1), Scaling(inputs="standard")) is not first
