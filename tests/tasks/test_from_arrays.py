"""A user's own arrays, kept as a file named by its content."""

import os
from pathlib import Path

import numpy as np
import pytest

from trainlab.errors import SpecError
from trainlab.spec import Experiment
from trainlab.spec.tasks import File, Points, Scaling, Split
from trainlab.tasks import arrays, build

INPUTS = np.arange(12.0).reshape(6, 2)


def test_arrays_come_back_as_they_were(tmp_path: Path):
    targets = np.arange(6) % 2
    task = arrays(INPUTS, targets, folder=tmp_path / "new" / "folder")
    assert isinstance(task, File)
    assert Path(task.path).parent == tmp_path / "new" / "folder"
    made = build(task, Split(), Scaling())
    np.testing.assert_array_equal(made.inputs, INPUTS)
    np.testing.assert_array_equal(made.targets[:, 0], targets)
    assert made.kind == "binary"


@pytest.mark.parametrize(
    ("targets", "kind", "meaning", "outputs"),
    [
        ([0.5] * 5 + [1.5], "auto", "regression", 1),
        (list("abcabc"), "auto", "classes", 3),
        (np.array(list("ababab"), dtype=object), "auto", "binary", 1),
        ([0, 1, 2, 0, 1, 2], "classes", "classes", 3),
        (np.eye(3, dtype=bool)[[0, 1, 2, 0, 1, 2]], "auto", "classes", 3),
        (INPUTS, "auto", "regression", 2),
    ],
)
def test_the_kinds_of_targets(tmp_path: Path, targets, kind, meaning, outputs):
    task = arrays(INPUTS.tolist(), targets, kind=kind, folder=tmp_path)
    made = build(task, Split(), Scaling())
    assert (made.kind, made.outputs, task.kind) == (meaning, outputs, kind)


def test_the_same_content_is_one_file_and_other_content_another(tmp_path: Path):
    first = arrays(INPUTS, INPUTS[:, 0], folder=tmp_path)
    state = os.stat(first.path)
    again = arrays(np.asfortranarray(INPUTS), list(INPUTS[:, 0]), folder=str(tmp_path))
    assert again == first
    assert os.stat(again.path).st_mtime_ns == state.st_mtime_ns
    other = arrays(INPUTS, INPUTS[:, 1], folder=tmp_path)
    assert other.path != first.path
    assert sorted(os.listdir(tmp_path)) == sorted(Path(task.path).name for task in (first, other))


@pytest.mark.parametrize(
    ("inputs", "targets", "message"),
    [
        (
            [1, 2],
            [1, 2],
            "arrays: inputs has shape (2,); it must have two dimensions, examples and features.",
        ),
        ([[1], [2]], [1], "arrays: 2 inputs but 1 targets; every example needs one of each."),
        ([[1], [float("nan")]], [1, 2], "arrays: inputs[1, 0] is nan; every number must be finite."),
        (
            [[1], [2]],
            [[1, 2], [3, float("inf")]],
            "arrays: targets[1, 1] is inf; every number must be finite.",
        ),
        ([[1], [2, 3]], [1, 2], "arrays: inputs can't be made an array ("),
        ([["a"], ["b"]], [1, 2], "arrays: inputs has dtype '<U1'; it must hold numbers."),
        ([[1], [2]], ["a", None], "arrays: targets has dtype 'object'; it must hold numbers, or texts"),
        ([[1], [2]], ["a", "a"], "arrays: the target has 1 class; it must have 2 to 1,000."),
    ],
)
def test_arrays_that_are_no_task_write_nothing(tmp_path: Path, inputs, targets, message: str):
    with pytest.raises(SpecError) as caught:
        arrays(inputs, targets, folder=tmp_path)
    assert str(caught.value).startswith(message)
    assert not os.listdir(tmp_path)


def test_a_wrong_kind_is_refused_before_anything_is_written(tmp_path: Path):
    with pytest.raises(SpecError, match=r"^kind = 'class': must be "):
        arrays(INPUTS, INPUTS, kind="class", folder=tmp_path)  # type: ignore[arg-type]
    assert not os.listdir(tmp_path)


def test_a_write_that_breaks_off_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def full(*_args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(SpecError) as caught:
        arrays(INPUTS, INPUTS, folder=tmp_path)
    assert str(caught.value) == f"folder = {str(tmp_path)!r}: can't be written (No space left on device)."
    assert not os.listdir(tmp_path)


def test_a_folder_that_is_a_file_is_told(tmp_path: Path):
    (tmp_path / "file").touch()
    with pytest.raises(SpecError, match=r"^folder = .*: can't be written \(.*\)\.$"):
        arrays(INPUTS, INPUTS, folder=tmp_path / "file")


LIKE_CLASSES = (
    "Its targets, 0, 1 and 2, are taken for numbers; if they are classes, set task.kind = 'classes'."
)


@pytest.mark.parametrize(
    ("targets", "kind", "fields", "message"),
    [
        (
            [0, 1, 2, 0, 1, 2],
            "auto",
            {"network": "2-8-3"},
            f"network.widths = '2-8-3': the last width is 3, but the task 'file' needs 1. {LIKE_CLASSES}",
        ),
        (
            [0, 1, 2, 0, 1, 2],
            "auto",
            {"network": "2-8-1", "solved": {"accuracy": 0.9}},
            f"solved.accuracy = 0.9: the task 'file' is a regression and has no classes. {LIKE_CLASSES}",
        ),
        (
            [0, 1, 2, 0, 1, 2],
            "auto",
            {"network": "2-8-1", "loss": "cross_entropy"},
            "loss = 'cross_entropy': needs two outputs or more, but the task 'file' has one. " + LIKE_CLASSES,
        ),
        (
            [1, 2, 1, 2, 1, 2],
            "auto",
            {"network": "2-8-1", "loss": "bce_with_logits"},
            "loss = 'bce_with_logits': needs targets from 0 to 1, but those of the task 'file' go from 1 to "
            "2. Its targets, 1 and 2, are taken for numbers; if they are classes, set task.kind = 'binary' "
            "or 'classes'.",
        ),
        (
            [1.5, 2, 1, 2, 1, 2],
            "auto",
            {"network": "2-8-1", "loss": "bce_with_logits"},
            "loss = 'bce_with_logits': needs targets from 0 to 1, but those of the task 'file' go from 1 to "
            "2; use 'mse' or 'l1'.",
        ),
        (
            [0, 1, 0, 1, 0, 1],
            "auto",
            {"network": "2-8-1", "loss": "cross_entropy"},
            "loss = 'cross_entropy': needs two outputs or more, but the task 'file' has one; use "
            "'bce_with_logits', or task.kind = 'classes'.",
        ),
        (
            list("abcabc"),
            "auto",
            {"network": "2-8-1"},
            "network.widths = '2-8-1': the last width is 1, but the task 'file' needs 3, one for each of its "
            "classes: 'a', 'b', 'c'.",
        ),
        (
            list(range(13)),
            "classes",
            {"network": "2-8-1"},
            "network.widths = '2-8-1': the last width is 1, but the task 'file' needs 13, one for each of "
            "its classes: '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '10', '11' and 1 more.",
        ),
    ],
)
def test_what_messages_say_of_classes(tmp_path: Path, targets, kind, fields, message):
    inputs = np.arange(2.0 * len(targets)).reshape(-1, 2)
    task = arrays(inputs, targets, kind=kind, folder=tmp_path)
    described = {"name": "file", "path": task.path, "kind": task.kind}
    with pytest.raises(SpecError) as caught:
        Experiment.from_dict({"task": described, **fields})
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("targets", "kind", "meaning", "names"),
    [
        ((0, 1, 1, 0, 0, 1), "auto", "binary", ("0", "1")),
        ((5, 7, 7, 5, 5, 7), "binary", "binary", ("5", "7")),
        ((0, 1, 2, 0, 1, 2), "auto", "regression", ()),
        ((0, 1, 2, 0, 1, 2), "classes", "classes", ("0", "1", "2")),
        (((0, 1), (1, 0)) * 3, "auto", "classes", ()),
        (((0, 1), (1, 2)) * 3, "auto", "regression", ()),
    ],
)
def test_points_of_an_experiment_mean_what_the_same_arrays_do(tmp_path: Path, targets, kind, meaning, names):
    made = build(Points(inputs=INPUTS.tolist(), targets=targets, kind=kind), Split(), Scaling())
    assert (made.name, made.kind, made.class_names) == ("points", meaning, names)
    same = build(arrays(INPUTS, targets, kind=kind, folder=tmp_path), Split(), Scaling())
    np.testing.assert_array_equal(made.inputs, same.inputs)
    np.testing.assert_array_equal(made.targets, same.targets)


def test_points_are_split_and_scaled_as_any_examples():
    task = Points(inputs=INPUTS.tolist(), targets=tuple(range(6)))
    made = build(task, Split(held_out=0.5), Scaling(inputs="minmax"))
    assert (made.points, made.held_out, made.inputs.min(), made.inputs.max()) == (3, 3, 0, 1)
