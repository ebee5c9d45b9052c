"""Examples that an experiment holds itself: read, refused, written back, known by their numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trainlab.errors import SpecError
from trainlab.report import cell_code
from trainlab.spec import (
    Change,
    Experiment,
    Network,
    Points,
    Study,
    data_words,
    experiment_from_toml,
    experiment_to_toml,
    numeric_fields,
    study_from_toml,
    study_to_toml,
)
from trainlab.spec.own_data import MAX_ROWS, MAX_WRITTEN

INPUTS = [[0, 0], [0, 1], [1, 0], [1, 1.5]]
TARGETS = [0, 1, 1, 0]


def experiment(
    inputs: Any = INPUTS, targets: Any = TARGETS, widths: str = "2-3-1", **more: Any
) -> Experiment:
    task = {"name": "points", "inputs": inputs, "targets": targets, **more}
    return Experiment.from_dict({"network": widths, "task": task})


def test_lists_become_rows_of_numbers_without_a_second_zero():
    made = Points(inputs=[[0, -0.0], [1, 2]], targets=[-0.0, 1])  # type: ignore[arg-type]
    assert made == Points(inputs=((0.0, 0.0), (1.0, 2.0)), targets=(0.0, 1.0), kind="auto")
    assert str(made.inputs) == "((0.0, 0.0), (1.0, 2.0))"
    assert str(made.targets) == "(0.0, 1.0)"


@pytest.mark.parametrize(
    ("inputs", "targets", "message"),
    [
        ([], [], "inputs = (): must list the numbers of one example or more."),
        ([[]], [1], "inputs[0] = (): must list one number or more."),
        ([[0], [0, 1]], [1, 2], "inputs[1] = (0.0, 1.0): must be a list of 1, as inputs[0] is."),
        ([[0], [1]], [[1], 2], "targets[1] = 2.0: must be a list of 1, as targets[0] is."),
        ([[0], [1]], [1, [2]], "targets[1] = (2.0,): must be a number, as targets[0] is."),
        ([[0, 0], [0, float("nan")]], [1, 2], "inputs[1][1] = nan: must be a finite number."),
        ([[0], [1]], [1, float("inf")], "targets[1] = inf: must be a finite number."),
        ([[0], [1]], [1], "targets: has 1 examples, but inputs has 2; every example needs both."),
        ([["a"]], [1], "inputs[0][0] = 'a': must be a number."),
        ([[True]], [1], "inputs[0][0] = True: must be a number."),
        ([1, 2], [1, 2], "inputs[0] = 1: must be a list."),
        (
            [[0]] * (MAX_ROWS + 1),
            [0] * (MAX_ROWS + 1),
            "inputs: has 2,001 examples; at most 2,000 are allowed. What is larger belongs in a file, as a "
            "task of the kind 'file'.",
        ),
        (
            [[0] * 20] * 1000,
            [0] * 1000,
            "inputs: has 21,000 numbers with the targets; at most 20,000 are allowed. What is larger belongs "
            "in a file, as a task of the kind 'file'.",
        ),
    ],
)
def test_what_is_refused_is_told_at_its_place(inputs: Any, targets: Any, message: str):
    with pytest.raises(SpecError) as caught:
        Points(inputs=inputs, targets=targets)
    assert str(caught.value) == message
    with pytest.raises(SpecError) as caught:
        experiment(inputs, targets, "1-1")
    assert str(caught.value) == f"task.{message}"


def test_the_most_that_is_allowed_can_be_made():
    width = MAX_WRITTEN // MAX_ROWS - 1
    made = experiment([[row] * width for row in range(MAX_ROWS)], list(range(MAX_ROWS)), f"{width}-1")
    assert (made.data().points, made.data().features) == (MAX_ROWS, width)


def test_targets_that_are_not_of_the_kind_are_told_as_those_of_a_file():
    with pytest.raises(SpecError) as caught:
        experiment(targets=[0, 1, 2, 0], kind="binary")
    assert str(caught.value) == (
        "task: kind = 'binary': the target has 3 different values; it must have two. Use kind = 'classes' or "
        "'regression'."
    )
    with pytest.raises(SpecError, match=r"set task\.kind = 'classes'"):
        experiment(targets=[0, 1, 2, 0], widths="2-3-3")


NUMBERS = st.floats(-1e300, 1e300, allow_subnormal=True)


@st.composite
def own_points(draw: st.DrawFn) -> Points:
    rows, features, outputs = draw(st.integers(1, 5)), draw(st.integers(1, 3)), draw(st.integers(0, 2))
    row = st.tuples(*[NUMBERS] * features)
    target = st.tuples(*[NUMBERS] * outputs) if outputs else NUMBERS
    return Points(
        inputs=tuple(draw(row) for _ in range(rows)),
        targets=tuple(draw(target) for _ in range(rows)),
        kind="regression",
    )


@settings(max_examples=30, deadline=None)
@given(own_points())
def test_points_come_back_from_toml_and_from_plain_data(task: Points):
    first = task.targets[0]
    widths = (len(task.inputs[0]), len(first) if isinstance(first, tuple) else 1)
    made = Experiment(network=Network(widths=widths), task=task)
    again = experiment_from_toml(experiment_to_toml(made))
    assert again == made == Experiment.from_dict(made.to_dict())
    assert again.fingerprint == made.fingerprint


def test_a_study_file_has_a_line_for_each_point():
    assert "inputs = [\n    [0.0, 0.0],\n    [0.0, 1.0],\n" in experiment_to_toml(experiment())


def test_the_numbers_make_the_fingerprint_and_nothing_else_does(tmp_path: Path):
    made = experiment()
    moved = [experiment(inputs=[[0, 0], [0, 1], [1, 0], [1, 1]]), experiment(targets=[0, 1, 1, 1])]
    assert len({made.fingerprint, *(each.fingerprint for each in moved)}) == 3
    # The same examples otherwise: a kind spelt out, or a file.
    assert experiment(kind="binary").fingerprint == made.fingerprint
    assert experiment(kind="regression").fingerprint != made.fingerprint
    (tmp_path / "same.csv").write_text("0,0,0\n0,1,1\n1,0,1\n1,1.5,0\n")
    file = {"name": "file", "path": str(tmp_path / "same.csv")}
    assert Experiment.from_dict({"network": "2-3-1", "task": file}).fingerprint == made.fingerprint


def test_what_is_predicted_from_what_is_told():
    assert data_words(experiment()) == "Predicting 1 target (0 or 1) from 2 inputs: 4 examples."


def test_coordinates_are_no_settings():
    assert not [path for path in numeric_fields(experiment()) if path.startswith("task.")]


def test_a_change_moves_one_point_or_gives_all_anew():
    one = Change.from_dict("moved", {"task": {"inputs": {"3": {"1": 1}}}})
    every = Change.from_dict("anew", {"task": {"inputs": [[0, 0], [0, 1], [1, 0], [1, 1]]}})
    assert one.apply(experiment()) == every.apply(experiment()) != experiment()
    study = Study(baseline=experiment(), changes=(one, every))
    assert study_from_toml(study_to_toml(study)) == study


def test_the_script_in_plain_pytorch_holds_them_all():
    rows = [[index / 7, -index] for index in range(MAX_ROWS)]
    script = cell_code(experiment(rows, [index % 2 for index in range(MAX_ROWS)]), 0)
    assert f"    [{rows[-1][0]!r}, -1999.0]," in script
    assert "np.load" not in script
    compile(script, "script", "exec")
