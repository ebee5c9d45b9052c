import numpy as np
import pytest

from trainlab.maths import accuracy, is_right


def test_one_output_is_right_on_the_targets_side_of_a_half():
    predictions = np.array([[0.9], [0.5], [0.5], [0.1], [0.51], [np.nan], [np.nan]])
    targets = np.array([[1.0], [1.0], [0.0], [1.0], [1.0], [0.0], [1.0]])
    np.testing.assert_array_equal(is_right(predictions, targets), [1, 0, 1, 0, 1, 0, 0])
    assert accuracy(predictions, targets) == pytest.approx(3 / 7, rel=1e-15)


def test_many_outputs_are_right_where_the_largest_stands_and_ties_go_to_the_first():
    predictions = np.array([[0.2, 0.5, 0.3], [0.4, 0.4, 0.2], [0.4, 0.4, 0.2], [0, np.nan, 0]])
    targets = np.eye(3)[[1, 0, 1, 1]]
    np.testing.assert_array_equal(is_right(predictions, targets), [1, 1, 0, 0])


def test_a_population_has_an_accuracy_a_network():
    rng = np.random.default_rng(1)
    predictions, targets = rng.uniform(size=(5, 40, 3)), np.eye(3)[rng.integers(0, 3, size=40)]
    found = accuracy(predictions, targets)
    assert found.shape == (5,)
    for network in range(5):
        assert found[network] == np.mean(predictions[network].argmax(1) == targets.argmax(1))
