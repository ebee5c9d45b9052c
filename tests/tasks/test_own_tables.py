"""A user's table as it comes: the target first, ids, decimal commas, other encodings."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from trainlab.errors import SpecError
from trainlab.spec import Experiment
from trainlab.spec.tasks import File, Scaling, Split
from trainlab.tasks import Task, arrays, build

PATIENTS = "ill,age,income\nyes,30,2.5\nno,40,1.5\nyes,50,0.5\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def read(content: str | bytes, name: str = "a.csv", **fields: object) -> Task:
    Path(name).write_bytes(content.encode() if isinstance(content, str) else content)
    return build(File(path=name, **fields), Split(), Scaling())  # type: ignore[arg-type]


def fault(content: str | bytes, **fields: object) -> str:
    with pytest.raises(SpecError) as caught:
        read(content, **fields)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def of_patients(task: Task) -> None:
    np.testing.assert_array_equal(task.inputs, [[30, 2.5], [40, 1.5], [50, 0.5]])
    assert task.targets[:, 0].tolist() == [1, 0, 1]
    assert (task.class_names, task.target_names, task.feature_names) == (
        ("no", "yes"),
        ("ill",),
        ("age", "income"),
    )


@pytest.mark.parametrize("fields", [{"target": "ill"}, {"targets": "ill"}, {"target": 0}, {"target": -3}])
def test_the_target_may_stand_first(fields: dict[str, object]) -> None:
    of_patients(read(PATIENTS, **fields))
    pq.write_table(
        pa.table({"ill": ["yes", "no", "yes"], "age": [30, 40, 50], "income": [2.5, 1.5, 0.5]}), "a.parquet"
    )
    of_patients(build(File(path="a.parquet", **fields), Split(), Scaling()))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "content",
    [
        "ill;age;income\nyes;30;2,5\nno;40;1,5\nyes;50;0,5\n",
        "\ufeffill;age;income\r\nyes;30;2,5\r\nno;40;1,5\r\nyes;50;0,5\r\n",
        "ill\tage\tincome\nyes\t30\t2,5\nno\t40\t1,5\nyes\t50\t0,5\n",
        'ill,age,income\nyes,30,"2,5"\nno,40,"1,5"\nyes,50,"0,5"\n',
    ],
)
def test_decimal_commas(content: str) -> None:
    of_patients(read(content, target="ill", decimal=","))


@pytest.mark.parametrize("mark", ["|", ";", ":", "\t", "~"])
def test_any_separator(mark: str) -> None:
    of_patients(read(PATIENTS.replace(",", mark), target="ill", delimiter=mark))


def test_blanks_separate_however_many() -> None:
    of_patients(
        read('"ill"  age income\n yes 30 2.5 \n no   40\t1.5\n\n yes 50 5e-1', target="ill", delimiter=" ")
    )


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "utf-16", "UTF_8", "utf-8"])
def test_encodings(encoding: str) -> None:
    made = read("größe,y\n1,2\n3,4\n".encode(encoding), encoding=encoding)
    assert (made.feature_names, made.inputs.tolist()) == (("größe",), [[1], [3]])


def test_columns_are_left_out() -> None:
    content = "id,name,ill,age,income\n7,Ann,yes,30,2.5\n8,Bo,no,40,1.5\n9,Cy,yes,50,0.5\n"
    of_patients(read(content, target="ill", ignore=("id", "name")))
    of_patients(
        read(
            content.replace("ill,age,income", "age,income,ill")
            .replace("yes,30,2.5", "30,2.5,yes")
            .replace("no,40,1.5", "40,1.5,no")
            .replace("yes,50,0.5", "50,0.5,yes"),
            ignore=(0, "name"),
        )
    )
    assert read("a,b,junk\n1,2,x\n", ignore="junk").target_names == ("b",)


def test_names_of_an_npz_that_are_objects_count_as_none() -> None:
    names = np.array(["age", "income"], dtype=object)
    np.savez("a.npz", inputs=np.ones((3, 2)), targets=np.arange(3), feature_names=names)
    assert build(File(path="a.npz"), Split(), Scaling()).feature_names == ()
    np.savez("b.npz", inputs=np.ones((3, 2)), targets=np.arange(3), feature_names=names.astype(str))
    assert build(File(path="b.npz"), Split(), Scaling()).feature_names == ("age", "income")


def test_an_npz_by_the_names_of_its_arrays() -> None:
    np.savez("a.npz", X=np.ones((3, 2)), ill=np.array(["yes", "no", "yes"]))
    made = build(File(path="a.npz", target="ill"), Split(), Scaling())
    assert (made.target_names, made.targets[:, 0].tolist()) == (("ill",), [1, 0, 1])
    np.savez("b.npz", inputs=np.ones((3, 2)), other=np.ones(3), y=np.arange(3))
    assert build(File(path="b.npz", target="y"), Split(), Scaling()).targets[:, 0].tolist() == [0, 1, 2]


def test_arrays_keep_the_names_that_a_table_has() -> None:
    class Table:
        def __init__(self, columns: list[str], values: list[list[float]]) -> None:
            self.columns, self.values = columns, values

        def __array__(self, dtype: object = None, copy: object = None) -> np.ndarray:
            return np.array(self.values)

    table = Table(["age", "income"], [[30, 2.5], [40, 1.5], [50, 0.5]])
    task = arrays(table, Table(["ill"], [[1], [0], [1]]), folder="kept")
    made = build(task, Split(), Scaling())
    assert (made.feature_names, made.target_names) == (("age", "income"), ("ill",))
    plain = arrays(table.values, [[1.0], [0.0], [1.0]], folder="kept")
    assert plain.path != task.path
    assert _fingerprint(plain) == _fingerprint(task)


def _fingerprint(task: File) -> str:
    return Experiment.from_dict(
        {"network": {"widths": [2, 1]}, "task": {"name": "file", "path": task.path}}
    ).fingerprint


def test_how_a_file_is_written_and_named_is_no_part_of_a_fingerprint() -> None:
    """The first is what it was before files had options: a store finds its runs by it."""
    Path("p.csv").write_text("a,b,label\n1,2,yes\n3,4,no\n5,6.5,yes\n2,1,no\n")
    Path("q.csv").write_text("label;b;id;a\nyes;2;1;1\nno;4;2;3\nyes;6,5;3;5\nno;1;4;2\n", encoding="utf-16")
    Path("r.csv").write_text("a;b;label\n1;2;yes\n3;4;no\n5;6,5;yes\n2;1;no\n", encoding="utf-16")
    fields = {"name": "file", "decimal": ",", "encoding": "utf-16", "target": "label", "delimiter": ";"}
    plain, other = (
        Experiment.from_dict({"network": "2-3-1", "task": task}).fingerprint
        for task in ({"name": "file", "path": "p.csv"}, {**fields, "path": "r.csv"})
    )
    assert plain == other == "aa9ee60d42c1b2dfabbd0f129d72dcb2170645c5539eb41f7ed8dadc89819bb8"
    task = {**fields, "path": "q.csv", "ignore": "id"}
    turned = Experiment.from_dict({"network": "2-3-1", "task": task})
    assert turned.fingerprint != plain  # its inputs stand in another order


LAST = "which column is to be predicted? column 'label' has a target's name, but the last column is 'weight'."


@pytest.mark.parametrize(
    ("content", "fields", "message"),
    [
        ("label,weight\n1,2\n", {}, f"{LAST} Set task.target = 'label' or task.target = 'weight'."),
        (
            "a,Classes,b\n1,2,3\n",
            {},
            "which column is to be predicted? column 'Classes' has a target's name, but the last column is "
            "'b'. Set task.target = 'Classes' or task.target = 'b'.",
        ),
        (
            "y,x\n1,2\n",
            {},
            "which column is to be predicted? column 'y' has a target's name, but the last column is 'x'.",
        ),
        (
            "a,y\n1,2\n",
            {"target": "y", "targets": 1},
            "target = 'y': targets is set as well; leave one of them out.",
        ),
        ("a,y\n1,2\n", {"target": "z"}, "target = 'z': no such column; it has 'a' and 'y'."),
        ("a,y\n1,2\n", {"target": "y", "ignore": 1}, "ignore = 1: column 'y' is the target; name others."),
        ("a,y\n1,2\n", {"ignore": (0, 1)}, "ignore = (0, 1): leaves no column of 2; name fewer."),
        (
            "a,y\n1,2\n",
            {"ignore": "a"},
            "no column is left for the inputs: the others are targets; at least one must be an input.",
        ),
        (
            "a,y\n1,yes\n2,NA\n",
            {},
            "line 3: the target is 'NA', a missing value. Fill it in, or leave this example out; if it is a "
            "label, say kind = 'classes'.",
        ),
        (
            "a,y\n1,2\n?,3\n",
            {},
            "line 3, column 'a' is '?', a missing value. Fill it in, or leave this example out.",
        ),
        (
            "a,y\n1,2\n",
            {"delimiter": ";;"},
            "delimiter = ';;': must be one character, such as ';', '\\t' or '|'.",
        ),
        (
            "a,y\n1,2\n",
            {"delimiter": "1"},
            "delimiter = '1': must be one character, such as ';', '\\t' or '|'.",
        ),
        ("a,y\n1,2\n", {"decimal": "·"}, "decimal = '·': must be '.' or ','."),
        (
            "a,y\n1,2\n",
            {"encoding": "latin1000"},
            "encoding = 'latin1000': no such encoding of text; there are 'utf-8', 'utf-16', 'cp1252' "
            "(Windows), "
            "'latin-1' and others.",
        ),
        ("a,y\n1,2\n", {"encoding": "base64"}, "encoding = 'base64': no such encoding of text;"),
        (
            "größe,y\n1,2\n".encode("utf-16"),
            {},
            "is not text in UTF-8, but in UTF-16: set task.encoding = 'utf-16'.",
        ),
        ("größe,y\n1,2\n", {"encoding": "ascii"}, "is not text in 'ascii'. Set task.encoding to what it was"),
        (
            "größe,y\n1,2\n",
            {"encoding": "utf-16"},
            "is not text in 'utf-16'. Set task.encoding to what it was",
        ),
    ],
)
def test_faults(content: str | bytes, fields: dict[str, object], message: str) -> None:
    told = fault(content, **fields)
    assert told.removeprefix("a.csv: ").startswith(message), told


@pytest.mark.parametrize(
    "content", ["x,y,colour\n1,2,3\n", "x,y,z\n1,2,3\n", "target,y\n1,2\n", "yes,b\n1,2\n"]
)
def test_a_last_column_that_no_other_is_called_before(content: str) -> None:
    assert read(content).target_names == (content.split("\n")[0].split(",")[-1],)


SEMICOLONS = {"delimiter": ";", "decimal": ","}
LOOKS = [
    (
        "1,5;2,3\n1,0;2,5\n",
        "separated by semicolons and written with decimal commas",
        SEMICOLONS,
        [[1.5], [1]],
    ),
    ("1,5;2\n1,0;3\n", "separated by semicolons and written with decimal commas", SEMICOLONS, [[1.5], [1]]),
    ("1,5;2,3\n1;2\n", "separated by semicolons and written with decimal commas", SEMICOLONS, [[1.5], [1]]),
    ("a;y\n1,5;0\n2,5;1\n", "written with decimal commas", {"decimal": ","}, [[1.5], [2.5]]),
    ("a;y\n2;0,5\n3;0,7\n", "written with decimal commas", {"decimal": ","}, [[2], [3]]),
    ("a;y\n2,5;0,5\n3,5;0,7\n", "written with decimal commas", {"decimal": ","}, [[2.5], [3.5]]),
    ("a|y\n1|2\n", "separated by '|'", {"delimiter": "|"}, [[1]]),
    ("a y\n1 2\n", "separated by blanks", {"delimiter": " "}, [[1]]),
    ("1.5   0\n 10.5 1\n", "separated by blanks", {"delimiter": " "}, [[1.5], [10.5]]),
    (
        "1,5\t2\n2,5\t3\n",
        "separated by tabs and written with decimal commas",
        {"delimiter": "\t", "decimal": ","},
        [[1.5], [2.5]],
    ),
]


@pytest.mark.parametrize(("content", "looks", "fields", "inputs"), LOOKS)
def test_what_is_written_otherwise_is_told_and_then_read(
    content: str, looks: str, fields: dict[str, object], inputs: list[list[float]]
) -> None:
    told = fault(content)
    cure = " and ".join(f"task.{field} = {value!r}" for field, value in fields.items())
    assert told.endswith(f". It looks {looks}: set {cure}."), told
    assert read(content, **fields).inputs.tolist() == inputs


def test_points_where_commas_were_promised() -> None:
    assert fault("a;y\n1.5;2\n2.5;3\n", decimal=",") == (
        "a.csv: line 2, column 'a' is '1.5'; inputs must be numbers. Write numbers instead, leave the column "
        "out "
        "with task.ignore = 'a', or, if it is what is to be predicted, set task.target = 'a'. It looks "
        "written "
        "with decimal points: set task.decimal = '.'."
    )


def test_labels_with_commas_are_labels_if_that_is_said() -> None:
    content = "a;y\n1;0,5\n2;0,7\n3;0,5\n"
    assert "the target '0,5' is not a number. If the column holds labels, say kind = 'classes'." in fault(
        content
    )
    assert read(content, kind="classes").class_names == ("0,5", "0,7")
    assert read("a,y\n1,NA\n2,b\n", kind="classes").class_names == ("NA", "b")


def test_a_misspelt_file_is_hinted_at(folder: Path) -> None:
    (folder / "points.csv").write_text(PATIENTS)
    (folder / "sub").mkdir()
    for path, hint in {
        "pionts.csv": "directory. Did you mean 'points.csv'?",
        "sub/points.csv": "directory. There is a points.csv in the working directory.",
        "nowhere/q.csv": "directory. There is no folder nowhere.",
    }.items():
        with pytest.raises(SpecError) as caught:
            build(File(path=path), Split(), Scaling())
        assert str(caught.value).endswith(hint)


@pytest.mark.parametrize(
    ("columns", "inputs"),
    [
        (4, "'c0', 'c1', 'c2'."),
        (14, "'c0', 'c1', 'c2', 'c3', 'c4', 'c5', 'c6', 'c7', 'c8', 'c9', 'c10', 'c11' and 1 more."),
    ],
)
def test_a_first_width_that_does_not_fit_names_the_inputs(columns: int, inputs: str) -> None:
    names = ",".join(f"c{place}" for place in range(columns))
    Path("a.csv").write_text(f"{names}\n{','.join('1' * columns)}\n")
    with pytest.raises(SpecError) as caught:
        Experiment.from_dict({"network": "2-1", "task": {"name": "file", "path": "a.csv"}})
    assert str(caught.value) == (
        f"network.widths = '2-1': the first width is 2, but the task 'file' needs {columns - 1}, one for "
        "each of "
        f"its inputs: {inputs}"
    )
