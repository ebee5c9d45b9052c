"""CSV, Parquet and .npz files: what they say, what it means, and when they are read again."""

import csv
import hashlib
import os
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from trainlab.spec.tasks import File, Iris, Scaling, Split
from trainlab.tasks import Task, build, fingerprint_data

HEADED = "a,b,y\n1,2,0.5\n3,4,0.25\n5,6,-1e3\n"


def read(path: Path, **fields: object) -> Task:
    return build(File(path=str(path), **fields), Split(), Scaling())  # type: ignore[arg-type]


def text(folder: Path, content: str, name: str = "a.csv") -> Path:
    path = folder / name
    path.write_bytes(content.encode())
    return path


def test_a_csv_with_headings(tmp_path: Path):
    made = read(text(tmp_path, HEADED))
    np.testing.assert_array_equal(made.inputs, [[1, 2], [3, 4], [5, 6]])
    np.testing.assert_array_equal(made.targets, [[0.5], [0.25], [-1000]])
    assert (made.name, made.kind, made.feature_names, made.class_names) == (
        "file",
        "regression",
        ("a", "b"),
        (),
    )


@pytest.mark.parametrize(
    "content",
    [
        "1,2,0.5\n3,4,0.25\n5,6,-1000\n",
        "\ufeffa;b;y\r\n1;2;0.5\r\n3;4;0.25\r\n\r\n5;6;-1000",
        'a\tb\ty\n"1"\t 2\t0.5\n3 \t4\t+.25\n\n5\t6\t-1000\n\n',
        "a,b,2020\n1,2,0.5\n3,4,0.25\n5,6,-1000\n",
        '"x, in m",b,y\n1,2,0.5\n3,4,0.25\n5,6,-1000\n',
    ],
)
def test_a_csv_however_written(tmp_path: Path, content: str):
    made = read(text(tmp_path, content))
    np.testing.assert_array_equal(made.inputs, [[1, 2], [3, 4], [5, 6]])
    np.testing.assert_array_equal(made.targets[:, 0], [0.5, 0.25, -1000])


def test_blank_lines_before_the_first_row_don_t_count(tmp_path: Path):
    made = read(text(tmp_path, "\n \n\nx\tz\ty\n1\t2\t3\n"))
    assert (made.feature_names, made.inputs.tolist(), made.targets.tolist()) == (("x", "z"), [[1, 2]], [[3]])


def test_a_tsv_is_separated_by_tabs_whatever_its_headings_hold(tmp_path: Path):
    headings = "length, width, height\tweight, in kg\n"
    made = read(text(tmp_path, headings + "1\t2\n", "a.TSV"))
    assert (made.feature_names, made.inputs.tolist()) == (("length, width, height",), [[1]])
    assert read(text(tmp_path, "a,b\n1,2\n", "b.tsv")).inputs.tolist() == [[1]]


def test_a_first_example_that_ends_in_a_label_is_no_heading(tmp_path: Path):
    made = read(text(tmp_path, "5.1,3.5,setosa\n7.0,3.2,versicolor\n6.3,3.3,setosa\n"))
    assert (made.points, made.kind, made.class_names) == (3, "binary", ("setosa", "versicolor"))
    assert made.targets[:, 0].tolist() == [0, 1, 0]


@pytest.mark.parametrize(
    ("targets", "inputs", "expected"),
    [
        ((), [[1, 2], [3, 4], [5, 6]], [[0.5], [0.25], [-1000]]),
        ("a", [[2, 0.5], [4, 0.25], [6, -1000]], [[1], [3], [5]]),
        (1, [[1, 0.5], [3, 0.25], [5, -1000]], [[2], [4], [6]]),
        (-3, [[2, 0.5], [4, 0.25], [6, -1000]], [[1], [3], [5]]),
        (("y", 0), [[2], [4], [6]], [[0.5, 1], [0.25, 3], [-1000, 5]]),
    ],
)
def test_targets_are_chosen_by_heading_or_number(tmp_path: Path, targets, inputs, expected):
    made = read(text(tmp_path, HEADED), targets=targets)
    np.testing.assert_array_equal(made.inputs, inputs)
    np.testing.assert_array_equal(made.targets, expected)
    assert made.kind == "regression"


@pytest.mark.parametrize(
    ("labels", "kind", "meaning", "targets", "names"),
    [
        ("no yes no", "auto", "binary", [[0], [1], [0]], ("no", "yes")),
        ("no yes no", "classes", "classes", [[1, 0], [0, 1], [1, 0]], ("no", "yes")),
        ("c a b", "auto", "classes", [[0, 0, 1], [1, 0, 0], [0, 1, 0]], ("a", "b", "c")),
        ("1 0 1", "auto", "binary", [[1], [0], [1]], ("0", "1")),
        ("1 0 1", "regression", "regression", [[1], [0], [1]], ()),
        ("2 7 2", "auto", "regression", [[2], [7], [2]], ()),
        ("2 7 2", "binary", "binary", [[0], [1], [0]], ("2", "7")),
        ("10 9 2", "classes", "classes", [[0, 0, 1], [0, 1, 0], [1, 0, 0]], ("2", "9", "10")),
        ("10 9 x", "classes", "classes", [[1, 0, 0], [0, 1, 0], [0, 0, 1]], ("10", "9", "x")),
    ],
)
def test_what_one_column_of_targets_means(tmp_path: Path, labels, kind, meaning, targets, names):
    lines = "".join(f"{place},{label}\n" for place, label in enumerate(labels.split()))
    made = read(text(tmp_path, f"x,label\n{lines}"), kind=kind)
    assert (made.kind, made.class_names) == (meaning, names)
    np.testing.assert_array_equal(made.targets, targets)


def test_one_hot_columns_are_classes_named_by_their_headings(tmp_path: Path):
    path = text(tmp_path, "x,cat,dog\n1,1,0\n2,0,1\n3,0,1\n")
    made = read(path, targets=("cat", "dog"))
    assert (made.kind, made.class_names, made.outputs) == ("classes", ("cat", "dog"), 2)
    assert read(path, targets=("cat", "dog"), kind="regression").kind == "regression"


@pytest.mark.computes
def test_files_longer_than_a_block_keep_every_row(tmp_path: Path):
    rng = np.random.default_rng(1)
    values = rng.normal(size=(25_001, 3))
    path = tmp_path / "long.csv"
    with path.open("w", newline="") as handle:
        csv.writer(handle).writerows(values.tolist())
    made = read(path)
    np.testing.assert_array_equal(np.hstack([made.inputs, made.targets]), values)


def test_every_form_of_file_says_the_same(tmp_path: Path):
    iris = build(Iris(), Split(), Scaling())
    labels = [iris.class_names[index] for index in iris.targets.argmax(axis=1)]
    names = [*iris.feature_names, "species"]
    columns = [*iris.inputs.T.tolist(), labels]
    with (tmp_path / "iris.csv").open("w", newline="") as handle:
        csv.writer(handle).writerows([names, *zip(*columns, strict=True)])
    pq.write_table(pa.table(dict(zip(names, columns, strict=True))), tmp_path / "iris.parquet")
    np.savez(tmp_path / "iris.npz", inputs=iris.inputs, targets=np.array(labels))
    hashes = set()
    for ending in ("csv", "parquet", "npz"):
        made = read(tmp_path / f"iris.{ending}")
        np.testing.assert_array_equal(made.inputs, iris.inputs)
        np.testing.assert_array_equal(made.targets, iris.targets)
        assert (made.kind, made.class_names) == ("classes", iris.class_names)
        assert made.feature_names == (() if ending == "npz" else iris.feature_names)
        hashes.add(fingerprint_data(File(path=str(tmp_path / f"iris.{ending}"))))
    assert len(hashes) == 1


def test_the_types_of_parquet(tmp_path: Path):
    table = pa.table(
        {
            "whole": pa.array([1, 2, 3], pa.int8()),
            "single": pa.array([0.5, 1.5, 2.5], pa.float32()),
            "truth": [True, False, True],
            "label": pa.array(["b", "a", "b"]).dictionary_encode(),
        }
    )
    pq.write_table(table, tmp_path / "t.parquet")
    made = read(tmp_path / "t.parquet")
    np.testing.assert_array_equal(made.inputs, [[1, 0.5, 1], [2, 1.5, 0], [3, 2.5, 1]])
    assert (made.targets[:, 0].tolist(), made.class_names) == ([1, 0, 1], ("a", "b"))


@pytest.mark.parametrize("targets", [np.arange(4), np.arange(4.0)[:, None], np.arange(8).reshape(4, 2)])
def test_npz_targets_of_one_dimension_and_two(tmp_path: Path, targets: np.ndarray):
    np.savez_compressed(tmp_path / "a.npz", inputs=np.ones((4, 3), np.float32), targets=targets)
    made = read(tmp_path / "a.npz")
    np.testing.assert_array_equal(made.targets, targets.reshape(4, -1))
    assert made.inputs.dtype == np.float64


def test_a_changed_file_is_read_again_and_has_another_fingerprint(tmp_path: Path):
    path = text(tmp_path, HEADED)
    task = File(path=str(path))
    first, before = read(path), fingerprint_data(task)
    assert read(path) is first
    path.write_bytes(HEADED.replace("0.5", "0.7").encode())
    assert path.stat().st_size == len(HEADED)
    assert read(path).targets[0, 0] == 0.7
    assert fingerprint_data(task) != before
    # As editors save: a new file in the old one's place, of the same size and time of writing.
    state = path.stat()
    other = text(tmp_path, HEADED.replace("0.5", "0.9"), "b.csv")
    os.utime(other, ns=(state.st_atime_ns, state.st_mtime_ns))
    os.replace(other, path)
    assert read(path).targets[0, 0] == 0.9
    path.write_bytes(HEADED.encode())
    assert fingerprint_data(task) == before


def test_the_same_relative_path_elsewhere_is_another_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    for place, value in (("one", "1"), ("two", "2")):
        (tmp_path / place).mkdir()
        text(tmp_path / place, f"0,{value}\n0,{value}\n")
        monkeypatch.chdir(tmp_path / place)
        assert build(File(path="a.csv"), Split(), Scaling()).targets[0, 0] == float(value)


def test_a_fingerprint_tells_apart_what_trains_differently(tmp_path: Path):
    def of(content: str, **fields: object) -> str | None:
        path = text(tmp_path, content, f"{hashlib.sha256(content.encode()).hexdigest()}.csv")
        return fingerprint_data(File(path=str(path), **fields))  # type: ignore[arg-type]

    base = of("a,y\n1,0\n2,1\n")
    assert base == of("1;0.0\n2.0;1e0\n") == of("a,y\n1,no\n2,yes\n") == of("a,y\n1,-0\n2,1\n")
    others = {of("a,y\n1,1\n2,0\n"), of("a,y\n1,0\n2,1\n", kind="regression"), of("2,1\n1,0\n"), base}
    assert len(others) == 4
    assert fingerprint_data(Iris()) is None
