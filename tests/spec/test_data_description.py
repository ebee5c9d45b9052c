"""What is predicted from what is told of a user's data, with the columns by name."""

import json
from pathlib import Path

import numpy as np
import pytest

from trainlab import Experiment
from trainlab.spec import data_notes, data_of, data_words

ROWS = "ill,age,income\nyes,30,2.5\nno,40,1.5\nyes,50,0.5\nno,20,3.5\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def experiment(content: str, widths: str = "2-3-1", held_out: float = 0.0, **fields: object) -> Experiment:
    path = Path("points.csv")
    path.write_text(content)
    return Experiment.from_dict(
        {
            "network": {"widths": widths, "output_activation": "linear"},
            "task": {"name": "file", "path": "points.csv", **fields},
            "split": {"held_out": held_out},
        }
    )


WIDE = ",".join("abcdefghi") + "\n" + "1," * 8 + "2\n"
OTHER = " Another is named with task.target."


@pytest.mark.parametrize(
    ("content", "fields", "words"),
    [
        (ROWS, {"target": "ill"}, "Predicting `ill` (no or yes) from `age` and `income`: 4 examples."),
        (
            ROWS,
            {"target": "ill", "held_out": 0.25},
            "Predicting `ill` (no or yes) from `age` and `income`: 3 examples to learn from, 1 held out.",
        ),
        (
            ROWS,
            {"ignore": "ill", "widths": "1-1"},
            f"Predicting `income`, the last column, from `age`: 4 examples.{OTHER}",
        ),
        ("1,2,3\n4,5,6\n", {}, f"Predicting the last column from 2 inputs: 2 examples.{OTHER}"),
        ("1,2,3\n", {"target": 0}, "Predicting 1 target from 2 inputs: 1 example."),
        (
            WIDE,
            {"targets": ("a", "b"), "widths": "7-2"},
            "Predicting `a` and `b` from `c`, `d`, `e`, `f`, `g`, `h` and `i`: 1 example.",
        ),
        (
            WIDE,
            {"widths": "8-1"},
            "Predicting `i`, the last column, from `a`, `b`, `c`, `d`, `e`, `f` and 2 more: 1 example."
            + OTHER,
        ),
    ],
)
def test_words(content: str, fields: dict[str, object], words: str) -> None:

    assert data_words(experiment(content, **fields)) == words  # type: ignore[arg-type]


def test_an_npz_has_no_last_column() -> None:
    np.savez("a.npz", inputs=np.ones((3, 2)), targets=np.arange(3))
    task = {"name": "file", "path": "a.npz"}
    assert data_words(Experiment.from_dict({"network": "2-1", "task": task})) == (
        "Predicting 1 target from 2 inputs: 3 examples."
    )
    task["target"] = "targets"
    assert data_words(Experiment.from_dict({"network": "2-1", "task": task})).startswith(
        "Predicting `targets`"
    )


def test_nothing_is_said_of_what_trainlab_brings() -> None:
    made = Experiment.from_dict({"network": "2-3-1"})
    assert (data_words(made), data_notes(made)) == ("", ())
    (data,) = data_of([made, made.at_epochs(7)])
    assert (data["task"], data["kind"], data["examples"], data["words"]) == ("xor", "binary", 4, "")


def test_each_data_set_is_told_once_as_plain_data() -> None:
    one, other = experiment(ROWS, target="ill"), experiment(ROWS, target="income", ignore="ill", widths="1-1")
    found = data_of([one, other, one.at_epochs(7)])
    assert [item["targets"] for item in found] == [["ill"], ["income"]]
    assert json.loads(json.dumps(found[0])) == {
        "task": "file",
        "kind": "binary",
        "targets": ["ill"],
        "classes": ["no", "yes"],
        "inputs": ["age", "income"],
        "examples": 4,
        "held_out": 0,
        "words": "Predicting `ill` (no or yes) from `age` and `income`: 4 examples.",
    }


@pytest.mark.parametrize(
    ("heading", "noted"),
    [("id", True), ("Patient_ID", True), ("rowId", True), ("width", False), ("paid", False)],
)
def test_an_id_among_the_inputs_is_noted(heading: str, noted: bool) -> None:
    content = f"{heading},x,y\n1,5,0\n2,5,1\n3,6,1\n4,6,0\n"
    notes = data_notes(experiment(content, held_out=0.25))
    assert [heading in note and f"task.ignore = '{heading}'" in note for note in notes] == [True] * noted
    assert data_notes(experiment(content.replace("4,6", "3,6"))) == ()


def test_headings_that_do_not_tell_are_told_by_number() -> None:
    # As pandas writes its index.
    content = ",a,a,y\n" + "".join(f"{row},{row % 3},{row % 5},{row % 2}\n" for row in range(9))
    made = experiment(content, widths="3-3-1")
    assert "from `column 0`, `column 1` and `column 2`" in data_words(made)
    (note,) = data_notes(made)
    assert note.endswith("Leave it out with task.ignore = 0.")
    # A column without a name that doesn't count the rows is no id.
    content = ",y\n" + "".join(f"{row * row},{row % 2}\n" for row in range(9))
    assert data_notes(experiment(content, widths="1-1")) == ()


def test_control_characters_of_headings_and_classes_do_not_reach_the_terminal() -> None:
    words = data_words(experiment("a\x1b[31m,b\x9b2J\n1,no\x1b[0m\n2,yes\n", widths="1-1"))
    assert words.startswith(
        "Predicting `b\ufffd2J` (no\ufffd[0m or yes), the last column, from `a\ufffd[31m`"
    )
