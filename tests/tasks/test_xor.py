import numpy as np
import pytest

from trainlab.tasks import TASKS, xor


def test_xor_is_the_exclusive_or_of_its_inputs():
    task = xor()
    assert {tuple(row) for row in task.inputs} == {(0, 0), (0, 1), (1, 0), (1, 1)}
    expected = task.inputs[:, 0].astype(bool) ^ task.inputs[:, 1].astype(bool)
    np.testing.assert_array_equal(task.targets[:, 0], expected)
    assert (task.points, task.features, task.outputs) == (4, 2, 1)
    assert task.inputs.dtype == task.targets.dtype == np.float64


@pytest.mark.parametrize("name", TASKS)
def test_a_task_is_listed_under_its_own_name_with_a_target_for_every_example(name: str):
    task = TASKS[name]()
    assert task.name == name
    assert task.inputs.ndim == task.targets.ndim == 2
    assert len(task.inputs) == len(task.targets) == task.points


def test_every_caller_has_its_own_arrays():
    spoilt = xor()
    spoilt.inputs[:] = 9
    assert xor().inputs.max() == 1
